"""A build folder as an Arduino sketch that serves `edge-sast hil`: one folder that the IDE opens and compiles."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path, PurePosixPath
from string import Template

import edge_sast
from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from firmware_gen.build.opened import Build, open_build


def write_sketch(
    build_dir: str | os.PathLike[str], out_dir: str | os.PathLike[str], edited: bool = False
) -> Path:
    """Writes NAME_board/NAME_board.ino and, in its src/, the model, the library and the board application.

    An earlier sketch of the same name is replaced. Returns the .ino. Raises EdgeSastError for a damaged build folder,
    or a folder of that name that holds something else.
    """
    build = open_build(build_dir, edited)
    folder = Path(out_dir) / f"{build.manifest.name}_board"
    sketch = folder / f"{folder.name}.ino"
    if folder.exists() and not sketch.is_file():
        raise EdgeSastError(
            f"{folder}: exists and is not such a sketch; move it away or choose another --out"
        )
    files = {f"src/{name}": data for name, data in _sources(build).items()}
    for old in folder.glob("src/*"):  # a file of an earlier version would be compiled too
        if old.is_file() and f"src/{old.name}" not in files:
            old.unlink()
    for path, data in {**files, sketch.name: _sketch(build).encode()}.items():
        write_atomic(folder / path, data)
    return sketch


def _sources(build: Build) -> dict[str, bytes]:
    """File name to content: the IDE compiles what lies in src/, where each file finds the others beside itself."""
    board = resources.files("firmware_gen") / "c" / "board"
    found = {file.name: file.read_bytes() for file in board.iterdir() if file.name.endswith((".c", ".h"))}
    folders = [build.folder / "src", build.folder / "include"]  # the latter's headers are the real ones
    for folder in folders:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".c", ".h"))
        found |= {path.name: path.read_bytes() for path in paths if not _unused(path.name)}
    return dict(sorted(found.items()))


def _unused(name: str) -> bool:
    return PurePosixPath(name).stem in ("sast_stream", "sast_selftest")


def _sketch(build: Build) -> str:
    text = (resources.files("firmware_gen") / "c" / "ports" / "arduino.ino").read_text("utf-8")
    return Template(text).substitute(
        name=build.manifest.name,
        tool=f"edge-sast {edge_sast.__version__}",
        model_hash=build.manifest.model_hash,
    )
