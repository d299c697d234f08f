"""Models for a network that is never reset: their read-out forgets (docs/arithmetic.md, section 8, Running state)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Integrator, Linear
from edge_sast.model.model import Model

MAX_LEAK = 14  # counted spikes then take 2 * 14 + 2 of the 31 bits that a state may have
MAX_CLASSES = 4096  # whose spikes are counted with a leak, by a layer of so many times so many weights
_MAX_WEIGHT_SHIFT = 8


def running_model(model: Model, leak: int | None = None) -> Model:
    """The same network, read out with a leak: each step, the read-out loses (out >> leak) of itself.

    An integrator at the end gets this leak in place of its own. Spikes at the end are counted by one more layer, in
    units of 2^-leak spikes: out := out - (out >> leak) + (spike << leak), which stays within 0 to 2^(2 leak).
    A margin for an early decision is left out: there is no recording that could end.

    leak: 1 to MAX_LEAK; None: that of the integrator where it has one, else `usual_leak`.

    Raises EdgeSastError for another leak, and for spikes of more than MAX_CLASSES classes.
    """
    if model.early_margin is not None:
        model = replace(model, early_margin=None)
    if leak is None:
        if forgets(model):
            return model
        leak = usual_leak(model)
    if not 1 <= leak <= MAX_LEAK:
        raise EdgeSastError(f"--leak {leak} is out of range; choose 1 to {MAX_LEAK}")
    last = model.layers[-1]
    if isinstance(last, Linear) and isinstance(last.neuron, Integrator):
        read_out = replace(last, neuron=replace(last.neuron, leak_shifts=(leak,)))
        return replace(model, layers=(*model.layers[:-1], read_out))
    return replace(model, layers=(*model.layers, _counter(len(model.classes), leak)))


def forgets(model: Model) -> bool:
    """Whether its read-out is a leaky integrator, so that it may run without being reset."""
    neuron = model.weighted()[-1][1].neuron
    return isinstance(neuron, Integrator) and len(neuron.leak_shifts) > 0


def read_out(model: Model) -> str:
    """How a model that `forgets` does so, for people."""
    shifts = model.weighted()[-1][1].neuron.leak_shifts
    parts = " + ".join(f"1/{1 << k}" for k in shifts)
    return f"the read-out loses {parts} of itself each step (leak {', '.join(map(str, shifts))})"


def usual_leak(model: Model) -> int:
    """The largest whose 2^leak steps are no more than half a window: about as far back as a whole one's mean step."""
    return min(max((model.binning.steps // 2).bit_length() - 1, 1), MAX_LEAK)


def _counter(classes: int, leak: int) -> Linear:
    """Counts spikes, each as 2^leak, with a leak."""
    if classes > MAX_CLASSES:
        raise EdgeSastError(
            f"model: its read-out counts spikes of {classes} classes; with a leak at most {MAX_CLASSES} are counted: "
            "train it with an integrator as read-out"
        )
    shift = min(leak, _MAX_WEIGHT_SHIFT)
    weight = np.eye(classes, dtype=np.int8) << (leak - shift)
    none = np.zeros(classes, np.int32)
    neuron = Integrator(none, none, (leak,), max(2 * leak + 2, 4))
    return Linear(weight.astype(np.int8), leak - shift + 2, neuron, shift)
