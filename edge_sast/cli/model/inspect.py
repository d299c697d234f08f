"""`edge-sast inspect`: what a model file, or a folder of tables, holds and what it costs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.model.inspect_memory import memory_figures, print_memory
from edge_sast.cli.model.inspect_rate import add_rate_arguments, asked_speed, print_rate, rate_figures
from edge_sast.cli.options.newest import model_in, newest_model
from edge_sast.cli.options.recordings import add_data_arguments, check_data_options, data_options
from edge_sast.signals import kill_interrupts
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.model.layers import Layer, Weighted
    from edge_sast.model.model import Model

NAME = "inspect"
HELP = (
    "Show what a model holds and what it costs a device. Layers, bits, proven accumulator bounds, SynOps (the weight "
    "additions that a device executes), and bytes of flash, RAM and stack; with --data also accuracy and firing rates, "
    "with --on the most instructions of a step and the rate of events that a part keeps."
)
EXAMPLES = (
    ("edge-sast inspect examples/nmnist-int8.safetensors", ""),
    ("edge-sast inspect build/a/model.safetensors --core cortex-m0 --data DIR", "with what recordings cost"),
    ("edge-sast inspect build/a --on cortex-m4@80MHz", "what rate of events a Cortex-M4 keeps, proven"),
    ("edge-sast inspect build/f/tables", "the model read back from an FPGA's tables, each file checked"),
)

HEADERS = (
    "layer",
    "kind",
    "output",
    "weights",
    "bits",
    "state bits",
    "threshold",
    "leak",
    "accumulator",
    "width",
    "flash B",
    "RAM B",
    "max SynOps/step",
)
TAKEN = ("amount",)  # where a spike takes off another number than the threshold
MEASURED = ("SynOps/sample", "spikes/sample", "firing %")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        help="model file made by 'edge-sast export', or its folder, or the tables in it made with --target verilog "
        "(default: the newest build in build)",
    )
    add_data_arguments(parser)
    parser.add_argument(
        "--core",
        metavar="NAME",
        help="core to predict code and stack size for: cortex-m0, cortex-m4, rv32, ... (default: cortex-m4)",
    )
    add_rate_arguments(parser)
    parser.add_argument("--json", metavar="FILE", help="write the figures")


def fill(args: argparse.Namespace) -> None:
    """The newest model where none is named; of an export with tables, these."""
    if args.model is None:
        args.model = newest_model()
    elif not (Path(args.model) / "tables").is_dir():
        args.model = model_in(args.model)


def run(args: argparse.Namespace) -> int:
    with kill_interrupts():  # what is compiled and emulated goes, too
        return _inspect(args)


def _inspect(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.report.tables import print_table

    check_data_options(args)
    speed = asked_speed(args)
    model, tables = _load(args.model)
    memory = memory_figures(model, args.core)
    figures = describe(model) | {"memory": memory} | tables
    if args.data:
        figures |= _measure(model, figures["layers"], args)
    if speed is not None:
        figures["rate"] = rate_figures(model, speed, args)
    grid = model.binning
    echo(f"model {figures['model_hash'][:16]}, format {figures['format_version']}, by {model.producer}")
    echo(
        f"input {grid.sensor_width}x{grid.sensor_height} pixels, shift {grid.shift}, {grid.steps} steps of "
        f"{grid.dt_us} µs, counts up to {grid.count_cap}; {len(model.classes)} classes: {', '.join(model.classes)}"
    )
    if model.early_margin is not None:
        echo(f"answers early: after the first step in which the largest output leads by {model.early_margin}")
    amounts = any("amount_low" in layer for layer in figures["layers"])
    headers = HEADERS + (TAKEN if amounts else ()) + (MEASURED if args.data else ())
    rows = [_row(layer, amounts) for layer in figures["layers"]]
    print_table([row + ["-"] * (len(headers) - len(row)) for row in rows], headers)
    echo(
        f"flash {figures['flash_bytes']} bytes of tables, RAM {figures['ram_bytes']} bytes (with "
        f"{figures['input_ram_bytes']} for the input, {figures['output_ram_bytes']} for the outputs); "
        f"at most {figures['max_synops_per_step']} SynOps per step"
    )
    print_memory(memory, [layer["kind"] for layer in figures["layers"]])
    if args.data:
        echo(
            f"{figures['samples']} recordings: accuracy {100 * figures['accuracy']:.2f} %, "
            f"{figures['synops_per_sample']:.0f} SynOps each"
        )
    if speed is not None:
        print_rate(figures["rate"])
    write_figures(args, figures)
    return 0


def _load(path: str) -> tuple[Model, dict[str, Any]]:
    """The model in a file, or in a folder of tables; of those, which is said, the figures of their files."""
    from edge_sast.model import modelfile

    if not Path(path).is_dir():
        return modelfile.load(path), {}
    from firmware_gen.rtl_gen.tables import read_back

    found = read_back.load(path)
    words = "as wide as their entries" if found.word_bits is None else f"of {found.word_bits} bits"
    echo(
        f"tables of {found.lanes} lanes, words {words}, in {', '.join(found.formats)}: one model, its files as exported"
    )
    tables = {"lanes": found.lanes, "word_bits": found.word_bits, "formats": list(found.formats)}
    return found.model, {"tables": tables}


def describe(model: Model) -> dict[str, Any]:
    """All figures of a model that need no data."""
    from edge_sast.model.modelfile import FORMAT_VERSION, layer_name, model_hash
    from firmware_gen.c_plan.footprint import footprint
    from firmware_gen.c_plan.plan import CPlan

    sizes, shapes = footprint(CPlan(model)), model.shapes()
    weighted = dict(model.weighted())
    layers = []
    for i, (layer, size) in enumerate(zip(model.layers, sizes.layers, strict=True)):
        out = shapes[i + 1]
        figures: dict[str, Any] = {"index": i, "kind": layer_name(layer)}
        figures |= {
            "height": out.height,
            "width": out.width,
            "channels": out.channels,
            "neurons": out.neurons,
        }
        figures |= _weighted(weighted[i], model, i) if i in weighted else _pool(layer)
        layers.append(figures | {"flash_bytes": size.flash_bytes, "ram_bytes": size.ram_bytes})
    return {
        "format_version": FORMAT_VERSION,
        "model_hash": model_hash(model),
        "producer": model.producer,
        "classes": list(model.classes),
        **({} if model.early_margin is None else {"early_margin": model.early_margin}),
        "layers": layers,
        "flash_bytes": sizes.flash_bytes,
        "ram_bytes": sizes.ram_bytes,
        "input_ram_bytes": sizes.input_bytes,
        "output_ram_bytes": sizes.output_bytes,
        "max_synops_per_step": sum(layer.get("max_synops_per_step", 0) for layer in layers),
    }


def _pool(layer: Layer) -> dict[str, Any]:
    return {"size": layer.size} if hasattr(layer, "size") else {}


def _weighted(layer: Weighted, model: Model, index: int) -> dict[str, Any]:
    from edge_sast.model.bounds import accumulator_bound, max_synops
    from edge_sast.model.layers import Integrator, RecurrentLinear

    shape = model.shapes()[index]
    neuron, bound = layer.neuron, accumulator_bound(layer, shape.max_count)
    figures: dict[str, Any] = {
        "weights": layer.weight.size + (layer.recurrent.size if isinstance(layer, RecurrentLinear) else 0),
        "bits": layer.bits,
        "weight_shift": layer.weight_shift,
        "state_bits": neuron.state_bits,
        "leak_shifts": list(neuron.leak_shifts),
        "neuron": "integrator" if isinstance(neuron, Integrator) else "lif",
        "accumulator_low": bound.low,
        "accumulator_high": bound.high,
        "accumulator_bits": bound.bits,
        "max_synops_per_step": max_synops(layer, shape),
    }
    if not isinstance(neuron, Integrator):
        figures |= {"reset": neuron.reset, "threshold_low": int(neuron.threshold.min())}
        figures["threshold_high"] = int(neuron.threshold.max())
        if neuron.amount is not None:
            figures |= {"amount_low": int(neuron.amount.min()), "amount_high": int(neuron.amount.max())}
    return figures


def _measure(model: Model, layers: list[dict[str, Any]], args: argparse.Namespace) -> dict[str, Any]:
    """Adds what recordings cost to each layer's figures; returns those of the whole model."""
    from edge_sast.datasets.selection import load_split
    from edge_sast.report.confusion import KEY, confusion
    from edge_sast.runtime import Simulator

    recordings = load_split(model.binning, model.classes, data_options(args))
    result = Simulator(model).run(recordings.binned)
    samples = len(result.predictions)
    for column, (index, _) in enumerate(model.weighted()):
        spikes = float(result.spikes[:, column].mean())
        layers[index] |= {
            "synops_per_sample": float(result.synops[:, column].mean()),
            "spikes_per_sample": spikes,
            "firing_rate": spikes / (layers[index]["neurons"] * float(result.steps.mean())),
        }
    synops = float(result.synops.sum() / samples)
    counts = confusion(result.labels, result.predictions, len(model.classes))
    return {"samples": samples, "accuracy": result.accuracy, "synops_per_sample": synops, KEY: counts}


