"""What a NIR file does not say: how the tool that wrote it computes a step. A preset for each tool, from runs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from edge_sast.errors import EdgeSastError


@dataclass(frozen=True)
class Rules:
    """u = decay·v + gain·I + what v_leak gives; a spike where u > or >= threshold; then the reset.

    threshold: "gt" (u > threshold) or "ge". reset: "zero" (to v_reset), "subtract" (the threshold, in the same step),
    or "subtract-later" (in the next step, after the leak). spikes: "one" per step at most, or "many": one for each
    threshold that u holds. decay: "euler", 1 - dt/tau, or "exp", exp(-dt/tau). tau: "plain" (in the unit of dt), or
    "times-dt" (written too small by the factor dt). gain: of a LIF's input: "file" (r·dt/tau), "leak" (r·(1 - decay)),
    or instead of both "none" (1) or a number. if_gain: of an IF's: "r" or "r-dt" (r·dt). start: membrane at the first
    step: "zero", "reset" (v_reset) or "leak" (v_leak). dt: time of a step in the file's unit of time. looks_back:
    snnTorch's neurons reset where the membrane of the step before lay above the threshold, whether that was a spike
    or not: a recurrent one, or one with a current, that is reset to zero loses all input of that step; one that
    subtracts at once, and was left above the threshold, spikes above twice the threshold only.
    """

    threshold: str
    reset: str
    spikes: str
    decay: str
    tau: str
    dt: float
    gain: str
    if_gain: str
    start: str
    looks_back: bool = False


# Of snnTorch's neurons that set a membrane to zero with the input in it (RLeaky, Synaptic; Leaky does not).
LOSES_INPUT = "which in snnTorch loses all input of the next step, and no layer here does that"
NO_DELAY = "trained with reset_delay=False it loses none: then leave --from out and give each rule"
GAINS = ("file", "leak", "none")
CHOICES = {
    "threshold": ("gt", "ge"),
    "reset": ("zero", "subtract", "subtract-later"),
    "spikes": ("one", "many"),
    "decay": ("euler", "exp"),
    "tau": ("plain", "times-dt"),
    "if_gain": ("r", "r-dt"),
    "start": ("zero", "reset", "leak"),
}
TOOLS = {
    "snntorch": (
        "snntorch 1.0.0",
        Rules("gt", "subtract-later", "one", "euler", "plain", 1e-4, "file", "r-dt", "zero", looks_back=True),
    ),
    "sinabs": ("sinabs 3.1.3", Rules("ge", "subtract", "many", "exp", "plain", 1.0, "leak", "r", "zero")),
    "norse": ("norse 1.1.0", Rules("gt", "zero", "one", "euler", "times-dt", 1e-3, "file", "r", "leak")),
    "spikingjelly": (
        "spikingjelly 2.0.0",
        Rules("ge", "zero", "one", "euler", "plain", 1e-4, "file", "r-dt", "reset"),
    ),
}
# What the command line calls each rule.
OPTIONS = {
    "threshold": "--threshold",
    "reset": "--reset",
    "spikes": "--spikes",
    "decay": "--decay",
    "tau": "--tau",
    "dt": "--nir-dt",
    "gain": "--input-gain",
    "if_gain": "--if-gain",
    "start": "--start",
}


def choose(tool: str | None, given: Mapping[str, str | float | None]) -> tuple[Rules, dict[str, str]]:
    """The rules of a tool, with those that were given instead, and where each came from.

    Raises EdgeSastError for an unknown tool or value, and where no tool is named and a rule is missing.
    """
    if tool is not None and tool not in TOOLS:
        raise EdgeSastError(f"--from is {tool!r}; it must be {', '.join(TOOLS)}")
    own = {name: value for name, value in given.items() if value is not None}
    for name, value in own.items():
        _check(name, value)
    if tool is None:
        missing = [option for name, option in OPTIONS.items() if name not in own]
        if missing:
            raise EdgeSastError(
                f"--from is missing: a NIR file does not say its rules; name the tool that wrote it "
                f"({', '.join(TOOLS)}), or give {', '.join(missing)}"
            )
        return Rules(**own), {name: OPTIONS[name] for name in own}  # type: ignore[arg-type]
    version, rules = TOOLS[tool]
    where = {name: option if name in own else version for name, option in OPTIONS.items()}
    return replace(rules, **own), where  # type: ignore[arg-type]


def _check(name: str, value: str | float) -> None:
    if name == "dt":
        if not 0 < float(value) < 1e9:
            raise EdgeSastError(f"--nir-dt is {value}; it must be a time of a step above 0")
    elif name == "gain":
        if value not in GAINS:
            number(str(value))
    elif value not in CHOICES[name]:
        raise EdgeSastError(f"{OPTIONS[name]} is {value!r}; it must be {', '.join(CHOICES[name])}")


def number(text: str) -> Fraction:
    """Of --input-gain. Raises EdgeSastError for what is no number above 0."""
    value = Fraction(0)
    try:
        if text == "none":
            value = Fraction(1)
        elif "/" in text or 0 < float(text) < 1 << 31:  # 1e99999999 is no number to be written out
            value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        pass
    if not 0 < value < 1 << 31:
        raise EdgeSastError(f"--input-gain is {text!r}; it must be file, leak, none or a number above 0")
    return value


def explain(rules: Rules) -> dict[str, str]:
    """Each rule in words, by name."""
    tau = "tau" if rules.tau == "plain" else "(tau / dt)"
    resets = {
        "zero": "a spike sets the membrane to v_reset",
        "subtract": "a spike takes the threshold off",
        "subtract-later": "a spike takes the threshold off in the next step, after the leak",
    }
    starts = {"zero": "0", "reset": "v_reset", "leak": "v_leak"}
    gains = {"file": f"r dt / {tau}", "leak": "r (1 - decay)", "none": "1"}
    return {
        "threshold": f"a neuron spikes where u {'>' if rules.threshold == 'gt' else '>='} threshold",
        "reset": resets[rules.reset],
        "spikes": "one spike per step"
        if rules.spikes == "one"
        else "a spike for each threshold that u holds",
        "decay": f"decay {f'1 - dt / {tau}' if rules.decay == 'euler' else f'exp(-dt / {tau})'}",
        "tau": f"tau {'as written' if rules.tau == 'plain' else 'written too small by the factor dt'}",
        "dt": f"dt {rules.dt:g}",
        "gain": f"input of a LIF times {gains.get(rules.gain, rules.gain)}",
        "if_gain": f"input of an IF times {'r' if rules.if_gain == 'r' else 'r dt'}",
        "start": f"membranes start at {starts[rules.start]}",
    }
