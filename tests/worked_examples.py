"""The worked examples of docs/arithmetic.md, read out of the page itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_sast.events.binning import Binning
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Integrator,
    Layer,
    Lif,
    Linear,
    OrPool,
    RecurrentLinear,
    SumPool,
)
from edge_sast.model.model import Model

PAGE = Path(__file__).parent.parent / "docs" / "arithmetic.md"
_PLAIN = {"or_pool": OrPool, "sum_pool": SumPool, "flatten": Flatten}
_WEIGHTED = {"conv2d": Conv2d, "linear": Linear, "recurrent_linear": RecurrentLinear}


@dataclass(frozen=True)
class Example:
    """name: its heading. counts: [T, H, W, 2]. steps: what each step is to give, as the page writes it."""

    name: str
    model: Model
    counts: np.ndarray
    steps: list[dict[str, Any]]
    outputs: list[int]
    winner: int


def examples() -> list[Example]:
    """Every heading with a JSON block in the last section of the page."""
    section = PAGE.read_text(encoding="utf-8").split("## 9. Worked examples")[1]
    blocks = re.findall(r"^### (.*?)\n.*?^```json\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    return [_example(name, json.loads(text)) for name, text in blocks]


def _example(name: str, entry: dict[str, Any]) -> Example:
    grid = Binning(**entry["input"])
    layers = tuple(_layer(dict(fields)) for fields in entry["layers"])
    counts = np.zeros((grid.steps, grid.neurons), int)
    for t, active in enumerate(entry["counts"]):
        for neuron, count in active.items():
            counts[t, int(neuron)] = count
    classes = tuple(f"class {i}" for i in range(len(entry["outputs"])))
    model = Model(grid, layers, classes, early_margin=entry.get("early", {}).get("margin"))
    shape = (grid.steps, grid.height, grid.width, 2)
    return Example(name, model, counts.reshape(shape), entry["steps"], entry["outputs"], entry["winner"])


def _layer(fields: dict[str, Any]) -> Layer:
    kind = fields.pop("kind")
    if kind in _PLAIN:
        return _PLAIN[kind](**fields)
    neuron = dict(fields.pop("neuron"))
    build = Integrator if neuron.pop("kind") == "integrator" else Lif
    arrays = {
        name: np.array(neuron.pop(name))
        for name in ("threshold", "amount", "bias", "initial")
        if name in neuron
    }
    for name in ("weight", "recurrent"):
        if name in fields:
            fields[name] = np.array(fields[name])
    return _WEIGHTED[kind](**fields, neuron=build(**arrays, **neuron))
