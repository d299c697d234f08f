import pytest
import torch

from edge_sast.errors import EdgeSastError
from trainer.network.quantise import MAX_THRESHOLD, quantise


def random_layer(seed=0, outputs=6, inputs=40):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(outputs, inputs, generator=generator) * 0.2, torch.randn(
        outputs, generator=generator
    ) * 0.1


@pytest.mark.parametrize("bits", range(2, 9))
def test_integers_are_in_range_and_close_to_the_floats(bits):
    weight, bias = random_layer()
    q = quantise(weight, None, bias, 1.0, bits, 1, 10)
    top = 2 ** (bits - 1) - 1
    assert float(q.weight.abs().max()) <= top
    for values in (q.weight, q.bias, q.threshold):
        assert torch.equal(values, values.round())
    scale = q.lsb * 2**q.weight_shift
    clipped = weight.clamp(-(top * scale)[:, None], (top * scale)[:, None])
    assert float((q.weight * scale[:, None] - clipped).abs().max()) <= float(scale.max()) / 2 + 1e-6
    assert float((q.threshold * q.lsb - 1.0).abs().max()) <= float(q.lsb.max()) / 2 + 1e-6
    assert float((q.bias * q.lsb - bias).abs().max()) <= float(q.lsb.max()) / 2 + 1e-6


def test_eight_bits_reach_the_largest_weight_of_each_channel():
    weight, bias = random_layer()
    q = quantise(weight, None, bias, 1.0, 8, 1, 10)
    assert q.weight.abs().amax(1).tolist() == [127.0] * 6


def test_few_bits_keep_a_fine_membrane():
    weight, bias = random_layer()
    q = quantise(weight, None, bias, 1.0, 2, 1, 10)
    assert q.weight_shift == 6
    assert set(q.weight.unique().tolist()) <= {-1.0, 0.0, 1.0}
    assert float(q.threshold.min()) > 64


def test_one_bit_is_the_sign_at_the_mean_size():
    weight, bias = random_layer()
    weight[0, 0] = 0.0
    q = quantise(weight, None, bias, 1.0, 1, 1, 10)
    assert q.weight_shift == 5
    assert torch.equal(q.weight, torch.where(weight < 0, -1.0, 1.0))
    torch.testing.assert_close(q.lsb * 32, weight.abs().mean(1))


def test_the_membrane_is_about_as_fine_at_any_width():
    weight, bias = random_layer(inputs=200)
    finest = quantise(weight, None, bias, 1.0, 8, 1, 10).lsb
    for bits in range(1, 8):
        ratio = quantise(weight, None, bias, 1.0, bits, 1, 10).lsb / finest
        assert 0.4 < float(ratio.min()) <= float(ratio.max()) < 2.0, bits


def slow_scale(row, bits):
    """The ratio of the largest weight that rounds one channel best, weight by weight in plain Python."""
    top = 2 ** (bits - 1) - 1
    largest = max(abs(w) for w in row) / top
    errors = {}
    for hundredths in range(100, 39, -5) if bits < 8 else [100]:
        s = largest * hundredths / 100
        errors[s] = sum((s * max(-top, min(top, round(w / s))) - w) ** 2 for w in row)
    return min(errors, key=errors.__getitem__)


@pytest.mark.parametrize("bits", range(2, 9))
def test_scales_round_with_the_least_squared_error(bits):
    weight, bias = random_layer(bits)
    q = quantise(weight, None, bias, 1.0, bits, 1, 10)
    want = torch.tensor([slow_scale(row, bits) for row in weight.double().tolist()])
    torch.testing.assert_close(q.lsb * 2**q.weight_shift, want.float())


def test_a_channel_of_zeros_has_a_bounded_threshold():
    q = quantise(torch.zeros(2, 5), None, torch.zeros(2), 1.0, 8, 1, 10)
    assert q.threshold.tolist() == [MAX_THRESHOLD] * 2
    assert float(q.weight.abs().max()) == 0


def test_a_read_out_has_one_scale_and_never_saturates():
    weight, bias = random_layer()
    q = quantise(weight, None, bias, None, 8, 4, 20)
    assert q.threshold is None
    assert len(set(q.lsb.tolist())) == 1
    most = 20 * (4 * q.weight.abs().sum(1) + q.bias.abs()).max()
    assert float(most) < 2 ** (q.state_bits - 1)


def test_recurrent_weights_share_the_scale():
    weight, bias = random_layer()
    recurrent = torch.full((6, 6), 2.0)
    q = quantise(weight, recurrent, bias, 1.0, 8, 1, 10)
    assert q.recurrent.unique().tolist() == [127.0]
    torch.testing.assert_close(q.recurrent * (q.lsb * 2**q.weight_shift)[:, None], recurrent)


