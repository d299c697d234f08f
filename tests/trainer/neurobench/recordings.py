"""Random models with recordings of theirs, in the forms that runtime and PyTorch take."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from tests.strategies import binned, random_input, random_model


def random_case(seed: int, recordings: int = 3) -> tuple[Model, BinnedEvents]:
    """A small model and recordings; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    return model, binned(model, [random_input(rng, model) for _ in range(recordings)])


def frames(events: BinnedEvents) -> Tensor:
    """All of them, int32 [N, T, 2, H, W]."""
    counts = events.dense(np.arange(len(events))).transpose(0, 1, 4, 2, 3)
    return torch.tensor(counts, dtype=torch.int32)
