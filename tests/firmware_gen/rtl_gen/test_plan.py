"""The plan's images and constants alone give what the runtime gives, in every value of every step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.model.modelfile import load
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.layout.engine import Connection
from firmware_gen.rtl_gen.layout.weights import KernelPlan
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.rtl_gen.checking import check
from tests.firmware_gen.rtl_gen.edges import EDGES
from tests.firmware_gen.rtl_gen.shapes import CHAINS
from tests.strategies import inputs, models, random_input, random_model

SEEDS = range(120)
MANY = 1500  # events of a recording
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.safetensors"))
FLAGS = ("LANE_TABLE", "CHUNKS", "RECURRENT", "SUBTRACT", "LIF_OUT")


def thinned(counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Few enough events for plain Python: some sites lose all of theirs, the others none."""
    while counts.sum() > MANY:
        counts = counts * (rng.random(counts.shape) < 0.5)
    return counts


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(seed):
    """For all lanes; a second recording after the first for one of them."""
    model = random_model(np.random.default_rng(seed))
    rng = np.random.default_rng([seed, 2])
    recordings = [thinned(random_input(rng, model), rng) for _ in range(2)]
    for lanes in LANES:
        check(model, lanes, recordings[: 2 if lanes == LANES[seed % len(LANES)] else 1])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_drawn_models(data):
    model = data.draw(models())
    counts = thinned(data.draw(inputs(model)), np.random.default_rng(0))
    check(model, data.draw(st.sampled_from(LANES)), [counts])


@pytest.mark.parametrize("lanes", LANES)
def test_one_of_each_kind(lanes):
    model = everything_model()
    check(model, lanes, [random_input(np.random.default_rng(i), model) for i in range(2)])


@pytest.mark.parametrize("name", CHAINS)
def test_chains_of_every_kind(name):
    rng = np.random.default_rng(1)
    recordings = [thinned(random_input(rng, CHAINS[name]), rng) for _ in range(2)]
    for lanes in LANES:
        check(CHAINS[name], lanes, recordings)


@pytest.mark.parametrize("name", EDGES)
def test_models_at_the_bounds(name):
    rng = np.random.default_rng(1)
    for lanes in LANES:
        check(EDGES[name], lanes, [thinned(random_input(rng, EDGES[name]), rng) for _ in range(2)])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path):
    model = load(path)
    grid = model.binning
    counts = np.random.default_rng(1).random((grid.steps, grid.height, grid.width, 2)) < 0.01
    for lanes in (4, 16):
        check(model, lanes, [counts.astype(np.uint8)])


def test_the_models_cover_everything():
    found = set()
    for model in [random_model(np.random.default_rng(seed)) for seed in SEEDS] + list(CHAINS.values()):
        for lanes in (4, 16):
            found |= features(RtlPlan(model, lanes))
    wanted = {f"{name} {value}" for name in FLAGS for value in (0, 1)}
    wanted |= {"own shifts", "one shift", "or stage of events", "or stage of spikes", "or stage, then sums"}
    wanted |= {
        "several alignments",
        "groups over several quads",
        "groups stored as one",
        "kernel over flat rows",
    }
    wanted |= {
        "recurrent last",
        "whole",
        "not whole",
        "tail",
        "rows of several periods",
        "no source",
        "holes",
    }
    assert wanted - found == set()


def features(plan: RtlPlan) -> set[str]:
    """What of the plan a model exercises."""
    p = plan.localparams
    found = {f"{name} {p[name]}" for name in FLAGS}
    found.add("own shifts" if p["WSHW"] else "one shift")
    found |= {"recurrent last"} if plan.engine.recurrent[-1] else set()
    for number, connection in enumerate(plan.engine.inputs):
        found |= connection_features(plan, connection, number)
    for layer in plan.layer_entries:
        found.add("whole" if layer["whole"] else "not whole")
        found |= {"tail"} if layer["tail"] + 1 < 1 << p["B"] else set()
        found |= {"rows of several periods"} if 0 < layer["pn_1"] < layer["rpw_1"] else set()
    return found


def connection_features(plan: RtlPlan, connection: Connection, number: int) -> set[str]:
    where = plan.weights.of[connection]
    if not isinstance(where, KernelPlan):
        found = {f"or stage of {'spikes' if number else 'events'}"}
        return found | ({"or stage, then sums"} if plan.engine.inputs[number + 1].division > 1 else set())
    stored, several = where.starts >= 0, max(group.quads for group in where.group) > 1
    found = {"several alignments"} if stored.sum(axis=2).max() > 1 else set()
    found |= {"groups over several quads"} if several and where.chunked else set()
    found |= {"groups stored as one"} if where.kernel.groups > 1 and not where.chunked else set()
    found |= {"no source"} if (plan.run_tables[connection].rows.ny == 0).any() else set()
    found |= {"holes"} if where.chunked and where.pitch > min(group.quads for group in where.group) else set()
    return found | ({"kernel over flat rows"} if connection.flat and connection.windows.height > 1 else set())
