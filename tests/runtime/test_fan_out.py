"""Fan-out tables against a search over every output and kernel position."""

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import OrPool, Shape
from edge_sast.model.reach import AxisReach
from edge_sast.runtime.fan_out import fan_out, pool_targets


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
        fan_out(axis, axis, (1, 1, 60_000, 50_000), 1, Shape(1, 1, 50_000))
