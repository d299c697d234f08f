"""A build folder, opened: its model, its sources, its known answers, all as exported."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from firmware_gen.build import known_answers
from firmware_gen.build.folder import Manifest, changed_files, read_manifest
from firmware_gen.build.known_answers import KnownAnswers


@dataclass(frozen=True)
class Build:
    """A build folder that was opened and checked."""

    folder: Path
    manifest: Manifest
    model: Model
    answers: KnownAnswers


def open_build(build_dir: str | os.PathLike[str], edited: bool = False, target: str = "c") -> Build:
    """The folder's model and known answers, its files proven to be those that were exported.

    edited: allow sources that were changed since (a hand-optimised kernel, say); model and answers must be whole.

    target: what it must be a build of, as its reader wants it.

    Raises EdgeSastError for anything missing, changed or damaged.
    """
    folder = Path(build_dir)
    manifest = read_manifest(folder)
    if manifest.target != target:
        raise EdgeSastError(
            f"{folder}: is an export with --target {manifest.target}; give one with --target {target}"
        )
    changed = changed_files(folder, manifest)
    if changed and not edited:
        state = "was changed since the export" if (folder / changed[0]).exists() else "is missing"
        raise EdgeSastError(
            f"{folder}: {changed[0]} {state} (such files: {len(changed)}); export again with --overwrite, or pass "
            "--edited to verify the folder as it is"
        )
    model = modelfile.load(folder / "model.safetensors")
    if modelfile.model_hash(model) != manifest.model_hash:
        raise EdgeSastError(
            f"{folder}: manifest.json belongs to another model than model.safetensors; export again"
        )
    path = folder / "known_answers.bin"
    return Build(folder, manifest, model, known_answers.loads(model, read_bytes(path), str(path)))
