"""What a page tells of: runs, models and files of figures, read and measured by whoever wants the page."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_sast.report.figures import Figures


@dataclass(frozen=True)
class Histogram:
    """edges: n + 1; shares: n, of all values, which sum to 1."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class LayerWeights:
    """Weights of a layer in units of their channel's scale, and the integers that they became.

    error: root of the mean square of what rounding changed, in scales. clipped: share of the weights that lay beyond
    the largest integer. zeros: share of the integers that are 0.
    """

    name: str
    bits: int
    count: int
    before: Histogram
    after: Histogram
    error: float
    clipped: float
    zeros: float


@dataclass(frozen=True)
class LayerMembranes:
    """Membranes of a layer after every step. threshold: lowest and highest of its neurons; None of a read-out.

    limits: of the state. at_limit: how many membranes stood at one. rate: spikes per neuron and step.
    """

    name: str
    shown: Histogram
    threshold: tuple[int, int] | None
    limits: tuple[int, int]
    lowest: int
    highest: int
    at_limit: int
    count: int
    rate: float


@dataclass(frozen=True)
class LayerIntegers:
    """Weights of a layer of an integer model. zeros, largest: shares of its integers that are 0, and at their limit.

    agreement, apart: with the widest model of its group, see edge_sast.evaluation.integers; apart in its own integers.
    """

    name: str
    bits: int
    count: int
    shown: Histogram
    zeros: float
    largest: float
    agreement: float
    apart: float


@dataclass(frozen=True)
class Built:
    """A model among others that are roundings of the same floats. layers: those with weights.

    run, name: label of the run whose integers these are, and what figures call them, such as int8; "" if not known.
    """

    label: str
    model_hash: str
    layers: Sequence[LayerIntegers]
    run: str = ""
    name: str = ""


@dataclass(frozen=True)
class ModelInput:
    """An integer model. described, memory: figures of `edge-sast inspect`."""

    label: str
    path: str
    described: Mapping[str, Any]
    memory: Mapping[str, Any]
    line: str


@dataclass(frozen=True)
class RunInput:
    """A trained network. settings: of its config; usual: their defaults. metrics: a mapping for each epoch."""

    label: str
    path: str
    settings: Mapping[str, Any]
    usual: Mapping[str, Any]
    metrics: Sequence[Mapping[str, Any]]
    epoch: int
    total: int
    classes: Sequence[str]
    weights: Sequence[LayerWeights]


@dataclass(frozen=True)
class Watched:
    """A network on a recording. page: that plays it."""

    label: str
    recording: str
    said: str
    page: str
    line: str
    layers: Sequence[LayerMembranes]


@dataclass(frozen=True)
class FiguresInput:
    """A file that a command wrote with --json."""

    label: str
    found: Figures

    @property
    def line(self) -> str:
        return self.found.line

    @property
    def values(self) -> dict[str, Any]:
        return self.found.values


@dataclass(frozen=True)
class Inputs:
    """labels: of runs and models, by their real path. line: the command that makes the page.

    unwatched: label of a network and why a recording does not suit it, for each that does not.
    widths: groups of models that differ in their weights' bits, the widest of each first.
    """

    line: str
    runs: Sequence[RunInput] = ()
    models: Sequence[ModelInput] = ()
    figures: Sequence[FiguresInput] = ()
    watched: Sequence[Watched] = ()
    unwatched: Sequence[tuple[str, str]] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    widths: Sequence[Sequence[Built]] = ()

    def of(self, *commands: str) -> Iterator[FiguresInput]:
        return (each for each in self.figures if each.found.command in commands)

    def label(self, path: str) -> str:
        """Of a run or model that figures name by its path."""
        return self.labels.get(os.path.realpath(path)) or Path(path).name or path


@dataclass(frozen=True)
class Judged:
    """Figures of every pass of one network, or of several that differ in their seed. of: of several, how many."""

    label: str
    line: str
    figures: Mapping[str, Any]
    of: int = 1

    def passes(self) -> dict[str, Mapping[str, Any]]:
        """Those that `edge-sast evaluate` measures, in its order."""
        return {
            name: each
            for name, each in self.figures.items()
            if isinstance(each, Mapping) and "synops_per_sample" in each
        }


def judged(inputs: Inputs) -> list[Judged]:
    """Of every file of `evaluate` and `demo`: each run, then the mean of several."""
    found = []
    for each in inputs.of("evaluate", "demo"):
        runs = each.values.get("runs")
        if runs is None:
            path = each.values.get("run")
            found.append(Judged(inputs.label(path) if path else each.label, each.line, each.values))
            continue
        found += [Judged(inputs.label(run["run"]), each.line, run) for run in runs]
        found.append(Judged(f"mean of {len(runs)} seeds", each.line, each.values["summary"], len(runs)))
    return found
