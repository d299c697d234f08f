"""Networks of other tools as runs: the float pass gives each tool's own spikes, and what it cannot hold is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Reading, read_reals
from edge_sast.exchange.rules import Rules, choose
from tests.exchange.nir_files import Cell, run, write_nir
from tests.exchange.reference import import_words, reference
from tests.exchange.test_random import STEPS, Drawer, written
from tests.exchange.test_reference import GIVEN, MAPS, layers_of
from trainer.network.from_reals import network_of
from trainer.network.network import COUNT_GAIN, Network
from trainer.run import checkpoint
from trainer.settings.config import TrainConfig
from trainer.settings.neuron import NeuronSettings
from trainer.settings.passes import Spike

HARD = Spike("hard")


def network(path, rules: Rules, grid: Binning) -> Network:
    reals, _ = read_reals(nir_file.read(path), Reading(rules), grid)
    return network_of(reals, rules, grid)


def spikes_of(net: Network, counts: np.ndarray) -> list[np.ndarray]:
    """Of each layer [T, ...], channel first, of counts [T, H, W, 2]; the fused way must give the same answer."""
    x = torch.from_numpy(counts).permute(0, 3, 1, 2)[:, None].float()
    found: list[np.ndarray] = []
    with torch.no_grad():
        net(x, HARD, see=lambda _layer, _arrived, given: found.append(given[:, 0].numpy()))
        logits = net(x, HARD).logits[0].numpy()
    np.testing.assert_allclose(logits, COUNT_GAIN * found[-1].mean(0), rtol=1e-6)
    return found


@pytest.mark.parametrize("name", MAPS)
def test_the_float_pass_gives_the_tools_own_spikes(name):
    given = reference(name)
    rules, _ = choose(name.split("_")[0], GIVEN.get(name, {}))
    rows, columns = given.grid
    found = spikes_of(network(given.path, rules, Binning(columns, rows, 0, 1000, 20, 1)), given.counts())
    for mine, tools in zip(found, given.spikes, strict=True):
        assert tools.sum() > 20
        np.testing.assert_array_equal(mine.reshape(20, -1), tools.reshape(20, -1))


def test_a_later_subtraction_of_convolutions_is_the_oracles():
    """The reference network by snnTorch's own default; its spikes were made with a reset to zero."""
    given = reference("snntorch_conv")
    rules, _ = choose("snntorch", {})
    rows, columns = given.grid
    net = network(given.path, rules, Binning(columns, rows, 0, 1000, 20, 1))
    gain, theta = Fraction(given.rules["gain"]), given.rules["threshold"]
    cell = Cell(Fraction(given.rules["decay"]), gain, theta, True, "subtract later")
    right = run(layers_of(given, cell), given.input, exact=True)
    for mine, (_, spikes) in zip(spikes_of(net, given.counts()), right, strict=True):
        assert spikes.sum() > 20
        np.testing.assert_array_equal(mine.reshape(20, -1), spikes.reshape(20, -1))


@pytest.mark.parametrize("name", ["snntorch_conv", "snntorch_linear_if"])
def test_a_threshold_that_spikes_at_equality_would_not(name):
    given = reference(name)
    rules, _ = choose("snntorch", GIVEN.get(name, {}) | {"threshold": "ge"})
    rows, columns = given.grid
    found = spikes_of(network(given.path, rules, Binning(columns, rows, 0, 1000, 20, 1)), given.counts())
    assert (found[0].reshape(20, -1) != given.spikes[0].reshape(20, -1)).sum() > 0


def test_random_networks_without_a_leak_are_the_oracles(tmp_path):
    """Thresholds that differ between channels, pools of 9, counts up to 3, feedback: every spike, in float32."""
    held = 0
    for seed in range(60):
        drawer = Drawer(seed, leaky=False)
        drawn = drawer.network()
        file = written(tmp_path / "net.nir", drawn, drawer.rng)
        rules, _ = choose(drawn.tool, drawn.options)
        grid = Binning(drawn.columns, drawn.rows, 0, 1000, STEPS, drawn.cap)
        if not all(square(fields) for kind, fields in drawn.nodes if kind == "Conv2d"):
            with pytest.raises(EdgeSastError, match=r"and a run's are square; give --out FILE.safetensors"):
                network(file, rules, grid)
            continue
        net = network(file, rules, grid)
        shape = (STEPS, drawn.rows, drawn.columns, 2)
        counts = drawer.rng.integers(0, drawn.cap + 1, shape).astype(np.uint8)
        right = run(drawn.layers, counts.transpose(0, 3, 1, 2), exact=True)
        for mine, (_, want) in zip(spikes_of(net, counts), right, strict=True):
            np.testing.assert_array_equal(mine.reshape(STEPS, -1), want.reshape(STEPS, -1), str(seed))
        held += 1
    assert held >= 30


def test_random_networks_that_subtract_later_are_the_oracles(tmp_path):
    """Leaks, convolutions, pools, feedback: in float32 no spike differs from those of fractions."""
    held = convolutions = 0
    for seed in range(120):
        drawer = Drawer(seed, leaky=True)
        drawn = drawer.network()
        if drawer.reset != "subtract-later":
            continue
        if not all(square(fields) for kind, fields in drawn.nodes if kind == "Conv2d"):
            continue
        rules, _ = choose(drawn.tool, drawn.options)
        grid = Binning(drawn.columns, drawn.rows, 0, 1000, STEPS, drawn.cap)
        net = network(written(tmp_path / "net.nir", drawn, drawer.rng), rules, grid)
        shape = (STEPS, drawn.rows, drawn.columns, 2)
        counts = drawer.rng.integers(0, drawn.cap + 1, shape).astype(np.uint8)
        right = run(drawn.layers, counts.transpose(0, 3, 1, 2), exact=True)
        for mine, (_, want) in zip(spikes_of(net, counts), right, strict=True):
            np.testing.assert_array_equal(mine.reshape(STEPS, -1), want.reshape(STEPS, -1), str(seed))
        held, convolutions = held + 1, convolutions + any(kind == "Conv2d" for kind, _ in drawn.nodes)
    assert held >= 5
    assert convolutions >= 3


