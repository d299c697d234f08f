"""Fan-out tables against a search over every output and kernel position."""

import itertools

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import OrPool, Shape
from edge_sast.model.reach import AxisReach, axis_reach, output_size
from edge_sast.runtime.fan_out import KernelColumns, fan_out, kernel_columns, pool_targets


def test_pool_targets_drop_incomplete_windows():
    shape = Shape(5, 3, 2)
    targets = pool_targets(2, shape, OrPool(2).output(shape)).reshape(5, 3, 2)
    assert targets[..., 0].tolist() == [[0, 0, -1], [0, 0, -1], [2, 2, -1], [2, 2, -1], [-1, -1, -1]]
    assert targets[0, 0].tolist() == [0, 1]


def test_fan_out_refuses_weights_beyond_int32():
    axis = AxisReach(np.zeros(1, np.int64), np.ones((1, 3), np.int32))
    with pytest.raises(
        EdgeSastError, match=r"^weight has 3000000000 entries; the runtime takes at most 2\^31 - 1$"
    ):
        fan_out(
            axis, KernelColumns(axis.order, np.ones((1, 3), np.int32), 1), (1, 1, 60_000, 50_000), 1, 1, 1
        )


def test_columns_that_are_added_hold_the_kernel_or_zeros():
    """For each input column, what is added at each output column from its first on."""
    for size, kernel, stride, padding in itertools.product(range(1, 10), range(1, 7), range(1, 5), range(4)):
        width = output_size(size, kernel, stride, padding)
        if width < 1:
            continue
        columns = kernel_columns(axis_reach(size, kernel, stride, padding), stride, width)
        weights = np.append(np.arange(1, kernel + 1), 0)[
            columns.order
        ]  # kernel position + 1, and the column of zeros
        added = columns.added
        for column, (first, reached, place) in enumerate(columns.reach.tolist()):
            outputs = np.zeros(width, int)
            outputs[first : first + added] = weights[place : place + added]
            positions = column + padding - stride * np.arange(width)
            wanted = np.where((positions >= 0) & (positions < kernel), positions + 1, 0)
            assert not reached or outputs.tolist() == wanted.tolist(), (size, kernel, stride, padding, column)
            assert reached == np.count_nonzero(wanted) <= added
            assert 0 <= first <= width - added
            assert 0 <= place <= len(columns.order) - added
