"""What a plan's core will cost, before it is simulated: bits of its memories, cycles of recordings, lanes used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edge_sast.datasets.load import spread
from edge_sast.events.binned import BinnedEvents
from edge_sast.runtime.simulator import Simulator
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.activity import recorded, silence
from firmware_gen.rtl_gen.predict.cycles import count_cycles
from firmware_gen.rtl_gen.predict.schedule import QUEUE, make_schedule

MOST_RECORDINGS = 2_000
DOCUMENT = "prediction.json"


@dataclass(frozen=True)
class Run:
    """Of recordings, in the mean; the core computes the CRC of every step.

    cycles: of all steps of a recording, as the core counts them, with events and receivers that never keep it waiting.
    unobserved_cycles: without the CRCs. synops_cycle: weights that a spike adds, by cycle. lanes_used: the share of the
    lanes that do so while any adds.
    """

    recordings: int
    cycles: float
    unobserved_cycles: float
    synops_cycle: float
    lanes_used: float


@dataclass(frozen=True)
class Prediction:
    """memories: bits of each by name. least_cycles: of a recording in which nothing comes and nothing fires."""

    lanes: int
    memories: dict[str, int]
    least_cycles: int
    run: Run | None = None

    @property
    def memory_bits(self) -> int:
        return sum(self.memories.values())

    def document(self) -> bytes:
        """For a file, as JSON."""
        return (json.dumps({**asdict(self), "memory_bits": self.memory_bits}, indent=2) + "\n").encode()


def prediction_line(document: bytes) -> str:
    """What `Prediction.document` says, for people."""
    said: dict[str, Any] = json.loads(document)
    run, bits = said["run"], f"{said['memory_bits']:,} bits of memory"
    if run is None:
        return f"predicted: {bits}, a recording takes {said['least_cycles']:,} cycles at least"
    return (
        f"predicted: {bits}, {run['cycles']:,.0f} cycles per recording (mean of {run['recordings']:,}), "
        f"{run['synops_cycle']:.2f} SynOps per cycle, {run['lanes_used']:.1%} of the lanes used while adding"
    )


def predict(
    plan: RtlPlan,
    simulator: Simulator | None = None,
    binned: BinnedEvents | None = None,
    *,
    queue: int = QUEUE,
    crc_wide: bool = True,
) -> Prediction:
    """The figures of `plan`; those of recordings where there are any, of MOST_RECORDINGS at most.

    simulator: of the plan's model, None for a new one. queue, crc_wide: parameters of sast_core.v.

    Raises EdgeSastError for recordings that are binned in another way than the model wants.
    """
    schedule = make_schedule(plan, queue, crc_wide)
    least = int(count_cycles(schedule, silence(plan), observed=False).steps.sum())
    memories = memory_bits(plan)
    if binned is None or not len(binned):
        return Prediction(plan.lanes, memories, least)
    simulator = simulator or Simulator(plan.model)
    rows = spread(binned.labels, MOST_RECORDINGS).tolist()
    cycles = unobserved = adding = synops = 0
    for i in rows:
        trace = simulator.trace(binned, i)
        activity = recorded(plan, binned, i, trace)
        counted = count_cycles(schedule, activity)
        cycles += int(counted.steps.sum())
        unobserved += int(count_cycles(schedule, activity, observed=False).steps.sum())
        adding += counted.adding
        synops += int(trace.synops.sum(dtype=np.int64))
    used = synops / (adding * plan.lanes) if adding else 0.0
    run = Run(len(rows), cycles / len(rows), unobserved / len(rows), synops / cycles, used)
    return Prediction(plan.lanes, memories, least, run)


def memory_bits(plan: RtlPlan) -> dict[str, int]:
    """Of each memory that the core infers, by the name of its contents or of what it holds."""
    p = plan.localparams
    bits = {image.name: image.width * len(image.words) for image in plan.images}
    bits |= {f"membranes_{bank}": p["G"] * p["MLOW"] * p["MDEPTH"] for bank in range(p["B"])}
    most = max(p["SYNTW"], p["SPKTW"])
    bits["sums"] = (16 if most <= 32 else (most + 1) // 2) * 4 << p["LIB"]
    bits["spikes"] = (p["YB"] + p["RPB"] + p["P"]) << p["FIFO_AW"]
    if p["LIF_OUT"] or p["MARGIN"]:
        bits["outputs"] = p["CLASSES"] * p["OUTW"]
    return bits
