"""A value that learns as if it were another one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class TakesGradientOf(torch.autograd.Function):
    """The value of the first tensor with the gradient of the second, which has its shape."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, other: Tensor) -> Tensor:  # noqa: ARG004
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:  # noqa: ARG004
        return None, gradients[0]
