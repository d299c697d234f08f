"""Public data sets that Tonic downloads, read from Tonic's layout on disk.

Tonic (G. Lenz et al., 2021, doi 10.5281/zenodo.5079802) is needed for the download only: files that are
already in place are read without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_sast.datasets.sources.folder import FolderDataset
from edge_sast.datasets.sources.listing import Entry, list_entries
from edge_sast.errors import EdgeSastError
from edge_sast.formats.contract import Sensor
from edge_sast.terminal import echo

GESTURES = (
    "hand clapping",
    "right hand wave",
    "left hand wave",
    "right arm clockwise",
    "right arm counter-clockwise",
    "left arm clockwise",
    "left arm counter-clockwise",
    "arm roll",
    "air drums",
    "air guitar",
    "other gestures",
)


@dataclass(frozen=True)
class TonicSet:
    """One data set of Tonic.

    Attributes:
        name: what the user types.
        tonic_class: class in tonic.datasets; also the folder below the download folder.
        folders: split -> folder that Tonic unpacks.
        suffix: of a recording.
        layout: the files below each of `folders`, for messages.
        classes: class names in Tonic's order.
        class_of: path below the split's folder -> class name; None for a file that is no recording of a
            class.
        at_least: recordings below which Tonic itself takes a split for incomplete.
    """

    name: str
    tonic_class: str
    folders: dict[str, str]
    suffix: str
    layout: str
    classes: tuple[str, ...]
    class_of: Callable[[tuple[str, ...]], str | None]
    at_least: int


def _digit_of(parts: tuple[str, ...]) -> str | None:
    return parts[0] if len(parts) == 2 and parts[0] in tuple("0123456789") else None


def _gesture_of(parts: tuple[str, ...]) -> str | None:
    stem = Path(parts[-1]).stem
    known = len(parts) == 2 and stem.isdecimal() and int(stem) < len(GESTURES)
    return GESTURES[int(stem)] if known else None


TONIC_SETS = {
    "nmnist": TonicSet(
        "nmnist",
        "NMNIST",
        {"train": "Train", "test": "Test"},
        ".bin",
        "<digit>/<number>.bin",
        tuple("0123456789"),
        _digit_of,
        10_000,
    ),
    "dvsgesture": TonicSet(
        "dvsgesture",
        "DVSGesture",
        {"train": "ibmGestureTrain", "test": "ibmGestureTest"},
        ".npy",
        "user<number>_<lighting>/<gesture 0..10>.npy",
        GESTURES,
        _gesture_of,
        100,
    ),
}


def open_tonic(spec: TonicSet, download_dir: Path, sensor: Sensor | None) -> FolderDataset:
    """A data set in Tonic's layout below `download_dir`, downloaded first where it is not there.

    Args:
        spec: which one.
        download_dir: Tonic's `save_to`.
        sensor: (width, height) in pixels to use instead of the format's.

    Raises:
        EdgeSastError: Tonic is missing, the download failed, or a file is out of place.
    """
    by_split = {}
    for split, folder in spec.folders.items():
        root = download_dir / spec.tonic_class / folder
        if not root.is_dir():
            _download(spec, split, download_dir, root)
        by_split[split] = _labelled(spec, split, root)
    return FolderDataset(spec.name, by_split, sensor, spec.classes)


def _labelled(spec: TonicSet, split: str, root: Path) -> tuple[Entry, ...]:
    found = []
    for entry in list_entries(root):
        if not entry.parts[-1].endswith(spec.suffix):
            continue  # Tonic ignores them too
        name = spec.class_of(entry.parts)
        if name is None:
            raise EdgeSastError(
                f"{entry.source}: does not belong to {spec.name}; its files are {root}/{spec.layout}: "
                f"move it away"
            )
        found.append(replace(entry, parts=(split, name, "/".join(entry.parts))))
    if not found:
        raise EdgeSastError(
            f"{spec.name}: {root} holds 0 {spec.suffix} files; put {spec.layout} there, or remove the "
            f"folder to download"
        )
    if len(found) < spec.at_least:
        echo(
            f"warning: {spec.name} {split}: {len(found)} recordings in {root}, a complete set has at least "
            f"{spec.at_least}; after an interrupted download remove this folder and start again",
            error=True,
        )
    return tuple(sorted(found, key=lambda entry: (spec.classes.index(entry.parts[1]), entry.parts)))


def _download(spec: TonicSet, split: str, download_dir: Path, root: Path) -> None:
    by_hand = f"put the files there by hand as {root}/{spec.layout}"
    try:
        import tonic.datasets
    except ImportError as error:
        raise EdgeSastError(
            f"{spec.name}: not found in {root} and Tonic is not installed; run pip install "
            f"'edge-sast[tonic]', "
            f"or {by_hand}"
        ) from error
    echo(f"downloading {spec.name} {split} to {root.parent}", error=True)
    try:
        getattr(tonic.datasets, spec.tonic_class)(save_to=str(download_dir), train=split == "train")
    # Tonic raises whatever its downloader and unpacker raise; all of it means the same here.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise EdgeSastError(
            f"{spec.name}: download of {split} to {root.parent} failed ({reason}); try again, or {by_hand}"
        ) from error
    if not root.is_dir():
        raise EdgeSastError(f"{spec.name}: Tonic's download left no {root}; {by_hand}")
