"""Networks that the tools wrote themselves: the integer model gives each tool's own spikes, all of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_read import Imported, Reading, read_model
from edge_sast.exchange.rules import choose
from edge_sast.model.layers import Lif, Linear
from edge_sast.runtime import Simulator
from tests.exchange.nir_files import Cell, Layer, h5py, run
from tests.exchange.reference import NAMES, Reference, channel_last, reference
from tests.strategies import binned

# What the maker of a file knows of it, and the file does not say.
GIVEN = {
    "snntorch_conv": {"reset": "zero"},
    "sinabs_conv": {"spikes": "one"},
    "sinabs_linear": {"spikes": "one"},
    "sinabs_conv_many": {"spikes": "one"},
}
MAPS = [name for name in NAMES if name != "sinabs_conv_many"]


def read(given: Reference, **more: object) -> Imported:
    rules, _ = choose(given.name.split("_")[0], {**GIVEN.get(given.name, {}), **more})
    rows, columns = given.grid
    return read_model(nir_file.read(given.path), Reading(rules), Binning(columns, rows, 0, 1000, 20, 1), None)


def spikes_of(imported: Imported, given: Reference) -> list[np.ndarray]:
    trace = Simulator(imported.model).trace(binned(imported.model, [given.counts()]), 0)
    return [trace.spikes[:, layer.start : layer.stop] for layer in trace.layers]


@pytest.mark.parametrize("name", MAPS)
def test_spikes_are_the_tools_own(name):
    given = reference(name)
    for mine, tools in zip(spikes_of(read(given), given), given.spikes, strict=True):
        assert tools.sum() > 20
        np.testing.assert_array_equal(mine, channel_last(tools))


@pytest.mark.parametrize("name", MAPS)
def test_float_oracle_by_the_rules_of_the_maker(name):
    """What the rules beside the file give in float64, node by node: spikes of the tool, and so of the integer model."""
    given = reference(name)
    cell = Cell(
        Fraction(given.rules["decay"]),
        Fraction(given.rules["gain"]),
        given.rules["threshold"],
        given.rules["strict"],
        given.rules["reset"],
    )
    for (_, spikes), tools in zip(
        run(layers_of(given, cell), given.input, exact=False), given.spikes, strict=True
    ):
        np.testing.assert_array_equal(spikes.reshape(20, -1), tools.reshape(20, -1))


def layers_of(given: Reference, cell: Cell) -> list[Layer]:
    """The nodes of these files are numbered in their order."""
    with h5py.File(given.path) as file:
        nodes = file["node/nodes"]
        names = sorted((n for n in nodes if n.strip("_").isdigit()), key=lambda n: int(n.strip("_")))
        layers, before = [], []
        for name in names:
            kind = nodes[name]["type"][()].decode()
            if "IF" in kind:
                layers.append(Layer(before, cell))
                before = []
            else:
                before.append((kind, {key: value[()] for key, value in nodes[name].items()}))
    return layers


def test_many_spikes_in_a_step_are_refused_where_the_bound_has_them():
    for name in ("sinabs_conv_many", "sinabs_conv"):
        with pytest.raises(
            EdgeSastError, match=r"node '1': channel \d could reach \d times its threshold .*--spikes one"
        ):
            read(reference(name), spikes="many")


def test_one_spike_of_many_differs():
    given = reference("sinabs_conv_many")
    assert (spikes_of(read(given), given)[0] != channel_last(given.spikes[0])).sum() > 100


def test_a_later_subtraction_takes_off_the_threshold_over_the_decay():
    imported = read(reference("snntorch_linear"))
    assert [type(layer) for _, layer in imported.model.weighted()] == [Linear] * 2
    for _, layer in imported.model.weighted():
        cell = layer.neuron
        assert isinstance(cell, Lif)
        assert cell.amount is not None
        # u > T is u >= T + 1 of integers; T over 15/16 in the nearest unit
        np.testing.assert_array_equal(cell.amount, np.round((cell.threshold - 1) * 16 / 15))
    assert any(
        "a spike takes off 1.067 of the threshold" in line and "an amount of its own" in line
        for line in imported.told
    )


@pytest.mark.parametrize("name", ["sinabs_conv", "snntorch_linear_if", "spikingjelly_linear"])
def test_without_a_leak_nothing_is_rounded(name):
    assert read(reference(name)).told == ()
