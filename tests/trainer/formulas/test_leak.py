import pytest
import torch

from edge_sast.errors import EdgeSastError
from trainer.formulas import leak
from trainer.network.learnt_leak import snapped_decay


def test_decay_of_shifts():
    assert leak.decay(()) == 1.0
    assert leak.decay((3,)) == 0.875
    assert leak.decay((1, 2)) == 0.25


def test_nearest_shifts_prefers_one_shift():
    assert leak.nearest_shifts(0.875) == (3,)
    assert leak.nearest_shifts(0.62) == (2, 3)
    assert leak.nearest_shifts(1.5) == (8,)
    for tau, shifts in leak.GRID:
        assert leak.decay(leak.nearest_shifts(tau)) == tau == leak.decay(shifts)


def test_snapped_decay_is_a_device_leak_and_passes_the_gradient():
    logit = torch.tensor(1.9, requires_grad=True)
    tau, shifts = snapped_decay(logit)
    assert float(tau.detach()) == pytest.approx(leak.decay(shifts))
    tau.backward()
    sigmoid = torch.sigmoid(torch.tensor(1.9))
    assert float(logit.grad) == pytest.approx(float(sigmoid * (1 - sigmoid)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3", ((3,), False)), ("2,4", ((2, 4), False)), ("none", ((), False)), ("learn", ((3,), True))],
)
def test_parse(text, wanted):
    assert leak.parse(text) == wanted


@pytest.mark.parametrize("text", ["", "0", "16", "4,2", "1,2,3", "0.9", "2,2"])
def test_parse_refuses(text):
    with pytest.raises(EdgeSastError, match=r"^--leak is .*; give one shift such as 3"):
        leak.parse(text)
