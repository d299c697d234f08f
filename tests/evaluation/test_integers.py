"""Which models are roundings of the same floats, and what is said of their integers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.evaluation.integers import side_by_side
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten, Integrator, Lif, Linear, RecurrentLinear
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash

INPUTS, HIDDEN, CLASSES = 2 * 4 * 4, 12, ("a", "b", "c")


def floats(seed: int) -> tuple[np.ndarray, ...]:
    """Weights of the first layer, recurrent ones, and those of the read-out."""
    rng = np.random.default_rng(seed)
    return tuple(
        rng.normal(size=shape) for shape in ((INPUTS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, len(CLASSES)))
    )


def rounded(weights: np.ndarray, bits: int) -> np.ndarray:
    """By the largest of each output channel; of 1 bit the signs."""
    if bits == 1:
        return np.where(weights < 0, -1, 1)
    largest = 2 ** (bits - 1) - 1
    return np.rint(weights / np.abs(weights).max(0) * largest).astype(int)


def model(seed: int, bits: int, recurrent: bool = True, classes: tuple[str, ...] = CLASSES) -> Model:
    first, own, last = floats(seed)
    none = np.zeros(HIDDEN, int)
    lif = Lif(np.full(HIDDEN, 40), none, none, (3,), "zero", 16)
    hidden = (
        RecurrentLinear(rounded(first, bits), rounded(own, bits), bits, lif)
        if recurrent
        else Linear(rounded(first, bits), bits, lif)
    )
    zeros = np.zeros(len(CLASSES), int)
    read_out = Linear(rounded(last, bits), bits, Integrator(zeros, zeros, (), 24))
    return Model(Binning(4, 4, 0, 1000, 5, 1), (Flatten(), hidden, read_out), classes, "tests")


def test_widths_of_one_network_stand_together_the_widest_first():
    networks = [(f"{seed}{bits}", model(seed, bits)) for bits in (4, 1, 8, 2) for seed in (0, 1)]
    groups = side_by_side([*networks, ("plain", model(0, 4, recurrent=False))])
    assert [[built.label for built in group] for group in groups] == [
        ["08", "04", "02", "01"],
        ["18", "14", "12", "11"],
    ]
    assert groups[0][1].model_hash == model_hash(model(0, 4))
    assert [layer.name for layer in groups[0][0].layers] == ["layer 1, recurrent_linear", "layer 2, linear"]


def test_what_is_alike_or_alone_is_no_group():
    renamed = model(0, 4, classes=("a", "b", "d"))
    early = replace(model(0, 8), early_margin=3)
    assert side_by_side([("a", model(0, 8)), ("b", early), ("c", model(1, 4)), ("d", renamed)]) == []
    assert side_by_side([]) == []


def test_a_layer_of_zeros_and_one_of_the_other_sign():
    wide, narrow = model(0, 8, recurrent=False), model(0, 4, recurrent=False)
    zeros = replace(narrow.layers[1], weight=np.zeros((INPUTS, HIDDEN), int))
    assert (
        side_by_side([("a", wide), ("b", replace(narrow, layers=(Flatten(), zeros, narrow.layers[2])))]) == []
    )
    other = replace(narrow.layers[1], weight=-narrow.layers[1].weight)
    assert (
        side_by_side([("a", wide), ("b", replace(narrow, layers=(Flatten(), other, narrow.layers[2])))]) == []
    )


def test_what_is_said_of_a_layer():
    ((wide, narrow),) = side_by_side([("a", model(0, 8)), ("b", model(0, 3))])
    own, first = narrow.layers[0], wide.layers[0]
    both = [np.concatenate([rounded(part, bits) for part in floats(0)[:2]]) for bits in (8, 3)]
    assert (own.bits, own.count, first.count) == (3, both[1].size, both[0].size)
    assert own.zeros == pytest.approx((both[1] == 0).mean())
    assert own.largest == pytest.approx((abs(both[1]) == 3).mean())
    assert own.shown.edges == (-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5)
    assert own.shown.shares == pytest.approx([(both[1] == k).mean() for k in range(-3, 4)], abs=1e-5)
    rest, apart = 0.0, []
    for c in range(HIDDEN):  # in plain Python, channel by channel
        w, v = both[0][:, c].tolist(), both[1][:, c].tolist()
        factor = sum(a * b for a, b in zip(w, v, strict=True)) / sum(b * b for b in v)
        rest += sum((a - factor * b) ** 2 for a, b in zip(w, v, strict=True))
        apart += [(a / factor - b) ** 2 for a, b in zip(w, v, strict=True)]
    total = float((both[0] ** 2).sum())
    assert own.agreement == pytest.approx(math.sqrt(1 - rest / total))
    assert 0.9 < own.agreement < 1
    assert own.apart == pytest.approx(math.sqrt(sum(apart) / len(apart)))
    assert (first.agreement, first.apart) == (1, 0)
