"""A network without channels against the whole one in which nobody hears them: every spike, and every logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.runtime import Simulator
from tests.trainer.networks import CLASSES, lively_network, random_recordings
from trainer.data.batches import in_order
from trainer.network.network import Network
from trainer.network.pruned import of_text, pruned_arch, pruned_state, text_of, tied
from trainer.network.to_integers import export
from trainer.settings.config import TrainConfig
from trainer.settings.network import NetworkSettings
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Integer, Spike

HARD = Spike("hard", "arctan", 5.0)
ARCHS = (
    "6c3p1-or2-5c3p1-out",
    "6c3s2p1-sum2-fc7-out",
    "sum2-rec9-fc5-out",
    "6c3p1-4c3p1g2-or2-fc6-count",
    "fc9-rec8-count",
    "4c3p1-4c3p1r-6c3s2-or2-rec5-out",
    "7c3p1-sum2-6c3-out",
)


def drawn_channels(rng, network):
    """Of each layer that may lose some."""
    kept = []
    for layer, reason in zip(network.weighted(), tied(network), strict=True):
        stays = np.flatnonzero(rng.random(layer.channels) < 0.6)
        whole = reason or len(stays) in (0, layer.channels)
        kept.append(None if whole else torch.from_numpy(stays))
    return kept


def silenced(network, kept):
    """In place: nobody hears the channels that go. One weight after the other, by hand."""
    layers = network.weighted()
    with torch.no_grad():
        for place, channels in enumerate(kept):
            if channels is None:
                continue
            layer, after = layers[place], layers[place + 1]
            gone = sorted({*range(layer.channels)} - {*channels.tolist()})
            for channel in gone:
                if after.weight.dim() == 4:
                    after.weight[:, channel] = 0
                else:
                    each = after.weight.shape[1] // layer.channels
                    after.weight[:, channel * each : (channel + 1) * each] = 0
                if layer.recurrent is not None:
                    layer.recurrent[:, channel] = 0


def smaller(network, arch, kept):
    old = network.settings
    new = NetworkSettings(
        pruned_arch(arch, kept),
        old.classes,
        old.height,
        old.width,
        old.steps,
        old.count_cap,
        old.norm,
        old.neuron,
    )
    found = Network(new)
    found.load_state_dict(pruned_state(network, kept))
    return found.eval()


def passed(network, x, how):
    """Logits, and what each layer gave."""
    seen = []
    with torch.no_grad():
        logits = network(x, how, see=lambda _, __, spikes: seen.append(spikes)).logits
    return logits, seen


@settings(max_examples=40, deadline=None)
@given(
    arch=st.sampled_from(ARCHS),
    seed=st.integers(0, 10_000),
    bits=st.sampled_from([8, 4, 2]),
    norm=st.sampled_from(["batch", "none"]),
    threshold=st.sampled_from(["fixed", "learn", "adaptive"]),
    leak=st.sampled_from(["3", "learn"]),
)
def test_what_remains_fires_as_if_nobody_heard_the_rest(arch, seed, bits, norm, threshold, leak):
    binned = random_recordings(seed, 3, 4, 8, cap=2)
    rules = NeuronSettings("zero", leak, threshold, mp_init=seed % 2 == 0)
    network = lively_network(arch, binned, seed, norm=norm, neuron=rules)
    kept = drawn_channels(np.random.default_rng(seed), network)
    small = smaller(network, arch, kept)
    silenced(network, kept)
    x, _ = next(in_order(binned, len(binned), "cpu"))
    widths = (bits,) * len(kept)
    whole, wanted = passed(network, x, Integer(widths, HARD))
    logits, got = passed(small, x, Integer(widths, HARD))
    assert torch.equal(logits, whole)
    for mine, theirs, channels in zip(got[:-1], wanted[:-1], kept[:-1], strict=True):
        assert torch.equal(mine, theirs if channels is None else theirs[:, :, channels])
    models = [export(each, binned.binning, CLASSES, widths, "test") for each in (network, small)]
    outputs = [Simulator(model).run(binned).outputs for model in models]
    np.testing.assert_array_equal(*outputs)


def test_smooth_spikes_are_the_same_within_rounding():
    arch = "6c3p1-or2-5c3p1-fc8-out"
    binned = random_recordings(3, 4, 5, 8)
    network = lively_network(arch, binned, 7)
    kept = [torch.tensor([0, 2, 5]), torch.tensor([1, 4]), torch.tensor([0, 3, 4, 7]), None]
    small = smaller(network, arch, kept)
    silenced(network, kept)
    x, _ = next(in_order(binned, 4, "cpu"))
    how = Spike("smooth", "arctan", 2.0)
    torch.testing.assert_close(passed(small, x, how)[0], passed(network, x, how)[0])


def test_architectures_as_text():
    kept = [torch.tensor([0, 3]), None, torch.tensor([1, 2, 5]), None]
    assert pruned_arch("16c5s2p2-or2-64c3p1-sum2-rec24-out", kept) == "2c5s2p2-or2-64c3p1-sum2-rec3-out"
    assert pruned_arch("small", [torch.arange(4), torch.arange(8), None]) == "4c5s2p2-or2-8c3p1-or2-out"
    again = of_text(text_of(kept))
    assert [None if each is None else each.tolist() for each in again] == [[0, 3], None, [1, 2, 5], None]
    TrainConfig(data="d", arch=pruned_arch("tiny", [torch.arange(3), None, None]), dt_us=1, steps=1)


def test_what_is_tied_stays_whole():
    binned = random_recordings(0, 1, 2, 8)
    network = lively_network("4c3p1-4c3p1g2-8c3p1-8c3p1r-fc4-out", binned, 0)
    assert tied(network) == [
        "the layer after it is tied: it has 2 groups",
        "it has 2 groups",
        "the layer after it is tied: it is residual",
        "it is residual",
        "",
        "it answers",
    ]


@pytest.mark.parametrize("kept", [[torch.tensor([0, 1]), None, None]])
def test_a_pool_passes_channels_through(kept):
    binned = random_recordings(1, 2, 3, 8)
    network = lively_network("4c3p1-sum2-3c3p1-out", binned, 1)
    assert pruned_state(network, kept)["layers.2.weight"].shape == (3, 2, 3, 3)
