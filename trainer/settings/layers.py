"""A network as a list of layers. `--arch` text makes one; a run may hold one as data, with rules of each layer's own.

As data a layer is a token of architecture.py with what `--reset` and `--leak` say for all layers otherwise, and
what else its neurons do by the rules of another tool. The last may feed itself, which text does not allow: its neurons
are the classes all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from edge_sast.errors import EdgeSastError
from trainer.formulas import leak
from trainer.settings import architecture
from trainer.settings.architecture import ConvSpec, DenseSpec, PoolSpec, Spec
from trainer.settings.neuron import NeuronSettings

_FLAG = (bool, "true or false")
_KINDS = {"above": _FLAG, "later": _FLAG, "level": (tuple, "a list of numbers")}  # all else is text


@dataclass(frozen=True)
class LayerSettings:
    """A layer as data. layer: its token. The rest is of its neurons, see NeuronSettings, and void in a pool."""

    layer: str
    reset: str = "zero"
    leak: str = "none"
    above: bool = False
    later: bool = False
    level: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class PlannedLayer:
    """A layer to build. name: as messages call it."""

    name: str
    spec: Spec
    neuron: NeuronSettings


def of_text(arch: str, classes: int, neuron: NeuronSettings) -> list[PlannedLayer]:
    """Those of `--arch`, all with the same rules. Raises EdgeSastError naming the token."""
    specs, tokens = architecture.parse(arch, classes), architecture.tokens(arch)
    return [PlannedLayer(token, spec, neuron) for token, spec in zip(tokens, specs, strict=True)]


def of_data(
    layers: Sequence[LayerSettings], classes: int | None, neuron: NeuronSettings
) -> list[PlannedLayer]:
    """Those of a run's data; what a layer does not say is that of `neuron`. classes: None for as many as there may be.

    Raises EdgeSastError for a layer that means nothing, or a last one without a neuron for each class.
    """
    text = arch_of(layers)
    planned = []
    for each in layers:
        spec = architecture.spec_of(each.layer, text, classes or 1)
        leak.parse(each.leak)
        many = classes is not None or each.layer not in ("out", "count")  # else as many as there may be
        if many and not isinstance(spec, PoolSpec) and len(each.level) not in (1, _channels(spec)):
            raise EdgeSastError(
                f"--arch {text!r}: layer {each.layer!r} has {len(each.level)} levels; it must have one, or one each "
                f"for its {_channels(spec)} channels: train again"
            )
        given = {name: getattr(each, name) for name in ("reset", "leak", "above", "later", "level")}
        own = replace(neuron, **given)
        planned.append(PlannedLayer(each.layer, spec, own))
    last = planned[-1].spec if planned else None
    if not isinstance(last, DenseSpec):
        raise EdgeSastError(
            f"--arch {text!r}: the last layer is not fully connected; end with 'out' or 'count'"
        )
    if classes is not None and last.outputs != classes:
        raise EdgeSastError(
            f"--arch {text!r}: the last layer has {last.outputs} neurons, and the recordings are of {classes} classes; "
            "use recordings of as many classes"
        )
    for layer in planned[:-1]:
        if isinstance(layer.spec, DenseSpec) and not layer.spec.spiking:
            raise EdgeSastError(
                f"--arch {text!r}: {layer.name!r} is a read-out; only the last layer may be one"
            )
    return planned


def _channels(spec: ConvSpec | DenseSpec) -> int:
    return spec.channels if isinstance(spec, ConvSpec) else spec.outputs


def arch_of(layers: Sequence[LayerSettings]) -> str:
    """The layers' tokens in one text, for people."""
    return "-".join(each.layer for each in layers)


def from_json(values: Any, source: str) -> tuple[LayerSettings, ...] | None:
    """What a file holds. Raises EdgeSastError naming `source` where that is no list of layers."""
    if values is None:
        return None
    try:
        layers = tuple(
            LayerSettings(**value | {"level": tuple(map(float, value["level"]))}) for value in values
        )
    except (TypeError, ValueError, KeyError) as error:
        raise EdgeSastError(
            f"{source}: setting 'layers' is of another version ({error}); train again"
        ) from error
    for layer in layers:
        for field in fields(LayerSettings):
            value, (kind, told) = getattr(layer, field.name), _KINDS.get(field.name, (str, "text"))
            if not isinstance(value, kind):
                raise EdgeSastError(
                    f"{source}: {field.name!r} of a layer is {value!r}; it must be {told}: train again"
                )
    return layers


def weighted(planned: Sequence[PlannedLayer]) -> int:
    """Number of layers with weights."""
    return sum(not isinstance(each.spec, PoolSpec) for each in planned)


def spiking(planned: Sequence[PlannedLayer]) -> int:
    """Number of layers whose neurons spike."""
    return sum(
        isinstance(each.spec, ConvSpec) or (isinstance(each.spec, DenseSpec) and each.spec.spiking)
        for each in planned
    )


def recurrent(planned: Sequence[PlannedLayer]) -> bool:
    """Whether a layer feeds itself."""
    return any(isinstance(each.spec, DenseSpec) and each.spec.recurrent for each in planned)
