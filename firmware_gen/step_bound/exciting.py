"""Inputs that make as many neurons of the first layer spike as can be found: where the adversary begins.

Of neurons that each want at least `wanted`, what they lack in sum is a concave function of the inputs: adding the input
that helps most, then exchanging one that helps least for one that helps most, comes near its best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import Conv2d
from edge_sast.model.model import Model
from firmware_gen.step_bound.way import meets

LARGEST = 20_000_000  # weights of a dense first layer: more would take seconds a look
MOST_LOOKS = 3000


def first_weights(model: Model) -> NDArray[np.float32] | None:
    """[inputs, neurons] of the first layer, where that has weights and is no larger than that."""
    layer, (shape, out) = model.layers[0], model.shapes()[:2]
    if not isinstance(layer, Conv2d) or layer.groups > 1 or shape.neurons * out.neurons > LARGEST:
        return None
    rows = _taps(shape.height, out.height, layer.weight.shape[0], layer.stride[0], layer.padding[0])
    columns = _taps(shape.width, out.width, layer.weight.shape[1], layer.stride[1], layer.padding[1])
    weight = layer.weight.astype(np.float32) * (1 << layer.weight_shift)
    dense = np.einsum("yok,xpl,klic->yxiopc", rows, columns, weight, optimize=True)
    return np.ascontiguousarray(dense.reshape(shape.neurons, out.neurons), dtype=np.float32)


def _taps(size: int, outputs: int, kernel: int, stride: int, padding: int) -> NDArray[np.float32]:
    """[inputs, outputs, kernel]: 1 where an input meets an output at that place of the kernel."""
    taps = np.zeros((size, outputs, kernel), np.float32)
    for i, met in enumerate(meets(size, kernel, stride, padding)):
        for k in np.flatnonzero(met):
            taps[i, (i + padding - k) // stride, k] = 1
    return taps


def exciting_inputs(
    weights: NDArray[np.float32],
    wanted: NDArray[np.float64],
    events: int,
    cost: NDArray[np.int64],
    spike: float,
) -> NDArray[np.bool_]:
    """bool [inputs], `events` of them set.

    wanted: [neurons], what each lacks of its threshold; NaN: it is not to spike.
    cost: [inputs] instructions of an event there; spike: of a neuron that spikes.
    """
    counted = np.isfinite(wanted)
    weights, wanted = weights[:, counted], wanted[counted].astype(np.float32)
    scale = spike / np.maximum(wanted, 1)
    chosen = np.zeros(len(weights), bool)
    current = np.zeros(len(wanted), np.float32)

    def gains(sign: int) -> NDArray[np.float64]:
        lacking = np.minimum(current - wanted, 0)
        return (np.minimum(current + sign * weights - wanted, 0) - lacking) @ scale + sign * cost

    for look in range(MOST_LOOKS):
        if look == 0 or int(chosen.sum()) < events:
            add = np.where(chosen, -np.inf, gains(1))
            some = np.argsort(-add)[: max(1, min(events - int(chosen.sum()), events // 50))]
            chosen[some] = True
            current += weights[some].sum(axis=0)
            continue
        remove = int(np.argmax(np.where(chosen, gains(-1), -np.inf)))
        before = chosen.copy()
        chosen[remove] = False
        current -= weights[remove]
        add = np.where(chosen, -np.inf, gains(1))
        best = int(np.argmax(add))
        chosen[best] = True
        current += weights[best]
        if best == remove or (chosen == before).all() or look > 120:
            break
    return chosen
