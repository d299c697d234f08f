from firmware_gen.c_gen.tables import pool_axis


def test_pool_axis_drops_left_over():
    assert pool_axis(5, 2, 2) == [(0, 1), (0, 1), (1, 1), (1, 1), (0, 0)]
