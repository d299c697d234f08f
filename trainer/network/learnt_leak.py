"""A leak that is learnt: rounded to what a device can compute, straight-through."""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.formulas.leak import Shifts, decay, nearest_shifts


def snapped_decay(logit: Tensor) -> tuple[Tensor, Shifts]:
    """τ of a learnable leak, sigmoid(logit) rounded to the nearest device leak; straight-through."""
    smooth = torch.sigmoid(logit)
    shifts = nearest_shifts(float(smooth.detach()))
    return decay(shifts) + (smooth - smooth.detach()), shifts
