"""What a training run is made of, as plain values: what they mean together is in config.py."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.settings.sharpness import Sharpness

if TYPE_CHECKING:  # it imports NumPy, without which `--help` answers
    from trainer.settings.layers import LayerSettings

NORMS = ("batch", "none")
THROUGH_TIME = ("bptt", "online", "tandem")
PRECISIONS = ("float32", "bfloat16")
KEEPS = ("last", "best")
OPTIMISERS = ("adam", "implicit")


@dataclass(frozen=True)
class Settings:
    """The values of a run, of which nothing is checked here.

    Attributes:
        forward, mix, mask: which spikes the float epochs see (passes.py). surrogate, beta: σ_β and its slope;
            beta_start above 0 lets the slope grow from it to beta over the float epochs, geometrically.
        width, threshold, mp_init, reset, leak: of the neurons (network/neurons.py).
        layers: the network as data, in place of what `arch`, `reset` and `leak` say (layers.py): `arch` then only names
            it. imported: what wrote a network that was not trained here, and by what rules.
        through_time: gradients through all steps (bptt), online (gradients/online.py), or of a dense twin, layer by
            layer (gradients/tandem.py).
        sharpness to sam_scope: the perturbation (gradients/sharpness.py). rho, rho_delay, rho_warmup, rho_schedule: its
            radius, the epochs without it, those over which it then grows from 0, and its course after that
            (schedules.py); independent_batch takes a second minibatch for the second gradient.
        loss, tet_lambda, rate_limit, rate_weight, synops_target, instructions_target: what is minimised
            (trainer/gradients/losses.py).
        teacher, teacher_weight, teacher_temperature: runs whose answers are learnt beside the labels (run/teacher.py);
            several are joined as in PATH, by os.pathsep.
        epochs, qat_epochs: float epochs, then integer ones with `bits` wide weights (one width, or one per layer).
        lr, qat_lr: peak learning rates of the two parts, each decayed along a cosine. qat_lr 0 is a tenth of lr, or lr
            itself where a layer has weights of 1 bit.
        optimiser: adam, or implicit (run/implicit.py), which takes implicit_steps gradients of each batch.
        keep: which epoch's network the run is taken for: the last one's, or the best one's on the validation part, of
            the integer epochs where there are any, and of equals the latest.
        init: a run to start from instead of random weights. kept_channels: which channels of its layers are taken
            (network/pruned.py), None for all.
        recompute: keep only each layer's input for the backward pass. precision: of the float epochs' matrix products.
        augment_shift, augment_drop, augment_flip: see edge_sast.events.augment.
        valid_fraction: part of the training split held out where the data set has no valid split.
        window_us: recordings are cut into windows of this length, see edge_sast.datasets.sources.windows.
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
    instructions_target: float | None = None
    teacher: str | None = None
    teacher_weight: float = 0.5
    teacher_temperature: float = 2.0
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
    kept_channels: str | None = None
    epochs: int = 12
    qat_epochs: int = 3
    bits: str = "8"
    keep: str = "last"
    batch_size: int = 64
    lr: float = 3e-3
    qat_lr: float = 0.0
    optimiser: str = "adam"
    implicit_steps: int = 4
    recompute: bool = False
    precision: str = "float32"
    augment_shift: int = 2
    augment_drop: float = 0.0
    augment_flip: bool = False
    valid_fraction: float = 0.1
    limit: int | None = None
    seed: int = 0
    layers: tuple[LayerSettings, ...] | None = None
    imported: str | None = None

    @property
    def teachers(self) -> tuple[str, ...]:
        """Each run of `teacher`."""
        return tuple(path for path in (self.teacher or "").split(os.pathsep) if path)

    @property
    def total_epochs(self) -> int:
        return self.epochs + self.qat_epochs

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
