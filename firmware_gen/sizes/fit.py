"""Whether a model's firmware fits a microcontroller, from what is predicted: before anything is written or flashed."""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Weighted
from edge_sast.model.model import Model
from edge_sast.model.modelfile import layer_name
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.parts import Part
from firmware_gen.sizes.prediction import Prediction, not_included, predict


@dataclass(frozen=True)
class Use:
    """One memory: what is needed, what is there, and what the need is made of, in words."""

    name: str
    needed: int
    available: int
    made_of: str

    @property
    def margin(self) -> int:
        return self.available - self.needed


def uses(prediction: Prediction, part: Part) -> tuple[Use, Use]:
    """Flash and RAM of `part`."""
    p = prediction
    flash = f"tables {p.tables:,}, descriptors {p.descriptors:,}, code {p.code:,}"
    ram = f"state {p.state:,}, context {p.context:,}, stack {p.stack:,}"
    return Use("flash", p.flash, part.flash, flash), Use("RAM", p.ram, part.ram, ram)


def report(model: Model, part: Part) -> list[str]:
    """Lines that say how `model` fits `part`.

    Raises:
        EdgeSastError: it does not, with what is needed, what is there, the biggest part of it and a remedy.
    """
    prediction = predict(CPlan(model), part.core)
    found = uses(prediction, part)
    wrong = [_lacking(use) for use in found if use.margin < 0]
    if wrong:
        name = next(use.name for use in found if use.margin < 0)
        raise EdgeSastError(f"{part.option}: {'; '.join(wrong)}; {_biggest(model, prediction, name)}")
    lines = [f"fits {part.title} ({part.core}, {prediction.compiler}, -Os):"]
    for use in found:
        share = 100 * use.needed / use.available
        lines.append(
            f"  {use.name}: {use.needed:,} of {use.available:,} bytes ({share:.1f} %), {use.margin:,} free "
            f"({use.made_of})"
        )
    return [*lines, f"  not included: {not_included(model)}"]


def _lacking(use: Use) -> str:
    return (
        f"the model needs {use.needed:,} bytes of {use.name} ({use.made_of}), {use.available:,} are there, "
        f"{-use.margin:,} too few"
    )


def _biggest(model: Model, prediction: Prediction, name: str) -> str:
    """The biggest part of that memory, and what to do about it."""
    p = prediction
    flash = name == "flash"
    sizes = {i: part.tables if flash else part.state for i, part in enumerate(p.layers)}
    largest = max(sizes, key=lambda i: sizes[i])
    others = {"code": p.code, "descriptors": p.descriptors} if flash else {"stack": p.stack}
    other = max(others, key=lambda key: others[key])
    if others[other] > sizes[largest]:
        return f"the biggest part is the {other}, {others[other]:,}: use fewer layers, or a larger microcontroller"
    layer = model.layers[largest]
    title = f"layer {largest} ({layer_name(layer)}), {sizes[largest]:,}"
    if not flash:
        return (
            f"the biggest part is the state of {title}: use fewer channels, or fewer pixels (a larger stride, or pools "
            "before it)"
        )
    fewer = (
        "fewer bits or fewer channels" if isinstance(layer, Weighted) and layer.bits > 1 else "fewer channels"
    )
    return f"the biggest part is the tables of {title}: use {fewer}"