def square(fields) -> bool:
    """Of a Conv2d; with padding "same" a kernel of an even side gets one row or column of zeros more."""
    same = isinstance(fields["padding"], str)
    rows, columns = (side + (same and side % 2 == 0) for side in fields["weight"].shape[2:])
    return rows == columns


WAY = [("in", "a"), ("a", "b"), ("b", "out")]


def net(a, b):
    return {
        "in": ("Input", {"shape": np.array([2, 4, 4])}),
        "a": a,
        "b": b,
        "out": ("Output", {"shape": np.array([2])}),
    }


def conv(*kernel, **more):
    fields = {"weight": np.ones((2, 2, *kernel), np.float32), "bias": np.zeros(2, np.float32)}
    fields |= {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, **more}
    return ("Conv2d", fields)


CURRENT = ("LI", {"tau": 8e-4, "r": 1.0, "v_leak": 0.0})
IF = ("IF", {"r": 1.0, "v_threshold": 1.0})
TO_ONE_PLACE = conv(2, 2)


@pytest.mark.parametrize(
    ("nodes", "way", "tool", "told"),
    [
        (
            net(conv(1, 3), IF) | {"c": conv(4, 2), "d": IF},
            [*WAY[:2], ("b", "c"), ("c", "d"), ("d", "out")],
            "norse",
            "node 'a': kernel is 1x3, and a run's are square; give --out FILE.safetensors, for a model file",
        ),
        (
            net(conv(4, 4), CURRENT),
            WAY,
            "spikingjelly",
            "node 'a': integrates with a leak, and a run's read-out has none; give --out FILE.safetensors",
        ),
        (
            net(conv(4, 4), ("LIF", {"tau": 8e-6, "r": 1.0, "v_leak": 0.5, "v_threshold": 1.0})),
            WAY,
            "norse",
            "node 'a': starts with a membrane that is not where a reset leads, which a run's do; give --out FILE",
        ),
        (
            net(conv(4, 4), ("IF", {"r": 1.0, "v_threshold": 0.5})),
            WAY,
            "sinabs",
            "node 'b': channel 0 could reach 65 times its threshold in a step, and give 65 spikes there (MultiSpike)",
        ),
        (
            net(conv(4, 4, weight=np.full((2, 2, 4, 4), 1e300)), IF),
            WAY,
            "norse",
            "node 'a': weight becomes larger than float32 holds, in units of the threshold; look at the training, or "
            "give --out FILE.safetensors",
        ),
        (
            net(conv(4, 4, weight=np.full((2, 2, 4, 4), 1e-300)), IF),
            WAY,
            "norse",
            "node 'a': weight becomes smaller than float32 holds, in units of the threshold; look at the training, or",
        ),
        (
            net(conv(4, 4, bias=np.array([0.0, -1e39])), IF),
            WAY,
            "norse",
            "node 'a': bias becomes larger than float32 holds, in units of the threshold; look at the training, or",
        ),
        (
            net(conv(4, 4), ("IF", {"r": 1.0, "v_threshold": 1e-307})),
            WAY,
            "norse",
            "node 'a': weight becomes larger than float32 holds, in units of the threshold; look at the training, or",
        ),
        (
            net(conv(4, 4, weight=np.full((2, 2, 4, 4), 1e308)), IF),
            WAY,
            "sinabs",
            "node 'a': its weights add up to more than float64 holds; look at the training, and write the file again",
        ),
    ],
    ids=["kernel", "read-out", "start", "many", "large", "small", "bias", "threshold", "sum"],
)
def test_what_no_run_holds_is_refused_by_name(nodes, way, tool, told, tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", nodes, way)
    words = ["import", str(path), "--from", tool, "--sensor", "4x4", "--dt-us", "1000", "--steps", "5"]
    assert main([*words, "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.startswith(f"edge-sast: {path}: {told}")
    assert not (tmp_path / "run").exists()


def test_layers_of_a_run_that_mean_nothing_are_named(tmp_path):
    given = reference("snntorch_linear")
    words = import_words(given, "snntorch")
    assert main([*words, "--out", str(tmp_path / "run")]) == 0
    stored = checkpoint.load(tmp_path / "run")
    told = [(each.layer, each.reset, each.leak, each.above, each.later) for each in stored.config.layers]
    assert told == [("fc32", "subtract", "4", True, True), ("count", "subtract", "4", True, True)]
    values = vars(stored.config) | {"layers": [{"layer": "rec32", "leak": 3, "level": [1.0]}]}
    with pytest.raises(EdgeSastError, match=r"x: 'leak' of a layer is 3; it must be text: train again"):
        TrainConfig.from_dict(values, "x")
    values["layers"] = [{"layer": "rec32", "level": [2.5]}]
    with pytest.raises(EdgeSastError, match=r"level of a layer is 2.5; it must be 1 or more and below 2"):
        TrainConfig.from_dict(values | {"arch": "rec32"}, "x")


def test_a_start_that_is_measured_is_refused_beside_a_later_subtraction():
    with pytest.raises(
        EdgeSastError, match=r"^--mp-init is given, and a layer subtracts one step later, .*; leave it out$"
    ):
        NeuronSettings("subtract", mp_init=True, later=True)