def _range(layer: dict[str, Any], name: str) -> str:
    return f"{layer[f'{name}_low']}..{layer[f'{name}_high']}" if f"{name}_low" in layer else "-"


def _row(layer: dict[str, Any], amounts: bool) -> list[str]:
    row = [str(layer["index"]), layer["kind"], f"{layer['height']}x{layer['width']}x{layer['channels']}"]
    if "weights" not in layer:
        row += ["-"] * 7 + [str(layer["flash_bytes"]), str(layer["ram_bytes"]), "-"]
        return row
    row += [
        str(layer["weights"]),
        f"{layer['bits']}<<{layer['weight_shift']}" if layer["weight_shift"] else str(layer["bits"]),
        str(layer["state_bits"]),
        _range(layer, "threshold"),
        ",".join(map(str, layer["leak_shifts"])) or "-",
        f"{layer['accumulator_low']}..{layer['accumulator_high']}",
        str(layer["accumulator_bits"]),
        str(layer["flash_bytes"]),
        str(layer["ram_bytes"]),
        str(layer["max_synops_per_step"]),
    ]
    if amounts:
        row.append(_range(layer, "amount"))
    if "firing_rate" in layer:
        row += [f"{layer['synops_per_sample']:.0f}", f"{layer['spikes_per_sample']:.0f}"]
        row.append(f"{100 * layer['firing_rate']:.2f}")
    return row
