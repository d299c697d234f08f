"""What every data set offers, wherever its recordings come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_sast.events.recording import Recording


@dataclass(frozen=True)
class RecordingRef:
    """One recording that has not been read yet.

    Attributes:
        source: its name for messages; unique within a split.
        label: index into the data set's `classes`.
        load: reads it; raises EdgeSastError where it is damaged.
        of: name of the recording that it is a window of; empty: it is a recording itself.
    """

    source: str
    label: int
    load: Callable[[], Recording]
    of: str = ""

    @property
    def recording(self) -> str:
        """Name of the whole recording."""
        return self.of or self.source


@dataclass(frozen=True)
class OwnTime:
    """What a data set itself says of time; None where it says nothing.

    Attributes:
        dt_us: length of a time step, µs.
        steps: time steps of a recording.
        duration_us: length of every recording, µs.
    """

    dt_us: int | None = None
    steps: int | None = None
    duration_us: int | None = None


class Dataset(Protocol):
    """Labelled recordings in named splits, read lazily."""

    @property
    def name(self) -> str:
        """What the user asked for."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; a label is an index into them."""

    @property
    def sensor(self) -> tuple[int, int]:
        """(width, height) in pixels."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits; train, valid and test come first."""

    @property
    def time(self) -> OwnTime:
        """What the set itself says of step length, steps and durations."""

    def recordings(self, split: str) -> Sequence[RecordingRef]:
        """The split's recordings in an order that never changes.

        Raises:
            EdgeSastError: unknown split, or one with a class folder that `classes` does not hold.
        """

    def fingerprint(self, split: str) -> str:
        """Hex digest of the split's recordings by their contents, wherever they lie and whenever they were written.

        Reads every file anew at each call, and unpacks none.
        """

    def only(self, split: str) -> Dataset:
        """The same data with only this split and the classes found in it."""
