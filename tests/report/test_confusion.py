"""Confusion counted."""

import numpy as np

from edge_sast.report.confusion import confusion


def test_rows_are_labels_and_columns_answers():
    labels = np.array([0, 0, 0, 2, 2, -1])
    answers = np.array([0, 1, 0, 2, 0, 1])
    assert confusion(labels, answers, 3) == [[2, 1, 0], [0, 0, 0], [1, 0, 1]]
