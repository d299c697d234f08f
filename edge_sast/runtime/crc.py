"""The CRC of a step: docs/arithmetic.md, section 7."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sast.runtime.run import Record

# What docs/arithmetic.md calls a neuron's record, and the counters of a layer after it.
NEURON = np.dtype([("membrane", "<i4"), ("spike", "u1")])
COUNTERS = np.dtype([("synops", "<u4"), ("spikes", "<u4")])


def step_crcs(record: Record, sizes: Sequence[int]) -> NDArray[np.uint32]:
    """One CRC per traced step, uint32 [T]; `sizes`: neurons of each weighted layer, in order."""
    layout = np.dtype(
        [
            field
            for i, n in enumerate(sizes)
            for field in ((f"neurons{i}", NEURON, (n,)), (f"counters{i}", COUNTERS))
        ]
    )
    steps = np.empty(len(record.membranes), layout)
    start = 0
    for i, n in enumerate(sizes):
        steps[f"neurons{i}"]["membrane"] = record.membranes[:, start : start + n]
        steps[f"neurons{i}"]["spike"] = record.flags[:, start : start + n]
        steps[f"counters{i}"]["synops"] = record.synops[:, i]
        steps[f"counters{i}"]["spikes"] = record.spikes[:, i]
        start += n
    return np.array([zlib.crc32(step.tobytes()) for step in steps], np.uint32)
