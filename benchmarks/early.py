"""What a margin keeps on recordings that did not choose it: one for all steps, beside one for each step.

    python benchmarks/early.py examples/nmnist-int8.safetensors --data valid.zip

Margins are chosen on one half of the recordings and judged on the other, both ways, for five random splits. One margin
is that of `edge-sast calibrate --early`. A margin for each step: dynamic programming from the last step back, with a
price for each step; of 40 prices the one with the fewest steps that keeps the loss on the choosing half.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.early import StepAnswers, choose_margin, step_answers
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table

NEVER = np.iinfo(np.int64).max
LOSSES = (0.0, 0.2, 0.5, 1.0)
SPLITS = 5
PRICES = np.geomspace(1e-5, 1, 40)  # wrong answers that a step is worth


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL")
    add_data_arguments(parser)
    args = parser.parse_args()
    model = modelfile.load(args.model)
    answers = step_answers(model, load_split(model.binning, model.classes, data_options(args)).binned)
    rows = []
    for loss in LOSSES:
        for name, choose in (("one margin", one_margin), ("one for each step", step_margins)):
            found = np.array([judged(*halves, choose, loss) for halves in splits(answers)])
            rows.append([f"{loss:g}", name, *(f"{value:.2f}" for value in found.mean(axis=0))])
    print_table(rows, ["allowed", "margins", "lost on the other half", "steps"])
    return 0


def splits(answers: StepAnswers) -> list[tuple[StepAnswers, StepAnswers]]:
    """Halves that choose and judge."""
    found = []
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(answers.leads))
        half = len(order) // 2
        for rows in ((order[:half], order[half:]), (order[half:], order[:half])):
            found.append(tuple(StepAnswers(answers.leads[part], answers.right[part]) for part in rows))
    return found


def judged(chosen_on: StepAnswers, others: StepAnswers, choose, loss: float) -> tuple[float, float]:
    """Percentage points that the margins lose on the others, and their steps."""
    right, steps = ended(others, choose(chosen_on, loss))
    return 100 * (others.right[:, -1].mean() - right), steps


def ended(answers: StepAnswers, margins: NDArray[np.int64]) -> tuple[float, float]:
    """Accuracy and mean steps with a margin (int64 [T - 1]) after each step but the last."""
    n = len(answers.leads)
    reached = np.concatenate([answers.leads[:, :-1] >= margins, np.ones((n, 1), bool)], axis=1).argmax(axis=1)
    return float(answers.right[np.arange(n), reached].mean()), float(reached.mean()) + 1


def one_margin(answers: StepAnswers, loss: float) -> NDArray[np.int64]:
    margin = choose_margin(answers, loss)
    return np.full(answers.leads.shape[1] - 1, NEVER if margin is None else margin)


def step_margins(answers: StepAnswers, loss: float) -> NDArray[np.int64]:
    floor = answers.right[:, -1].mean() - loss / 100 - 1e-9
    tried = [priced(answers, price) for price in PRICES]
    kept = [margins for margins in tried if ended(answers, margins)[0] >= floor]
    return min(kept, key=lambda margins: ended(answers, margins)[1], default=one_margin(answers, loss))


def priced(answers: StepAnswers, price: float) -> NDArray[np.int64]:
    """Margins that make wrong answers and paid steps the fewest, each given those of the steps after it."""
    leads, wrong = answers.leads, ~answers.right
    steps = leads.shape[1]
    cost = wrong[:, -1] + price * steps
    margins = np.full(steps - 1, NEVER)
    for step in range(steps - 2, -1, -1):
        now = wrong[:, step] + price * (step + 1)
        order = np.argsort(-leads[:, step], kind="stable")
        values, saved = leads[order, step], np.cumsum((cost - now)[order])
        saved[:-1][values[1:] == values[:-1]] = -np.inf  # recordings of one lead end together
        if saved.max() > 0:
            margins[step] = values[saved.argmax()]
        cost = np.where(leads[:, step] >= margins[step], now, cost)
    return margins


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"early: {error}", file=sys.stderr)
        sys.exit(2)
