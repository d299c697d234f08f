"""What fixes a network's parameters and their shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape
from trainer.formulas import leak
from trainer.settings import architecture
from trainer.settings.fields import NORMS
from trainer.settings.neuron import NeuronSettings


@dataclass(frozen=True)
class NetworkSettings:
    """What fixes a network's parameters and their shapes."""

    arch: str
    classes: int
    height: int
    width: int
    steps: int
    count_cap: int = 1
    norm: str = "batch"
    neuron: NeuronSettings = field(default_factory=NeuronSettings)
    recompute: bool = False

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise EdgeSastError(f"--norm is {self.norm!r}; choose {' or '.join(NORMS)}")
        leak.parse(self.neuron.leak)
        architecture.shapes(architecture.parse(self.arch, self.classes), self.input_shape)

    @property
    def input_shape(self) -> Shape:
        return Shape(self.height, self.width, 2, self.count_cap)
