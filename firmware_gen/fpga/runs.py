"""Recordings as the benches of the event core take them (bench/sast_bench.cpp): what is sent, and what disturbs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.events.binned import BinnedEvents
from edge_sast.parity.core_trace import CoreFormat

WHOLE, CLEAR, RESET = 0, 1, 2  # how a run ends: by itself, or by a pulse
NO_EVENT = np.uint32(1 << 31)
ATTEMPTS = 3  # before a disturbed run
PATIENCE = 1 << 22  # clocks without any progress: the longest layer's additions take less


@dataclass(frozen=True)
class Disturbance:
    """What a run meets. gaps: seed of pauses on all streams (0: none). observe: whether CRCs are computed.

    ending: WHOLE, or a pulse of CLEAR or RESET that comes after `clocks`, the answer at the latest.
    """

    gaps: int = 0
    observe: bool = True
    ending: int = WHOLE
    clocks: int = 0


PLAIN = Disturbance()
CLEARED = Disturbance(ending=CLEAR)  # at once


def step_beats(
    binned: BinnedEvents, recording: int, rng: np.random.Generator | None = None
) -> list[NDArray[np.uint32]]:
    """tdata of each beat, by step. The last beat ends a step: its last event, or one that is none where it has none.

    rng: draws whether a beat that is no event ends a step after its events, and whether others stand between them.
    """
    steps, width = binned.binning.steps, binned.binning.width
    out = []
    for row in range(recording * steps, (recording + 1) * steps):
        part = slice(binned.step_ptr[row], binned.step_ptr[row + 1])
        sites = np.repeat(binned.indices[part].astype(np.uint32), binned.counts[part])
        y, x = np.divmod(sites >> 1, np.uint32(width))
        beats = (y << 16 | x << 1 | sites & 1).astype(np.uint32)
        if rng is not None and rng.integers(2):
            places = rng.integers(0, len(beats), rng.integers(0, 3), endpoint=True)
            beats = np.append(np.insert(beats, places, NO_EVENT), NO_EVENT)
        out.append(beats if len(beats) else np.array([NO_EVENT], np.uint32))
    return out


def run_bytes(
    form: CoreFormat, steps: list[NDArray[np.uint32]], meets: Disturbance = PLAIN, patience: int = PATIENCE
) -> bytes:
    """One run of a recording whose beats are `steps`."""
    whole = form.whole
    sizes = (
        form.steps * form.shown.itemsize // 4,
        whole["steps"].itemsize // 4,
        whole["answers"].itemsize // 4,
        form.answers,
    )
    header = (meets.ending, meets.clocks, meets.gaps, int(meets.observe), patience, *sizes, len(steps))
    parts = [np.array(header, "<u4")]
    for beats in steps:
        parts += [np.array([len(beats)], "<u4"), beats.astype("<u4")]
    return np.concatenate(parts).tobytes()


def undisturbed_bytes(
    form: CoreFormat, binned: BinnedEvents, recording: int, patience: int = PATIENCE
) -> bytes:
    """The recording as it is; in running state after a clear, as no recording ends by itself."""
    begins = run_bytes(form, [], CLEARED) if form.running else b""
    return begins + run_bytes(form, step_beats(binned, recording), PLAIN, patience)


def disturbed_bytes(form: CoreFormat, binned: BinnedEvents, recording: int, seed: int) -> bytes:
    """The recording with gaps and back-pressure, after attempts that a pulse ended anywhere.

    The same seed disturbs the same recording in the same way.
    """
    rng = np.random.default_rng([seed, recording])
    runs = []
    for attempt in range(ATTEMPTS):
        beats = step_beats(binned, recording, rng)
        gaps = int(rng.integers(0, 2)) * _gaps(rng)
        ending = (CLEAR, RESET)[
            (recording + attempt) % 2
        ]  # now this last, now that: each heals what the other left
        meets = Disturbance(gaps, bool(rng.integers(2)), ending, _moment(rng, form, beats))
        runs.append(run_bytes(form, beats, meets))
    last = Disturbance(_gaps(rng), is_observed(recording))
    runs.append(run_bytes(form, step_beats(binned, recording, rng), last))
    return b"".join(runs)


def is_observed(recording: int) -> bool:
    """Whether its disturbed run computes CRCs: every other one does."""
    return recording % 2 == 0


def _moment(rng: np.random.Generator, form: CoreFormat, beats: list[NDArray[np.uint32]]) -> int:
    """Clocks until a pulse: any of a recording's time, about, and, as often, each octave of it alike."""
    longest = sum(map(len, beats)) * 4 + form.steps * form.shown.itemsize // 32
    latest = longest if rng.integers(2) else 1 << int(rng.integers(1, longest.bit_length(), endpoint=True))
    return int(rng.integers(0, latest))


def _gaps(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 1 << 32))
