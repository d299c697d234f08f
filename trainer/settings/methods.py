"""Training methods by name: what each fixes, what it proposes, and where its formula is from.

A method is a set of settings of TrainConfig. What it *fixes* makes the method and cannot be given; what it *proposes*
is a default that an option may replace. `custom` fixes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edge_sast.errors import EdgeSastError

Settings = dict[str, Any]


@dataclass(frozen=True)
class Method:
    """One line of help with the source, settings that are fixed, and defaults."""

    help: str
    fixed: Settings
    proposed: Settings = field(default_factory=dict)


SMOOTH: Settings = {"forward": "smooth"}
HARD: Settings = {"forward": "hard"}
PLAIN: Settings = {"sharpness": "none"}
SHARP: Settings = {"sharpness": "sam", "rho": 0.1, "rho_warmup": 2}

METHODS = {
    "sast": Method(
        "surrogate spikes in the forward pass, sharpness-aware (Nicholson, arXiv 2603.18039)", SMOOTH, SHARP
    ),
    "surrogate": Method("surrogate spikes in the forward pass, no perturbation", SMOOTH | PLAIN),
    "hard": Method(
        "hard spikes, surrogate gradient (Neftci et al. 2019, arXiv 1901.09948)", HARD | PLAIN, {"beta": 2.0}
    ),
    "hard-sam": Method(
        "hard spikes, surrogate gradient, sharpness-aware (Foret et al. 2021)", HARD, SHARP | {"beta": 2.0}
    ),
    "noise": Method(
        "surrogate spikes, random weight noise of SAM's norm: the control to sast",
        SMOOTH | {"sharpness": "noise"},
        {"rho": 0.1, "rho_warmup": 2},
    ),
    "continuation": Method(
        "surrogate spikes whose slope grows from --beta-start to --beta",
        SMOOTH | PLAIN,
        {"beta_start": 2.0, "beta": 20.0},
    ),
    "asgl": Method(
        "smooth and hard spikes mixed at random, learnable width (Wang et al. 2023, ICML)",
        {"forward": "mixed", "width": "learn"} | PLAIN,
        {"beta": 2.0, "mix": 0.3},
    ),
    "stochastic": Method(
        "spikes drawn with probability σ_β, escape noise (Gerstner & Kistler 2002)",
        {"forward": "stochastic"} | PLAIN,
    ),
    "masked": Method(
        "hard spikes, surrogate gradients dropped at random (arXiv 2406.19645)",
        HARD | PLAIN,
        {"beta": 2.0, "mask": 0.5},
    ),
    "a2sg": Method(
        "hard spikes, asymmetric surrogate whose width adapts to the gradients (arXiv 2606.11236)",
        HARD | PLAIN | {"surrogate": "asymmetric", "width": "consistent"},
        {"beta": 2.0},
    ),
    "trsg": Method(
        "hard spikes, window in proportion to a learnable threshold (arXiv 2511.08708)",
        HARD | PLAIN | {"surrogate": "rectangle", "threshold": "learn", "beta": 2.0},
        {"reset": "subtract", "leak": "learn", "mp_init": True},
    ),
    "mpd-agl": Method(
        "hard spikes, rectangle as wide as the membranes spread (MPD-AGL)",
        HARD | PLAIN | {"surrogate": "rectangle", "width": "membrane"},
    ),
    "shape": Method(
        "hard spikes, surrogate of learnable slope (parametric surrogate gradient)",
        HARD | PLAIN | {"width": "learn"},
        {"beta": 2.0},
    ),
    "ottt": Method(
        "hard spikes, online training through time: memory does not grow with T (Xiao et al. 2022, arXiv 2210.04195)",
        HARD | PLAIN | {"through_time": "online", "loss": "tet"},
        {"beta": 2.0, "tet_lambda": 0.0},
    ),
    "tandem": Method(
        "gradients of a dense twin, turned into a spiking network layer by layer (Wu et al. 2020, arXiv 2007.01204)",
        HARD | PLAIN | {"through_time": "tandem", "reset": "subtract", "leak": "none"},
        {"beta": 2.0},
    ),
    "custom": Method("what the options say, nothing fixed", {}),
}


def settings(method: str, given: Settings) -> dict[str, Any]:
    """`given` completed by the method. Raises EdgeSastError for an unknown method or a setting that it fixes."""
    if method not in METHODS:
        raise EdgeSastError(f"--method is {method!r}; choose {', '.join(METHODS)}")
    fixed = METHODS[method].fixed
    for name, value in given.items():
        if name in fixed and value != fixed[name]:
            flag = "--" + name.replace("_", "-")
            raise EdgeSastError(
                f"{flag} is {value!r}, but --method {method} means {flag} {fixed[name]}; leave it out, or use "
                "--method custom"
            )
    result = {**METHODS[method].proposed, **given, **fixed, "method": method}
    if result.get("sharpness", "none") != "none" and "rho" not in result:
        raise EdgeSastError(
            f"--sharpness is {result['sharpness']!r}, but --method {method} has no radius of its own; give --rho"
        )
    return result


def describe() -> str:
    """Every method with what it fixes and proposes, for people."""
    lines = []
    for name, method in METHODS.items():
        lines.append(f"{name:<14}{method.help}")
        for title, values in (("fixed", method.fixed), ("default", method.proposed)):
            if values:
                told = ", ".join(_option(*each) for each in values.items())
                lines.append(f"{'':<14}{title}: {told}")
    return "\n".join(lines)


def _option(name: str, value: Any) -> str:
    """As a user types it; a switch takes no value."""
    flag = "--" + name.replace("_", "-")
    return flag if value is True else f"{flag} {value}"
