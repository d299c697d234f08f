"""Parameters of fewer axes than what flows through their node."""

from __future__ import annotations

import math

import numpy as np

from edge_sast.exchange.graph import Node


def spread(node: Node, name: str, values: np.ndarray, extent: tuple[int, ...]) -> np.ndarray:
    """A parameter for each place of `extent`, (channels, rows, columns) or (neurons,).

    It may be one number, one for each neuron, or of axes that are matched from the last on, as NumPy and the tools do;
    one axis as long as there are channels means channels. A batch axis of 1 and the one row of a Conv1d may be there.

    Raises EdgeSastError for a shape that fits in no way, and for one axis that may be channels or columns.
    """
    whole = values[0] if values.ndim > len(extent) and values.shape[0] == 1 else values
    if whole.size == 1:
        return np.full(extent, whole.reshape(-1)[0])
    if whole.shape in (extent, (math.prod(extent),)):
        return whole.reshape(extent)
    if len(extent) == 3 and extent[1] == 1 and whole.ndim == 3 and whole.shape[:2] == (1, extent[0]):
        whole = whole[0]  # a batch axis, and no rows
    if len(extent) == 3 and extent[1] == 1 and whole.ndim == 2 and len(whole) in (1, extent[0]):
        whole = whole[:, None]
    by_channel = whole.shape == extent[:1]
    if by_channel and extent[0] == extent[-1] and (whole != whole[0]).any():
        node.refuse(
            f"{name} has shape {list(values.shape)}, which of {list(extent)} may be channels or columns",
            f"write one for each channel as {[extent[0], 1, 1]}",
        )
    try:
        return np.broadcast_to(whole.reshape(-1, *[1] * (len(extent) - 1)) if by_channel else whole, extent)
    except ValueError:
        node.refuse(
            f"{name} has shape {list(values.shape)}, and what flows through it {list(extent)}",
            "write the file again",
        )
