"""The margin that --early chooses, against a search through all of them by running the model with each."""

from dataclasses import replace

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.early import StepAnswers, choose_margin, step_answers
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten, Integrator, Linear
from edge_sast.model.model import Model
from edge_sast.runtime import Simulator
from tests.early import leads, random_early_model
from tests.strategies import binned


def slow_margin(found: StepAnswers, loss: float) -> int | None:
    """From the largest lead down, recording by recording, until one costs too much."""
    n, steps = found.leads.shape
    whole = sum(bool(row[-1]) for row in found.right)
    chosen = None
    ending = {int(row[t]) for row in found.leads for t in range(steps - 1) if row[t] > max([0, *row[:t]])}
    for margin in sorted(ending, reverse=True):
        right = 0
        for row, answers in zip(found.leads.tolist(), found.right.tolist(), strict=True):
            step = next((t for t in range(steps - 1) if row[t] >= margin), steps - 1)
            right += answers[step]
        if (whole - right) * 100 > loss * n:
            return chosen
        chosen = margin
    return chosen


@pytest.mark.parametrize("seed", range(60))
def test_the_chosen_margin_is_that_of_the_slow_search(seed):
    rng = np.random.default_rng([seed, 5])
    n, steps = int(rng.integers(1, 40)), int(rng.integers(1, 9))
    leads = rng.integers(0, int(rng.choice([2, 6, 1000])), (n, steps))
    right = rng.random((n, steps)) < rng.choice([0.3, 0.9]) + 0.1 * np.arange(steps) / steps
    found = StepAnswers(leads, right)
    for loss in (0, 0.2, 2.5, 10, 25, 50, 100):
        assert choose_margin(found, loss) == slow_margin(found, loss), loss


def test_a_loss_of_a_whole_number_of_recordings_is_allowed():
    """Of 1,000 recordings 0.3 points are three, which 0.3 * 1000 / 100 in floats is not."""
    leads = np.repeat(np.arange(1000, 0, -1)[:, None], 2, axis=1)
    right = np.stack([np.arange(1000) >= 3, np.ones(1000, bool)], axis=1)
    assert choose_margin(StepAnswers(leads, right), 0.3) == 1
    right[3, 0] = False
    assert choose_margin(StepAnswers(leads, right), 0.3) == 998


def test_no_margin_keeps_a_loss_that_the_largest_lead_exceeds():
    leads, right = np.array([[9, 1], [3, 1]]), np.array([[False, True], [True, True]])
    assert choose_margin(StepAnswers(leads, right), 0) is None
    assert choose_margin(StepAnswers(np.zeros((2, 4), int), np.ones((2, 4), bool)), 100) is None


@pytest.mark.parametrize(
    ("classes", "steps", "message"),
    [
        (1, 4, "--early: the model has one class, which leads no other; give a model of two or more"),
        (2, 1, "--early: the model has one step, with which it ends; give a model of two or more"),
    ],
)
def test_a_model_that_no_margin_ends_is_refused(classes, steps, message):
    zeros = np.zeros(classes, np.int32)
    layer = Linear(np.ones((2, classes), np.int8), 3, Integrator(zeros, zeros, (), 31))
    model = Model(Binning(1, 1, 0, 1000, steps, 1), (Flatten(), layer), ("a", "b")[:classes])
    with pytest.raises(EdgeSastError) as error:
        step_answers(model, binned(model, [np.ones((steps, 1, 1, 2), np.uint8)]))
    assert str(error.value) == message


@pytest.mark.parametrize("seed", range(6))
def test_answers_after_each_step_are_the_oracles(seed):
    """And a margin gives the accuracy and steps that they say."""
    model, dense = random_early_model(np.random.default_rng([seed, 6]), 5)
    recordings = binned(model, dense)
    found = step_answers(model, recordings)
    assert found.leads.tolist() == [leads(model, counts) for counts in dense]
    margin = choose_margin(found, 100)
    assert margin is not None
    result = Simulator(replace(model, early_margin=margin)).run(recordings)
    reached = [np.flatnonzero(row[:-1] >= margin) for row in found.leads]
    steps = [int(at[0]) + 1 if len(at) else model.binning.steps for at in reached]
    assert result.steps.tolist() == steps
    assert result.accuracy == np.mean([found.right[i, n - 1] for i, n in enumerate(steps)])
