"""How a dense CNN is trained: as the spiking network that it is compared with, where nothing else is said."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.dense.shapes import ConvShape, LayerShape, LinearShape, PoolShape
from edge_sast.errors import EdgeSastError
from trainer.settings import architecture
from trainer.settings.architecture import ConvSpec, DenseSpec, PoolSpec
from trainer.settings.config import TrainConfig

FIELDS = ("epochs", "qat_epochs", "batch_size", "lr", "augment_shift", "augment_drop", "augment_flip", "seed")
TAKEN = "NcK with sS and pP, or2 (a max pool here), fcN, last out or count"


@dataclass(frozen=True)
class DenseSettings:
    """Of the options of `edge-sast train` those that a network without spikes has, with the same meaning.

    Raises EdgeSastError for a number that cannot be.
    """

    epochs: int = 12
    qat_epochs: int = 3
    batch_size: int = 64
    lr: float = 3e-3
    augment_shift: int = 2
    augment_drop: float = 0.0
    augment_flip: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("qat_epochs", 0), ("seed", 0)):
            value = getattr(self, name)
            if value < least:
                raise EdgeSastError(f"--{name.replace('_', '-')} is {value}; it must be {least} or more")

    @staticmethod
    def of(config: TrainConfig) -> DenseSettings:
        """Those of a spiking run."""
        return DenseSettings(**{name: getattr(config, name) for name in FIELDS})


def shapes_of_text(arch: str, classes: int) -> tuple[LayerShape, ...]:
    """Layers written as those of `edge-sast train --arch`.

    Raises EdgeSastError naming the token that is none, or that the dense kernels lack.
    """
    specs = architecture.parse(arch, classes)
    words = architecture.tokens(arch)
    last = len(specs) - 1
    return tuple(
        _shape(spec, word, i == last) for i, (spec, word) in enumerate(zip(specs, words, strict=True))
    )


def _shape(spec: architecture.Spec, word: str, last: bool) -> LayerShape:
    if isinstance(spec, ConvSpec) and spec.groups == 1 and not spec.residual:
        return ConvShape(spec.channels, spec.kernel, spec.stride, spec.padding)
    if isinstance(spec, PoolSpec) and (spec.kind, spec.size) == ("or", 2):
        return PoolShape()
    if isinstance(spec, DenseSpec) and not spec.recurrent:
        return LinearShape(spec.outputs, relu=not last)
    raise EdgeSastError(f"--arch: token {word!r} is a layer that the dense kernels lack; use {TAKEN}")
