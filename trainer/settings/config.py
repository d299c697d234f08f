"""Everything that determines a training run, as one frozen record that is stored with it."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from trainer.settings import architecture, checks, methods, schedules
from trainer.settings.bits import Bits, parse_bits
from trainer.settings.network import NetworkSettings
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Pass, Spike
from trainer.settings.sharpness import Sharpness


@dataclass(frozen=True)
class TrainConfig:
    """One run. Same config, same data, same machine and thread count: same result.

    `TrainConfig.of(method, ...)` completes what is given by the method (methods.py); built directly, the
    fields say all.

    Attributes:
        forward, mix, mask: which spikes the float epochs see (passes.py). surrogate, beta: σ_β and its slope;
            beta_start above 0 lets the slope grow from it to beta over the float epochs, geometrically.
        width, threshold, mp_init, reset, leak: of the neurons (network/neurons.py).
        through_time: gradients through all steps (bptt), or online (gradients/online.py).
        sharpness to sam_scope: the perturbation (gradients/sharpness.py). rho, rho_delay, rho_warmup, rho_schedule: its
            radius, the epochs without it, those over which it then grows from 0, and its course after that
            (schedules.py); independent_batch takes a second minibatch for the second gradient.
        loss, tet_lambda, rate_limit, rate_weight, synops_target: what is minimised (trainer/gradients/losses.py).
        epochs, qat_epochs: float epochs, then integer ones with `bits` wide weights (one width, or one a layer).
        lr, qat_lr: peak learning rates of the two parts, each decayed along a cosine. qat_lr 0 is a tenth of lr, or lr
            itself where a layer has weights of 1 bit.
        init: a run to start from instead of random weights.
        recompute: keep only each layer's input for the backward pass. precision: of the float epochs' matrix products.
        augment_shift, augment_drop, augment_flip: see edge_sast.events.augment.
        valid_fraction: part of the training split held out where the data set has no valid split.
        window_us: recordings are cut into windows of this length, see edge_sast.datasets.windows.
    """

    data: str
    arch: str
    dt_us: int
    steps: int
    method: str = "custom"
    forward: str = "hard"
    surrogate: str = "arctan"
    beta: float = 5.0
    beta_start: float = 0.0
    width: str = "fixed"
    mix: float = 0.5
    mask: float = 0.0
    through_time: str = "bptt"
    sharpness: str = "none"
    rho: float = 0.0
    rho_warmup: int = 0
    rho_delay: int = 0
    rho_schedule: str = "constant"
    sam_every: int = 1
    sam_reuse: float = 0.0
    sam_rows: float = 1.0
    sam_rows_by: str = "loss"
    sam_weights: float = 1.0
    sam_scope: str = "all"
    gsam_alpha: float = 0.4
    independent_batch: bool = False
    loss: str = "last"
    tet_lambda: float = 1e-3
    rate_limit: float = 0.0
    rate_weight: float = 0.0
    synops_target: float | None = None
    reset: str = "zero"
    leak: str = "3"
    threshold: str = "fixed"
    mp_init: bool = False
    norm: str = "batch"
    count_cap: int = 1
    downscale: int = 0
    sensor: str | None = None
    window_us: int | None = None
    init: str | None = None
    epochs: int = 12
    qat_epochs: int = 3
    bits: str = "8"
    batch_size: int = 64
    lr: float = 3e-3
    qat_lr: float = 0.0
    recompute: bool = False
    precision: str = "float32"
    augment_shift: int = 2
    augment_drop: float = 0.0
    augment_flip: bool = False
    valid_fraction: float = 0.1
    limit: int | None = None
    seed: int = 0

    @staticmethod
    def of(method: str, **given: Any) -> TrainConfig:
        """A config of a method, completed by what it fixes, and by what it proposes where that has an effect."""
        values = methods.settings(method, given)
        idle = checks.without_effect(DEFAULTS | values)
        dropped = idle.keys() & methods.METHODS[method].proposed.keys() - given.keys()
        config = TrainConfig(**{name: value for name, value in values.items() if name not in dropped})
        checks.check_asked(config, given, DEFAULTS)
        return config

    def __post_init__(self) -> None:
        if self.method not in methods.METHODS:
            raise EdgeSastError(f"--method is {self.method!r}; choose {', '.join(methods.METHODS)}")
        checks.check_ranges(self)
        checks.check_taken(self, DEFAULTS)
        # Each part checks its own settings, and names the option.
        _ = self.widths, self.train_spike, self.objective, self.neuron, self.sharp
        schedules.check_rho_schedule(self.rho_schedule)
        checks.check_combinations(self)

    @property
    def total_epochs(self) -> int:
        return self.epochs + self.qat_epochs

    @property
    def train_spike(self) -> Spike:
        """The spikes of the float epochs, at the final slope."""
        return Spike(self.forward, self.surrogate, self.beta, self.mix, self.mask)

    def spike_at(self, epoch: int) -> Spike:
        """The spikes of an epoch (0 is the first): the slope may still be growing."""
        if not self.beta_start:
            return self.train_spike
        share = min(1.0, epoch / max(1, self.epochs - 1))
        slope = self.beta_start * (self.beta / self.beta_start) ** share
        return Spike(self.forward, self.surrogate, slope, self.mix, self.mask)

    def spike(self, hard: bool) -> Spike:
        """The spikes that an evaluation sees."""
        return Spike("hard" if hard else "smooth", self.surrogate, self.beta)

    @property
    def widths(self) -> Bits:
        """Weight bits of each weighted layer."""
        return self.bits_of(self.bits)

    def bits_of(self, text: str) -> Bits:
        """Weight bits of each weighted layer, as `text` says them."""
        return parse_bits(text, architecture.weighted_layers(self.arch))

    def integer(self, bits: Bits | None = None) -> Integer:
        """The integer pass at these widths, or at those of the run."""
        return Integer(bits or self.widths, self.spike(hard=True))

    def pass_at(self, epoch: int) -> Pass:
        """What an epoch trains."""
        if epoch < self.epochs:
            return self.spike_at(epoch)
        return Integer(self.widths, Spike("hard", self.surrogate, self.beta, mask=self.mask))

    @property
    def smooth_trained(self) -> bool:
        """Whether the float epochs see a smooth forward pass, so that there is a gap to measure."""
        return self.forward != "hard"

    @property
    def objective(self) -> Objective:
        return Objective(self.loss, self.tet_lambda, self.rate_limit, self.rate_weight, self.synops_target)

    @property
    def neuron(self) -> NeuronSettings:
        return NeuronSettings(self.reset, self.leak, self.threshold, self.mp_init, self.width)

    @property
    def sharp(self) -> Sharpness:
        return Sharpness(
            self.sharpness,
            self.sam_every,
            self.sam_reuse,
            self.sam_rows,
            self.sam_rows_by,
            self.sam_weights,
            self.gsam_alpha,
            self.sam_scope,
        )

    def rho_at(self, progress: float) -> float:
        """ρ after `progress` epochs (a fraction counts); 0 in the integer epochs."""
        if progress >= self.epochs:
            return 0.0
        return schedules.rho_at(
            self.rho_schedule,
            self.rho,
            schedules.Rise(self.rho_delay, self.rho_warmup),
            progress,
            self.epochs,
            self.learning_rate(progress) / self.lr,
        )

    def learning_rate(self, progress: float) -> float:
        """After `progress` epochs (a fraction counts): a cosine to 0 in each part, 2 % at its end."""
        if progress < self.epochs:
            return self.lr * _cosine(progress / self.epochs)
        done = (progress - self.epochs) / max(1, self.qat_epochs)
        return (self.qat_lr or self._finish_rate()) * _cosine(done)

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
            self.norm,
            self.neuron,
            self.recompute,
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


# Settings that say where something lies. What lies there is compared, by its contents, not the path.
PLACES = ("data", "init")
DEFAULTS = {f.name: f.default for f in fields(TrainConfig) if f.default is not MISSING}


def _cosine(x: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, x)))
