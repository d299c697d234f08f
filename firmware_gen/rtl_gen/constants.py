"""The values of sast_params.vh (params_vh.py says what each is)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge_sast.errors import EdgeSastError
from edge_sast.model.bounds import accumulator_bound, max_synops
from edge_sast.model.layers import Lif, Shape, Weighted
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.fields import address_bits, bits_of, signed_bits
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import Engine
from firmware_gen.rtl_gen.parameters import Parameters
from firmware_gen.rtl_gen.run_tables import Columns, Rows

MAX_MEMBRANE_BITS = 32
ONE_BIT = 2  # bits of a weight of 1 bit, which is -1 or +1


def lane_constants(lanes: Lanes) -> dict[str, int]:
    p = {"P": lanes.count, "G": lanes.quad, "B": lanes.banks}
    return p | {f"L{name}": value.bit_length() - 1 for name, value in p.items()}


FEW_WORDS = 4  # of a last layer, so many at most keep the bits that only it needs in registers


def membrane_bits(model: Model, engine: Engine) -> list[int]:
    """Of each engine layer, the bits that hold every sum of it.

    Raises EdgeSastError where an or stage needs more than 32: its windows count their spikes.
    """
    shapes = model.shapes()
    counted = [_accumulator_bits(layer, shapes[index]) for index, layer in model.weighted()]
    bits = []
    shift = common_shift(layer for _, layer in model.weighted())
    for layer, connection in zip(engine.layers, engine.inputs, strict=True):
        if connection.kernel is None:
            most = connection.source.max_count * connection.division**2 << shift
            bits.append(signed_bits(0, most))
            if bits[-1] > MAX_MEMBRANE_BITS:
                raise EdgeSastError(
                    f"layers[{layer.index}]: up to {most} spikes of an or_pool's window need membranes of {bits[-1]} "
                    f"bits; the core holds at most {MAX_MEMBRANE_BITS}: lower count_cap, or use smaller pools"
                )
        else:
            bits.append(counted[layer.counted or 0])
    return bits


def membrane_constants(engine: Engine, bits: Sequence[int]) -> dict[str, int]:
    """The memory is as wide as all layers but the last need, where that one is short and alone in needing more."""
    last, most = engine.layers[-1], max(bits)
    low = max(bits[:-1], default=most) if last.words <= FEW_WORDS else most
    return {"MW": most, "MLOW": low, "MWIDE": last.base if low < most else 0}


def _accumulator_bits(layer: Weighted, shape: Shape) -> int:
    bound = accumulator_bound(layer, shape.max_count)
    return signed_bits(bound.low, bound.high)


def common_shift(weighted: Iterable[Weighted]) -> int:
    """The weight shift that all layers have; 0 where they differ, so that each op has its own."""
    shifts = {layer.weight_shift for layer in weighted}
    return shifts.pop() if len(shifts) == 1 else 0


def arithmetic_constants(
    weighted: Sequence[Weighted], parameters: Sequence[Parameters], membrane_bits: int, amounts: bool
) -> dict[str, int]:
    """membrane_bits: of the widest layer. They hold every weight, whose own bits may be more than its values need.
    amounts: whether what a spike takes off is a parameter of its own.
    """
    shifts = {layer.weight_shift for layer in weighted}
    neurons = [layer.neuron for layer in weighted]
    leaks = {neuron.leak_shifts for neuron in neurons if neuron.leak_shifts}
    most_leaks = max(map(len, leaks), default=0)
    return {
        "WBITS": min(max(ONE_BIT, *(layer.bits for layer in weighted)), membrane_bits),
        "WSHIFT": common_shift(weighted),
        "WSHW": bits_of(max(shifts)) if len(shifts) > 1 else 0,
        "TB": bits_of(max(int(of.threshold.max()) for of in parameters)),
        "AMB": bits_of(max(int(of.amount.max()) for of in parameters)) if amounts else 0,
        "BB": signed_bits(
            min(int(of.bias.min()) for of in parameters), max(int(of.bias.max()) for of in parameters)
        ),
        "SB": signed_bits(
            min(int(of.start.min()) for of in parameters), max(int(of.start.max()) for of in parameters)
        ),
        "SMIN": min(neuron.state_bits for neuron in neurons),
        "SLAST": neurons[-1].state_bits,
        "SUBTRACT": int(any(isinstance(neuron, Lif) and neuron.reset == "subtract" for neuron in neurons)),
        "LEAKS": most_leaks,
        "LEAK_ONE": next(iter(leaks))[0] if len(leaks) == 1 and most_leaks == 1 else 0,
    }


def memory_constants(depths: Mapping[str, int]) -> dict[str, int]:
    """depths: words of each memory by the letter of its constants."""
    p: dict[str, int] = {}
    for letter, depth in depths.items():
        p |= {f"{letter}AW": address_bits(depth), f"{letter}DEPTH": depth}
    return p


FEW_MORE, MANY = 256, 512  # words: beyond a power of two of at least MANY, so few get a memory of their own


def low_words(depth: int) -> int:
    """Of so many weight words, those in the first memory of a bank: a block of RAM holds a power of two."""
    low = 1 << depth.bit_length() - 1
    return low if low >= MANY and 0 < depth - low <= FEW_MORE else depth


def table_constants(rows: Iterable[Rows], columns: Iterable[Columns], lane_table: bool) -> dict[str, int]:
    columns = list(columns)
    most = {name: max(int(getattr(table, name).max()) for table in columns) for name in Columns._fields}
    return {
        "NYB": bits_of(max(int(table.ny.max()) for table in rows)),
        "NB": bits_of(most["n"]),
        "NCB": bits_of(most["nc"]),
        "CQB": bits_of(most["q"]),
        "CUB": bits_of(most["u"]),
        "SYNB": bits_of(most["syn"]),
        "LANE_TABLE": int(lane_table),
        "CHUNKS": int(most["nc"] > 1),
    }


def op_constants(ops: Sequence[Mapping[str, int]], layers: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Widths of the fields of `ops` and `layers`."""
    fields = {"URB": "urw", "SBITS": "s", "CWB": "cw", "CUB2": "cu", "RPB": "rpw"}
    p = {name: bits_of(max(op[field] for op in ops)) for name, field in fields.items()}
    return p | {"PNB": bits_of(max(layer["pn_1"] for layer in layers))}


