"""Methods complete what is given, and refuse what they fix or do not take."""

import pytest

from edge_sast.errors import EdgeSastError
from trainer.settings.config import DEFAULTS, TrainConfig
from trainer.settings.methods import METHODS, describe


def of(method, **given):
    return TrainConfig.of(method, data="d", arch="4c3-out", dt_us=1000, steps=4, **given)


def test_every_method_is_described():
    assert all(name in describe() for name in METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_makes_a_run(method):
    config = of(method)
    for name, value in METHODS[method].fixed.items():
        assert getattr(config, name) == value
    assert TrainConfig.from_dict(vars(config), "here") == config


@pytest.mark.parametrize("useless", [{"rho_delay": 12}, {"epochs": 0, "rho": 5.0}, {"valid_fraction": 0.7}])
def test_runs_that_were_trained_with_useless_options_can_be_read(useless):
    values = vars(TrainConfig.of("sast", data="digits", dt_us=1000, steps=4, arch="4c5-out")) | useless
    assert vars(TrainConfig.from_dict(values, "here")) == values


@pytest.mark.parametrize(
    ("method", "given", "message"),
    [
        ("sats", {}, "--method is 'sats'; choose sast, surrogate"),
        ("hard", {"forward": "smooth"}, "--forward is 'smooth', but --method hard means --forward hard"),
        (
            "surrogate",
            {"rho": 0.1},
            r"--rho is 0.1, but --method surrogate \(--sharpness none\) does not take it",
        ),
        ("hard", {"rho_warmup": 2}, r"--rho-warmup is 2, but --method hard"),
        ("sast", {"rho_delay": 12}, "--rho-delay is 12; of --epochs 12 none is left to perturb: lower it"),
        (
            "sast",
            {"epochs": 0, "rho": 5.0},
            "--rho is 5.0, but it is for the float epochs, and --epochs is 0; leave it out",
        ),
        (
            "hard",
            {"epochs": 0, "precision": "bfloat16"},
            "--precision is bfloat16, but it is for the float epochs, and --epochs is 0; leave it out",
        ),
        ("sast", {"mix": 0.2}, r"--mix is 0.2, but --method sast \(--forward smooth\) does not take it"),
        ("sast", {"mask": 0.5}, "--mask is 0.5, but the forward pass is smooth"),
        ("a2sg", {"beta_start": 1.0}, r"--beta-start is 1.0, but --method a2sg \(--width consistent\)"),
        (
            "mpd-agl",
            {"beta": 3.0},
            r"--beta is 3.0, but --method mpd-agl \(--width membrane\) does not take it",
        ),
        ("hard", {"tet_lambda": 0.1}, r"--tet-lambda is 0.1, but --method hard \(--loss last\)"),
        ("hard", {"rate_limit": 0.1}, r"--rate-limit is 0.1, but --method hard \(--rate-weight 0\)"),
        ("sast", {"gsam_alpha": 0.2}, "--gsam-alpha is 0.2, which --sharpness sam does not take"),
        (
            "hard",
            {"threshold": "adaptive-step"},
            "has no integer form; use --qat-epochs 0, or --threshold adaptive",
        ),
        (
            "ottt",
            {"threshold": "adaptive-step", "qat_epochs": 0},
            "--through-time is 'online', but --threshold",
        ),
        (
            "hard",
            {"threshold": "adaptive-step", "qat_epochs": 0, "mp_init": True},
            "--mp-init is True, but --threshold adaptive-step takes False only; use --threshold adaptive",
        ),
        (
            "mpd-agl",
            {"threshold": "adaptive-step", "qat_epochs": 0},
            "--width is 'membrane', which asks for one threshold for all steps",
        ),
        (
            "hard",
            {"bits": "4", "qat_epochs": 0},
            r"--bits is 4, but --method hard \(--qat-epochs 0\) does not",
        ),
        ("ottt", {"precision": "bfloat16"}, "--precision is 'bfloat16'; online training .* 'float32' only"),
        (
            "custom",
            {"surrogate": "asymmetric", "beta_start": 0.5},
            "--beta-start is 0.5; --surrogate asymmetric needs 1 or more",
        ),
        (
            "custom",
            {"sharpness": "sam"},
            "--sharpness is 'sam', but --method custom has no radius .* give --rho",
        ),
        ("mpd-agl", {"norm": "none"}, "--width is 'membrane', which reads batch norm's gain"),
        ("ottt", {"loss": "last"}, "--loss is 'last', but --method ottt means --loss tet"),
        ("hard", {"through_time": "online"}, "--loss is 'last'; online training sees one step at a time"),
        ("ottt", {"arch": "rec8-out"}, "is recurrent, which online training does not take"),
        ("mpd-agl", {"arch": "rec8-out"}, "--width is 'membrane', which sets all steps at once"),
        (
            "sast",
            {"independent_batch": True, "sam_rows": 0.5},
            "--independent-batch: --sam-rows takes the samples by their losses",
        ),
    ],
)
def test_what_a_method_does_not_take_is_refused_by_name(method, given, message):
    arch = {"arch": "4c3-out"} | given
    with pytest.raises(EdgeSastError, match=message):
        TrainConfig.of(method, **({"data": "d", "dt_us": 1000, "steps": 4, "norm": "batch"} | arch))


@pytest.mark.parametrize(
    ("method", "given", "idle"),
    [
        ("sast", {"sharpness": "none"}, ("rho", "rho_warmup")),
        ("hard", {"width": "membrane"}, ("beta",)),
        ("continuation", {"width": "consistent"}, ("beta_start",)),
    ],
)
def test_what_a_method_proposes_is_left_away_where_an_option_takes_its_effect(method, given, idle):
    """An error would name an option that nobody typed."""
    config = of(method, **given)
    for name in idle:
        assert getattr(config, name) == DEFAULTS[name]
        with pytest.raises(EdgeSastError, match=rf"^--{name.replace('_', '-')} is "):
            of(method, **given, **{name: 3})


def test_a_growing_slope_ends_where_it_should():
    config = of("continuation", beta_start=1.0, beta=16.0, epochs=5)
    assert [config.spike_at(e).beta for e in range(5)] == pytest.approx([1, 2, 4, 8, 16])
    assert config.spike_at(9).beta == pytest.approx(16)
