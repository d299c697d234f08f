"""A build folder: written whole or not at all, listed with checksums in its manifest, checked on reading."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import edge_sast
from edge_sast.container import parse_object
from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes

MANIFEST = "manifest.json"
FORMAT = "edge-sast-firmware"
FORMAT_VERSION = 1
OTHER_FOLDER = "export again to another folder"


@dataclass(frozen=True)
class Manifest:
    """What a build folder says of itself. files: path (with /) to SHA-256, hexadecimal."""

    target: str
    name: str
    tool: str
    model_hash: str
    files: dict[str, str]


def with_manifest(files: Mapping[str, bytes], target: str, name: str, model_hash: str) -> dict[str, bytes]:
    """`files` and a manifest.json that lists them, in order of their paths."""
    document = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "target": target,
        "name": name,
        "tool": f"edge-sast {edge_sast.__version__}",
        "model_hash": model_hash,
        "files": {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)},
    }
    text = json.dumps(document, indent=2) + "\n"
    return {**{path: files[path] for path in sorted(files)}, MANIFEST: text.encode()}


def read_manifest(folder: str | os.PathLike[str]) -> Manifest:
    """The manifest of a build folder. Raises EdgeSastError when missing, damaged or of another version."""
    path = Path(folder) / MANIFEST
    if not os.path.exists(folder):
        raise EdgeSastError(f"{folder}: does not exist; give a folder that 'edge-sast export' wrote")
    if not path.is_file():
        raise EdgeSastError(f"{folder}: has no {MANIFEST}; give a folder that 'edge-sast export' wrote")
    try:
        document: Any = parse_object(read_bytes(path).decode())
    except (ValueError, RecursionError) as error:
        raise EdgeSastError(f"{path}: is not JSON ({error}); {OTHER_FOLDER}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EdgeSastError(f"{path}: format is not {FORMAT!r}; give a folder that 'edge-sast export' wrote")
    version = document.get("format_version")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise EdgeSastError(
            f"{path}: format_version is {version!r}; this edge-sast reads {FORMAT_VERSION}; {OTHER_FOLDER}"
        )
    texts = {name: document.get(name) for name in ("target", "name", "tool", "model_hash")}
    files = document.get("files")
    for name, value in texts.items():
        if not isinstance(value, str):
            raise EdgeSastError(f"{path}: {name} is {value!r}; it must be a text; {OTHER_FOLDER}")
    if not isinstance(files, dict) or not all(_is_inside(k) and isinstance(v, str) for k, v in files.items()):
        raise EdgeSastError(f"{path}: files is not a list of paths inside the folder; {OTHER_FOLDER}")
    return Manifest(files=files, **texts)  # type: ignore[arg-type]  # all were just proven to be str


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(path) and not parts.is_absolute() and ".." not in parts.parts and "\\" not in path


def changed_files(folder: str | os.PathLike[str], manifest: Manifest) -> list[str]:
    """Listed files that are missing or differ from their checksum, in order."""
    return [path for path in sorted(manifest.files) if _digest(Path(folder) / path) != manifest.files[path]]


def _digest(path: Path) -> str | None:
    return hashlib.sha256(read_bytes(path)).hexdigest() if path.is_file() else None


def write_folder(
    files: Mapping[str, bytes], out_dir: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Make `out_dir` hold these files, whole or not at all.

    An earlier export in its place is replaced; files there that no export wrote are kept. overwrite: what the export
    wrote is replaced even where it was edited or damaged since.

    Raises:
        EdgeSastError: see check_folder; or out_dir cannot be written.
    """
    target, earlier = Path(out_dir), check_folder(out_dir, overwrite=overwrite)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            fresh, old = Path(scratch) / "new", Path(scratch) / "old"
            _write_all(files, fresh)
            if earlier is not None:
                _carry_over(target, earlier, files, fresh)
            if target.exists():
                os.rename(target, old)
            os.rename(fresh, target)
    except OSError as error:
        raise EdgeSastError(
            f"{target}: cannot be written: {error.strerror or error}; free space or choose another folder"
        ) from error


def check_folder(out_dir: str | os.PathLike[str], *, overwrite: bool = False) -> Manifest | None:
    """Manifest of the export that write_folder would replace; None where there is nothing to lose.

    Raises EdgeSastError where it would not: out_dir is the current folder, holds something else, or an edited export.
    """
    target = Path(out_dir)
    if target.resolve() == Path.cwd():
        raise EdgeSastError(f"{target}: is the current folder, which cannot be replaced; name a folder in it")
    if not target.exists():
        return None
    if not target.is_dir():
        raise EdgeSastError(f"{target}: is a file; choose a folder")
    if not any(target.iterdir()):
        return None
    if not (target / MANIFEST).is_file():
        raise EdgeSastError(f"{target}: is not empty and not an earlier export; choose a new folder")
    manifest = read_manifest(target)
    edited = [path for path in changed_files(target, manifest) if (target / path).exists()]
    if edited and not overwrite:
        raise EdgeSastError(
            f"{target}: {edited[0]} was edited or damaged since it was exported (such files: {len(edited)}); "
            "'edge-sast export' with --overwrite writes it anew, or choose another --out"
        )
    return manifest


def _write_all(files: Mapping[str, bytes], folder: Path) -> None:
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _carry_over(target: Path, earlier: Manifest, files: Mapping[str, bytes], fresh: Path) -> None:
    """Copies what the user put into the folder (a compiled build, notes) beside the new files."""
    for path in sorted(target.rglob("*")):
        relative = path.relative_to(target).as_posix()
        if relative in earlier.files or relative in files or (path.is_dir() and not path.is_symlink()):
            continue
        place = fresh / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place, follow_symlinks=False)
