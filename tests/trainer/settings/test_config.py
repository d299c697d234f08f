"""Settings out of range are refused before anything is read or written."""

import math

import pytest

from edge_sast.errors import EdgeSastError
from trainer.settings.config import TrainConfig


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lr", math.nan, "--lr is nan; it must be above 0, and at most 1e+06"),
        ("lr", 1e300, "--lr is 1e+300; it must be above 0, and at most 1e+06"),
        ("lr", 0.0, "--lr is 0.0; it must be above 0, and at most 1e+06"),
        ("beta", math.inf, "--beta is inf; it must be above 0, and at most 1e+06"),
        ("synops_target", 0.0, "--synops-target is 0.0; it must be above 0, and at most 1e+12"),
        ("instructions_target", -1.0, "--instructions-target is -1.0; it must be above 0, and at most 1e+12"),
        ("rho", -1.0, "--rho is -1.0; it must be 0 to 1000000.0"),
        ("rho", math.nan, "--rho is nan; it must be 0 to 1000000.0"),
        ("qat_lr", math.inf, "--qat-lr is inf; it must be 0 to 1000000.0"),
        ("steps", 70_000, "--steps is 70000; it must be 1 to 65535"),
        ("steps", 10**400, f"--steps is {10**400}; it must be 1 to 65535"),
        ("dt_us", 0, "--dt-us is 0; it must be 1 to 2147483647"),
        ("downscale", 9, "--downscale is 9; it must be 0 to 7"),
        ("count_cap", 300, "--count-cap is 300; it must be 1 to 255"),
        ("augment_shift", 128, "--augment-shift is 128; it must be 0 to 127"),
        ("epochs", -1, "--epochs is -1; it must be 0 to 1000000"),
        ("batch_size", 0, "--batch-size is 0; it must be 1 to 2147483647"),
        ("seed", 1 << 64, f"--seed is {1 << 64}; it must be 0 to {(1 << 63) - 1}"),
        ("valid_fraction", math.nan, "--valid-fraction is nan; it must lie between 0 and 1"),
        ("bits", "8,8", "--bits is 8,8; it must be 1 to 8"),
        ("augment_drop", 1.0, "--augment-drop is 1.0; it must be 0 or more and below 1"),
    ],
)
def test_a_setting_out_of_range_is_named_as_it_was_typed(name, value, message):
    with pytest.raises(EdgeSastError) as error:
        TrainConfig(data="d", arch="out", **({"dt_us": 1, "steps": 1} | {name: value}))
    assert str(error.value) == message


def test_widths_are_one_for_each_weighted_layer():
    config = TrainConfig(data="d", arch="2c3-or2-fc4-out", dt_us=1, steps=1, bits="8,1,4")
    assert config.widths == (8, 1, 4)


def test_binary_weights_finish_at_the_full_rate():
    finish = {
        bits: TrainConfig(
            data="d", arch="fc4-out", dt_us=1, steps=1, epochs=2, lr=1e-2, bits=bits
        ).learning_rate(2)
        for bits in ("8", "2", "1", "8,1")
    }
    assert finish == pytest.approx({"8": 1e-3, "2": 1e-3, "1": 1e-2, "8,1": 1e-2})
