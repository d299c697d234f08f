"""What inputs reach along one axis, against a search over every output and kernel position."""

import itertools

from edge_sast.model.reach import axis_reach, output_size


def test_every_input_output_and_kernel_position_that_meet():
    for size, kernel, stride, padding in itertools.product(range(1, 10), range(1, 7), range(1, 6), range(5)):
        outputs = (size + 2 * padding - kernel) // stride + 1
        assert output_size(size, kernel, stride, padding) == outputs
        if outputs < 1:
            continue
        axis = axis_reach(size, kernel, stride, padding)
        assert sorted(axis.order.tolist()) == list(range(kernel))
        for i in range(size):
            positions = [(o, i + padding - o * stride) for o in range(outputs)]
            met = [(o, k) for o, k in positions if 0 <= k < kernel]
            first, count, place = axis.reach[i].tolist()
            assert [(first + j, axis.order[place + j]) for j in range(count)] == met
            assert met or (first, count, place) == (0, 0, 0)
