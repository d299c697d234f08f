"""Weights of integer models beside each other: whether they come of the same floats, and what fewer bits did to them.

Two models of one run are roundings of the same floats, so that in each output channel c the integers of one are nearly
a multiple of the other's. The best factor is that of least squares, f_c = ⟨w_c, v_c⟩/⟨v_c, v_c⟩ with w of the wider,
and the agreement of a layer is √(1 − Σ(w − f·v)²/Σw²): 1 where nothing but the scale differs, about 0.8 of floats and
their signs (√(2/π) of a normal distribution), and near 0 of two trainings that differ in their seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_sast.model.layers import RecurrentLinear, Weighted
from edge_sast.model.model import Model
from edge_sast.model.modelfile import layer_name, model_hash
from edge_sast.report.page.histogram import histogram, integer_edges
from edge_sast.report.page.inputs import Built, LayerIntegers

LEAST_AGREEMENT = 0.6  # of every layer of two models that are taken for roundings of the same floats
Network = tuple[str, Model]


def side_by_side(networks: Sequence[Network]) -> list[list[Built]]:
    """Models that are roundings of the same floats to other widths, the widest of each group first.

    networks: labels and models. One that none is like, or whose widths another one of its group has, is left out.
    """
    groups: list[list[Network]] = []
    for label, model in sorted(networks, key=lambda network: -sum(_bits(network[1]))):
        for group in groups:
            first = group[0][1]
            if not (_same_layers(first, model) and min(_agreements(first, model)) >= LEAST_AGREEMENT):
                continue
            if all(_bits(model) != _bits(other) for _, other in group):
                group.append((label, model))
            break
        else:
            groups.append([(label, model)])
    return [[_built(*network, group[0][1]) for network in group] for group in groups if len(group) > 1]


def _bits(model: Model) -> tuple[int, ...]:
    return tuple(layer.bits for _, layer in model.weighted())


def _same_layers(first: Model, other: Model) -> bool:
    if (first.classes, first.binning, first.shapes()) != (other.classes, other.binning, other.shapes()):
        return False
    pairs = zip(first.layers, other.layers, strict=True)
    return all(type(a) is type(b) for a, b in pairs) and all(
        _matrix(a).shape == _matrix(b).shape
        for (_, a), (_, b) in zip(first.weighted(), other.weighted(), strict=True)
    )


def _matrix(layer: Weighted) -> NDArray[np.float64]:
    """[weights, output channels], recurrent ones below the others."""
    parts = [layer.weight.reshape(-1, layer.weight.shape[-1])]
    if isinstance(layer, RecurrentLinear):
        parts.append(layer.recurrent.reshape(-1, layer.weight.shape[-1]))
    return np.concatenate(parts).astype(np.float64)


def _agreements(first: Model, other: Model) -> list[float]:
    """Of each layer with weights."""
    pairs = zip(first.weighted(), other.weighted(), strict=True)
    return [_compared(_matrix(a), _matrix(b))[0] for (_, a), (_, b) in pairs]


def _compared(wide: NDArray[np.float64], narrow: NDArray[np.float64]) -> tuple[float, float]:
    """The agreement, and the root of the mean square of wide/f − narrow, in integers of the narrow one."""
    squares = (narrow * narrow).sum(0)
    factors = np.maximum((wide * narrow).sum(0), 0) / np.where(squares, squares, 1)
    total, rest = (wide * wide).sum(), np.square(wide - factors * narrow).sum()
    used = factors > 0
    apart = wide[:, used] / factors[used] - narrow[:, used]
    far = float(np.sqrt(np.square(apart).mean())) if apart.size else 0.0
    return float(np.sqrt(max(0.0, 1 - rest / total))) if total else 1.0, far


def _built(label: str, model: Model, first: Model) -> Built:
    layers = []
    for (index, layer), (_, widest) in zip(model.weighted(), first.weighted(), strict=True):
        integers, largest = _matrix(layer), max(1, 2 ** (layer.bits - 1) - 1)
        agreement, apart = _compared(_matrix(widest), integers)
        layers.append(
            LayerIntegers(
                name=f"layer {index}, {layer_name(layer)}",
                bits=layer.bits,
                count=integers.size,
                shown=histogram(integers, integer_edges(-largest, largest)),
                zeros=float((integers == 0).mean()),
                largest=float((np.abs(integers) >= largest).mean()),
                agreement=agreement,
                apart=apart,
            )
        )
    return Built(label, model_hash(model), layers)
