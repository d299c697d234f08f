"""The cycles that are predicted of each step are those that the simulated core counts, all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from edge_sast.runtime.simulator import Simulator
from firmware_gen.fpga.runs import CLEARED, Disturbance, run_bytes, step_beats
from firmware_gen.fpga.simulate import ICARUS, simulation
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.activity import recorded, silence
from firmware_gen.rtl_gen.predict.cycles import count_cycles
from firmware_gen.rtl_gen.predict.schedule import MOST_WAITING, QUEUE, make_schedule
from firmware_gen.verify.core import Core, twice
from tests.early import random_early_model
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.fpga.cores import export_core, make_inputs
from tests.strategies import binned, random_model

LANES = (1, 2, 4, 8, 16)
WIDE, NARROW = True, False  # Icarus takes long over the wide CRC of many lanes
MANY = range(200)


def check(
    folder,
    model: Model,
    lanes: int,
    seed: int,
    queue: int = QUEUE,
    crc_wide: bool = WIDE,
    running: bool = False,
    dense: list[np.ndarray] | None = None,
) -> None:
    """Each of some recordings, with its CRCs and without; the first run comes right after a reset.

    running: each run comes after a clear, and is as long as two recordings. dense: the recordings, None for others.
    """
    build = export_core(model, folder / "build", lanes, count=1, running=running)
    core_file = build / "rtl" / "sast_core.v"
    text = core_file.read_text()
    for name, value in (("QUEUE", queue), ("CRC_WIDE", int(crc_wide))):
        assert f"parameter {name} = " in text
        text = text.replace(f"parameter {name} = ", f"parameter {name} = {value}; // ")
    core_file.write_text(text)
    recordings = binned(model, dense or make_inputs(model, seed, 1, most=100))
    plan = RtlPlan(model, lanes, running=running)
    if running:
        recordings = twice(recordings)
    model = replace(model, binning=recordings.binning)
    simulator = Simulator(model)
    schedule = make_schedule(plan, queue, crc_wide)
    jobs = [(i, observed) for i in range(len(recordings)) for observed in (True, False)]
    with simulation(core_file.parent, ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model, running)
        begins = run_bytes(core.form, [], CLEARED) if running else b""
        runs = (
            begins + run_bytes(core.form, step_beats(recordings, i), Disturbance(observe=o)) for i, o in jobs
        )
        for run, ((i, observed), got) in enumerate(
            zip(jobs, core.run(runs, list(map(str, jobs))), strict=True)
        ):
            activity = recorded(plan, recordings, i, simulator.trace(recordings, i))
            counted = count_cycles(schedule, activity, observed=observed, cleared=running or run == 0)
            assert counted.steps.tolist() == got.cycles.tolist(), (i, observed)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(
    ("seed", "lanes", "queue", "crc_wide"),
    [
        (12, 1, QUEUE, WIDE),
        (5, 2, QUEUE, NARROW),
        (6, 4, QUEUE, NARROW),
        (16, 4, QUEUE, WIDE),
        (2, 8, 2, NARROW),
        (10, 16, 8, NARROW),
    ],
)
def test_random_models(tmp_path, seed, lanes, queue, crc_wide):
    check(tmp_path, random_model(np.random.default_rng(seed)), lanes, seed, queue, crc_wide)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("seed", "lanes", "crc_wide"), [(5, 2, NARROW), (16, 4, WIDE)])
def test_running_state(tmp_path, seed, lanes, crc_wide):
    model = running_model(random_model(np.random.default_rng(seed)), 3)
    check(tmp_path, model, lanes, seed, QUEUE, crc_wide, running=True)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(
    ("seed", "lanes", "queue", "crc_wide"), [(0, 1, QUEUE, WIDE), (5, 2, QUEUE, NARROW), (1, 4, 2, WIDE)]
)
def test_recordings_that_end_early(tmp_path, seed, lanes, queue, crc_wide):
    """A recording begins the same way whether the one before ended with its last step or not."""
    model, dense = random_early_model(np.random.default_rng([seed, 3]))
    check(tmp_path, model, lanes, seed, queue, crc_wide, dense=dense)


@pytest.mark.quality
@pytest.mark.needs("iverilog")
def test_one_of_everything(tmp_path):
    check(tmp_path, everything_model(), 8, 1, QUEUE, NARROW)


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("seed", MANY)
def test_many_random_models(tmp_path, seed):
    model = random_model(np.random.default_rng(seed))
    check(tmp_path, model, LANES[seed % 5], seed, QUEUE, seed % 2 == 0)


@pytest.mark.parametrize("lanes", LANES)
def test_nothing_takes_fewer_cycles_than_silence(lanes):
    model = everything_model()
    plan, simulator = RtlPlan(model, lanes), Simulator(model)
    schedule = make_schedule(plan)
    recordings = binned(model, make_inputs(model, 1, 3, most=100))
    least = count_cycles(schedule, silence(plan), observed=False).steps.sum()
    for i in range(len(recordings)):
        activity = recorded(plan, recordings, i, simulator.trace(recordings, i))
        assert least <= count_cycles(schedule, activity, observed=False).steps.sum()


def test_more_waiting_runs_than_there_is_room_for():
    with pytest.raises(ValueError, match=f"^QUEUE is {MOST_WAITING + 1}; it must be 2 to {MOST_WAITING}$"):
        make_schedule(RtlPlan(small_model(), 4), MOST_WAITING + 1)
