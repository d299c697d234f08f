"""`dataset.toml`: what a data set of files says of itself, in a file beside its class or split folders.

    dt_us = 15000        # length of a time step, µs
    steps = 20           # time steps of a recording
    sensor = "34x34"     # WIDTHxHEIGHT in pixels
    [parts]              # stored lists that divide a split: split_lists.py

Each key may be left out. Options on the command line win.
"""

from __future__ import annotations

import reprlib
import tomllib
from dataclasses import dataclass, field
from typing import Any

from edge_sast.datasets.dataset import OwnTime
from edge_sast.datasets.sources.split_lists import SplitLists, parse_split_lists
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import MAX_DT_US, MAX_STEPS
from edge_sast.events.recording import MAX_SIDE, parse_sensor

MAX_BYTES = 1 << 22  # lists of half a million recordings; more is no such file
KEYS = ("dt_us", "steps", "sensor", "parts")


@dataclass(frozen=True)
class DatasetToml:
    """The file's content; sensor: (width, height) in pixels; None where it says none of it."""

    time: OwnTime = field(default_factory=OwnTime)
    sensor: tuple[int, int] | None = None
    parts: SplitLists | None = None


def parse_dataset_toml(data: bytes, source: str) -> DatasetToml:
    """The content of a `dataset.toml`; `source` names it in messages.

    Raises:
        EdgeSastError: no TOML, an unknown key, or a value that the key cannot have.
    """
    values = _table(data, source)
    for key in values:
        if key not in KEYS:
            raise EdgeSastError(f"{source}: key {_brief(key)} is unknown; it may hold {', '.join(KEYS)}")
    dt_us = _whole(values, "dt_us", MAX_DT_US, source)
    steps = _whole(values, "steps", MAX_STEPS, source)
    parts = parse_split_lists(values["parts"], source) if "parts" in values else None
    return DatasetToml(OwnTime(dt_us, steps), _sensor(values, source), parts)


def _table(data: bytes, source: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise EdgeSastError(
            f"{source}: has {len(data)} bytes; it may have {MAX_BYTES}: keep to {', '.join(KEYS)}"
        )
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, or nested too deep
        raise EdgeSastError(
            f"{source}: is not TOML ({' '.join(str(error).split())}); write lines such as dt_us = 15000"
        ) from error


def _whole(values: dict[str, Any], key: str, most: int, source: str) -> int | None:
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise EdgeSastError(f"{source}: {key} is {_brief(value)}; it must be a whole number 1 to {most}")
    return value


def _sensor(values: dict[str, Any], source: str) -> tuple[int, int] | None:
    value = values.get("sensor")
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return parse_sensor(value)
    except EdgeSastError:  # speaks of an option
        pass
    raise EdgeSastError(
        f'{source}: sensor is {_brief(value)}; write "WIDTHxHEIGHT" in pixels, such as "34x34", sides 1 to {MAX_SIDE}'
    )


def _brief(value: Any) -> str:
    """A value as a message can show it: a file may hold anything of any size."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = 80
    return short.repr(value)
