"""The windows of a stream, or the whole of it, as recordings: whatever runs these can be held to its decisions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents, BinnedRecording
from edge_sast.events.binning import MAX_COUNT, MAX_STEPS
from edge_sast.events.recording import EVENT_DTYPE, Recording
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.contract import Sensor
from edge_sast.formats.source import EventFile, FileOptions, open_events
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator
from edge_sast.streaming.stream import USUAL_REACH_US, Decisions, EventStream
from edge_sast.terminal import echo


@dataclass(frozen=True)
class Window:
    """A whole window: when it begins, EVENT_DTYPE [n] in it, and the outputs int32 [classes] that the stream gave."""

    begin_us: int
    events: np.ndarray
    outputs: np.ndarray


def sensor_of(model: Model) -> Sensor:
    """(width, height) in pixels of what it was trained on."""
    return model.binning.sensor_width, model.binning.sensor_height


def checked_sensor(model: Model, name: str, sensor: Sensor | None) -> Sensor:
    """The model's, which a source that says none is supposed to have. Raises EdgeSastError where it says another."""
    wanted = sensor_of(model)
    if sensor not in (None, wanted):
        width, height = sensor or (0, 0)
        raise EdgeSastError(
            f"{name}: sensor {width}x{height} is not the model's {wanted[0]}x{wanted[1]}; where that is wrong, "
            f"pass --sensor {wanted[0]}x{wanted[1]}"
        )
    return wanted


def stream_windows(
    model: Model, path: str, options: FileOptions, every: int | None = None, limit: int | None = None
) -> tuple[BinnedEvents, list[int]]:
    """The whole windows of a file's events, the first `limit` of them, with all events that the sensor sent.

    At most 255 of one input in a step. every: see `EventStream`. Beside them when each begins, in µs. What is to be
    said of the file is one line on stderr.

    Raises:
        EdgeSastError: the file cannot be read or has defects, is of another sensor, or holds no event.
        CheckFailedError: a window's outputs are not those of its recording.
    """
    grid = replace(model.binning, count_cap=MAX_COUNT)
    rows: list[BinnedRecording] = []
    names, outputs, begins = [], [], []
    with open_events(path, options, sensor_of(model)) as file:
        size = checked_sensor(model, file.name, file.sensor)
        _tell(file)
        for window in islice(_windows(EventStream(model, every), file.chunks), limit):
            name = f"{path} from {window.begin_us} µs"
            recording = Recording(window.events, *size, name)
            rows.append(bin_recording(recording, grid, first_us=window.begin_us))
            names.append(name)
            begins.append(window.begin_us)
            outputs.append(window.outputs)
    if not rows:
        raise EdgeSastError(f"{path}: holds no event, so there is no window; record it again")
    labels = np.zeros(len(rows), np.int64)
    sent = BinnedEvents.of_rows(grid, rows, labels, model.classes, names)
    runtime = Simulator(model).run(sent.capped(model.binning.count_cap)).outputs
    wrong = np.flatnonzero((runtime != np.array(outputs)).any(axis=1))
    if len(wrong):
        raise CheckFailedError(
            f"{names[wrong[0]]}: the stream's outputs are not those of the window's recording"
        )
    return sent, begins


def running_recording(
    model: Model, path: str, options: FileOptions, limit: int | None = None
) -> BinnedEvents:
    """The steps of a file's events in running state, the first `limit` of them, as one recording of so many steps.

    model: as running_model makes it. All events that the sensor sent, at most 255 of one input in a step. What is to
    be said of the file is one line on stderr.

    Raises:
        EdgeSastError: as stream_windows; time jumps, or there are more steps than a recording may have.
        CheckFailedError: a step's outputs are not those of the recording.
    """
    if limit is not None and limit > MAX_STEPS:
        raise EdgeSastError(
            f"--limit {limit} is out of range; in running state choose 1 to {MAX_STEPS} steps"
        )
    events, found = [], []
    stream = EventStream(model, running=True)
    with open_events(path, options, sensor_of(model)) as file:
        size = checked_sensor(model, file.name, file.sensor)
        _tell(file)
        for chunk in file.chunks:
            events.append(chunk)
            found.append(stream.push(chunk))
            if sum(map(len, found)) >= (limit or MAX_STEPS + 1):
                break
        else:
            found.append(stream.finish())
    begins = np.concatenate([part.begin_us for part in found])[:limit]
    outputs = np.concatenate([part.outputs for part in found])[:limit]
    if not len(begins):
        raise EdgeSastError(f"{path}: holds no event, so there is no step; record it again")
    if (begins != begins[0]).any():
        raise EdgeSastError(
            f"{path}: time jumps, at which the network begins anew, after {int(np.argmax(begins != begins[0]))} steps; "
            "take these with --limit, or convert a part of the file"
        )
    if len(begins) > MAX_STEPS:
        raise EdgeSastError(
            f"{path}: has more than the {MAX_STEPS} steps of one recording; choose how many with --limit"
        )
    return _checked(
        model, Recording(np.concatenate(events), *size, f"{path} from {begins[0]} µs"), begins[0], outputs
    )


