"""The files of one memory of a tables folder, read in whatever formats are there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.table_files.formats import FORMATS
from firmware_gen.rtl_gen.tables.document import DOCUMENT, MAX_WORD_BITS
from firmware_gen.rtl_gen.tables.fields import Fields
from firmware_gen.rtl_gen.tables.memory import SIGN, TWOS_COMPLEMENT, UNSIGNED, Field, Layout
from firmware_gen.rtl_gen.tables.tables import AXES, LEAKS, PARAMETERS, WEIGHTS

NAMES = (WEIGHTS, *PARAMETERS, LEAKS, *AXES)
MAX_ENTRIES = 1 << 32


@dataclass(frozen=True)
class ReadMemory:
    """words: as in the files. values: int64 [entries, lanes of all fields]. formats: endings of the files."""

    name: str
    words: tuple[int, ...]
    values: NDArray[np.int64]
    formats: tuple[str, ...]


def read_memory(described: Fields, folder: Path) -> ReadMemory:
    """The memory that an entry of tables.json describes.

    Raises EdgeSastError, one line: no file of it is there, one is damaged, or two of them do not agree.
    """
    name = described.choice("name", str, NAMES)
    layout = Layout(
        tuple(map(_field, described.each("fields"))), described.whole("word_bits", 1, MAX_WORD_BITS)
    )
    if not layout.fields:
        described.refuse("fields", "a list of at least one field")
    depth = described.whole("depth", 1, MAX_ENTRIES)
    if depth != described.whole("entries", 1, MAX_ENTRIES) * layout.words_per_entry:
        described.refuse("depth", f"entries times the {layout.words_per_entry} words that one takes")
    hashes, found = described.inner("files"), {}
    for ending, form in FORMATS.items():
        path = folder / f"{name}.{ending}"
        if path.exists():
            data = read_bytes(path)
            found[ending] = form.read(data, str(path), layout.word_bits, depth)
            _check_hash(path, data, hashes)
    if not found:
        raise EdgeSastError(
            f"{folder}: has no {name}.{', .'.join(FORMATS)}; one of them must be there: export again"
        )
    first, words = next(iter(found.items()))
    for ending, others in found.items():
        if others != words:
            at = next(i for i in range(depth) if others[i] != words[i])
            raise EdgeSastError(
                f"{folder / name}.{ending}: word {at} is {others[at]:#x}, {words[at]:#x} in {name}.{first}; "
                "export again"
            )
    return ReadMemory(name, words, layout.unpack(words), tuple(found))


def _field(described: Fields) -> Field:
    encoding = described.choice("encoding", str, (UNSIGNED, TWOS_COMPLEMENT, SIGN))
    bits = described.whole("bits", 1, 1 if encoding == SIGN else 32)
    return Field(described.text("name"), bits, encoding, described.choice("lanes", int, LANES))


def _check_hash(path: Path, data: bytes, hashes: Fields) -> None:
    digest = hashlib.sha256(data).hexdigest()
    told = hashes.text(path.name)
    if digest != told:
        raise EdgeSastError(f"{path}: SHA-256 is {digest[:16]}, {DOCUMENT} says {told[:16]}; export again")
