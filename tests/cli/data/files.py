"""Event files for the tests of `edge-sast data`, and the command itself."""

from pathlib import Path

import numpy as np

from edge_sast.cli.main import main
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import read_file


def run(*argv: object) -> int:
    """`edge-sast data ...`."""
    return main(["data", *map(str, argv)])


def write(path: Path, rows) -> np.ndarray:
    """An ATIS file of (t, x, y, p); returns its events."""
    events = np.array([tuple(row) for row in rows], EVENT_DTYPE)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write_recording_atis(events))
    return events


def rows_of(path: Path) -> list[tuple[int, int, int, int]]:
    """The events of a file."""
    return read_file(path).events.tolist()