def _checked(model: Model, recording: Recording, begin_us: int, outputs: np.ndarray) -> BinnedEvents:
    """The recording of len(outputs) steps. Raises CheckFailedError where its outputs after each are not these."""
    watched = replace(model, binning=replace(model.binning, steps=len(outputs)))
    grid = replace(watched.binning, count_cap=MAX_COUNT)
    row = bin_recording(recording, grid, first_us=int(begin_us))
    sent = BinnedEvents.of_rows(grid, [row], np.zeros(1, np.int64), model.classes, [recording.source])
    trace = Simulator(watched).trace(sent.capped(model.binning.count_cap), 0)
    wrong = np.flatnonzero((trace.membranes[:, trace.layers[-1].start :] != outputs).any(axis=1))
    if len(wrong):
        raise CheckFailedError(
            f"{recording.source}: the stream's outputs after step {wrong[0]} are not those of its recording"
        )
    return sent


def _tell(file: EventFile) -> None:
    """What there is to say of a file whose defects are refused; it is known before the first event."""
    if line := file.remark_line():
        echo(line, error=True)


def _windows(stream: EventStream, chunks: Iterator[np.ndarray]) -> Iterator[Window]:
    """Whole windows in order, each when its time is over: one that answered early has events behind its answer.

    Only events of windows that may not be over yet are kept.
    """
    kept, told = np.empty(0, EVENT_DTYPE), deque[tuple[int, np.ndarray]]()
    length = stream.model.binning.dt_us * stream.model.binning.steps
    for piece in _up_to_pauses(chunks, USUAL_REACH_US - stream.model.binning.dt_us):
        restarts = stream.counts.restarts
        decisions = stream.push(piece)
        if stream.counts.restarts > restarts:  # a jump to this piece, whose events are of no window before it
            yield from _over(told, kept, length, None)
            kept = kept[:0]
        kept = np.concatenate([kept, piece])
        told.extend(_complete(decisions))
        yield from _over(told, kept, length, int(piece["t"][-1]))
        kept = kept[np.searchsorted(kept["t"], kept["t"][-1] - length) :]
    told.extend(_complete(stream.finish()))
    yield from _over(told, kept, length, None)


def _up_to_pauses(chunks: Iterator[np.ndarray], longest_us: int) -> Iterator[np.ndarray]:
    """The same events in order of time, cut where a pause is longer, as before a jump; no empty piece."""
    for chunk in chunks:
        pauses = np.flatnonzero(np.diff(chunk["t"]) > longest_us) + 1
        yield from (piece for piece in np.split(chunk, pauses) if len(piece))


def _complete(decisions: Decisions) -> Iterator[tuple[int, np.ndarray]]:
    """(begin in µs, outputs) of the windows that were told to be complete."""
    for i in np.flatnonzero(decisions.complete):
        yield int(decisions.begin_us[i]), decisions.outputs[i]


def _over(
    told: deque[tuple[int, np.ndarray]], kept: np.ndarray, length: int, last_us: int | None
) -> Iterator[Window]:
    """Takes the windows that no event behind the last one can lie in; None: no event comes any more."""
    while told and (last_us is None or told[0][0] + length <= last_us):
        begin, outputs = told.popleft()
        first, end = np.searchsorted(kept["t"], [begin, begin + length])
        yield Window(begin, kept[first:end], outputs)
