"""Models that answer early, for tests: with margins that really end some of the recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from edge_sast.model.layers import Integrator
from edge_sast.model.model import Model
from tests.oracle import OracleResult, oracle_run
from tests.strategies import random_input, random_model


def step_outputs(model: Model, result: OracleResult) -> list[list[int]]:
    """What section 5 gives after each step of the oracle's."""
    last = [step.layers[-1] for step in result.steps]
    if isinstance(model.layers[-1].neuron, Integrator):
        return [layer.membranes for layer in last]
    counts = np.cumsum([layer.spikes for layer in last], axis=0)
    return [row.tolist() for row in counts]


def leads(model: Model, counts: np.ndarray) -> list[int]:
    """By how much the largest output leads the second, after each step of a whole recording."""
    whole = replace(model, early_margin=None)
    ordered = [sorted(outputs) for outputs in step_outputs(whole, oracle_run(whole, counts))]
    return [outputs[-1] - outputs[-2] for outputs in ordered]


def early_model(model: Model, dense: Sequence[np.ndarray], choose: Callable[[int, int], int]) -> Model:
    """The model with a lead that occurs, or one more than one, as its margin. choose: a number from its first argument
    to its last. None of a model with one class."""
    if len(model.classes) < 2:
        return model
    found = sorted({lead for counts in dense for lead in leads(model, counts)})
    margin = found[choose(0, len(found) - 1)] + choose(0, 1)
    return replace(model, early_margin=max(margin, 1))


def random_early_model(rng: np.random.Generator, recordings: int = 3) -> tuple[Model, list[np.ndarray]]:
    """A small model that ends one of these recordings before its last step, and the recordings."""
    while True:
        model = random_model(rng)
        dense = [random_input(rng, model) for _ in range(recordings)]
        model = early_model(model, dense, lambda low, high: int(rng.integers(low, high, endpoint=True)))
        steps = model.binning.steps
        if model.early_margin and any(len(oracle_run(model, counts).steps) < steps for counts in dense):
            return model, dense
