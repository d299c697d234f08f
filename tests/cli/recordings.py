"""A small data set on disk: three classes of lines, as recordings in N-MNIST's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_sast.events.recording import make_events
from edge_sast.formats.atis import write_recording_atis

SIDE, STEPS, DT_US = 34, 4, 1000


def line_events(rng: np.random.Generator, kind: int) -> np.ndarray:
    """A row, a column or a diagonal that moves by a pixel each millisecond, with noise."""
    t, x, y, p = [], [], [], []
    start = int(rng.integers(8, 20))
    for step in range(STEPS):
        line = np.arange(4, 30)
        fixed = np.full(line.size, start + step)
        xs, ys = [(line, fixed), (fixed, line), (line, line)][kind]
        noise = rng.integers(0, SIDE, (2, 12))
        xs, ys = np.concatenate([xs, noise[0]]), np.concatenate([ys, noise[1]])
        x.append(xs)
        y.append(ys)
        t.append(np.sort(rng.integers(0, DT_US, xs.size)) + step * DT_US)
        p.append(rng.integers(0, 2, xs.size))
    t[0][0] = 0
    return make_events(*(np.concatenate(part) for part in (t, x, y, p)))


def write_lines(root: Path, per_class: dict[str, int], seed: int = 0) -> Path:
    """`<root>/<split>/<class>/<n>.bin`, so many recordings of each class in each split."""
    rng = np.random.default_rng(seed)
    for split, count in per_class.items():
        for kind, name in enumerate(("row", "column", "diagonal")):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i:03}.bin").write_bytes(write_recording_atis(line_events(rng, kind)))
    return root
