"""The margin at which a model answers early, chosen on labelled recordings for an allowed loss of accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Integrator
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Simulator


@dataclass(frozen=True)
class StepAnswers:
    """What N whole recordings would answer after each of T steps.

    leads: int64 [N, T], the largest output less the second. right: bool [N, T], whether the answer is the label.
    """

    leads: NDArray[np.int64]
    right: NDArray[np.bool_]


def check_loss(points: float) -> None:
    """Raises EdgeSastError for a loss that --early cannot allow."""
    if not 0 <= points <= 100:
        raise EdgeSastError(f"--early is {points:g}; it must be 0 to 100 percentage points")


def step_answers(model: Model, binned: BinnedEvents) -> StepAnswers:
    """All steps of all recordings, whatever the model's own margin.

    Raises EdgeSastError as Simulator.run does, and for a model of one class or one step, which no margin ends.
    """
    if len(model.classes) < 2:
        raise EdgeSastError(
            "--early: the model has one class, which leads no other; give a model of two or more"
        )
    if model.binning.steps < 2:
        raise EdgeSastError(
            "--early: the model has one step, with which it ends; give a model of two or more"
        )
    simulator = Simulator(replace(model, early_margin=None))
    labels = simulator.run(binned, parallel=True).labels
    shape = len(binned), model.binning.steps
    found = StepAnswers(np.zeros(shape, np.int64), np.zeros(shape, np.bool_))
    for i in tqdm(range(len(binned)), desc="all steps", unit=" recordings", disable=None):
        outputs = _outputs(simulator, binned, i)
        ordered = np.sort(outputs, axis=1)
        found.leads[i] = ordered[:, -1] - ordered[:, -2]
        found.right[i] = outputs.argmax(axis=1) == labels[i]
    return found


def _outputs(simulator: Simulator, binned: BinnedEvents, i: int) -> NDArray[np.int64]:
    """[T, classes] after each step: docs/arithmetic.md, section 5."""
    trace, last = simulator.trace(binned, i), simulator.layers[-1]
    part = slice(last.start, last.stop)
    if isinstance(simulator.model.weighted()[-1][1].neuron, Integrator):
        return trace.membranes[:, part].astype(np.int64)
    return np.cumsum(trace.spikes[:, part], axis=0, dtype=np.int64)


def choose_margin(answers: StepAnswers, loss: float) -> int | None:
    """The smallest margin that keeps the accuracy, as all larger ones do.

    Tried are the leads at which recordings end: those before the last step that are larger than all before them.

    loss: percentage points by which accuracy on these recordings may fall below that of all steps, at most. None where
    the largest lead already costs more, or no lead is above 0.

    As the margin falls, a recording's last step moves from one record of its leads to the record before it; each move
    changes the number of right answers by -1, 0 or 1, and these are summed from the largest lead down.
    """
    leads, right = answers.leads[:, :-1], answers.right.astype(np.int64)
    n, last = leads.shape
    allowed = math.floor(loss * n / 100 + 1e-9)
    highest = np.maximum.accumulate(leads, axis=1)
    before = np.concatenate([np.zeros((n, 1), np.int64), highest[:, :-1]], axis=1)[:, :last]
    rows, steps = np.nonzero(highest > before)
    if not len(rows):
        return None
    following = np.append(steps[1:], last)
    following[np.append(rows[1:] != rows[:-1], True)] = last
    values, changes = highest[rows, steps], right[rows, steps] - right[rows, following]
    order = np.argsort(-values, kind="stable")
    values, lost = values[order], -np.cumsum(changes[order])
    whole = np.append(values[1:] != values[:-1], True)  # all recordings with this lead have moved
    margins, kept = values[whole], lost[whole] <= allowed
    good = len(kept) if kept.all() else int(np.argmin(kept))
    return int(margins[good - 1]) if good else None
