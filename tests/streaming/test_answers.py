"""Answers against the rule said slowly: what `hold` decisions in a row have said."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.streaming.answers import NOTHING, Answers, margins
from edge_sast.streaming.stream import Decisions


def decided(outputs):
    outputs = np.array(outputs, np.int32)
    none = np.zeros(len(outputs), np.int64)
    return Decisions(none, none, none, outputs.argmax(axis=1), none, none > 0, none, outputs, none)


def slowly(outputs, margin, hold):
    said, answers, answer = [], [], NOTHING
    for row in outputs:
        best, *others = sorted(row, reverse=True)
        lead = best - others[0] if others else best
        said.append(row.index(best) if lead >= margin else NOTHING)
        if len(said) >= hold and len(set(said[-hold:])) == 1:
            answer = said[-1]
        answers.append(answer)
    return answers


@given(data=st.data(), classes=st.integers(1, 4), margin=st.integers(0, 4), hold=st.integers(1, 4))
def test_answers_are_the_rule(data, classes, margin, hold):
    row = st.lists(st.integers(-3, 3), min_size=classes, max_size=classes)
    outputs = data.draw(st.lists(row, min_size=1, max_size=40))
    answers, got = Answers(margin, hold), []
    cut = data.draw(st.integers(0, len(outputs)))
    for part in (outputs[:cut], outputs[cut:]):
        got += answers.take(decided(part)).tolist() if part else []
    assert got == slowly(outputs, margin, hold)


def test_margins_do_not_overflow():
    top = 2**31 - 1
    assert margins(np.array([[top, -top - 1], [5, 5]], np.int32)).tolist() == [2 * top + 1, 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hold": 0}, "--hold 0 is out of range; choose 1 or more decisions"),
        ({"margin": -1}, "--margin -1 is out of range; choose 0 or more"),
    ],
)
def test_values_that_cannot_be(values, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Answers(**values)
