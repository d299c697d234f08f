"""A data set in `<class>/<recording>` or `<split>/<class>/<recording>`; any of these folders may be a zip."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from edge_sast.datasets.dataset import OwnTime, RecordingRef
from edge_sast.datasets.sources.dataset_toml import DatasetToml, parse_dataset_toml
from edge_sast.datasets.sources.listing import DATASET_TOML, Entry, content_digests, list_entries
from edge_sast.datasets.sources.split_names import USUAL_SPLITS, check_classes, usual_names
from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording
from edge_sast.formats.contract import Sensor
from edge_sast.formats.registry import formats_for, read_bytes

SINGLE_SPLIT = "all"
LAYOUT = "<class>/<recording> or <split>/<class>/<recording>"


@dataclass(frozen=True)
class FolderDataset:
    """Recordings in class folders; see `open_folder`.

    Attributes:
        name: the folder as the user gave it.
        by_split: split -> its files in their fixed order; the last but one part of each path is the class.
        given_sensor: (width, height) that the user or `dataset.toml` named, else None.
        given_classes: the class list where it is known beforehand, else None: then it is found in the
            folders.
        time: what `dataset.toml` says of it.
    """

    name: str
    by_split: dict[str, tuple[Entry, ...]]
    given_sensor: Sensor | None = None
    given_classes: tuple[str, ...] | None = None
    time: OwnTime = field(default_factory=OwnTime)

    @property
    def splits(self) -> tuple[str, ...]:
        """Split names; train, valid and test first."""
        return tuple(self.by_split)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class folders of `train`, or of all splits without one; numbers sort as numbers."""
        if self.given_classes:
            return self.given_classes
        entries = self.by_split.get("train") or [entry for split in self.by_split.values() for entry in split]
        return sort_classes({entry.parts[-2] for entry in entries})

    @cached_property
    def sensor(self) -> Sensor:
        """(width, height) in pixels: as given, or as the first recording says."""
        if self.given_sensor:
            return self.given_sensor
        first = next(iter(self.by_split.values()))[0]
        usual = formats_for(first.source)[0].usual_sensor
        if usual:
            return usual
        recording = self._load(first)
        return recording.width, recording.height

    def recordings(self, split: str) -> tuple[RecordingRef, ...]:
        """The split's recordings, by class, then by name.

        Raises:
            EdgeSastError: unknown split, or a class folder that `classes` does not hold.
        """
        label_of = {name: label for label, name in enumerate(self.classes)}
        refs = []
        for entry in self._entries(split):
            name = entry.parts[-2]
            if name not in label_of:
                raise EdgeSastError(
                    f"{self.name}: unknown class folder '{name}' in split '{split}'; train has "
                    f"{', '.join(self.classes)}: remove it, or add recordings of it to train"
                )
            refs.append(RecordingRef(entry.source, label_of[name], partial(self._load, entry)))
        return tuple(refs)

    def fingerprint(self, split: str) -> str:
        """SHA-256 over the contents of the split's files, their paths below the folder, classes and sensor."""
        digest = hashlib.sha256(repr((split, self.classes, self.given_sensor)).encode())
        entries = self._entries(split)
        # disable=None shows the bar on terminals only, and only where it takes long.
        bar = tqdm(content_digests(entries), total=len(entries), desc="comparing", disable=None, delay=1.0)
        for entry, content in zip(entries, bar, strict=True):
            digest.update(repr((entry.parts, content)).encode())
        return digest.hexdigest()

    def only(self, split: str) -> FolderDataset:
        """The same folder with only this split and the classes found in it."""
        return replace(self, by_split={split: self._entries(split)})

    def _entries(self, split: str) -> tuple[Entry, ...]:
        if split not in self.by_split:
            raise EdgeSastError(f"{self.name}: no split '{split}'; choose one of {', '.join(self.splits)}")
        return self.by_split[split]

    def _load(self, entry: Entry) -> Recording:
        return read_bytes(entry.read(), entry.source, self.given_sensor)


