"""What an operation costs: energies in picojoules, with their source, or as a file of the user's says them.

The table here is M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014: a 45 nm process
at 0.9 V, 64 bits of a cache of 8 KB, of 32 KB, and of DRAM (1,300 to 2,600 pJ, of which this is the lower end).
"""

from __future__ import annotations

import json
import math
import reprlib
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes

MAX_BYTES = 1 << 16  # eight keys and comments; more is no such file
MOST = 1e9  # pJ: a millijoule for one operation is no price of one
ACCESS_BITS = 64  # of one access to memory


@dataclass(frozen=True)
class Prices:
    """pJ of an addition or multiplication, and of 64 bits that a level of memory gives or takes."""

    source: str
    add_float32: float
    multiply_float32: float
    add_int32: float
    multiply_int8: float
    scratchpad: float
    buffer: float
    dram: float


HOROWITZ = Prices(
    "45 nm, 0.9 V, Horowitz 2014",
    add_float32=0.9,
    multiply_float32=3.7,
    add_int32=0.1,
    multiply_int8=0.2,
    scratchpad=10.0,
    buffer=20.0,
    dram=1300.0,
)
NAMES = tuple(f.name for f in fields(Prices))


def read_prices(path: str | None) -> Prices:
    """The prices of a file, TOML or (where its name ends in .json) JSON; Horowitz's where path is None.

    Raises:
        EdgeSastError: no such file, no TOML or JSON, a key that is unknown or missing, or a value that is no price.
    """
    if path is None:
        return HOROWITZ
    values = _table(read_bytes(Path(path)), path)
    for name in values:
        if name not in NAMES:
            raise EdgeSastError(f"{path}: key {_brief(name)} is unknown; it holds {', '.join(NAMES)}")
    for name in NAMES:
        if name not in values:
            raise EdgeSastError(f"{path}: {name} is missing; give {', '.join(NAMES)}")
    source = values["source"]
    if not isinstance(source, str) or not source.strip() or len(source) > 200:
        raise EdgeSastError(
            f"{path}: source is {_brief(source)}; write in up to 200 characters where the prices come from"
        )
    return Prices(source, **{name: _price(values[name], name, path) for name in NAMES[1:]})


def _price(value: Any, name: str, path: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= MOST or not math.isfinite(value):
        raise EdgeSastError(f"{path}: {name} is {_brief(value)}; it must be 0 to {MOST:g}, in pJ")
    return float(value)


def _table(data: bytes, path: str) -> dict[str, Any]:
    form = "JSON" if path.lower().endswith(".json") else "TOML"
    example = '{"add_int32": 0.1, …}' if form == "JSON" else "add_int32 = 0.1"
    if len(data) > MAX_BYTES:
        raise EdgeSastError(
            f"{path}: has {len(data)} bytes; it may have {MAX_BYTES}: keep to {', '.join(NAMES)}"
        )
    try:
        table = json.loads(data.decode()) if form == "JSON" else tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no UTF-8, not of that form, or nested too deep
        raise EdgeSastError(
            f"{path}: is not {form} ({' '.join(str(error).split())}); write prices such as {example}"
        ) from error
    if not isinstance(table, dict):
        raise EdgeSastError(f"{path}: is {_brief(table)}; write prices such as {example}")
    return table


def _brief(value: Any) -> str:
    """A value as a message can show it: a file may hold anything of any size."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 80
    return short.repr(value)
