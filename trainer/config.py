"""Everything that determines a training run, as one frozen record that is stored with it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from edge_sast.data.grid import Binning
from edge_sast.errors import EdgeSastError
from trainer import surrogate
from trainer.lif import Spike
from trainer.network import NetworkSettings
from trainer.quantise import check_bits

METHODS = {
    "sast": "surrogate spikes in the forward pass, sharpness-aware (SAM, --rho)",
    "surrogate": "surrogate spikes in the forward pass, no SAM",
    "hard": "hard spikes in the forward pass, surrogate gradient",
}
DEFAULT_RHO = {"sast": 0.3, "surrogate": 0.0, "hard": 0.0}


@dataclass(frozen=True)
class TrainConfig:
    """One run. Same config, same data, same machine and thread count: same result.

    Attributes:
        method: one of METHODS. surrogate, beta: σ_β and its slope.
        rho, rho_warmup: SAM's radius and the epochs over which it grows linearly from 0; independent_batch takes a
            second minibatch for SAM's second gradient.
        epochs, qat_epochs: float epochs, then integer ones with `bits`-bit weights (quantisation-aware finish).
        lr, qat_lr: peak learning rates of the two parts, each decayed along a cosine. qat_lr 0 is a tenth of lr.
        augment_shift, augment_drop, augment_flip: see edge_sast.data.augment.
        valid_fraction: part of the training split held out where the data set has no valid split.
    """

    data: str
    arch: str
    dt_us: int
    steps: int
    method: str = "sast"
    surrogate: str = "arctan"
    beta: float = 5.0
    rho: float = 0.3
    rho_warmup: int = 2
    independent_batch: bool = False
    reset: str = "zero"
    leak: str = "3"
    norm: str = "batch"
    count_cap: int = 1
    downscale: int = 0
    sensor: str | None = None
    epochs: int = 10
    qat_epochs: int = 2
    bits: int = 8
    batch_size: int = 64
    lr: float = 3e-3
    qat_lr: float = 0.0
    augment_shift: int = 0
    augment_drop: float = 0.0
    augment_flip: bool = False
    valid_fraction: float = 0.1
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise EdgeSastError(f"--method is {self.method!r}; choose {', '.join(METHODS)}")
        surrogate.code(self.surrogate)
        check_bits(self.bits)
        _positive(self, "beta", "lr", "epochs", "batch_size", "steps", "dt_us")
        _not_negative(self, "rho", "rho_warmup", "qat_epochs", "qat_lr", "augment_shift", "seed")
        if not 0 < self.valid_fraction < 1:
            raise EdgeSastError(f"--valid-fraction is {self.valid_fraction}; it must lie between 0 and 1")
        if not 0 <= self.augment_drop < 1:
            raise EdgeSastError(f"--augment-drop is {self.augment_drop}; it must be 0 or more and below 1")

    @property
    def total_epochs(self) -> int:
        return self.epochs + self.qat_epochs

    @property
    def train_spike(self) -> Spike:
        return Spike(self.method == "hard", self.surrogate, self.beta)

    def spike(self, hard: bool) -> Spike:
        return Spike(hard, self.surrogate, self.beta)

    def rho_at(self, epoch: int) -> float:
        """SAM's radius in a float epoch: linear from 0 over the first `rho_warmup` epochs."""
        return self.rho * min(1.0, (epoch + 1) / (self.rho_warmup + 1))

    def learning_rate(self, progress: float) -> float:
        """Learning rate after `progress` epochs (a fraction counts): a cosine to 0 in each part, 2 % at its end."""
        if progress < self.epochs:
            return self.lr * _cosine(progress / self.epochs)
        return (self.qat_lr or self.lr / 10) * _cosine((progress - self.epochs) / max(1, self.qat_epochs))

    def binning(self, sensor: tuple[int, int]) -> Binning:
        return Binning(sensor[0], sensor[1], self.downscale, self.dt_us, self.steps, self.count_cap)

    def network(self, binning: Binning, classes: int) -> NetworkSettings:
        return NetworkSettings(
            self.arch,
            classes,
            binning.height,
            binning.width,
            self.steps,
            self.count_cap,
            self.reset,
            self.leak,
            self.norm,
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @staticmethod
    def from_dict(values: dict[str, Any], source: str) -> TrainConfig:
        """Raises EdgeSastError naming `source` and the field that is unknown or missing."""
        known = {f.name for f in fields(TrainConfig)}
        for name in sorted(values.keys() ^ known):
            state = "unknown" if name in values else "missing"
            raise EdgeSastError(
                f"{source}: setting {name!r} is {state}; it was written by another version: train again"
            )
        return TrainConfig(**values)


def _cosine(x: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, x)))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _positive(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not (math.isfinite(value) and value > 0):
            raise EdgeSastError(f"{_flag(name)} is {value}; it must be above 0")


def _not_negative(config: TrainConfig, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not (math.isfinite(value) and value >= 0):
            raise EdgeSastError(f"{_flag(name)} is {value}; it must be 0 or more")
