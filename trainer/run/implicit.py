"""Implicit stochastic gradient descent: the gradient is taken where the step arrives.

    w⁺ = w − α·g(w⁺)

(Toulis & Airoldi 2017, arXiv 1408.2923; for networks Li, Chen & Huang 2023, arXiv 2303.01767), g the gradient of one
batch, α the learning rate: a backward Euler step along the loss's own flow, which no curvature makes overshoot. Where
it arrives is found by N gradients on the same batch, from the plain step on, relaxed by half:

    w₁ = w − α·g(w),    w_{j+1} = (w_j + w − α·g(w_j))/2

N = 1 is plain stochastic gradient descent. This ends in w⁺ where α times each eigenvalue of the Hessian lies between
−1 and 3; the plain step overshoots from 2 on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class ImplicitSgd(Optimizer):
    """It keeps nothing of a batch for the next one. Methods without the import of PyTorch's compiler, as in adam.py."""

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)
    state_dict = inspect.unwrap(Optimizer.state_dict)
    load_state_dict = inspect.unwrap(Optimizer.load_state_dict)

    def __init__(self, parameters: Iterable[Tensor], lr: float, gradients: int) -> None:
        super().__init__(parameters, {"lr": lr})
        self.gradients = gradients  # N

    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move weights whose gradient `.grad` holds. closure: leaves there what it is at the weights as they are."""
        held = [(p, group["lr"]) for group in self.param_groups for p in group["params"]]
        start = [p.detach().clone() for p, _ in held]
        for done in range(self.gradients):
            if done:
                self.zero_grad(set_to_none=True)
                assert closure is not None
                closure()
            with torch.no_grad():
                for (p, rate), origin in zip(held, start, strict=True):
                    aim = origin if p.grad is None else origin - rate * p.grad
                    p.copy_((p + aim) / 2 if done else aim)
