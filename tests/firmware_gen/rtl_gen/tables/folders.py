"""Tables folders for tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from edge_sast.model.model import Model
from firmware_gen.rtl_gen.tables.document import table_files
from firmware_gen.rtl_gen.tables.tables import make_tables


def write_tables(model: Model, folder: Path, lanes: int, word_bits: int | None = None) -> Path:
    """The tables of a model, in a folder that holds nothing else."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in table_files(make_tables(model, lanes, word_bits), word_bits).items():
        (folder / name).write_bytes(data)
    return folder


def keep_only(folder: Path, ending: str) -> None:
    for path in folder.iterdir():
        if path.suffix not in (f".{ending}", ".json"):
            path.unlink()


def edit_json(folder: Path, edit) -> None:
    """edit: changes the document."""
    path = folder / "tables.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def hash_anew(folder: Path) -> None:
    """What a forger would do: tables.json names the files' hashes as they are now."""

    def edit(document):
        for memory in document["memories"]:
            for name in memory["files"]:
                if (folder / name).exists():
                    memory["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()

    edit_json(folder, edit)
