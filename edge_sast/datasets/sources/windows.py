"""Long recordings cut into windows of one length, and split by time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np

from edge_sast.bulk.threads import THREADS, map_in_order
from edge_sast.datasets.dataset import Dataset, OwnTime, RecordingRef
from edge_sast.datasets.sources.folder import SINGLE_SPLIT
from edge_sast.datasets.sources.split_names import USUAL_SPLITS
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import MAX_DT_US
from edge_sast.events.recording import Recording

MIN_WINDOWS = 8  # with fewer, one of the three parts would be empty
NAME_DIGITS = (2, 6)  # of the seconds in a window's name: at least, at most


def split_by_time(windows: int) -> dict[str, range]:
    """Numbers of the windows in each split, of a recording with `windows` of them.

    The first 60 % are train, the next 20 % valid, the last 20 % test; the first window of valid and the first of test
    are left out, so that nothing that happens across a border is on both sides of it.

    Raises:
        EdgeSastError: fewer than 8 windows, which is too few for three parts.
    """
    if windows < MIN_WINDOWS:
        raise EdgeSastError(f"{windows} windows cannot be split by time; it takes {MIN_WINDOWS} or more")
    valid, test = windows * 3 // 5, windows * 4 // 5
    return {"train": range(valid), "valid": range(valid + 1, test), "test": range(test + 1, windows)}


@dataclass(frozen=True)
class WindowedDataset:
    """Every recording of another data set as consecutive windows.

    Window k of a recording holds its events with k * window_us <= t - t(first event) < (k + 1) * window_us. What is
    left at the end and fills no window is left out. Windows of recordings in splits stay in their split; where there
    are no splits, every recording is split by time, see `split_by_time`.

    Attributes:
        whole: where the recordings come from.
        window_us: length of a window in µs.
        chosen: the one split that is shown of recordings split by time; None is all of them.

    Raises:
        EdgeSastError: window_us out of range.
    """

    whole: Dataset
    window_us: int
    chosen: str | None = None
    _counts: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.window_us, int) or not 1 <= self.window_us <= MAX_DT_US:
            raise EdgeSastError(
                f"--window-us {self.window_us!r} is out of range; choose whole microseconds 1..{MAX_DT_US}"
            )

    @property
    def name(self) -> str:
        """What the user asked for."""
        return self.whole.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the whole recordings."""
        return self.whole.classes

    @property
    def sensor(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.whole.sensor

    @property
    def splits(self) -> tuple[str, ...]:
        """train, valid and test where recordings are split by time, else those of the whole recordings."""
        if not self._by_time:
            return self.whole.splits
        return (self.chosen,) if self.chosen else USUAL_SPLITS

    @property
    def time(self) -> OwnTime:
        """Every window lasts as long; steps that the set names are those of whole recordings."""
        return OwnTime(duration_us=self.window_us)

    def recordings(self, split: str) -> tuple[RecordingRef, ...]:
        """The split's windows, recording by recording, in order of time. The first call reads the recordings.

        Raises:
            EdgeSastError: unknown split, a damaged recording, or one that is too short.
        """
        refs = self.whole.recordings(self._source_of(split))
        counts = self._count(self._source_of(split), refs)
        # Windows are mostly asked for in this order: a recording is then read once per thread, not once per window.
        opened = lru_cache(maxsize=THREADS)(_load)
        found = []
        for ref, count in zip(refs, counts, strict=True):
            for k in split_by_time(count)[split] if self._by_time else range(count):
                name = self._window_name(ref, k)
                found.append(
                    RecordingRef(name, ref.label, partial(self._cut, opened, ref, name, k), ref.source)
                )
        return tuple(found)

    def fingerprint(self, split: str) -> str:
        """SHA-256 over the whole recordings' fingerprint, the split and the length of a window."""
        whole = self.whole.fingerprint(self._source_of(split))
        return hashlib.sha256(repr(("windows", whole, split, self.window_us)).encode()).hexdigest()

    def only(self, split: str) -> WindowedDataset:
        """The same windows with only this split."""
        source = self._source_of(split)
        if self._by_time:
            return replace(self, chosen=split)
        return replace(self, whole=self.whole.only(source))

    @property
    def _by_time(self) -> bool:
        return self.whole.splits == (SINGLE_SPLIT,)

    def _source_of(self, split: str) -> str:
        if split not in self.splits:
            raise EdgeSastError(f"{self.name}: no split '{split}'; choose one of {', '.join(self.splits)}")
        return SINGLE_SPLIT if self._by_time else split

    def _count(self, source: str, refs: Sequence[RecordingRef]) -> list[int]:
        """Windows of each recording, from its length; read once."""
        if source not in self._counts:
            needed = MIN_WINDOWS if self._by_time else 1
            self._counts[source] = list(map_in_order(partial(self._windows_of, needed), refs))
        return self._counts[source]

    def _windows_of(self, needed: int, ref: RecordingRef) -> int:
        recording = ref.load()
        count = (recording.duration_us + 1) // self.window_us if len(recording) else 0
        if count < needed:
            raise EdgeSastError(
                f"{ref.source}: lasts {recording.duration_us * 1e-6:.3f} s, {count} windows of --window-us "
                f"{self.window_us}; {needed} are needed: choose a smaller --window-us, or remove the file"
            )
        return count

    def _window_name(self, ref: RecordingRef, k: int) -> str:
        least, most = NAME_DIGITS
        digits = next((d for d in range(least, most) if self.window_us % 10 ** (most - d) == 0), most)
        return f"{ref.source}@{k * self.window_us * 1e-6:.{digits}f}s"

    def _cut(
        self, opened: Callable[[RecordingRef], Recording], ref: RecordingRef, name: str, k: int
    ) -> Recording:
        recording = opened(ref)
        t = recording.events["t"]
        first, last = np.searchsorted(t, t[0] + k * self.window_us + np.array([0, self.window_us]))
        return replace(recording, events=recording.events[first:last], source=name)


def _load(ref: RecordingRef) -> Recording:
    return ref.load()
