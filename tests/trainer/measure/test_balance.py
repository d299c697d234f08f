"""Calibration brings hard firing rates to the smooth ones, layer by layer, without labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.trainer.networks import lively_network, random_recordings
from trainer.measure.balance import calibrate
from trainer.run.one_pass import evaluate
from trainer.settings.passes import Integer, Spike

SMOOTH, HARD = Spike("smooth", "arctan", 2.0), Spike("hard", "arctan", 2.0)


@pytest.mark.parametrize("arch", ["6c3p1-or2-8c3p1-out", "sum2-fc12-fc8-out", "4c3p1-count"])
def test_rates_come_to_those_of_the_smooth_network(arch):
    binned = random_recordings(5, 40, 6, 8)
    network = lively_network(arch, binned, 3)
    smooth = evaluate(network, binned, SMOOTH).firing_rates
    before = evaluate(network, binned, HARD).firing_rates
    report = calibrate(network, binned, SMOOTH, HARD)
    after = evaluate(network, binned, HARD).firing_rates
    np.testing.assert_allclose([b.aim for b in report], smooth, rtol=1e-5)
    np.testing.assert_allclose([b.after for b in report], after, rtol=1e-5)
    distance = np.abs(np.array(after) - smooth)
    assert (distance < 0.02).all()
    assert distance.sum() < np.abs(np.array(before) - smooth).sum()


def test_labels_are_not_read_and_weights_stay():
    binned = random_recordings(5, 20, 4, 8)
    networks = [lively_network("4c3p1-out", binned, 3) for _ in range(2)]
    before = {name: t.clone() for name, t in networks[0].state_dict().items()}
    calibrate(networks[0], binned, SMOOTH, HARD)
    calibrate(networks[1], replace(binned, labels=np.zeros_like(binned.labels)), SMOOTH, HARD)
    for name, tensor in networks[0].state_dict().items():
        assert torch.equal(tensor, networks[1].state_dict()[name])
        assert torch.equal(tensor, before[name]) or name.endswith("threshold")


def test_the_integer_form_has_the_calibrated_thresholds():
    binned = random_recordings(5, 40, 6, 8)
    network = lively_network("6c3p1-or2-out", binned, 3)
    calibrate(network, binned, SMOOTH, HARD)
    hard, integer = (evaluate(network, binned, how) for how in (HARD, Integer((8, 8), HARD)))
    assert integer.firing_rates[0] == pytest.approx(hard.firing_rates[0], rel=0.1)
