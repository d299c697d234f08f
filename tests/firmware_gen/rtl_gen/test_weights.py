"""Every weight lies where weight_places says, and few words lie idle."""

from __future__ import annotations

from itertools import product
from math import gcd
from pathlib import Path

import numpy as np
import pytest

from edge_sast.model.arithmetic import leak
from edge_sast.model.layers import RecurrentLinear, Weighted
from edge_sast.model.modelfile import load
from firmware_gen.rtl_gen.lanes import LANES, Lanes
from firmware_gen.rtl_gen.layout.blocks import Slots, Unit, place_units
from firmware_gen.rtl_gen.layout.weights import KernelPlan, Places
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.rtl_gen.shapes import CHAINS
from tests.strategies import random_model

EXAMPLES = Path(__file__).parents[3] / "examples"


def gather(plan: RtlPlan, places: Places) -> np.ndarray:
    """The values at `places` of the images."""
    p = plan.localparams
    images = {image.name: image.words for image in plan.images}
    values = []
    for word, lane in zip(places.word.reshape(-1).tolist(), places.lane.reshape(-1).tolist(), strict=True):
        bank, place = divmod(lane, p["G"])
        bits = images[f"weights_{bank}"][word] >> (place * p["WBITS"]) & ((1 << p["WBITS"]) - 1)
        values.append(bits - (bits >> (p["WBITS"] - 1) << p["WBITS"]))
    return np.array(values).reshape(places.word.shape)


def tensors(layer: Weighted) -> dict[str, np.ndarray]:
    own = {"recurrent": layer.recurrent} if isinstance(layer, RecurrentLinear) else {}
    return {"weight": layer.weight} | own


@pytest.mark.parametrize("lanes", LANES)
def test_weights_read_back(lanes):
    """Every copy, too."""
    for model in [
        everything_model(),
        *CHAINS.values(),
        *(random_model(np.random.default_rng(i)) for i in range(15)),
    ]:
        plan = RtlPlan(model, lanes)
        for index, layer in model.weighted():
            wanted, places = tensors(layer), plan.weight_places(index)
            assert places.keys() == wanted.keys()
            assert all(np.array_equal(gather(plan, places[name]), wanted[name]) for name in wanted)
        for connection in plan.engine.connections:
            where = plan.weights.of[connection]
            if isinstance(where, KernelPlan):
                first, *others = [gather(plan, places) for places in where.copies]
                assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("lanes", LANES)
def test_parameters_read_back(lanes):
    model = everything_model()
    plan = RtlPlan(model, lanes)
    p = plan.localparams
    images = {image.name: image.words for image in plan.images}
    words, biases = images["params"], images["biases"]
    bits, wide = 1 + p["TB"], max(p["BB"], p["SB"])
    for index, layer in model.weighted():
        places = plan.parameter_places(index)
        found = [
            words[w] >> (lane * bits)
            for w, lane in zip(places.word.tolist(), places.lane.tolist(), strict=True)
        ]
        assert all(word & 1 for word in found)
        rest = [word >> 1 & ((1 << p["TB"]) - 1) for word in found]
        threshold = getattr(layer.neuron, "threshold", np.full(len(found), 1 << p["TB"]))
        assert rest == ((1 << p["TB"]) - threshold).tolist()
        bias, start = (
            [
                biases[2 * w + kind] >> (lane * wide) & ((1 << wide) - 1)
                for w, lane in zip(places.word.tolist(), places.lane.tolist(), strict=True)
            ]
            for kind in (0, 1)
        )
        leaked = leak(layer.neuron.initial.astype(int), *layer.neuron.leak_shifts)
        assert bias == (layer.neuron.bias & ((1 << wide) - 1)).tolist()
        assert start == ((leaked + layer.neuron.bias) & ((1 << wide) - 1)).tolist()


def test_words_of_the_large_example():
    """Layer by layer at 8 lanes: the first, of three quads a pixel, is stored for both banks; the others but once."""
    model = load(EXAMPLES / "nmnist-int8.safetensors")
    words, parameters = {}, {}
    for lanes in LANES:
        plan = RtlPlan(model, lanes)
        words[lanes] = [where.words for where in plan.weights.of.values()]
        parameters[lanes] = plan.localparams["PDEPTH"]
    assert words[8] == [2 * 75, 324, 600]
    assert {lanes: sum(of) for lanes, of in words.items()} == {1: 7992, 2: 3996, 4: 1998, 8: 1074, 16: 1074}
    assert parameters == {1: 12 + 24 + 8, 2: 6 + 12 + 4, 4: 3 + 6 + 2, 8: 3 + 3 + 1, 16: 3 + 3 + 1}


def test_units_fill_each_others_gaps():
    """Kernel of 5 columns, stride 4, three quads a pixel, two banks: 30 quads of weights, and none is lost."""
    units = [(Unit(r, bank), Slots(2 if r == 0 else 1, 3, 3)) for r in range(4) for bank in range(2)]
    block = place_units(units, 2)
    assert block.quads == 30
    assert all(start % 2 == unit.bank for unit, start in block.starts.items())


@pytest.mark.parametrize("banks", [2, 4])
def test_no_order_of_units_takes_fewer_words(banks):
    for quads, kernel, stride in product(range(1, 10), range(1, 12), range(1, 5)):
        units = [
            (Unit(r, bank), Slots(len(range(r, kernel, stride)), quads, quads))
            for r in range(min(kernel, stride))
            for bank in range(0, banks, gcd(quads, banks))
        ]
        block = place_units(units, banks)
        assert -(-block.quads // banks) == fewest_words(units, banks), (quads, kernel, stride)


def fewest_words(units: list[tuple[Unit, Slots]], banks: int) -> int:
    """An order without overlap, from bank 0 to whole words, is a closed walk through banks: each unit a step from the
    bank it starts in to the one behind it, each idle quad a step to the next bank. As many lead into a bank as out."""
    ends = [(unit.bank, (unit.bank + slots.number * slots.pitch) % banks) for unit, slots in units]
    idle = [0] * banks  # steps from each bank to the next
    for bank in range(1, banks):
        idle[bank] = (
            idle[bank - 1] + sum(end == bank for _, end in ends) - sum(start == bank for start, _ in ends)
        )
    idle = [steps - min(idle) for steps in idle]
    ends += [(bank, (bank + 1) % banks) for bank in range(banks) if idle[bank]]
    reached = {0}
    for _ in range(banks):
        reached |= {bank for step in ends if reached & set(step) for bank in step}
    apart = any(start not in reached for start, _ in ends)
    quads = sum(slots.number * slots.pitch for _, slots in units) + sum(idle) + (banks if apart else 0)
    return quads // banks


def test_units_of_groups_interleave():
    """Slots of one quad at every second place leave room for the same of the other bank."""
    block = place_units([(Unit(0, 0), Slots(3, 2, 1)), (Unit(0, 1), Slots(3, 2, 1))], 2)
    assert (block.quads, block.starts) == (6, {Unit(0, 0): 0, Unit(0, 1): 1})


@pytest.mark.parametrize(("lanes", "quad", "banks"), [(1, 1, 1), (2, 2, 1), (4, 4, 1), (8, 4, 2), (16, 4, 4)])
def test_lanes(lanes, quad, banks):
    assert (Lanes(lanes).quad, Lanes(lanes).banks) == (quad, banks)
    assert (Lanes(lanes).quads(5), Lanes(lanes).words(5)) == (-(-5 // quad), -(-5 // banks))
