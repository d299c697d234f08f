"""The integer model: an input, layers, classes. The one meeting point of trainer, runtime and generators."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.bounds import accumulator_bound, check_step_counter
from edge_sast.model.layers import (
    MAX_EXTENT,
    MAX_NEURONS,
    Conv2d,
    Integrator,
    Layer,
    Linear,
    RecurrentLinear,
    Shape,
    Weighted,
)

MAX_LAYERS = 65_535  # the C counts them in 16 bits
MAX_MARGIN = (1 << 31) - 1  # the most by which two outputs can differ
MAX_CLASS_NAME = 255  # characters: as UTF-8 they fit the 4095 bytes of a string that every C99 compiler takes


def check_names(classes: Sequence[str], what: str) -> None:
    """Raises EdgeSastError, which calls them `what`, for names that are empty, long, unprintable, or there twice."""
    for i, name in enumerate(classes):
        if len(name) > MAX_CLASS_NAME:
            raise EdgeSastError(
                f"{what}[{i}] has {len(name)} characters; a name has at most {MAX_CLASS_NAME}"
            )
        if not name or not name.isprintable():
            raise EdgeSastError(f"{what}[{i}] is {name!r}; it must be printable text")
    if len(set(classes)) != len(classes):
        raise EdgeSastError(f"{what} has a name twice; each must be its own")


@dataclass(frozen=True, eq=False)
class Model:
    """A whole integer network. Its read-out follows from its last layer: an Integrator's membranes after the
    last step, or a Lif's spike counts over all steps; the largest wins, and of equals the lowest index.

    early_margin: a recording ends after the first step in which the largest output leads the second by so much
    (docs/arithmetic.md, section 5); None: all steps are computed.
    """

    binning: Binning
    layers: tuple[Layer, ...]
    classes: tuple[str, ...]
    producer: str = "edge-sast"
    early_margin: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "classes", tuple(str(name) for name in self.classes))
        if not self.layers:
            raise EdgeSastError("model: layers is empty; it needs at least one weighted layer")
        if len(self.layers) > MAX_LAYERS:
            raise EdgeSastError(f"model: layers has {len(self.layers)} entries; use at most {MAX_LAYERS}")
        last = self.layers[-1]
        if not isinstance(last, Linear | RecurrentLinear):
            raise EdgeSastError(
                f"model: the last layer is {type(last).__name__}; it must be Linear or RecurrentLinear"
            )
        for i, layer in enumerate(self.layers[:-1]):
            if isinstance(layer, Conv2d | Linear) and isinstance(layer.neuron, Integrator):
                raise EdgeSastError(
                    f"layers[{i}]: an integrator does not spike; only the last layer may be one"
                )
        shapes = self.shapes()
        if len(self.classes) != shapes[-1].neurons:
            raise EdgeSastError(
                f"model: classes has {len(self.classes)} names; the last layer has {shapes[-1].neurons} neurons"
            )
        check_names(self.classes, "model: classes")
        self._check_margin()
        self._check_bounds(shapes)

    def _check_margin(self) -> None:
        margin = self.early_margin
        if margin is None:
            return
        if not isinstance(margin, int) or isinstance(margin, bool) or not 1 <= margin <= MAX_MARGIN:
            raise EdgeSastError(f"early: margin is {reprlib.repr(margin)}; it must be 1 to {MAX_MARGIN}")
        if len(self.classes) < 2:
            raise EdgeSastError(
                f"early: margin is {margin}, but there is one class, which leads no other; leave early out"
            )

    def shapes(self) -> list[Shape]:
        """Shapes between layers: entry i is what layer i takes, the last what the last layer gives."""
        binning = self.binning
        try:
            shapes = [Shape(binning.height, binning.width, binning.channels, binning.count_cap)]
        except EdgeSastError as error:
            raise EdgeSastError(
                f"input: {binning.width}x{binning.height} pixels are left by shift={binning.shift}; at most "
                f"{MAX_EXTENT} per side and {MAX_NEURONS // 2} in all fit: raise shift"
            ) from error
        for i, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output(shapes[-1]))
            except EdgeSastError as error:
                raise EdgeSastError(f"layers[{i}]: {error}") from error
        return shapes

    def weighted(self) -> list[tuple[int, Weighted]]:
        """The layers that hold state, with their index: those that traces, counters and CRCs speak of."""
        return [
            (i, layer)
            for i, layer in enumerate(self.layers)
            if isinstance(layer, Conv2d | Linear | RecurrentLinear)
        ]

    def _check_bounds(self, shapes: list[Shape]) -> None:
        for i, layer in self.weighted():
            try:
                accumulator_bound(layer, shapes[i].max_count)
                check_step_counter(layer, shapes[i])
            except EdgeSastError as error:
                raise EdgeSastError(f"layers[{i}]: {error}") from error
