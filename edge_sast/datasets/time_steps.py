"""How long a time step is and how many a recording has, where the user leaves it to the data set.

What the data set says of itself counts (a `dataset.toml`, see docs/data.md). Where it says nothing, the steps cover the
time within which 95 % of its recordings end, in 20 steps, the length of a step rounded up to two significant digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.bulk.threads import map_in_order
from edge_sast.datasets.dataset import Dataset, RecordingRef
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import MAX_DT_US, MAX_STEPS

STEPS = 20
COVERED = 95  # per cent of the recordings that end within the steps; the others lose their last events
SAMPLE = 100  # recordings whose durations are measured, spread evenly over the split: of thousands it takes a moment


@dataclass(frozen=True)
class TimeSteps:
    """Length of a step in µs, steps of a recording, and a sentence's part that says where they come from."""

    dt_us: int
    steps: int
    reason: str


@dataclass(frozen=True)
class _Span:
    """What the steps should cover, µs."""

    us: int
    reason: str


def choose_time_steps(
    dataset: Dataset, split: str, dt_us: int | None = None, steps: int | None = None
) -> TimeSteps:
    """Step length and number of steps for a data set; what is given stays, and the other follows from it.

    Args:
        dataset: where the recordings come from.
        split: whose recordings are measured where the set does not say how long they last.
        dt_us: length of a step in µs, None to choose it.
        steps: steps of a recording, None to choose it.

    Raises:
        EdgeSastError: a value out of range, a damaged recording, none with events, or too many steps.
    """
    for option, value, most in (("--dt-us", dt_us, MAX_DT_US), ("--steps", steps, MAX_STEPS)):
        if value is not None and not 1 <= value <= most:
            raise EdgeSastError(f"{option} is {value}; it must be 1 to {most}")
    if dt_us is not None and steps is not None:
        return TimeSteps(dt_us, steps, "as given")
    own = dataset.time
    if dt_us is None and steps is None:
        if own.dt_us and own.steps:
            return TimeSteps(own.dt_us, own.steps, "as the data set itself says")
        dt_us, steps = own.dt_us, own.steps
    span = _span(dataset, split)
    if dt_us is not None:
        needed = -(-span.us // dt_us)
        if needed > MAX_STEPS:
            raise EdgeSastError(
                f"--data {dataset.name}: {span.us} µs are {needed} steps of {dt_us} µs; at most {MAX_STEPS} are "
                "possible: raise --dt-us, or give --steps"
            )
        return TimeSteps(dt_us, needed, span.reason)
    steps = steps or STEPS
    return TimeSteps(_round_up(-(-span.us // steps)), steps, span.reason)


def _span(dataset: Dataset, split: str) -> _Span:
    own = dataset.time
    if own.dt_us and own.steps:
        return _Span(own.dt_us * own.steps, "as long as the data set itself says")
    if own.duration_us:
        return _Span(own.duration_us, f"as every recording lasts {own.duration_us / 1000:g} ms")
    refs = dataset.recordings(split)
    places = np.unique(np.linspace(0, len(refs) - 1, min(SAMPLE, len(refs))).round().astype(np.int64))
    durations = [us for us in map_in_order(_duration, [refs[i] for i in places]) if us is not None]
    if not durations:
        raise EdgeSastError(
            f"--data {dataset.name}: {len(places)} recordings were looked at, and none has events; give --dt-us and "
            "--steps, or check the files with 'edge-sast data info'"
        )
    within = int(np.percentile(durations, COVERED, method="inverted_cdf"))
    return _Span(
        within + 1,  # an event at the very end is in the last step, too
        f"as {COVERED} % of {len(durations)} recordings end within {within / 1000:.1f} ms",
    )


def _duration(ref: RecordingRef) -> int | None:
    """µs from the first event to the last; None without events."""
    recording = ref.load()
    return recording.duration_us if len(recording) else None


def _round_up(value: int) -> int:
    """The next number of two significant digits."""
    unit = 10 ** max(0, len(str(value)) - 2)
    return -(-value // unit) * unit
