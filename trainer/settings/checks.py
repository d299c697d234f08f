"""Which settings of a training run are refused: out of range, without effect, or impossible beside the others.

Each check raises EdgeSastError in one line that names the option as it is typed. What concerns one part only (spikes,
neurons, sharpness, loss) that part checks itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.events.augment import MAX_SHIFT as MAX_AUGMENT_SHIFT
from edge_sast.events.binning import MAX_COUNT, MAX_DT_US, MAX_SHIFT, MAX_STEPS
from trainer.formulas import surrogate
from trainer.settings.fields import KEEPS, OPTIMISERS, PRECISIONS, THROUGH_TIME, Settings

MAX_EPOCHS = 1_000_000
MAX_REAL = 1e6  # of rates, slopes and radii: far beyond any use, far below what float32 holds
MAX_SYNOPS = 1e12  # of a recording; also of its instructions
LIMITS: dict[str, tuple[float, float]] = {
    "dt_us": (1, MAX_DT_US),
    "steps": (1, MAX_STEPS),
    "downscale": (0, MAX_SHIFT),
    "count_cap": (1, MAX_COUNT),
    "rho": (0, MAX_REAL),
    "rho_warmup": (0, MAX_EPOCHS),
    "rho_delay": (0, MAX_EPOCHS),
    "epochs": (0, MAX_EPOCHS),
    "qat_epochs": (0, MAX_EPOCHS),
    "batch_size": (1, (1 << 31) - 1),
    "qat_lr": (0, MAX_REAL),
    "augment_shift": (0, MAX_AUGMENT_SHIFT),
    "seed": (0, (1 << 63) - 1),
    "tet_lambda": (0, 1),
    "rate_limit": (0, 1),
    "rate_weight": (0, MAX_REAL),
    "beta_start": (0, MAX_REAL),
    "implicit_steps": (1, 100),
}
ABOVE_ZERO = {
    "beta": MAX_REAL,
    "lr": MAX_REAL,
    "synops_target": MAX_SYNOPS,
    "instructions_target": MAX_SYNOPS,
    "teacher_weight": 1.0,
    "teacher_temperature": MAX_REAL,
}
CHOICES = {
    "through_time": THROUGH_TIME,
    "precision": PRECISIONS,
    "keep": KEEPS,
    "optimiser": OPTIMISERS,
}
PERTURBED = ("rho", "rho_warmup", "rho_delay", "rho_schedule", "independent_batch")
ONLINE = {
    "loss": "tet",
    "sharpness": "none",
    "forward": "hard",
    "recompute": False,
    "precision": "float32",
    "optimiser": "adam",
}

TANDEM = {
    "forward": "hard",
    "reset": "subtract",
    "leak": "none",
    "threshold": "fixed",
    "mp_init": False,
    "width": "fixed",
    "sharpness": "none",
    "loss": "last",
    "rate_weight": 0.0,
    "synops_target": None,
    "instructions_target": None,
    "optimiser": "adam",
    "recompute": False,
    "precision": "float32",
}


def flag(name: str) -> str:
    """The option a user types for a field."""
    return "--" + name.replace("_", "-")


def check_ranges(config: Settings) -> None:
    """Each value by itself."""
    for name, (low, high) in LIMITS.items():
        value = getattr(config, name)
        if not low <= value <= high:  # refuses NaN too
            raise EdgeSastError(f"{flag(name)} is {value}; it must be {low} to {high}")
    for name, most in ABOVE_ZERO.items():
        value = getattr(config, name)
        if value is not None and not 0 < value <= most:
            raise EdgeSastError(f"{flag(name)} is {value}; it must be above 0, and at most {most:g}")
    if not 0 < config.valid_fraction < 1:
        raise EdgeSastError(f"--valid-fraction is {config.valid_fraction}; it must lie between 0 and 1")
    if not 0 <= config.augment_drop < 1:
        raise EdgeSastError(f"--augment-drop is {config.augment_drop}; it must be 0 or more and below 1")
    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            raise EdgeSastError(f"{flag(name)} is {getattr(config, name)!r}; choose {', '.join(choices)}")
    if config.total_epochs == 0:
        raise EdgeSastError("--epochs and --qat-epochs are both 0; give at least one epoch")


def check_taken(config: Settings, defaults: Mapping[str, Any]) -> None:
    """Refuse an option that has no effect beside the others."""
    values = vars(config)
    for name, beside in without_effect(values).items():
        if values[name] != defaults[name]:
            raise EdgeSastError(
                f"{flag(name)} is {values[name]}, but --method {config.method} ({beside}) does not take it; "
                "leave it out"
            )


def without_effect(values: Mapping[str, Any]) -> dict[str, str]:
    """The settings that do nothing beside the others, each with the option that makes it so; `values` has them all."""
    sharpness, width, loss = values["sharpness"], values["width"], values["loss"]
    taken = {
        f"--sharpness {sharpness}": (sharpness != "none", PERTURBED),
        f"--forward {values['forward']}": (values["forward"] == "mixed", ("mix",)),
        f"--width {width}": (width in ("fixed", "learn"), ("beta_start",)),
        "--through-time tandem": (values["through_time"] != "tandem", ("beta_start",)),
        "--width membrane": (width != "membrane", ("beta",)),
        f"--loss {loss}": (loss == "tet", ("tet_lambda",)),
        "--rate-weight 0": (values["rate_weight"] > 0, ("rate_limit",)),
        "--qat-epochs 0": (values["qat_epochs"] > 0, ("qat_lr", "bits")),
        "--optimiser adam": (values["optimiser"] == "implicit", ("implicit_steps",)),
        "layers with rules of their own": (values["layers"] is None, ("reset", "leak")),
        "no --teacher": (values["teacher"] is not None, ("teacher_weight", "teacher_temperature")),
    }
    return {name: what for what, (does, names) in taken.items() if not does for name in names}


def check_asked(config: Settings, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Refuse what is useless to ask for, of the options given; a run that was trained with it can be read."""
    if config.epochs and config.rho_delay >= config.epochs:
        raise EdgeSastError(
            f"--rho-delay is {config.rho_delay}; of --epochs {config.epochs} none is left to perturb: lower it"
        )
    for name in (*PERTURBED, "precision"):
        if not config.epochs and name in given and given[name] != defaults[name]:
            raise EdgeSastError(
                f"{flag(name)} is {given[name]}, but it is for the float epochs, and --epochs is 0; leave it out"
            )


