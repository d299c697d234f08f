"""The core of a model that answers early, simulated: recordings end where the runtime ends them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten, Integrator, Lif, Linear, RecurrentLinear
from edge_sast.model.model import MAX_MARGIN, Model
from edge_sast.runtime.simulator import Simulator
from firmware_gen.fpga.runs import CLEAR, RESET, Disturbance, run_bytes, step_beats
from firmware_gen.fpga.simulate import ICARUS, simulation
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.verify.core import Core, verify_core
from tests.early import random_early_model
from tests.firmware_gen.builds import small_model
from tests.firmware_gen.fpga.cores import differences, export_core
from tests.firmware_gen.rtl_gen.checking import check
from tests.strategies import binned

SEEDS = (0, 1, 3, 5, 6)
LANES = (1, 2, 8, 1, 16)
STEPS, CLASSES = 4, 3
GRID = Binning(CLASSES, 1, 0, 1000, STEPS, 7)


def counter(neuron: Integrator | Lif, margin: int) -> Model:
    """Each column's events of polarity 1 add 1 to the output of its class, those of polarity 0 take 1 away."""
    weight = np.zeros((2 * CLASSES, CLASSES), np.int8)
    for column in range(CLASSES):
        weight[2 * column, column], weight[2 * column + 1, column] = -1, 1
    return Model(GRID, (Flatten(), Linear(weight, 2, neuron)), tuple("abc"), early_margin=margin)


def integrating(margin: int) -> Model:
    return counter(Integrator([0] * CLASSES, [0] * CLASSES, (), 12), margin)


def counting(margin: int) -> Model:
    """A spike in each step in which a class has more events than it had taken away."""
    return counter(Lif([1] * CLASSES, [0] * CLASSES, [0] * CLASSES, (), "zero", 12), margin)


def events(*steps: tuple[int, ...]) -> np.ndarray:
    """By how much each step moves each output, and nothing more to the end."""
    counts = np.zeros((STEPS, 1, CLASSES, 2), np.uint8)
    for t, moves in enumerate(steps):
        for column, move in enumerate(moves):
            counts[t, 0, column, int(move > 0)] = abs(move)
    return counts


# A model, and of each recording the events and how many steps it takes.
CASES = {
    "a lead of the margin, and one less": (
        integrating(3),
        [(events((5, 2, 1)), 1), (events((4, 2, 1)), 4), (events((1, 2, 1), (0, 2, 0)), 2)],
    ),
    "ties": (integrating(1), [(events((3, 3, 0), (2, 2, 0), (0, 1, 0)), 3), (events(), 4)]),
    "negative outputs": (
        integrating(2),
        [
            (events((-5, -3, -5)), 1),
            (events((-5, -4, -3)), 4),
            (events((-1, -1, -1), (-5, -5, -2), (7, 7, 7)), 2),
        ],
    ),
    "the lead of the last step": (integrating(6), [(events((0, 1, 1), (0, 0, 1), (), (0, 0, 6)), 4)]),
    "a lead that is lost again": (integrating(3), [(events((2, 0, 0), (0, 2, 0), (0, 0, 5)), 3)]),
    "no lead is as large": (integrating(MAX_MARGIN), [(events((7, 0, 0), (7, -7, -7), (7, 0, 0)), 4)]),
    "counts of spikes": (
        counting(2),
        [
            (events((1, 0, 0), (1, 0, 0)), 2),
            (events((1, 1, 0), (1, 0, 0), (0, 1, 0)), 4),
            (events((0, 0, 1), (), (0, 1, 1), (0, 0, 1)), 4),
        ],
    ),
    "a step at most": (counting(1), [(events((0, 0, 3)), 1), (events((1, 1, 1), (0, 1, 0)), 2)]),
}


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("name", CASES)
def test_it_ends_where_it_should(tmp_path, name):
    """Each recording after each other one: what ended early leaves nothing behind."""
    model, cases = CASES[name]
    dense = [counts for counts, _ in cases] * 2
    recordings = binned(model, dense)
    assert Simulator(model).run(recordings).steps.tolist() == [steps for _, steps in cases] * 2
    build = export_core(model, tmp_path / "build", lanes=2, count=1)
    assert differences(build, ICARUS, model, recordings).first is None


@pytest.mark.parametrize("name", CASES)
def test_the_tables_alone_end_there_too(name):
    """By the interpreter of the core's memories and constants."""
    model, cases = CASES[name]
    plan = check(model, 2, [counts for counts, _ in cases] * 2)
    assert plan.localparams["MARGIN"] == model.early_margin


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("seed", "lanes"), list(zip(SEEDS, LANES, strict=True)))
def test_random_models(tmp_path, seed, lanes):
    model, dense = random_early_model(np.random.default_rng([seed, 3]))
    recordings = binned(model, dense)
    build = export_core(model, tmp_path / "build", lanes, count=1)
    tally = differences(build, ICARUS, model, recordings)
    assert tally.first is None
    assert tally.steps == Simulator(model).run(recordings).steps.tolist()
    check(model, lanes, dense)


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("seed", range(6, 86))
def test_many_random_models(tmp_path, seed):
    model, dense = random_early_model(np.random.default_rng([seed, 3]), recordings=4)
    build = export_core(model, tmp_path / "build", (1, 2, 4, 8, 16)[seed % 5], count=1)
    assert differences(build, ICARUS, model, binned(model, dense)).first is None