def open_folder(
    root: str | Path, sensor: Sensor | None = None, *, file_per_class: bool = False
) -> FolderDataset:
    """A folder (or one zip) of labelled recordings; nothing is read but the listing.

    Args:
        root: folder `<class>/<recording>` (one split, "all") or `<split>/<class>/<recording>`.
        sensor: (width, height) in pixels where the files do not say it or say it wrongly; wins over `dataset.toml`.
        file_per_class: take `<class>.<suffix>` too, files without folders.

    Raises:
        EdgeSastError: missing, empty or mixed folder, damaged zip, stray file, a file of no known format, classes that
            are but names of splits, two folders of one split, or a `dataset.toml` that says what it cannot.
    """
    own, entries = _own_words(list_entries(Path(root)))
    if not entries:
        raise EdgeSastError(f"data '{root}' holds no recordings; put them into {LAYOUT}")
    if all(len(entry.parts) == 1 for entry in entries):
        entries = _as_classes(entries, str(root), file_per_class)
    depth = max(len(entry.parts) for entry in entries)
    known: set[str] = set()  # endings that a format has, asked for once each: there are many files
    for entry in entries:
        if len(entry.parts) not in (2, 3):
            raise EdgeSastError(f"{entry.source}: stray file; recordings belong in {LAYOUT}: move it away")
        if len(entry.parts) != depth:
            raise EdgeSastError(
                f"{entry.source}: lies in {LAYOUT.split(' or ')[0]}, but other files in "
                f"<split>/<class>/<recording>; "
                "use one layout for all"
            )
        ending = os.path.splitext(entry.source)[1]
        if ending not in known:
            formats_for(entry.source)
            known.add(ending)
    check_classes(str(root), entries)
    by_split = _group(entries, depth, str(root))
    if own.parts:
        divided = own.parts.divide(by_split)
        by_split = {name: divided[name] for name in sort_splits(set(divided))}
    return FolderDataset(str(root), by_split, sensor or own.sensor, time=own.time)


def _own_words(entries: list[Entry]) -> tuple[DatasetToml, list[Entry]]:
    """What the set's `dataset.toml` says, where there is one, and all other files."""
    own = [entry for entry in entries if entry.parts == (DATASET_TOML,)]
    if not own:
        return DatasetToml(), entries
    if len(own) > 1:
        raise EdgeSastError(f"{own[1].source}: lies beside {own[0].source}; keep one of them")
    return parse_dataset_toml(own[0].read(), own[0].source), [e for e in entries if e is not own[0]]


def _as_classes(entries: list[Entry], root: str, file_per_class: bool) -> list[Entry]:
    """Files without folders, each in a class named by its stem."""
    for entry in entries:
        formats_for(entry.source)
    if not file_per_class:
        raise EdgeSastError(
            f"data '{root}' holds {len(entries)} recordings without class folders; put them into {LAYOUT}, or cut "
            "long recordings, one file per class, into windows with --window-us N"
        )
    return [replace(entry, parts=(PurePosixPath(entry.parts[0]).stem, *entry.parts)) for entry in entries]


def _group(entries: list[Entry], depth: int, root: str) -> dict[str, tuple[Entry, ...]]:
    names = usual_names(root, {entry.parts[0] for entry in entries}) if depth == 3 else {}
    splits: dict[str, list[Entry]] = {}
    for entry in entries:
        splits.setdefault(names.get(entry.parts[0], SINGLE_SPLIT), []).append(entry)
    return {
        name: tuple(sorted(splits[name], key=lambda entry: (_class_key(entry.parts[-2]), entry.parts)))
        for name in sort_splits(set(splits))
    }


def sort_splits(names: set[str]) -> tuple[str, ...]:
    """train, valid and test first, the others after them by name."""
    usual = [name for name in USUAL_SPLITS if name in names]
    return (*usual, *sorted(names - set(usual)))


def sort_classes(names: set[str]) -> tuple[str, ...]:
    """Class names as numbers where all of them are, else as text."""
    if all(name.isdecimal() for name in names):
        return tuple(sorted(names, key=_class_key))
    return tuple(sorted(names))


def _class_key(name: str) -> tuple[int, str]:
    return (int(name) if name.isdecimal() else -1, name)
