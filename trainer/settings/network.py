"""What fixes a network's parameters and their shapes."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Shape
from trainer.formulas import leak
from trainer.settings import architecture, layers
from trainer.settings.fields import NORMS
from trainer.settings.layers import LayerSettings, PlannedLayer
from trainer.settings.neuron import NeuronSettings


@dataclass(frozen=True)
class NetworkSettings:
    """What fixes a network's parameters and their shapes. layers: as data, in place of `arch` and rules of `neuron`."""

    arch: str
    classes: int
    height: int
    width: int
    steps: int
    count_cap: int = 1
    norm: str = "batch"
    neuron: NeuronSettings = field(default_factory=NeuronSettings)
    recompute: bool = False
    layers: tuple[LayerSettings, ...] | None = None

    def __post_init__(self) -> None:
        if self.norm not in NORMS:
            raise EdgeSastError(f"--norm is {self.norm!r}; choose {' or '.join(NORMS)}")
        leak.parse(self.neuron.leak)
        architecture.shapes([each.spec for each in self.planned()], self.input_shape)

    def planned(self) -> list[PlannedLayer]:
        """The layers to build, in order."""
        if self.layers is None:
            return layers.of_text(self.arch, self.classes, self.neuron)
        return layers.of_data(self.layers, self.classes, self.neuron)

    @property
    def input_shape(self) -> Shape:
        return Shape(self.height, self.width, 2, self.count_cap)
