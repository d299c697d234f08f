"""What is said of a stream's decisions: nothing where the margin is small, and no change of mind at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.streaming.stream import Decisions

NOTHING = -1


def margins(outputs: np.ndarray) -> np.ndarray:
    """int64 [n]: the largest output less the second largest; the output itself where there is one class.

    outputs: int32 [n, classes].
    """
    wide = outputs.astype(np.int64)
    if wide.shape[1] == 1:
        return wide[:, 0]
    two = np.partition(wide, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


@dataclass
class Answers:
    """The answer after each decision.

    A decision says "nothing" where its margin is below `margin`, else its class. The answer becomes what `hold`
    decisions in a row have said, and is nothing until then.

    Attributes:
        margin: 0 lets every class pass. hold: 1 takes every decision at its word.

    Raises:
        EdgeSastError: hold below 1, or a margin below 0.
    """

    margin: int = 0
    hold: int = 1
    answer: int = NOTHING
    said: int = NOTHING
    times: int = 0

    def __post_init__(self) -> None:
        if self.hold < 1:
            raise EdgeSastError(f"--hold {self.hold} is out of range; choose 1 or more decisions")
        if self.margin < 0:
            raise EdgeSastError(f"--margin {self.margin} is out of range; choose 0 or more")

    def take(self, decisions: Decisions) -> np.ndarray:
        """int64 [n]: the answer after each decision, a class or NOTHING."""
        says = np.where(margins(decisions.outputs) >= self.margin, decisions.classes, NOTHING)
        answers = np.empty(len(says), np.int64)
        for number, said in enumerate(says.tolist()):
            self.times = self.times + 1 if said == self.said else 1
            self.said = said
            if self.times >= self.hold:
                self.answer = said
            answers[number] = self.answer
        return answers