def test_the_gradient_passes_straight_through():
    weight, bias = random_layer()
    weight.requires_grad_()
    q = quantise(weight, None, bias, 1.0, 8, 1, 10)
    (q.weight * (q.lsb * 2**q.weight_shift)[:, None]).sum().backward()
    torch.testing.assert_close(weight.grad, torch.ones_like(weight))


@pytest.mark.parametrize("threshold", [1.0, None])
def test_the_gradient_of_one_bit(threshold):
    """Of Σ G·s·sign(w): G where |w| ≤ 1.5 s, and through s = mean|w|, worked out here weight by weight."""
    weight, bias = random_layer()
    rng = torch.Generator().manual_seed(3)
    given = torch.randn(weight.shape, generator=rng)
    weight.requires_grad_()
    q = quantise(weight, None, bias, threshold, 1, 1, 10)
    s = q.lsb * 2**q.weight_shift
    (q.weight * s[:, None] * given).sum().backward()
    w, sign = weight.detach(), weight.detach().sign()
    inside = (w.abs() <= 1.5 * s[:, None]).float()
    by_scale = (given * (sign - inside * w / s[:, None])).sum(1, keepdim=True)
    if threshold is None:  # one scale of all channels
        by_scale = by_scale.sum()
    size = w.shape[1] if threshold is not None else w.numel()
    torch.testing.assert_close(weight.grad, given * inside + by_scale * sign / size)


def test_state_width_narrows_only_when_sums_then_fit_sixteen_bits():
    light = quantise(*(lambda w, b: (w, None, b))(*random_layer(inputs=10)), 1.0, 8, 1, 10)
    heavy = quantise(*(lambda w, b: (w, None, b))(*random_layer(inputs=2000)), 1.0, 8, 1, 10)
    assert light.state_bits in (14, 15)
    assert heavy.state_bits == 16


@pytest.mark.parametrize("bits", [9, 0, -3])
def test_bits_out_of_range_are_refused(bits):
    with pytest.raises(EdgeSastError, match=rf"^--bits is {bits}; it must be 1 to 8$"):
        quantise(torch.ones(1, 1), None, torch.zeros(1), 1.0, bits, 1, 1)


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("steps", [1, 10, 65_535])
@pytest.mark.parametrize("weight", [0.0, 1e-15, 1e-9])
def test_a_read_out_of_nothing_but_biases_keeps_them(bits, steps, weight):
    """Its outputs are those of the biases, to their last thousandth, and what the weights add is the same for all."""
    bias = torch.tensor([0.25, -0.5, 0.0])
    q = quantise(torch.full((3, 20), weight), None, bias, None, bits, 2, steps)
    torch.testing.assert_close(q.bias * q.lsb, bias, rtol=1e-3, atol=1e-3)
    assert len(q.weight[:, 0].unique()) == 1
    highest = steps * float(20 * 2 * q.weight.max() * 2**q.weight_shift + q.bias.max())
    lowest = steps * float(q.bias.min())
    assert -(2 ** (q.state_bits - 1)) <= lowest < highest < 2 ** (q.state_bits - 1) <= 1 << 30


def test_a_read_out_of_zeros():
    q = quantise(torch.zeros(3, 20), None, torch.zeros(3), None, 8, 1, 10)
    assert (q.weight.abs().max(), q.bias.abs().max(), q.state_bits) == (0, 0, 16)


SUMS = [
    (
        (torch.ones(2, 40_000), torch.zeros(2), 1.0, 255),
        r"--arch: a sum of up to \d+ in a layer of 40000 inputs is more than can be held exactly \(4194304\); "
        r"use fewer inputs or counts \(--count-cap, sum pools\)",
    ),
    (
        (torch.ones(2, 40_000), torch.zeros(2), None, 255),
        r"--arch: a sum of up to \d+ in a layer of 40000 inputs is more than can be held exactly \(1073741823\); "
        r"use fewer inputs, --steps or counts \(--count-cap, sum pools\)",
    ),
    (
        (torch.ones(2, 10), torch.tensor([0.0, -50_000.0]), 1.0, 1),
        r"--lr: training diverged: a bias in a layer of 10 inputs is 5e\+04 thresholds, a sum of up to \d+, more than "
        r"can be held exactly \(4194304\); train again with a lower --lr",
    ),
]


@pytest.mark.parametrize(("layer", "message"), SUMS)
def test_sums_that_are_not_held_exactly_are_refused(layer, message):
    weight, bias, threshold, max_count = layer
    with pytest.raises(EdgeSastError, match=f"^{message}$"):
        quantise(weight, None, bias, threshold, 8, max_count, 10)
