"""The forms that figures take, each a JSON Schema: one call says what a figure is, its unit, and when it is there.

Objects are closed: every key is named, and is there unless `maybe` says when. So a schema refuses a figure that nobody
described, and one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Maybe:
    """A key that is not always there."""

    schema: Schema


def number(text: str, unit: str, least: float | None = None, most: float | None = None) -> Schema:
    """A real number. text: what it is. unit: in plain words, "milliseconds"."""
    return {"type": "number", **_limits(least, most), "description": f"{text}, in {unit}."}


def integer(text: str, unit: str = "", least: int | None = None, most: int | None = None) -> Schema:
    """A whole number. unit: empty where the text names what is counted."""
    told = f"{text}, in {unit}." if unit else f"{text}."
    return {"type": "integer", **_limits(least, most), "description": told}


def count(text: str) -> Schema:
    """A number of things, which the text names."""
    return integer(text, least=0)


def size(text: str) -> Schema:
    """Of memory."""
    return integer(text, "bytes", least=0)


def mean(text: str) -> Schema:
    """A mean of counts, or a ratio, which the text explains: a number of 0 or more."""
    return {"type": "number", "minimum": 0, "description": f"{text}."}


def share(text: str) -> Schema:
    """A part of a whole, such as an accuracy."""
    return {"type": "number", "minimum": 0, "maximum": 1, "description": f"{text}, from 0 to 1."}


def words(text: str) -> Schema:
    return {"type": "string", "description": f"{text}."}


def digest(text: str) -> Schema:
    """SHA-256."""
    return {
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
        "description": f"{text}, as 64 hexadecimal digits.",
    }


def flag(text: str) -> Schema:
    return {"type": "boolean", "description": f"{text}."}


def one_of(text: str, *values: str | int) -> Schema:
    return {"enum": list(values), "description": f"{text}."}


def array(text: str, items: Schema, least: int = 0, most: int | None = None) -> Schema:
    """least, most: number of items."""
    length = {"minItems": least, **({} if most is None else {"maxItems": most})}
    return {"type": "array", **length, "items": items, "description": f"{text}."}


def table(text: str, values: Schema, keys: str = "") -> Schema:
    """An object whose keys are names that the recordings, boards or files bring. keys: a pattern for them."""
    held = {"patternProperties": {keys: values}, "additionalProperties": False} if keys else None
    return {"type": "object", **(held or {"additionalProperties": values}), "description": f"{text}."}


def record(
    text: str,
    properties: Mapping[str, Schema | Maybe],
    together: Iterable[Sequence[str]] = (),
    patterns: Mapping[str, Schema] | None = None,
) -> Schema:
    """An object of known keys. together: groups of `maybe` keys, of which all are there or none.

    patterns: regular expressions of further keys, and what these hold.
    """
    plain = {name: each.schema if isinstance(each, Maybe) else each for name, each in properties.items()}
    required = [name for name, each in properties.items() if not isinstance(each, Maybe)]
    needs = {name: [other for other in group if other != name] for group in together for name in group}
    return {
        "type": "object",
        "description": f"{text}.",
        "properties": plain,
        **({"patternProperties": dict(patterns)} if patterns else {}),
        "required": required,
        **({"dependentRequired": needs} if needs else {}),
        "additionalProperties": False,
    }


def maybe(when: str, schema: Schema) -> Maybe:
    """A key that is left out. when: it is there, as "with --early"."""
    return Maybe({**schema, "description": f"{schema['description']} Only {when}."})


def or_null(when: str, schema: Schema) -> Schema:
    """A value that may be null. when: it is, as "where nothing was read"."""
    told = {"description": f"{schema['description']} Null {when}."}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"], **told}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None], **told}
    return {"anyOf": [schema, {"type": "null"}], **told}


def _limits(least: float | None, most: float | None) -> Schema:
    limits = {"minimum": least, "maximum": most}
    return {name: value for name, value in limits.items() if value is not None}
