import math

import pytest

from edge_sast.errors import EdgeSastError
from trainer.settings.schedules import Rise, rho_at


def test_constant_is_linear_over_the_warmup_and_then_rho():
    assert [rho_at("constant", 0.3, Rise(0, 2), e, 9, 0.1) for e in (0, 0.9, 1, 1.5, 2, 8.9)] == [
        0.3 * 1 / 3,
        0.3 * 1 / 3,
        0.3 * 2 / 3,
        0.3 * 2 / 3,
        0.3,
        0.3,
    ]
    assert rho_at("constant", 0.3, Rise(0, 0), 0.0, 9, 0.0) == 0.3


def test_a_delay_comes_before_the_warmup():
    found = [rho_at("constant", 0.3, Rise(2, 2), e, 9, 0.1) for e in range(6)]
    assert found == pytest.approx([0, 0, 0.1, 0.2, 0.3, 0.3])


def test_cosine_falls_to_zero():
    assert rho_at("cosine", 0.4, Rise(0, 0), 0.0, 8, 1.0) == 0.4
    assert rho_at("cosine", 0.4, Rise(0, 0), 2.0, 8, 1.0) == pytest.approx(0.4 * math.cos(math.pi / 8) ** 2)
    assert rho_at("cosine", 0.4, Rise(0, 0), 4.0, 8, 1.0) == pytest.approx(0.2)
    assert rho_at("cosine", 0.4, Rise(0, 0), 8.0, 8, 1.0) == 0.0
    assert rho_at("cosine", 0.4, Rise(0, 0), 9.0, 8, 1.0) == 0.0


def test_lr_follows_the_learning_rate_and_the_warmup():
    assert rho_at("lr", 0.4, Rise(0, 0), 3.0, 8, 0.25) == pytest.approx(0.1)
    assert rho_at("lr", 0.4, Rise(0, 3), 1.0, 8, 0.25) == pytest.approx(0.05)


def test_unknown_schedule():
    with pytest.raises(EdgeSastError, match=r"^--rho-schedule is 'step'; choose constant, cosine, lr$"):
        rho_at("step", 0.1, Rise(0, 0), 0.0, 1, 1.0)
