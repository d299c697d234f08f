"""What a split holds: counts, rates, and the recordings that cannot be used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from edge_sast.bulk.threads import map_in_order
from edge_sast.datasets.dataset import Dataset, RecordingRef
from edge_sast.datasets.remarks import summed
from edge_sast.errors import EdgeSastError
from edge_sast.events.remark import Remark
from edge_sast.terminal import printable


@dataclass(frozen=True)
class SplitSummary:
    """Figures of one split; the statistics are over its readable recordings.

    Attributes:
        split: its name.
        per_class: class name -> recordings, damaged ones included.
        events: int64[n], events of each readable recording.
        durations_us: int64[n], first to last event.
        on_events: ON events of all readable recordings together.
        empty: sources of recordings with 0 events.
        bad: one-line errors, one for each damaged recording.
        assumed: one sentence for each default that was taken; left_out: for events that nobody gets.
    """

    split: str
    per_class: dict[str, int]
    events: np.ndarray
    durations_us: np.ndarray
    on_events: int
    empty: tuple[str, ...]
    bad: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def recordings(self) -> int:
        """Readable and damaged recordings."""
        return sum(self.per_class.values())

    def figures(self) -> dict[str, object]:
        """The summary as plain JSON values; None where no event was read."""
        total, seconds = int(self.events.sum()), float(self.durations_us.sum()) * 1e-6
        return {
            "recordings": self.recordings,
            "classes": dict(self.per_class),
            "events_total": total,
            "events_per_recording": _spread(self.events),
            "duration_ms": _spread(self.durations_us, 1e-3),
            "rate_events_per_s": total / seconds if seconds else None,
            "on_fraction": self.on_events / total if total else None,
            "empty": list(self.empty),
            "bad": list(self.bad),
            "assumed": list(self.assumed),
            "left_out": list(self.left_out),
        }


def summarise(dataset: Dataset, split: str, *, progress: bool = True) -> SplitSummary:
    """Read and check every recording of a split.

    Args:
        dataset: where they come from.
        split: one of `dataset.splits`; its classes are taken as found, whether or not `train` has them.
        progress: show a progress bar on a terminal.

    Raises:
        EdgeSastError: unknown split. Damaged recordings are collected, not raised.
    """
    view = dataset.only(split)
    refs = view.recordings(split)
    counts = Counter(view.classes[ref.label] for ref in refs)
    # disable=None shows the bar on terminals only.
    bar = tqdm(
        map_in_order(_measure, refs),
        total=len(refs),
        desc=printable(split),
        disable=None if progress else True,
    )
    results = list(bar)
    read = [(i, row) for i, row in enumerate(results) if not isinstance(row, str)]
    good = np.array([row[:3] for _, row in read], np.int64).reshape(-1, 3)
    empty = tuple(refs[i].source for i, row in read if not row[0])
    remarks = summed((i, refs[i].recording, row[3]) for i, row in read)
    names = [ref.recording for ref in refs]
    return SplitSummary(
        split,
        {name: counts[name] for name in view.classes},
        good[:, 0],
        good[:, 1],
        int(good[:, 2].sum()),
        empty,
        tuple(row for row in results if isinstance(row, str)),
        tuple(remark.sentence(names) for remark in remarks if remark.events is None),
        tuple(remark.sentence(names) for remark in remarks if remark.events is not None),
    )


def _measure(ref: RecordingRef) -> tuple[int, int, int, tuple[Remark, ...]] | str:
    """(events, duration in µs, ON events, remarks), or the error of a damaged recording."""
    try:
        recording = ref.load()
    except EdgeSastError as error:
        return str(error)
    on = int(np.count_nonzero(recording.events["p"]))
    return len(recording), recording.duration_us, on, recording.remarks


def _spread(values: np.ndarray, unit: float = 1.0) -> dict[str, float] | None:
    if not len(values):
        return None
    points = {"min": values.min(), "median": np.median(values), "max": values.max()}
    return {name: float(value) * unit for name, value in points.items()}
