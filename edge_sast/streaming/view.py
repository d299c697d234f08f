"""What a network does while a recording passes: its spikes and outputs after every step, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import Recording
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.contract import Sensor
from edge_sast.model.layers import Integrator
from edge_sast.model.model import Model
from edge_sast.report.events.player import LayerSpikes, NetworkView
from edge_sast.runtime.simulator import Simulator, Trace

MOST_STEPS = 5000


def watch(model: Model, events: np.ndarray, sensor: Sensor, source: str) -> NetworkView:
    """Windows of the model, one after the other from the first event on, each from a reset network.

    Args:
        events: EVENT_DTYPE[n] in order of time, at least one. sensor: (width, height) in pixels.

    Raises:
        EdgeSastError: a sensor that is not the model's, or more than MOST_STEPS steps.
    """
    return view_of(model, trace_windows(model, events, sensor, source))


def trace_windows(model: Model, events: np.ndarray, sensor: Sensor, source: str) -> list[Trace]:
    """What `watch` looks at: a trace of each window. Arguments and errors as there."""
    grid, simulator = model.binning, Simulator(model)
    first, last = int(events["t"][0]), int(events["t"][-1])
    window_us = grid.dt_us * grid.steps
    windows = (last - first) // window_us + 1
    if windows * grid.steps > MOST_STEPS:
        raise EdgeSastError(
            f"{source}: {windows * grid.steps} steps of the model are more than a page's {MOST_STEPS}; choose a part "
            "with --until-s"
        )
    traces = []
    for number in range(windows):
        begin, end = np.searchsorted(events["t"], first + np.array([number, number + 1]) * window_us)
        traces.append(_trace(simulator, model, events[begin:end], first + number * window_us, sensor, source))
    return traces


def view_of(model: Model, traces: Sequence[Trace]) -> NetworkView:
    """The traces of windows, one after the other; at least one."""
    grid, shapes = model.binning, model.shapes()
    layers = []
    for traced in traces[0].layers[:-1]:  # the read-out is shown by its outputs
        shape = shapes[traced.index + 1]
        spikes = [
            np.flatnonzero(trace.spikes[step, traced.start : traced.stop])
            for trace in traces
            for step in range(grid.steps)
        ]
        name = f"layer {traced.index}, {shape.width}x{shape.height}x{shape.channels}"
        layers.append(LayerSpikes(name, shape.width, shape.height, shape.channels, spikes))
    outputs = np.concatenate([_outputs(model, trace) for trace in traces])
    return NetworkView(grid.dt_us, model.classes, outputs, tuple(layers))


def _trace(
    simulator: Simulator, model: Model, events: np.ndarray, begin_us: int, sensor: Sensor, source: str
) -> Trace:
    """A window's, whose first step begins at begin_us whether or not an event does."""
    shifted = events.copy()
    shifted["t"] -= begin_us
    row = bin_recording(Recording(shifted, *sensor, source), model.binning, first_us=0)
    binned = BinnedEvents.of_rows(model.binning, [row], np.zeros(1, np.int64), ("unknown",), [source])
    return simulator.trace(binned, 0)


def _outputs(model: Model, trace: Trace) -> np.ndarray:
    """int64 [steps, classes]: what the read-out stood at after each step."""
    last = trace.layers[-1]
    if isinstance(model.weighted()[-1][1].neuron, Integrator):
        return trace.membranes[:, last.start : last.stop].astype(np.int64)
    return trace.spikes[:, last.start : last.stop].astype(np.int64).cumsum(axis=0)
