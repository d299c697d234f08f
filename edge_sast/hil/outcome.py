"""What a board made of one recording."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.parity.mismatch import Mismatch


@dataclass(frozen=True)
class Outcome:
    """One recording on one board.

    index, source: the recording's number and name. port, board: where it ran, and what the board calls itself.
    clock, clock_hz: what its ticks are, and how many per second (0: unknown).
    prediction, outputs: of the board. synops, spikes: the board's totals of each weighted layer. steps: it computed.
    ticks: of each step of the unobserved run with all events, as the sensor sent them; empty without a clock, or where
    there was no such run. unique_ticks: of the one with only the events that count.
    seconds, wire_bytes: BoardRun's; the time of the unobserved run where there is one, the bytes of all runs.
    retries: attempts on any port that failed before this one. restarts: runs begun anew on the way, because
    the board no longer had them: it was reset, or something was lost when the next run had already begun.
    late: seconds from when its events were all there to its result; None where they were so from the beginning.
    mismatch: the first difference to the runtime; None: all equal. located: it was searched down to the neuron.
    """

    index: int
    source: str
    port: str
    board: str
    clock: str
    clock_hz: int
    prediction: int
    outputs: tuple[int, ...]
    synops: tuple[int, ...]
    spikes: tuple[int, ...]
    ticks: tuple[int, ...]
    seconds: float
    wire_bytes: int
    retries: int
    restarts: int
    steps: int
    unique_ticks: tuple[int, ...] = ()
    late: float | None = None
    mismatch: Mismatch | None = None
    located: bool = False
