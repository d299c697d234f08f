"""What is predicted of a plan: bits as synthesis counts them, means of recordings, and how it is told."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from edge_sast.runtime.simulator import Simulator
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.activity import recorded, silence
from firmware_gen.rtl_gen.predict.cycles import count_cycles
from firmware_gen.rtl_gen.predict.prediction import memory_bits, predict, prediction_line
from firmware_gen.rtl_gen.predict.schedule import make_schedule
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.fpga.cores import export_core, make_inputs
from tests.programs import LIMIT
from tests.strategies import binned

# Without the wide CRC, which holds no memory and takes minutes.
READ = (
    "read_verilog -defer sast_*.v; hierarchy -top sast_core -chparam CRC_WIDE 0; proc; flatten; opt -fast; "
)
NAMES = {
    "spike_counts.counts": "outputs",
    "spikes.words": "spikes",
}  # the end of a memory's name in the netlist


def name_of(memory: str) -> str:
    """What a prediction calls a memory of the netlist, such as bank[1].bank.weights.words."""
    parts = memory.removesuffix(".words").split(".")
    bank = next((part[5:-1] for part in parts if part.startswith("bank[")), None)
    own = NAMES.get(".".join(memory.split(".")[-2:]), parts[-1])
    return own if bank is None else f"{'membranes' if 'membranes' in parts else 'weights'}_{bank}"


@pytest.mark.needs("yosys")
def test_memory_bits_are_those_of_synthesis(tmp_path):
    model, lanes = small_model(), 8
    rtl = export_core(model, tmp_path / "build", lanes, count=1) / "rtl"
    command = ["yosys", "-q", "-p", READ + "memory_collect; write_json netlist.json"]
    subprocess.run(command, cwd=rtl, check=True, capture_output=True, timeout=LIMIT)
    cells = json.loads((rtl / "netlist.json").read_text())["modules"]["sast_core"]["cells"].values()
    memories = [cell["parameters"] for cell in cells if cell["type"].startswith("$mem")]
    found = {
        name_of(m["MEMID"].strip().lstrip("\\")): int(m["SIZE"], 2) * int(m["WIDTH"], 2) for m in memories
    }
    assert len(memories) == len(found)
    assert found == memory_bits(RtlPlan(model, lanes))


def test_means_of_recordings():
    model, lanes = everything_model(), 4
    plan, simulator = RtlPlan(model, lanes), Simulator(model)
    recordings = binned(model, make_inputs(model, 1, 3, most=100))
    found, schedule = predict(plan, simulator, recordings), make_schedule(plan)
    activities = [
        recorded(plan, recordings, i, simulator.trace(recordings, i)) for i in range(len(recordings))
    ]
    counted = [count_cycles(schedule, activity) for activity in activities]
    cycles = sum(int(of.steps.sum()) for of in counted)
    synops = int(simulator.run(recordings).synops.sum())
    assert found.least_cycles == count_cycles(schedule, silence(plan), observed=False).steps.sum()
    run = found.run
    assert run is not None
    assert run.recordings == len(recordings)
    assert run.cycles == cycles / len(recordings)
    assert found.least_cycles < run.unobserved_cycles < run.cycles
    assert run.synops_cycle == synops / cycles
    assert run.lanes_used == synops / (lanes * sum(of.adding for of in counted))
    assert 0 < run.lanes_used <= 1


def test_all_lanes_are_used_where_every_quad_is_full():
    """One lane: each cycle in which it adds is a SynOp."""
    model = small_model()
    counts = np.ones((3, 4, 4, 2), np.uint8)
    run = predict(RtlPlan(model, 1), binned=binned(model, [counts])).run
    assert run is not None
    assert run.lanes_used == 1


def test_what_is_told():
    plan = RtlPlan(small_model(), 4)
    least = predict(plan)
    bits = f"{least.memory_bits:,} bits of memory"
    assert prediction_line(least.document()) == (
        f"predicted: {bits}, a recording takes {least.least_cycles:,} cycles at least"
    )
    run = predict(plan, binned=binned(plan.model, [np.ones((3, 4, 4, 2), np.uint8)]))
    assert run.run is not None
    assert prediction_line(run.document()) == (
        f"predicted: {bits}, {run.run.cycles:,.0f} cycles per recording (mean of 1), "
        f"{run.run.synops_cycle:.2f} SynOps per cycle, {run.run.lanes_used:.1%} of the lanes used while adding"
    )
    assert json.loads(run.document())["memories"] == memory_bits(plan)