def recurrent(margin: int) -> Model:
    """Of its last layer some spikes are on their way to itself while the recording ends."""
    rng = np.random.default_rng(3)
    weight, own = rng.integers(-3, 4, (2 * CLASSES, CLASSES)), rng.integers(-3, 4, (CLASSES, CLASSES))
    neuron = Lif([2] * CLASSES, [1] * CLASSES, [0] * CLASSES, (1,), "zero", 12)
    return Model(
        GRID, (Flatten(), RecurrentLinear(weight, own, 3, neuron)), tuple("abc"), early_margin=margin
    )


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("model", [integrating(3), recurrent(1)], ids=["integrating", "recurrent"])
def test_a_pulse_at_any_clock_around_the_end(tmp_path, model):
    """A clear, or a reset, before, in and after the decision and the clearing, and while other steps are dropped."""
    rng = np.random.default_rng(5)
    whole = [events(*rng.integers(-3, 8, (STEPS, CLASSES)).tolist()) for _ in range(8)]
    taken = Simulator(model).run(binned(model, whole)).steps
    dense = [whole[i] for i in (int(taken.argmin()), int(taken.argmax()))]
    assert taken.min() < taken.max()
    recordings, simulator = binned(model, dense), Simulator(model)
    build = export_core(model, tmp_path / "build", lanes=1, count=1)
    with simulation(build / "rtl", ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model)
        runs = []
        for clocks in range(110):
            attempt = Disturbance(0, True, (CLEAR, RESET)[clocks % 2], clocks)
            runs.append(run_bytes(core.form, step_beats(recordings, 0), attempt))
            runs[-1] += run_bytes(core.form, step_beats(recordings, clocks // 2 % 2))
        for clocks, got in enumerate(core.run(iter(runs), list(map(str, range(110))))):
            want = simulator.trace(recordings, clocks // 2 % 2)
            assert got.device.trace.crcs.tolist() == want.crcs.tolist(), clocks
            assert got.device.trace.outputs.tolist() == want.outputs.tolist()
            assert got.device.total_synops.tolist() == want.synops.sum(axis=0).tolist()
            assert not got.error


@pytest.mark.needs("iverilog")
def test_cycles_do_not_depend_on_what_came_before(tmp_path):
    """Nor on where the recording before ended, what of it was dropped, or who waited for whom."""
    model = integrating(3)
    recordings = binned(model, [events((1, 2, 3), (1, 1, 3), (4,), (7, 7, 7)), events((7,))])
    build = export_core(model, tmp_path / "build", lanes=2, count=1)
    with simulation(build / "rtl", ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model)
        order = [(0, 0), (1, 0), (0, 0), (0, 0), (1, 7), (0, 0), (1, 0), (1, 0)]
        runs = [run_bytes(core.form, step_beats(recordings, i), Disturbance(gaps)) for i, gaps in order]
        got = [run.cycles.tolist() for run in core.run(iter(runs), list(map(str, order)))]
    assert got[2] == got[3] == got[5]
    assert got[1] == got[6] == got[7]
    assert (len(got[2]), len(got[1])) == (2, 1)


@pytest.mark.needs("iverilog")
def test_a_margin_that_is_another_is_found(tmp_path):
    model, dense = random_early_model(np.random.default_rng([0, 3]))
    build = export_core(model, tmp_path / "build", 1, count=1)
    params: Path = build / "rtl" / "sast_params.vh"
    text = params.read_text()
    assert f"MARGIN = {model.early_margin};" in text
    params.write_text(text.replace(f"MARGIN = {model.early_margin};", f"MARGIN = {MAX_MARGIN};"))
    first = differences(build, ICARUS, model, binned(model, dense)).first
    assert first is not None
    assert first.quantity == "steps"


@pytest.mark.needs("iverilog")
def test_verify_tells_how_many_steps(tmp_path):
    model, _ = random_early_model(np.random.default_rng([0, 3]))
    build = export_core(model, tmp_path / "build", 2)
    report = verify_core(build, on=ICARUS)
    assert report.mismatches == 0
    assert report.steps_per_sample is not None
    assert report.steps == pytest.approx(report.steps_per_sample["mean"] * report.samples)


@pytest.mark.parametrize(("kind", "core"), [("running", "runs without end"), ("sizes", "takes other models")])
def test_cores_that_compute_all_steps_refuse_it(kind, core):
    """A running core has no recording that could end; one for several models has no constant that is this one's."""
    model = counter(Integrator([0] * CLASSES, [0] * CLASSES, (2,), 12), 3)
    with pytest.raises(
        EdgeSastError, match=rf"answers early \(margin 3\), and a core that {core} computes all"
    ):
        RtlPlan(model, 2, sizes={} if kind == "sizes" else None, running=kind == "running")
    assert RtlPlan(small_model(), 2).localparams["MARGIN"] == 0
