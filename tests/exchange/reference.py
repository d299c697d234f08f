"""Reference networks of other tools, with the spikes that each tool gave: shared/data/nir, or EDGE_SAST_DATA/nir."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

DATA = Path(os.environ.get("EDGE_SAST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "nir"
NAMES = (
    "norse_conv",
    "norse_linear",
    "sinabs_conv",
    "sinabs_conv_many",
    "sinabs_linear",
    "snntorch_conv",
    "snntorch_linear",
    "snntorch_linear_if",
    "spikingjelly_conv",
    "spikingjelly_linear",
)


@dataclass(frozen=True, eq=False)
class Reference:
    """input: uint8 [T, 2, H, W] or [T, N]; spikes: of both layers, channel first, uint8 [T, ...]."""

    name: str
    path: Path
    input: np.ndarray
    spikes: tuple[np.ndarray, np.ndarray]
    rules: dict

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns that stand for the input."""
        return self.input.shape[2:] if self.input.ndim == 4 else (4, self.input.shape[1] // 8)

    def counts(self) -> np.ndarray:
        """uint8 [T, H, W, 2]."""
        rows, columns = self.grid
        return self.input.reshape(-1, 2, rows, columns).transpose(0, 2, 3, 1)


def reference(name: str) -> Reference:
    path = DATA / f"{name}.nir"
    if not path.exists():
        pytest.skip(f"no reference networks in {DATA}; set EDGE_SAST_DATA to a folder that holds nir/")
    with np.load(DATA / f"{name}.npz") as file:
        spikes = file["spikes_1"], file["spikes_2"]
        return Reference(name, path, file["input"], spikes, json.loads(str(file["rules"])))


def channel_last(spikes: np.ndarray) -> np.ndarray:
    """[T, neurons], in our order."""
    if spikes.ndim == 4:
        spikes = spikes.transpose(0, 2, 3, 1)
    return spikes.reshape(len(spikes), -1)


def import_words(given: Reference, tool: str) -> list[str]:
    """`edge-sast import` of it by a tool's rules, but for where to."""
    words = ["import", str(given.path), "--from", tool]
    return [*words, "--sensor", "8x4", "--dt-us", "1000", "--steps", "20"]
