"""Many binned recordings in one compressed form: what trainer and runtime read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.jit import jit

_DTYPES = {
    "indices": np.int32,
    "counts": np.uint8,
    "step_ptr": np.int64,
    "labels": np.int64,
    "dropped": np.int64,
}


@dataclass(frozen=True)
class BinnedRecording:
    """One binned recording; the fields are rows of `BinnedEvents`.

    Attributes:
        indices: int32[m], neuron numbers, ascending within a step.
        counts: uint8[m], 1..count_cap.
        step_ptr: int64[steps + 1]; the entries of step s are step_ptr[s]:step_ptr[s + 1].
        dropped: events after the last step.
    """

    indices: np.ndarray
    counts: np.ndarray
    step_ptr: np.ndarray
    dropped: int

    def __iter__(self):
        """Unpacks as (indices, counts, step_ptr, dropped)."""
        return iter((self.indices, self.counts, self.step_ptr, self.dropped))


@dataclass(frozen=True)
class BinnedEvents:
    """N recordings of T = binning.steps steps, compressed by step.

    Attributes:
        binning: how they were binned.
        indices: int32[M], neuron (y * width + x) * 2 + p, ascending within a step.
        counts: uint8[M], 1..count_cap.
        step_ptr: int64[N * T + 1]; step t of recording i is step_ptr[i * T + t]:step_ptr[i * T + t + 1].
        labels: int64[N], index into `classes`.
        classes: class names.
        sources: N names, for messages.
        dropped: int64[N], events after the last step.

    Raises:
        EdgeSastError: fields that contradict each other.
    """

    binning: Binning
    indices: np.ndarray
    counts: np.ndarray
    step_ptr: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    sources: tuple[str, ...]
    dropped: np.ndarray

    def __post_init__(self) -> None:
        for field, dtype in _DTYPES.items():
            array = getattr(self, field)
            if array.ndim != 1 or array.dtype != dtype:
                _refuse(field, f"is {array.dtype}{list(array.shape)}, not one-dimensional {np.dtype(dtype)}")
        n = len(self.labels)
        if (
            len(self.sources) != n
            or len(self.dropped) != n
            or len(self.step_ptr) != n * self.binning.steps + 1
        ):
            _refuse(
                "step_ptr",
                f"has {len(self.step_ptr)} entries for {n} recordings, {len(self.sources)} sources",
            )
        if n and not 0 <= self.labels.min() <= self.labels.max() < len(self.classes):
            _refuse(
                "labels", f"reach {self.labels.min()}..{self.labels.max()} for {len(self.classes)} classes"
            )
        if (
            self.step_ptr[0] != 0
            or self.step_ptr[-1] != len(self.indices)
            or len(self.counts) != len(self.indices)
        ):
            _refuse("step_ptr", f"ends at {self.step_ptr[-1]} for {len(self.indices)} indices")
        if np.any(self.step_ptr[1:] < self.step_ptr[:-1]):
            _refuse("step_ptr", "decreases")
        fault = _first_fault(
            self.indices, self.counts, self.step_ptr, self.binning.neurons, self.binning.count_cap
        )
        if fault >= 0:
            _refuse(
                "indices",
                f"entry {fault} ({self.indices[fault]}, count {self.counts[fault]}) is out of order",
            )

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """SHA-256 (hex) over what is binned and its labels, wherever that lies and whatever the machine: tells whether
        two sets are the same recordings.
        """
        digest = hashlib.sha256(repr((self.binning, self.classes)).encode())
        for array in (self.indices, self.counts, self.step_ptr, self.labels):
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()

    def capped(self, count_cap: int) -> BinnedEvents:
        """The same recordings with counts up to `count_cap` only: what a model sees of all that was sent.

        Raises:
            EdgeSastError: more than they were binned with.
        """
        if count_cap > self.binning.count_cap:
            raise EdgeSastError(
                f"count_cap is {count_cap}, but the events were counted up to {self.binning.count_cap} only; "
                "bin the recordings again"
            )
        grid = replace(self.binning, count_cap=count_cap)
        return replace(self, binning=grid, counts=np.minimum(self.counts, np.uint8(count_cap)))

    def select(self, indices: np.ndarray | Sequence[int]) -> BinnedEvents:
        """The recordings at these positions, in this order.

        Args:
            indices: integers [n] in 0..len(self) - 1.

        Raises:
            EdgeSastError: a position out of range.
        """
        rows = self._rows(indices)
        steps = self.binning.steps
        pointers = (rows[:, None] * steps + np.arange(steps)).ravel()
        sizes = self.step_ptr[pointers + 1] - self.step_ptr[pointers]
        step_ptr = np.zeros(len(sizes) + 1, np.int64)
        np.cumsum(sizes, out=step_ptr[1:])
        chosen = [slice(self.step_ptr[row * steps], self.step_ptr[(row + 1) * steps]) for row in rows]
        return BinnedEvents(
            self.binning,
            np.concatenate([self.indices[part] for part in chosen] or [self.indices[:0]]),
            np.concatenate([self.counts[part] for part in chosen] or [self.counts[:0]]),
            step_ptr,
            self.labels[rows],
            self.classes,
            tuple(self.sources[row] for row in rows),
            self.dropped[rows],
        )

    def dense(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        """The recordings at these positions as counts, uint8[len(indices), T, H, W, 2].

        Raises:
            EdgeSastError: a position out of range.
        """
        rows = self._rows(indices)
        grid = self.binning
        out = np.zeros((len(rows), grid.steps, grid.neurons), np.uint8)
        _scatter(out, rows, self.indices, self.counts, self.step_ptr)
        return out.reshape(len(rows), grid.steps, grid.height, grid.width, grid.channels)

    def _rows(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        rows = np.asarray(indices)
        if rows.size == 0:
            return np.zeros(0, np.int64)
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(self):
            raise EdgeSastError(
                f"positions {rows.dtype}{list(rows.shape)} are not integers in 0..{len(self) - 1}; "
                "pass a one-dimensional list of positions"
            )
        return rows.astype(np.int64)

    @staticmethod
    def concatenate(parts: Sequence[BinnedEvents]) -> BinnedEvents:
        """Several sets of one binning and one class list, end to end.

        Raises:
            EdgeSastError: no parts, or parts that differ in binning or classes.
        """
        if not parts:
            raise EdgeSastError("concatenate: 0 sets given; give at least one")
        first = parts[0]
        for part in parts[1:]:
            if part.binning != first.binning or part.classes != first.classes:
                raise EdgeSastError(
                    f"concatenate: {part.binning} with {len(part.classes)} classes does not match "
                    f"{first.binning} "
                    f"with {len(first.classes)}; bin both sets in the same way"
                )
        return BinnedEvents(
            first.binning,
            *joined(parts),
            np.concatenate([part.labels for part in parts]),
            first.classes,
            tuple(source for part in parts for source in part.sources),
            np.concatenate([part.dropped for part in parts]),
        )

    @staticmethod
    def of_rows(
        binning: Binning,
        rows: Sequence[BinnedRecording],
        labels: Sequence[int] | np.ndarray,
        classes: tuple[str, ...],
        sources: Sequence[str],
    ) -> BinnedEvents:
        """Recordings that were binned one by one, each with its label and its name for messages.

        Raises:
            EdgeSastError: see the class.
        """
        dropped = np.array([row.dropped for row in rows], np.int64)
        return BinnedEvents(
            binning, *joined(rows), np.array(labels, np.int64), classes, tuple(sources), dropped
        )

    @staticmethod
    def of_steps(
        binning: Binning,
        steps: Sequence[tuple[np.ndarray, np.ndarray]],
        labels: Sequence[int] | np.ndarray,
        classes: tuple[str, ...],
        sources: Sequence[str],
    ) -> BinnedEvents:
        """The same of steps: indices and counts of every step of every recording, in order; none were dropped."""
        sizes = np.cumsum([0, *(len(indices) for indices, _ in steps)])
        return BinnedEvents(
            binning,
            np.concatenate([np.zeros(0), *(indices for indices, _ in steps)]).astype(np.int32),
            np.concatenate([np.zeros(0), *(counts for _, counts in steps)]).astype(np.uint8),
            sizes.astype(np.int64),
            np.array(labels, np.int64),
            classes,
            tuple(sources),
            np.zeros(len(labels), np.int64),
        )


def joined(parts: Sequence[BinnedEvents | BinnedRecording]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """indices, counts and step_ptr of parts laid end to end."""
    offsets = np.cumsum([0, *(len(part.indices) for part in parts)])
    pointers = [part.step_ptr[1:] + offset for part, offset in zip(parts, offsets, strict=False)]
    return (
        np.concatenate([np.zeros(0, np.int32), *(part.indices for part in parts)]),
        np.concatenate([np.zeros(0, np.uint8), *(part.counts for part in parts)]),
        np.concatenate([np.zeros(1, np.int64), *pointers]),
    )


def _refuse(field: str, what: str) -> None:
    raise EdgeSastError(f"binned events: {field} {what}; bin the recordings again")


@jit
def _first_fault(indices, counts, step_ptr, neurons, count_cap):
    """The first entry out of range or not above its predecessor in the step; -1 for none."""
    for s in range(len(step_ptr) - 1):
        previous = -1
        for j in range(step_ptr[s], step_ptr[s + 1]):
            n = indices[j]
            if n <= previous or n >= neurons or counts[j] == 0 or counts[j] > count_cap:
                return j
            previous = n
    return -1


@jit
def _scatter(out, rows, indices, counts, step_ptr):
    steps = out.shape[1]
    for b in range(len(rows)):
        for t in range(steps):
            s = rows[b] * steps + t
            for j in range(step_ptr[s], step_ptr[s + 1]):
                out[b, t, indices[j]] = counts[j]
