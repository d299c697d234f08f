"""Accuracy under the faults of corrupt.py: every kind by every severity, on the recordings judged clean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

from tqdm import tqdm

from edge_sast.datasets.dataset import Dataset, RecordingRef
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.reading import Reading
from edge_sast.evaluation.corrupt import CORRUPTIONS, CorruptedDataset
from edge_sast.events.binned import BinnedEvents

SEVERITIES = (1, 3, 5)


@dataclass(frozen=True)
class Suite:
    """kinds and severities that are tried, in this order; `seed` of the faults (the same for every run).

    Raises EdgeSastError for an unknown kind, a severity out of range or a seed below 0, where `recordings` is called.
    """

    kinds: tuple[str, ...] = tuple(CORRUPTIONS)
    severities: tuple[int, ...] = SEVERITIES
    seed: int = 0

    def recordings(
        self, source: Dataset, split: str, clean: BinnedEvents, kind: str, severity: int
    ) -> BinnedEvents:
        """The recordings of `clean`, which are some of this split, with one fault; labels and order stay.

        Each draws as it does in the whole split, whichever others were chosen beside it.
        """
        chosen = _Chosen(source, kind, severity, self.seed, clean.sources)
        said = Reading(quiet=True)  # of the clean recordings
        binned = load_binned(chosen, split, clean.binning, progress=False, cached=False, reading=said)
        return replace(binned, labels=clean.labels, classes=clean.classes)

    def measure(
        self, source: Dataset, split: str, clean: BinnedEvents, accuracy: Callable[[BinnedEvents], float]
    ) -> dict[str, Any]:
        """severities, seed, the clean accuracy, and for each kind its accuracies [severity] and their mean; the mean of
        all.
        """
        bar = tqdm(self.cases, desc="corruptions", disable=None)
        found = [accuracy(self.recordings(source, split, clean, *case)) for case in bar]
        return self.summary(accuracy(clean), found)

    @property
    def cases(self) -> tuple[tuple[str, int], ...]:
        """Kind and severity of each case, in the order of `summary`."""
        return tuple((kind, severity) for kind in self.kinds for severity in self.severities)

    def summary(self, clean: float, found: Sequence[float]) -> dict[str, Any]:
        """What `measure` gives, of the accuracies: clean, and of each of the cases."""
        each = len(self.severities)
        kinds: dict[str, Any] = {}
        for i, kind in enumerate(self.kinds):
            accuracies = list(found[i * each : (i + 1) * each])
            kinds[kind] = {"accuracy": accuracies, "mean": mean(accuracies)}
        return {
            "severities": list(self.severities),
            "seed": self.seed,
            "clean": clean,
            "kinds": kinds,
            "mean": mean(figures["mean"] for figures in kinds.values()),
        }


@dataclass(frozen=True)
class _Chosen(CorruptedDataset):
    """Some recordings of a corrupted split, by name and in that order."""

    sources: tuple[str, ...]

    def recordings(self, split: str) -> tuple[RecordingRef, ...]:
        found = {ref.source: ref for ref in super().recordings(split)}
        return tuple(found[name] for name in self.sources)

    def fingerprint(self, split: str) -> str:
        return hashlib.sha256(repr((super().fingerprint(split), self.sources)).encode()).hexdigest()
