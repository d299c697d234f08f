"""Everything that determines a training run, as one frozen record that is stored with it."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from trainer.settings import checks, layers, methods, schedules
from trainer.settings.bits import Bits, parse_bits
from trainer.settings.fields import Settings
from trainer.settings.layers import PlannedLayer
from trainer.settings.network import NetworkSettings
from trainer.settings.neuron import NeuronSettings
from trainer.settings.objective import Objective
from trainer.settings.passes import Integer, Pass, Spike


@dataclass(frozen=True)
class TrainConfig(Settings):
    """One run. Same config, same data, same machine and thread count: same result.

    `TrainConfig.of(method, ...)` completes what is given by the method (methods.py); built directly, the
    fields say all.
    """

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
        if self.layers is not None and self.arch != layers.arch_of(self.layers):
            raise EdgeSastError(
                f"--arch is {self.arch!r}, but the run's layers, which have rules of their own, are "
                f"{layers.arch_of(self.layers)!r}; leave it out"
            )
        checks.check_ranges(self)
        checks.check_taken(self, DEFAULTS)
        # Each part checks its own settings, and names the option.
        _ = self.widths, self.train_spike, self.objective, self.neuron, self.sharp
        schedules.check_rho_schedule(self.rho_schedule)
        planned = self.planned()
        checks.check_combinations(self, layers.spiking(planned), layers.recurrent(planned))

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
        return parse_bits(text, layers.weighted(self.planned()))

    def planned(self) -> list[PlannedLayer]:
        """The layers, whatever the number of classes."""
        if self.layers is None:
            return layers.of_text(self.arch, 1, self.neuron)
        return layers.of_data(self.layers, None, self.neuron)

    def integer(self, bits: Bits | None = None) -> Integer:
        """The integer pass at these widths, or at those of the run."""
        return Integer(bits or self.widths, self.spike(hard=True))

    def may_keep(self, epoch: int) -> bool:
        """Whether an epoch's network may be the one that is kept: those of the part that ends the run."""
        return self.keep == "best" and (epoch >= self.epochs or not self.qat_epochs)

    def converted_at(self, epoch: int) -> int:
        """Spiking layers that spike in an epoch of tandem learning (gradients/tandem.py)."""
        stages = layers.spiking(self.planned()) + 1
        return min(stages - 1, epoch * stages // max(1, self.epochs))

    def still_dense(self, epoch: int) -> bool:
        """Whether tandem learning has layers in an epoch that do not spike yet."""
        return self.through_time == "tandem" and self.converted_at(epoch) < self.converted_at(self.epochs)

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
        return Objective(
            self.loss,
            self.tet_lambda,
            self.rate_limit,
            self.rate_weight,
            self.synops_target,
            self.instructions_target,
        )

    @property
    def neuron(self) -> NeuronSettings:
        return NeuronSettings(self.reset, self.leak, self.threshold, self.mp_init, self.width)

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
            self.layers,
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True)

    @staticmethod
    def from_dict(values: dict[str, Any], source: str) -> TrainConfig:
        """Raises EdgeSastError naming `source` and the field that is unknown or missing."""
        values = LATER | values
        known = {f.name for f in fields(TrainConfig)}
        for name in sorted(values.keys() ^ known):
            state = "unknown" if name in values else "missing"
            raise EdgeSastError(
                f"{source}: setting {name!r} is {state}; it was written by another version: train again"
            )
        return TrainConfig(**values | {"layers": layers.from_json(values["layers"], source)})


# Settings that say where something lies. What lies there is compared, by its contents, not the path.
PLACES = ("data", "init", "teacher")
# Settings that older runs do not say, and what these did.
LATER = {
    "keep": "last",
    "teacher": None,
    "teacher_weight": 0.5,
    "teacher_temperature": 2.0,
    "optimiser": "adam",
    "implicit_steps": 4,
    "layers": None,
    "imported": None,
    "instructions_target": None,
    "kept_channels": None,
}
DEFAULTS = {f.name: f.default for f in fields(TrainConfig) if f.default is not MISSING}


def _cosine(x: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, x)))
