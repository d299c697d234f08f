"""The best epoch's network so far, which a run with `--keep best` is taken for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

EPOCH, ACCURACY = "kept_epoch", "kept_accuracy"  # in a checkpoint, of what training carries along


@dataclass(frozen=True)
class Kept:
    """epoch: counted from 1. accuracy: on the validation part. parameters: copies, by name."""

    epoch: int
    accuracy: float
    parameters: dict[str, Tensor]

    @staticmethod
    def better(before: Kept | None, network: nn.Module, epoch: int, accuracy: float) -> Kept:
        """The network of this epoch where it is as good as the best one before it, which else stays."""
        if before is not None and accuracy < before.accuracy:
            return before
        return Kept(epoch, accuracy, {name: t.detach().clone() for name, t in network.state_dict().items()})

    @staticmethod
    def restored(extra: dict[str, Tensor], parameters: dict[str, Tensor]) -> Kept | None:
        """What a checkpoint holds, whose figures are taken out of `extra`; None where it holds none."""
        epoch, accuracy = extra.pop(EPOCH, None), extra.pop(ACCURACY, None)
        if epoch is None or accuracy is None or not parameters:
            return None
        return Kept(int(epoch), float(accuracy), parameters)

    def figures(self) -> dict[str, Tensor]:
        """What `restored` takes up again."""
        return {EPOCH: torch.tensor(self.epoch), ACCURACY: torch.tensor(self.accuracy, dtype=torch.float64)}
