"""Everything that determines a training run, as one frozen record that is stored with it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from edge_sast.data.augment import MAX_SHIFT as MAX_AUGMENT_SHIFT
from edge_sast.data.grid import MAX_COUNT, MAX_DT_US, MAX_SHIFT, MAX_STEPS, Binning
from edge_sast.errors import EdgeSastError
from trainer import schedules, surrogate
from trainer.architecture import weighted_layers
from trainer.bits import Bits, parse_bits
from trainer.network import NetworkSettings
from trainer.passes import Spike

METHODS = {
    "sast": "surrogate spikes in the forward pass, sharpness-aware (SAM, --rho)",
    "surrogate": "surrogate spikes in the forward pass, no SAM",
    "hard": "hard spikes in the forward pass, surrogate gradient",
}
MAX_EPOCHS = 1_000_000
MAX_REAL = 1e6  # of rates, slopes and radii: far beyond any use, far below what float32 holds
LIMITS: dict[str, tuple[float, float]] = {
    "dt_us": (1, MAX_DT_US),
    "steps": (1, MAX_STEPS),
    "downscale": (0, MAX_SHIFT),
    "count_cap": (1, MAX_COUNT),
    "rho": (0, MAX_REAL),
    "rho_warmup": (0, MAX_EPOCHS),
    "epochs": (1, MAX_EPOCHS),
    "qat_epochs": (0, MAX_EPOCHS),
    "batch_size": (1, (1 << 31) - 1),
    "qat_lr": (0, MAX_REAL),
    "augment_shift": (0, MAX_AUGMENT_SHIFT),
    "seed": (0, (1 << 63) - 1),
}
DEFAULT_RHO = {"sast": 0.1, "surrogate": 0.0, "hard": 0.0}


@dataclass(frozen=True)
class TrainConfig:
    """One run. Same config, same data, same machine and thread count: same result.

    Attributes:
        method: one of METHODS. surrogate, beta: σ_β and its slope.
        rho, rho_warmup: SAM's radius and the epochs over which it grows linearly from 0; independent_batch takes a
            second minibatch for SAM's second gradient.
        epochs, qat_epochs: float epochs, then integer ones (quantisation-aware finish) with weights of
            `bits` bits: one width, or one for each layer with weights, joined by commas.
        lr, qat_lr: peak learning rates of the two parts, each decayed along a cosine. qat_lr 0 is a tenth of
            lr, or lr itself where a layer has weights of 1 bit.
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
    rho: float = 0.1
    rho_warmup: int = 2
    independent_batch: bool = False
    reset: str = "zero"
    leak: str = "3"
    norm: str = "batch"
    count_cap: int = 1
    downscale: int = 0
    sensor: str | None = None
    epochs: int = 12
    qat_epochs: int = 3
    bits: str = "8"
    batch_size: int = 64
    lr: float = 3e-3
    qat_lr: float = 0.0
    augment_shift: int = 2
    augment_drop: float = 0.0
    augment_flip: bool = False
    valid_fraction: float = 0.1
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise EdgeSastError(f"--method is {self.method!r}; choose {', '.join(METHODS)}")
        surrogate.code(self.surrogate)
        _ = self.widths  # checks --arch and --bits
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if not low <= value <= high:  # refuses NaN too
                raise EdgeSastError(f"{flag(name)} is {value}; it must be {low} to {high}")
        for name in ("beta", "lr"):
            if not 0 < getattr(self, name) <= MAX_REAL:
                raise EdgeSastError(
                    f"{flag(name)} is {getattr(self, name)}; it must be above 0, and at most {MAX_REAL:g}"
                )
        if not 0 < self.valid_fraction < 1:
            raise EdgeSastError(f"--valid-fraction is {self.valid_fraction}; it must lie between 0 and 1")
        if not 0 <= self.augment_drop < 1:
            raise EdgeSastError(f"--augment-drop is {self.augment_drop}; it must be 0 or more and below 1")

    @property
    def total_epochs(self) -> int:
        return self.epochs + self.qat_epochs

    @property
    def widths(self) -> Bits:
        """Weight width of each weighted layer in the integer epochs."""
        return parse_bits(self.bits, weighted_layers(self.arch))

    @property
    def train_spike(self) -> Spike:
        return Spike("hard" if self.method == "hard" else "smooth", self.surrogate, self.beta)

    def spike(self, hard: bool) -> Spike:
        return Spike("hard" if hard else "smooth", self.surrogate, self.beta)

    def rho_at(self, epoch: int) -> float:
        """SAM's radius in a float epoch: linear from 0 over the first `rho_warmup` epochs."""
        return schedules.rho_at("constant", self.rho, self.rho_warmup, epoch, self.epochs, 1.0)

    def learning_rate(self, progress: float) -> float:
        """Learning rate after `progress` epochs (a fraction counts): a cosine to 0 in each part, 2 % at its end."""
        if progress < self.epochs:
            return self.lr * _cosine(progress / self.epochs)
        return (self.qat_lr or self._finish_rate()) * _cosine(
            (progress - self.epochs) / max(1, self.qat_epochs)
        )

    def _finish_rate(self) -> float:
        # A binary weight learns by changing its sign: at a tenth of the rate few come to it (docs/method.md).
        return self.lr if 1 in self.widths else self.lr / 10

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
        return TrainConfig(**values | {"bits": str(values["bits"])})  # once a number


def _cosine(x: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, x)))


def flag(name: str) -> str:
    """The option a user types for a field."""
    return "--" + name.replace("_", "-")
