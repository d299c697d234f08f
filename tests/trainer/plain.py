"""A dense smooth spiking network in a few lines of double precision, through plain autograd: the oracle of what is
measured around and inside the trainer's networks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

Parameters = dict[str, Tensor]


def sigma(x: Tensor, beta: float, name: str = "arctan") -> Tensor:
    if name == "logistic":
        return 1 / (1 + torch.exp(-beta * x))
    return 0.5 + torch.atan(math.pi * beta * x / 2) / math.pi


def run(
    p: Parameters, x: Tensor, tau: float, beta: float, reset: str, name: str = "arctan"
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Two layers fcN-out without batch norm: logits [B, classes], currents and membranes before each step, T of [B, N].

    p: w, b of the neurons in thresholds; out, out_b of the read-out. x: counts [T, B, n].
    """
    v = torch.zeros(x.shape[1], p["w"].shape[0], dtype=x.dtype)
    currents, befores, total = [], [], 0.0
    for now in x:
        befores.append(v)
        current = now @ p["w"].T + p["b"]
        u = tau * v + current
        s = sigma(u - 1, beta, name)
        v = u * (1 - s) if reset == "zero" else u - s
        currents.append(current)
        total = total + s
    logits = total @ p["out"].T / len(x) + p["out_b"]
    return logits, currents, befores


def loss(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels)


def parameters(network: torch.nn.Module) -> Parameters:
    """Of a network fcN-out made with norm none, whose thresholds are 1."""
    first, last = network.weighted()
    names = {"w": first.weight, "b": first.bias, "out": last.weight, "out_b": last.bias}
    return {name: tensor.detach().double() for name, tensor in names.items()}
