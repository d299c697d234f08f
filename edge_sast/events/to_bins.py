"""Events to time bins: the definition that trainer, runtime and firmware share.

    step(e)    = (t(e) - t(first event)) // dt_us          events with step >= steps are dropped and counted
    neuron(e)  = ((y >> shift) * width + (x >> shift)) * 2 + p
    count[s,n] = min(number of events with step s and neuron n, count_cap)

The order of events inside a step does not change the result.
"""

from __future__ import annotations

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedRecording
from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording
from edge_sast.jit import jit


def bin_recording(recording: Recording, binning: Binning, first_us: int | None = None) -> BinnedRecording:
    """Bin one recording; an empty one gives no spikes. first_us: where step 0 begins; None: at the first event.

    Raises:
        EdgeSastError: the recording's sensor is not the binning's.
    """
    if (recording.width, recording.height) != (binning.sensor_width, binning.sensor_height):
        raise EdgeSastError(
            f"{recording.source}: sensor {recording.width}x{recording.height} is not the binning's "
            f"{binning.sensor_width}x{binning.sensor_height}; pass --sensor WxH or use recordings of "
            f"one sensor"
        )
    # Arrays are made here: it takes less time than to compile what makes them.
    counter = np.zeros((binning.height, binning.width * 2), np.uint8)
    row_used = np.zeros(binning.height, np.bool_)
    indices = np.empty(len(recording), np.int32)
    counts = np.empty(len(recording), np.uint8)
    step_ptr = np.zeros(binning.steps + 1, np.int64)
    first = first_us if first_us is not None or not len(recording) else int(recording.events["t"][0])
    filled, binned = _bin_events(
        recording.events,
        first or 0,
        binning.shift,
        binning.dt_us,
        binning.count_cap,
        counter,
        row_used,
        indices,
        counts,
        step_ptr,
    )
    return BinnedRecording(
        indices[:filled].copy(), counts[:filled].copy(), step_ptr, len(recording) - int(binned)
    )


def flush(counter, row_used, indices, counts, filled):
    """Lists the counts of a step behind `filled` entries, sets them to 0, and returns how many entries there are."""
    columns = counter.shape[1]
    for row in range(counter.shape[0]):
        if not row_used[row]:
            continue
        row_used[row] = False
        for column in range(columns):
            if counter[row, column]:
                indices[filled] = row * columns + column
                counts[filled] = counter[row, column]
                counter[row, column] = 0
                filled += 1
    return filled


flush_jit = jit(flush, inner=True)


@jit
def _bin_events(events, first, shift, dt_us, count_cap, counter, row_used, indices, counts, step_ptr):
    """Fills indices, counts and step_ptr; returns how much of the first two, and how many events are binned.

    counter: this step's counts, all 0 between steps. row_used: keeps the sweep of a step proportional to the rows that
    it touched.
    """
    filled = step_ptr[0]  # 0, and not a literal: of that flush would be compiled once more
    i = 0
    for step in range(len(step_ptr) - 1):
        while i < len(events) and (events[i].t - first) // dt_us == step:
            row = events[i].y >> shift
            column = (events[i].x >> shift) * 2 + events[i].p
            if counter[row, column] < count_cap:
                counter[row, column] += 1
            row_used[row] = True
            i += 1
        filled = flush_jit(counter, row_used, indices, counts, filled)
        step_ptr[step + 1] = filled
    return filled, i
