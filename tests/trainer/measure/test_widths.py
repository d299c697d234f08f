"""Widths of layers for a number of bytes: the least sum that fits, of growths that are measured."""

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.networks import lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.measure import widths
from trainer.measure.widths import WIDEST, WIDTHS, least_loss, losses_of_widths
from trainer.network.network import Network
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Spike

HARD = Spike("hard", "arctan", 2.0)
LAST = Objective()


@st.composite
def choices(draw):
    """Growths and bytes of each width of one to three layers; a growth may be negative, and sizes may be equal."""
    layers = draw(st.integers(1, 3))
    growth = st.lists(st.integers(-2, 20).map(float), min_size=8, max_size=8)
    size = st.lists(st.integers(1, 12), min_size=8, max_size=8)
    several = {"min_size": layers, "max_size": layers}
    return draw(st.lists(growth, **several)), draw(st.lists(size, **several)), draw(st.integers(0, 40))


@given(choices())
def test_it_is_the_least_of_all_that_fit(case):
    growths, sizes, budget = case

    def total(table, chosen):
        return sum(of_layer[bits - 1] for of_layer, bits in zip(table, chosen, strict=True))

    fitting = [chosen for chosen in product(WIDTHS, repeat=len(sizes)) if total(sizes, chosen) <= budget]
    found = least_loss(growths, sizes, budget)
    assert (found is None) == (not fitting)
    if found is not None:
        assert found in fitting
        best = min((total(growths, chosen), total(sizes, chosen)) for chosen in fitting)
        assert (total(growths, found), total(sizes, found)) == best


def test_growths_are_those_of_the_integer_pass(monkeypatch):
    """Of a network of two layers, against the pass itself, recording by recording."""
    binned = random_recordings(5, 20, 4, 8)
    network = lively_network("4c3p1-out", binned, 3).train()
    monkeypatch.setattr(widths, "PROBED", 20)
    found = losses_of_widths(network, binned, lambda bits: Integer(bits, HARD), LAST, 2)
    assert network.training
    network.eval()

    @torch.no_grad()
    def loss(*bits):
        total = 0.0
        for i in range(20):
            ((x, label),) = in_order(binned.select([i]), 1, "cpu")
            logits = network(x, Integer(bits, HARD)).logits.double()[0]
            total += float(logits.exp().sum().log() - logits[label])
        return total / 20

    least = loss(WIDEST, WIDEST)
    for bits in WIDTHS:
        assert found[0][bits - 1] == pytest.approx(loss(bits, WIDEST) - least, abs=1e-5)
        assert found[1][bits - 1] == pytest.approx(loss(WIDEST, bits) - least, abs=1e-5)
    assert found[0][WIDEST - 1] == 0.0
    assert len(set(found[0])) > 4  # widths do change the loss


def test_some_recordings_stand_for_all(monkeypatch):
    binned = random_recordings(5, 21, 4, 8)
    network = lively_network("4c3p1-out", binned, 3)
    monkeypatch.setattr(widths, "PROBED", 3)
    seen = []
    forward = Network.forward

    def counted(self, x, *rest):
        seen.append(x.shape[1])
        return forward(self, x, *rest)

    monkeypatch.setattr(Network, "forward", counted)
    losses_of_widths(network, binned, lambda bits: Integer(bits, HARD), LAST, 2)
    assert seen == [3] * 15  # 7 a layer, and one
