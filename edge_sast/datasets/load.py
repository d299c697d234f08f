"""A split of a data set, read, binned and cached."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge_sast.datasets.bin_cache import CACHE_VERSION, CachedBins, read_cache, write_cache
from edge_sast.datasets.dataset import Dataset, RecordingRef
from edge_sast.datasets.reading import Reading, Unread
from edge_sast.datasets.remarks import summed, tell
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents, BinnedRecording, joined
from edge_sast.events.binning import Binning
from edge_sast.events.remark import Remark
from edge_sast.events.to_bins import bin_recording
from edge_sast.places import default_cache_dir
from edge_sast.terminal import echo


def load_binned(
    dataset: Dataset,
    split: str,
    binning: Binning,
    *,
    cache_dir: str | Path | None = None,
    limit: int | None = None,
    progress: bool = True,
    skip_empty: bool = False,
    cached: bool = True,
    reading: Reading | None = None,
) -> BinnedEvents:
    """Read and bin a split, or take it from the cache; what is to be said of its files is one line on stderr.

    Args:
        dataset: where the recordings come from.
        split: one of `dataset.splits`.
        binning: sensor, coordinate shift, dt, steps and cap.
        cache_dir: folder of the cache; None is `default_cache_dir()`.
        limit: at most this many recordings, spread evenly over the classes; None is all.
        progress: show a progress bar on a terminal.
        skip_empty: leave out recordings with 0 events and say so on stderr, instead of refusing them.
        cached: False neither reads nor writes the cache: for what is looked at once, as corrupted recordings are.
        reading: who reads them, and whether those that cannot be read are left out; None: threads, and they are not.

    Raises:
        EdgeSastError: unknown split, damaged recording, recording with 0 events, or nothing left.
    """
    reading = reading or Reading()
    refs = dataset.recordings(split)
    chosen = spread(np.array([ref.label for ref in refs], np.int64), limit)
    how = (dataset.sensor, astuple(binning), limit, skip_empty)
    key = _key(dataset, split, how) if cached else ""
    path = Path(cache_dir or default_cache_dir()) / f"{key}.safetensors"
    bins = read_cache(path) if cached else None
    binned = _from_cache(bins, refs, dataset.classes, binning) if bins else None
    if bins is None or binned is None:
        work = _ToBins(dataset, split, binning, skip_empty)
        bins, unread = _bin_all(refs, chosen, work, reading, progress)
        chosen = np.setdiff1d(chosen, unread)
        if len(bins.kept) == 0:
            raise EdgeSastError(
                f"{dataset.name}: split '{split}' has 0 recordings with events; add recordings"
            )
        binned = _build(bins, refs, dataset.classes, binning)
        if cached and not len(unread):
            # What was binned must be what the key was made of.
            if _key(dataset, split, how) != key:
                raise EdgeSastError(
                    f"{dataset.name}: recordings of split '{split}' changed while they were read; run the same command "
                    "again when nothing writes to them"
                )
            write_cache(path, bins)
    _report_skipped(refs, chosen, binned)
    if not reading.quiet:
        tell(f"{dataset.name} {split}", bins.remarks, [ref.recording for ref in refs])
    return binned


def spread(labels: np.ndarray, limit: int | None) -> np.ndarray:
    """Positions int64[min(n, limit)], ascending, that take the classes in turn; all of them for limit None.

    Raises:
        EdgeSastError: limit below 1.
    """
    if limit is None:
        return np.arange(len(labels))
    if limit < 1:
        raise EdgeSastError(f"--limit is {limit}; it must be 1 or more")
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        rank[members] = np.arange(len(members))
    return np.sort(np.lexsort((labels, rank))[:limit])


def _key(dataset: Dataset, split: str, how: tuple[object, ...]) -> str:
    """Names the bins of a split's recordings, read and binned as `how` says."""
    parts = (CACHE_VERSION, dataset.fingerprint(split), *how)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class _Read:
    """A recording that was read. bins: None where it has no events, and is left out."""

    bins: BinnedRecording | None
    remarks: tuple[Remark, ...]


@dataclass(frozen=True)
class _ToBins:
    """Reads and bins recordings of a split, by their places in it."""

    dataset: Dataset
    split: str
    binning: Binning
    skip_empty: bool

    @cached_property
    def _refs(self) -> Sequence[RecordingRef]:
        return self.dataset.recordings(self.split)

    def __call__(self, place: int) -> _Read:
        return self.row(self._refs[place])

    def row(self, ref: RecordingRef) -> _Read:
        recording = ref.load()
        row = bin_recording(recording, self.binning)
        if len(recording) == 0 and not self.skip_empty:
            raise EdgeSastError(
                f"{ref.source}: 0 events; remove the file, or pass --skip-empty to leave it out"
            )
        return _Read(row if len(recording) else None, recording.remarks)


def _bin_all(
    refs: Sequence[RecordingRef], chosen: np.ndarray, work: _ToBins, reading: Reading, progress: bool
) -> tuple[CachedBins, np.ndarray]:
    """Bins of the chosen ones of `refs`, and the places of those that could not be read."""
    if reading.engine is None:
        rows = reading.each(work.row, [refs[i] for i in chosen], lambda ref: ref.source)
    else:  # a worker makes refs of its own: sent with each recording, some data sets would be large
        rows = reading.each(work, chosen.tolist(), lambda place: refs[place].source)
    # disable=None shows the bar on terminals only.
    bar = tqdm(rows, total=len(chosen), desc="reading", disable=None if progress else True)
    found = list(zip(chosen.tolist(), bar, strict=True))
    unread = np.array([place for place, each in found if isinstance(each, Unread)], np.int64)
    read: list[tuple[int, _Read]] = [(place, each) for place, each in found if isinstance(each, _Read)]
    kept = [(place, each.bins) for place, each in read if each.bins is not None]
    dropped = np.array([row.dropped for _, row in kept], np.int64)
    places = np.array([place for place, _ in kept], np.int64)
    remarks = summed((place, refs[place].recording, each.remarks) for place, each in read)
    return CachedBins(*joined([row for _, row in kept]), places, dropped, remarks), unread


def _from_cache(
    bins: CachedBins, refs: Sequence[RecordingRef], classes: tuple[str, ...], binning: Binning
) -> BinnedEvents | None:
    try:
        return _build(bins, refs, classes, binning)
    except (EdgeSastError, IndexError):
        return None  # a file that does not fit the data set is damaged: the caller builds it anew


def _build(
    bins: CachedBins, refs: Sequence[RecordingRef], classes: tuple[str, ...], binning: Binning
) -> BinnedEvents:
    labels = np.array([refs[i].label for i in bins.kept], np.int64)
    sources = tuple(refs[i].source for i in bins.kept)
    return BinnedEvents(
        binning, bins.indices, bins.counts, bins.step_ptr, labels, classes, sources, bins.dropped
    )


def _report_skipped(refs: Sequence[RecordingRef], chosen: np.ndarray, binned: BinnedEvents) -> None:
    skipped = len(chosen) - len(binned)
    if skipped:
        names = set(binned.sources)
        first = next(refs[i].source for i in chosen if refs[i].source not in names)
        echo(f"warning: {skipped} recordings with 0 events left out, first {first}", error=True)
