"""The network of peer_networks.py in Spyx (JAX), compiled by XLA, for running alone.

Spyx's own neurons subtract when they fire and fire a step later, so the neuron here is one by Spyx's contract of a
stateful layer, run by `spyx.nn.run`. As in the other libraries, convolutions take all steps at once. Spyx and JAX:
pip install spyx.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from peer_networks import DECAY, PeerNetwork
from torch import Tensor

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")


def spyx_network(network: PeerNetwork) -> tuple[Callable[[Any], Any], Callable[[Tensor], Any]]:
    """A settled network of another library in Spyx.

    Returns:
        the network, of an array [T, B, height, width, 2], which gives logits and the two firing rates when these are
        there; and what makes that array of a tensor [T, B, 2, height, width].
    """
    import jax
    import jax.numpy as jnp
    from spyx import nn

    class Lif:
        """Reset to zero, one step at a time: Spyx's StatefulLayer."""

        def __call__(self, x: Any, v: Any) -> tuple[Any, Any]:
            v = DECAY * v + x
            spikes = (v > 1).astype(v.dtype)
            return spikes, v * (1 - spikes)

    def layer(x: Any, weight: Any, shift: Any, stride: int, padding: int) -> Any:
        merged = x.reshape(-1, *x.shape[2:])
        current = jax.lax.conv_general_dilated(
            merged,
            weight,
            (stride, stride),
            [(padding, padding)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        current = (current + shift).reshape(*x.shape[:2], *current.shape[1:])
        return nn.run(Lif(), current, jnp.zeros_like(current[0]))[0]

    def pooled(x: Any) -> Any:
        window = (1, 1, 2, 2, 1)
        return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")

    def forward(parameters: dict[str, Any], x: Any) -> Any:
        first = layer(x, *parameters["first"], 2, 2)
        second = layer(pooled(first), *parameters["second"], 1, 1)
        weight, bias = parameters["out"]
        last = pooled(second).mean(0).transpose(0, 3, 1, 2)  # as PyTorch flattens
        return last.reshape(len(last), -1) @ weight + bias, [first.mean(), second.mean()]

    parameters = {name: _folded(getattr(network, name)) for name in ("first", "second")}
    parameters["out"] = network.out.weight.detach().numpy().T, network.out.bias.detach().numpy()
    run = partial(jax.jit(forward), jax.device_put(parameters))
    return (
        lambda x: jax.block_until_ready(run(x)),
        lambda x: jax.device_put(np.ascontiguousarray(x.permute(0, 1, 3, 4, 2).numpy())),
    )


def _folded(stage: Any) -> tuple[np.ndarray, np.ndarray]:
    """A convolution's weights [kernel, kernel, in, out] and shifts, with the batch norm behind it in them."""
    conv, norm = stage
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    weight = (conv.weight * factor[:, None, None, None]).permute(2, 3, 1, 0)
    shift = norm.bias - norm.running_mean * factor
    return weight.detach().numpy(), shift.detach().numpy()