def running_constants(model: Model, engine: Engine, recurrent: bool) -> dict[str, int]:
    """What a core that takes other models is told of this one. recurrent: the core can have recurrent layers."""
    grid, entries = model.binning, len(engine.layers)
    overlap = entries > 1 and not recurrent
    fires = isinstance(model.weighted()[-1][1].neuron, Lif)
    layers = (len(model.weighted()) - 1) << 8 | entries - 1
    return {
        "MODEL_0": (grid.height - 1) << 16 | grid.width - 1,
        "MODEL_1": grid.steps - 1,
        "MODEL_2": overlap << 25 | fires << 24 | grid.count_cap << 16 | layers,
    }


def model_constants(model: Model, engine: Engine, running: bool) -> dict[str, int]:
    """Input, steps, answers and counters. running: each step ends with an answer, of this step alone."""
    grid, classes, shapes = model.binning, len(model.classes), model.shapes()
    last = model.weighted()[-1][1].neuron
    counts = isinstance(last, Lif)
    rows = max(layer.shape.height for layer in engine.layers)
    synops = max(max_synops(layer, shapes[index]) for index, layer in model.weighted())
    spikes = max(shapes[index + 1].neurons for index, _ in model.weighted())
    answered = 1 if running else grid.steps
    taken = [
        layer.words
        for number, layer in enumerate(engine.layers)
        if number < len(engine.layers) - 1 or engine.recurrent[number]
    ]
    return {
        "YB": bits_of(rows - 1),
        "IN_W": grid.width,
        "IN_H": grid.height,
        "COUNT_CAP": grid.count_cap,
        "STEPS": grid.steps,
        "STB": bits_of(answered - 1),
        "CLASSES": classes,
        "CLB": bits_of(classes - 1),
        "MARGIN": model.early_margin or 0,
        "LIF_OUT": int(counts),
        "COUNTED": len(model.weighted()),
        "LIB": bits_of(len(model.weighted()) - 1),
        "FIFO_AW": address_bits(max(taken, default=1)),
        "RECURRENT": int(any(own is not None for own in engine.recurrent)),
        "RUNNING": int(running),
        "SYNW": bits_of(synops),
        "SPKW": bits_of(spikes),
        "SYNTW": bits_of(synops * answered),
        "SPKTW": bits_of(spikes * answered),
        "OUTW": signed_bits(0, grid.steps) if counts else last.state_bits,
    }