def check_combinations(config: Settings, spiking: int, recurrent: bool) -> None:
    """What cannot be done together. spiking: layers that spike; recurrent: whether a layer feeds itself."""
    _check_threshold(config)
    _check_evidence(config)
    _check_online(config, recurrent)
    _check_tandem(config, spiking, recurrent)
    if config.optimiser == "implicit" and config.sharpness != "none":
        raise EdgeSastError(
            "--optimiser is 'implicit', which takes its gradients at other weights than --sharpness "
            f"{config.sharpness}; use --sharpness none, or a method without it"
        )
    if config.independent_batch and config.sharp.same_batch:
        raise EdgeSastError(
            "--independent-batch: --sam-rows takes the samples by their losses in the first pass, so that the "
            "batch must be the same; leave it out, or use --sam-rows-by random"
        )
    if config.width == "membrane" and config.norm != "batch":
        raise EdgeSastError("--width is 'membrane', which reads batch norm's gain; use --norm batch")
    if config.width == "membrane" and (config.through_time == "online" or recurrent):
        raise EdgeSastError(
            "--width is 'membrane', which sets all steps at once; use it without recurrent layers and with "
            "--through-time bptt"
        )
    if config.beta_start and config.beta_start < surrogate.least_beta(config.surrogate):
        raise EdgeSastError(
            f"--beta-start is {config.beta_start}; --surrogate {config.surrogate} needs 1 or more, or its slope is "
            "negative"
        )


def _check_threshold(config: Settings) -> None:
    if config.threshold != "adaptive-step":
        return
    if config.qat_epochs:
        raise EdgeSastError(
            "--threshold is 'adaptive-step', which changes within a recording and has no integer form; "
            "use --qat-epochs 0, or --threshold adaptive"
        )
    if config.instructions_target is not None:
        raise EdgeSastError(
            f"--instructions-target is {config.instructions_target:g}, which asks for the integer model that "
            "--threshold adaptive-step does not have; use --threshold adaptive"
        )
    for name, wanted in (("through_time", "bptt"), ("mp_init", False)):
        if getattr(config, name) != wanted:
            raise EdgeSastError(
                f"{flag(name)} is {getattr(config, name)!r}, but --threshold adaptive-step takes {wanted!r} only; use "
                "--threshold adaptive"
            )
    if config.width == "membrane":
        raise EdgeSastError(
            "--width is 'membrane', which asks for one threshold for all steps; use --threshold adaptive"
        )


def _check_online(config: Settings, recurrent: bool) -> None:
    if config.through_time != "online":
        return
    if recurrent:
        raise EdgeSastError(
            f"--arch {config.arch!r} is recurrent, which online training does not take; use --through-time bptt"
        )
    if config.teacher is not None:
        raise EdgeSastError(
            f"--teacher is {config.teacher!r}; it answers a whole recording, and online training sees one step at a "
            "time: leave it out, or use --through-time bptt"
        )
    for name, wanted in ONLINE.items():
        if getattr(config, name) != wanted:
            raise EdgeSastError(
                f"{flag(name)} is {getattr(config, name)!r}; online training sees one step at a time and takes "
                f"{wanted!r} only"
            )


def _check_evidence(config: Settings) -> None:
    if config.loss == "evidence" and config.arch.endswith("count"):
        raise EdgeSastError(
            f"--loss is 'evidence', whose odds must be learnt, and --arch {config.arch!r} counts spikes; end it with "
            "'out', or use another --loss"
        )


def _check_tandem(config: Settings, spiking: int, recurrent: bool) -> None:
    if config.through_time != "tandem":
        return
    if config.layers is not None:
        raise EdgeSastError(
            f"--from {config.init}: its layers have rules of their own, which a dense twin does not have; use another "
            "--through-time"
        )
    if recurrent or config.arch.endswith("count"):
        what = "is recurrent" if recurrent else "ends in 'count'"
        raise EdgeSastError(
            f"--arch {config.arch!r} {what}, for which there is no dense twin; use convolutions, pools, fully "
            "connected layers and the read-out 'out', or another --through-time"
        )
    for name, wanted in TANDEM.items():
        if getattr(config, name) != wanted:
            takes = "does not know it" if wanted is None else f"takes {wanted!r} only"
            raise EdgeSastError(f"{flag(name)} is {getattr(config, name)!r}; --through-time tandem {takes}")
    if 0 < config.epochs <= spiking:
        raise EdgeSastError(
            f"--epochs is {config.epochs}; --through-time tandem has {spiking + 1} stages, a dense one and one for "
            f"each spiking layer: give {spiking + 1} or more"
        )
