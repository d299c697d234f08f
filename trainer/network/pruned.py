"""Networks with whole output channels removed: smaller layers, and the parameters of what is left.

A channel that is removed takes its weights, its batch norm and its threshold with it, and the weights by which the next
layer hears it; pools pass channels through. What remains computes what it would if those weights of the next layer
were zero. Layers in groups and residual ones, and layers right before them, stay whole: their channels are tied.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor

from trainer.network.layers import Weighted
from trainer.network.network import Network
from trainer.settings import architecture
from trainer.settings.architecture import ConvSpec, PoolSpec

WHOLE = "all"  # of a layer whose channels all stay, in text

Kept = list[Tensor | None]  # int64, ascending, of each weighted layer; None: all


def tied(network: Network) -> list[str]:
    """Of each weighted layer why its channels cannot be removed; empty where they can."""
    layers = network.weighted()
    reasons = []
    for layer, after in zip(layers, [*layers[1:], None], strict=True):
        reasons.append("it answers" if after is None else _tie(layer) or _before(after))
    return reasons


def _tie(layer: Weighted) -> str:
    if not isinstance(layer.spec, ConvSpec):
        return ""
    if layer.spec.residual:
        return "it is residual"
    return f"it has {layer.spec.groups} groups" if layer.spec.groups > 1 else ""


def _before(after: Weighted) -> str:
    tie = _tie(after)
    return f"the layer after it is tied: {tie}" if tie else ""


def text_of(kept: Kept) -> str:
    """As a setting holds it: layers by '-', channels by '.'."""
    return "-".join(WHOLE if each is None else ".".join(map(str, each.tolist())) for each in kept)


def of_text(text: str) -> Kept:
    """The reverse."""
    return [
        None if part == WHOLE else torch.tensor([int(number) for number in part.split(".")])
        for part in text.split("-")
    ]


def pruned_arch(arch: str, kept: Kept) -> str:
    """`arch` with as many channels as each layer keeps."""
    counts, tokens = iter(kept), []
    for token in architecture.tokens(arch):
        channels = None if isinstance(architecture.spec_of(token, arch, 1), PoolSpec) else next(counts)
        many = token if channels is None else re.sub(r"[0-9]+", str(len(channels)), token, count=1)
        tokens.append(many)
    return "-".join(tokens)


def pruned_state(network: Network, kept: Kept) -> dict[str, Tensor]:
    """state_dict of the network with only the kept channels."""
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    names = {layer: name for name, layer in network.named_modules() if isinstance(layer, Weighted)}
    layers = network.weighted()
    for layer, after, channels in zip(layers, [*layers[1:], None], kept, strict=True):
        if channels is None:
            continue
        assert after is not None, "the read-out stays whole"
        own, prefix = names[layer], f"{names[layer]}."
        for name, tensor in state.items():
            if name.startswith(prefix) and tensor.dim() and tensor.shape[0] == layer.channels:
                of_steps = name.endswith("step_threshold")
                state[name] = tensor if of_steps else tensor[channels]
        if layer.recurrent is not None:
            state[f"{own}.recurrent"] = state[f"{own}.recurrent"][:, channels]
        heard = f"{names[after]}.weight"
        state[heard] = _heard(state[heard], after, layer.channels, channels)
    return state


def _heard(weight: Tensor, layer: Weighted, before: int, channels: Tensor) -> Tensor:
    """Weights of the inputs that are left; before: channels that there were."""
    if isinstance(layer.spec, ConvSpec):
        return weight[:, channels]
    return weight.unflatten(1, (before, -1))[:, channels].flatten(1)
