"""The run or the build that a command takes where none is named, and the name of a new one.

Runs lie below `runs`, builds below `build`, both in the working folder; other things may lie there, too. The newest is
the one whose checkpoint or manifest was written last, of equal times the last by name. It is then opened as if it had
been named: a damaged one is refused, never passed over for an older one.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

RUNS, BUILDS = Path("runs"), Path("build")
CHECKPOINT, MANIFEST, MODEL = "checkpoint.safetensors", "manifest.json", "model.safetensors"
CHECKPOINT_KEY = "edge_sast_checkpoint"  # of the metadata; the module that writes it imports torch
MANIFEST_FORMAT = "edge-sast-firmware"


@dataclass(frozen=True)
class Progress:
    """Epochs that a run has had, and all it is to have; both 0 where its checkpoint does not say."""

    done: int = 0
    total: int = 0

    @property
    def finished(self) -> bool:
        return self.done >= self.total


def newest_run() -> str:
    """The newest run that has had all its epochs; says which, and which newer ones are left aside.

    One whose checkpoint cannot be read counts as finished: whoever opens it says what is wrong.

    Raises:
        EdgeSastError: there is none.
    """
    unfinished: list[tuple[Path, Progress]] = []
    for folder in _newest_first(RUNS, (CHECKPOINT,)):
        progress = read_progress(folder / CHECKPOINT)
        if progress.finished:
            for other, reached in unfinished:
                echo(
                    f"{other} is newer, but at epoch {reached.done} of {reached.total}: left aside",
                    error=True,
                )
            echo(f"newest run: {folder}")
            return str(folder)
        unfinished.append((folder, progress))
    remedy = "make one with 'edge-sast train', or name its folder"
    if unfinished:
        folder, reached = unfinished[0]
        remedy = (
            f"{folder} is at epoch {reached.done} of {reached.total}: go on with 'edge-sast train --resume --out "
            f"{folder}', or name it"
        )
    raise EdgeSastError(f"no RUN is given, and {RUNS}/ here holds no finished one; {remedy}")


def unfinished_run() -> str:
    """The newest run that still has epochs to go and that no other training holds.

    Raises:
        EdgeSastError: there is none.
    """
    from edge_sast.files import locked

    for folder in _newest_first(RUNS, (CHECKPOINT,)):
        if read_progress(folder / CHECKPOINT).finished:
            continue
        try:
            with locked(folder):
                return str(folder)
        except EdgeSastError:
            continue
    raise EdgeSastError(
        f"--resume: {RUNS}/ here holds no unfinished run that is not being trained; name one with --out, or leave "
        "--resume out to start anew"
    )


def newest_build() -> str:
    """The newest folder that 'edge-sast export' wrote; says which.

    Raises:
        EdgeSastError: there is none.
    """
    for folder in _newest_first(BUILDS, (MANIFEST, MODEL)):
        if _is_build(folder / MANIFEST):
            echo(f"newest build: {folder}")
            return str(folder)
    raise EdgeSastError(_nothing_built("BUILD", "folder"))


def newest_model() -> str:
    """The model file of the newest build, or a model file beside the builds that is newer; says which.

    Raises:
        EdgeSastError: there is none.
    """
    from edge_sast.model.modelfile import is_model_file

    found = [path / MODEL for path in _newest_first(BUILDS, (MANIFEST, MODEL)) if _is_build(path / MANIFEST)][
        :1
    ]
    found += [path for path in _listed(BUILDS) if path.is_file() and is_model_file(path)]
    if not found:
        raise EdgeSastError(_nothing_built("MODEL", "model file"))
    newest = max(found, key=lambda path: (path.stat().st_mtime_ns, str(path)))
    echo(f"newest model: {newest}")
    return str(newest)


def model_in(named: str) -> str:
    """The model file of a build folder that was named in its place; anything else as it was named."""
    folder = Path(named)
    return named if _written(folder, (MANIFEST, MODEL)) is None else str(folder / MODEL)


def run_or_model_in(named: str) -> str:
    """The same where a run can be named, too: a folder that holds one stands for that."""
    return named if (Path(named) / CHECKPOINT).exists() else model_in(named)


def build_name(run: str, *, target: str, running: bool = False) -> str:
    """Where the export of a run, its checkpoint or a model file goes: below `build`, named as the run or the model."""
    path = Path(os.path.abspath(run))
    if path.is_file():
        path = path.parent if path.name in (CHECKPOINT, MODEL) else path.with_suffix("")
    name = f"{path.name}-running" if running else path.name  # beside the C of windows, not in its place
    names = {"model": f"{name}.safetensors", "nir": f"{name}.nir", "verilog": f"{name}-verilog"}
    return str(BUILDS / names.get(target, name))


@contextmanager
def new_run(method: str) -> Iterator[Path]:
    """A new folder below `runs`, named by date, time and method, that nobody else has; gone again if it stays empty."""
    began = not RUNS.exists()
    RUNS.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y-%m-%d-%H%M')}-{method}"
    folder = next(filter(_made, (RUNS / ending for ending in _numbered(name))))
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()
            if began:
                RUNS.rmdir()


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in itertools.count(2))


def _made(folder: Path) -> bool:
    """Two that try at once: one makes it."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def read_progress(checkpoint: Path) -> Progress:
    """What a checkpoint's header says, without torch and without its tensors."""
    from edge_sast.container import LENGTH_BYTES, MAX_HEADER, metadata_of, parse_object, read_header

    try:
        with open(checkpoint, "rb") as file:
            length = file.read(LENGTH_BYTES)
            size = min(int.from_bytes(length, "little"), MAX_HEADER, checkpoint.stat().st_size)
            header = read_header(length + file.read(size))
        document = parse_object(metadata_of(header)[CHECKPOINT_KEY])
        config = document["config"]
        return Progress(int(document["epoch"]), int(config["epochs"]) + int(config["qat_epochs"]))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return Progress()


def _nothing_built(argument: str, what: str) -> str:
    return (
        f"no {argument} is given, and {BUILDS}/ here holds none; make one with 'edge-sast export', or name a {what} "
        "that it wrote"
    )


def _is_build(manifest: Path) -> bool:
    """Whether it is ours: not another tool's file of that name. One that is no JSON is ours until somebody opens it."""
    try:
        document: Any = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return True
    return isinstance(document, dict) and document.get("format") == MANIFEST_FORMAT


def _newest_first(root: Path, files: Sequence[str]) -> list[Path]:
    """Folders in `root` that hold all these files, by the time at which the first was written."""
    found = [(when, str(folder)) for folder in _listed(root) if (when := _written(folder, files)) is not None]
    return [Path(name) for _, name in sorted(found, reverse=True)]


def _listed(root: Path) -> list[Path]:
    """What lies in a folder, but for what is hidden, as folders that are being written are; nothing if it is none."""
    try:
        return [path for path in root.iterdir() if not path.name.startswith(".")]
    except OSError:
        return []


def _written(folder: Path, files: Sequence[str]) -> int | None:
    try:
        times = [(folder / name).stat().st_mtime_ns for name in files]
    except OSError:
        return None
    return times[0]
