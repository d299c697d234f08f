"""How the C holds and runs a whole model, worked out once: every generator takes the plan instead of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from edge_sast.model.layers import Conv2d, Layer, Lif, Linear, RecurrentLinear, Shape, Weighted
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.c_plan.input_bits import noted_in_blocks, sources
from firmware_gen.c_plan.lanes import Lanes, lanes
from firmware_gen.c_plan.layout import Layout, layout


@dataclass(frozen=True)
class LayerPlan:
    """One layer, which takes `shape` and gives `out`.

    source: the layer whose spikes it notes, target: the layer that notes its own (input_bits.py); None: none does.
    in_blocks: whether its own are noted a block of neurons at a time.
    """

    index: int
    layer: Layer
    shape: Shape
    out: Shape
    source: int | None
    target: int | None
    in_blocks: bool


@dataclass(frozen=True)
class WeightedPlan(LayerPlan):
    """A layer with weights. form: where its weights and membranes lie. lanes: None unless it is narrow and spikes.

    counters: which of the model's counters are its own.
    """

    layer: Weighted
    form: Layout
    lanes: Lanes | None
    counters: int


class CPlan:
    """The plan of `model`."""

    def __init__(self, model: Model) -> None:
        self.model = model
        shapes = model.shapes()
        self.input = shapes[0]
        forms = {i: layout(layer, shapes[i], shapes[i + 1]) for i, layer in model.weighted()}
        self.layers = tuple(_layers(model, shapes, forms))

    @cached_property
    def weighted(self) -> tuple[WeightedPlan, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, WeightedPlan))

    @cached_property
    def model_hash(self) -> str:
        """SHA-256 of the model, hexadecimal."""
        return model_hash(self.model)


def _layers(model: Model, shapes: Sequence[Shape], forms: dict[int, Layout]) -> list[LayerPlan]:
    of = sources(model.layers, shapes, forms)
    plans: list[LayerPlan] = []
    counters = 0
    for index, layer in enumerate(model.layers):
        shape, out = shapes[index], shapes[index + 1]
        target = next((i for i, source in enumerate(of) if source == index), None)
        blocks = (
            target is not None and isinstance(layer, Conv2d | Linear) and noted_in_blocks(forms[index], out)
        )
        common = (index, layer, shape, out, of[index], target, blocks)
        if isinstance(layer, Conv2d | Linear | RecurrentLinear):
            form = forms[index]
            spikes = isinstance(layer.neuron, Lif)
            chosen = lanes(layer, shape) if form.narrow and spikes else None
            plans.append(WeightedPlan(*common, form, chosen, counters))  # type: ignore[arg-type]  # weighted
            counters += 1
        else:
            plans.append(LayerPlan(*common))
    return plans
