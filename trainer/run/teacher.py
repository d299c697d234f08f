"""The runs that a training learns from beside its labels (distillation): loaded once, they answer each batch.

A teacher sees the same counts as its student, augmented alike, and answers in the forward pass that its own training
ended in: of integers where it has had integer epochs, else of smooth or of hard spikes. Several teachers answer with
the mean of their logits, so with the geometric mean of what each holds likely. A student that learns the answers after
each step (--loss evidence) is told theirs after each step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from trainer.gradients import losses
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.checkpoint import Checkpoint
from trainer.settings.config import TrainConfig
from trainer.settings.passes import Pass
from trainer.workers import workers as parallel

# Fields of a binning, and the options that settle them.
OPTIONS = {"shift": "--downscale", "dt_us": "--dt-us", "steps": "--steps", "count_cap": "--count-cap"}


@dataclass(frozen=True)
class Teachers:
    """The networks, each with the pass that it answers in and the loss it learnt by, none where a run has no teacher;
    the share of the loss that their answers have, and the temperature (trainer/gradients/losses.py).
    """

    networks: tuple[tuple[Network, Pass, str], ...]
    weight: float
    temperature: float

    @staticmethod
    def of(config: TrainConfig, binning: Binning, classes: tuple[str, ...], device: str = "cpu") -> Teachers:
        """Raises EdgeSastError for a run that cannot be read, or that knows other classes, sensor or steps."""
        networks = []
        for path in config.teachers:
            stored = checkpoint.load(Path(path))
            _check(path, stored, binning, classes)
            networks.append((stored.network().to(device), _pass(stored), stored.config.objective.kind))
        return Teachers(tuple(networks), config.teacher_weight, config.teacher_temperature)

    def losses(self, each: Tensor, own: Tensor, x: Tensor) -> Tensor:
        """Losses [B] of a batch: those of its labels, `each`, with what its answers [answers, B, classes] miss of the
        teachers'.
        """
        if not self.networks:
            return each
        return losses.distilled(each, own, self.answers(x, len(own)), self.weight, self.temperature)

    @torch.no_grad()
    def answers(self, x: Tensor, last: int = 1) -> Tensor:
        """Mean logits [last, B, classes] of counts [T, B, 2, H, W], after each of the last so many steps: sums of what
        arrived until then where a teacher learnt by `evidence`, else means.
        """
        told = []
        for network, how, loss in self.networks:
            output = network(x, how, per_step=last > 1)
            if output.steps is None:
                told.append(output.logits.float().unsqueeze(0) * (len(x) if loss == "evidence" else 1))
                continue
            sums = output.steps.float().cumsum(0)
            if loss != "evidence":  # whose logits are means over the steps
                sums = sums / torch.arange(1, len(sums) + 1, device=sums.device).view(-1, 1, 1)
            told.append(sums[-last:])
        return torch.stack(told).mean(0)

    def digest(self) -> str:
        """Of their parameters, in order; "" of none."""
        return digest([network for network, *_ in self.networks])


def digest(networks: list[Network]) -> str:
    """SHA-256 over the parameters of each; "" of none."""
    each = [parallel.digest(network.state_dict()) for network in networks]
    return parallel.digest({}, *each) if each else ""


def _pass(stored: Checkpoint) -> Pass:
    config = stored.config
    if stored.epoch > config.epochs:
        return config.integer()
    return config.spike(hard=not config.smooth_trained)


def _check(path: str, stored: Checkpoint, binning: Binning, classes: tuple[str, ...]) -> None:
    theirs = stored.binning
    sensor = theirs.sensor_width, theirs.sensor_height
    if sensor != (binning.sensor_width, binning.sensor_height):
        raise EdgeSastError(
            f"--teacher {path}: its sensor has {sensor[0]}x{sensor[1]} pixels, that of --data "
            f"{binning.sensor_width}x{binning.sensor_height}; use a run on recordings of the same sensor"
        )
    for name, option in OPTIONS.items():
        if getattr(theirs, name) != getattr(binning, name):
            raise EdgeSastError(
                f"--teacher {path}: was trained with {option} {getattr(theirs, name)}, this run has "
                f"{getattr(binning, name)}; a teacher sees what its student sees: use the same, or another teacher"
            )
    if stored.classes != classes:
        raise EdgeSastError(
            f"--teacher {path}: answers with {_named(stored.classes)}, --data has {_named(classes)}; use a run on the "
            "same classes"
        )


def _named(classes: tuple[str, ...]) -> str:
    """The first few by name: a data set may have thousands."""
    more = ", …" if len(classes) > 4 else ""
    return f"the {len(classes)} classes {', '.join(classes[:4])}{more}"
