"""The header of a safetensors file, read so that it can mean one thing only.

Of two equal names safetensors and Python's json take the last, other readers the first: no such file is taken.
"""

from __future__ import annotations

import json
from typing import Any

LENGTH_BYTES = 8  # little-endian, before the header
MAX_HEADER = 100_000_000  # bytes; safetensors takes no more


def read_header(data: bytes) -> dict[str, Any]:
    """The JSON object at the head of a file's bytes: tensors by name, and `__metadata__` where there is one.

    Raises ValueError (RecursionError where it is nested too deep) for a length that cannot be, a header that is no JSON
    object in UTF-8, and a name that stands twice in one object.
    """
    if len(data) < LENGTH_BYTES:
        raise ValueError(f"it has {len(data)} bytes, its header's length alone takes {LENGTH_BYTES}")
    length, rest = int.from_bytes(data[:LENGTH_BYTES], "little"), len(data) - LENGTH_BYTES
    if length > min(rest, MAX_HEADER):
        raise ValueError(f"its header takes {length} bytes, at most {min(rest, MAX_HEADER)} are possible")
    text = data[LENGTH_BYTES : LENGTH_BYTES + length].decode()
    if not text.startswith("{"):
        raise ValueError("its header is no JSON object")
    header: dict[str, Any] = parse_object(text)
    return header


def metadata_of(header: dict[str, Any]) -> dict[str, Any]:
    """The texts that a header holds beside its tensors; none where it has none."""
    found = header.get("__metadata__", {})
    if not isinstance(found, dict):
        raise ValueError("__metadata__ is no JSON object")
    return found


def parse_object(text: str) -> Any:
    """What JSON says. Raises ValueError where it is none, or a name stands twice in one object."""
    return json.loads(text, object_pairs_hook=_without_doubles)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name[:80]!r} stands twice in one object")
        found[name] = value
    return found
