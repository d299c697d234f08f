import itertools

from firmware_gen.c_gen.tables import conv_axis, pool_axis


def test_conv_axis_against_every_pair():
    """Each input, output and tap that the definition connects is reached, once, and nothing else."""
    for size, kernel, stride, padding in itertools.product(range(1, 9), range(1, 6), range(1, 5), range(4)):
        outputs = (size + 2 * padding - kernel) // stride + 1
        if outputs < 1:
            continue
        axis = conv_axis(size, kernel, stride, padding, outputs)
        assert sorted(axis.order) == list(range(kernel))
        reached = {
            (i, first + n, axis.order[tap + n])
            for i, (first, count, tap) in enumerate(axis.entries)
            for n in range(count)
        }
        wanted = {
            (o * stride + k - padding, o, k)
            for o in range(outputs)
            for k in range(kernel)
            if 0 <= o * stride + k - padding < size
        }
        assert reached == wanted
        assert sum(count for _, count, _ in axis.entries) == len(wanted)


def test_pool_axis_drops_left_over():
    assert pool_axis(5, 2, 2) == [(0, 1), (0, 1), (1, 1), (1, 1), (0, 0)]
