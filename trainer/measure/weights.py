"""What rounding does to the weights of a trained network."""

from __future__ import annotations

import numpy as np
import torch

from edge_sast.report.page.histogram import MOST_RANGES, histogram
from edge_sast.report.page.inputs import LayerWeights
from trainer.network.network import Network
from trainer.settings.bits import Bits


@torch.no_grad()
def layer_weights(network: Network, bits: Bits) -> list[LayerWeights]:
    """Of each weighted layer, its batch norm and thresholds folded in as at export; recurrent weights with the rest.

    Raises EdgeSastError where float32 cannot hold a layer's sums at these widths.
    """
    found = []
    for layer in network.weighted():
        width = bits[layer.place]
        integers = layer.integers(width)
        weight, recurrent, _ = layer.folded()
        pairs = [(weight, integers.weight)]
        if recurrent is not None and integers.recurrent is not None:
            pairs.append((recurrent, integers.recurrent))
        scale = (integers.lsb * 2**integers.weight_shift).cpu().numpy()[:, None]
        before = np.concatenate([own.flatten(1).cpu().numpy() / scale for own, _ in pairs], 1)
        after = np.concatenate([each.flatten(1).cpu().numpy() for _, each in pairs], 1)
        top = max(1, 2 ** (width - 1) - 1)
        reach = max(top, min(2 * top, int(np.ceil(np.abs(before).max())))) + 0.5
        step = max(1, -(-int(2 * reach) // MOST_RANGES))
        fine = np.linspace(-reach, reach, MOST_RANGES + 1) if step == 1 else _edges(reach, step)
        found.append(
            LayerWeights(
                name=layer.name,
                bits=width,
                count=before.size,
                before=histogram(before, fine),
                after=histogram(after, _edges(reach, step)),
                error=float(np.sqrt(np.square(before - after).mean())),
                clipped=float((np.abs(before) > top + 0.5).mean()) if width > 1 else 0.0,
                zeros=float((after == 0).mean()),
            )
        )
    return found


def _edges(reach: float, step: int) -> np.ndarray:
    """Ranges of `step` integers each, about 0."""
    half = int(np.ceil((reach - step / 2) / step))
    return (np.arange(-half, half + 2) - 0.5) * step
