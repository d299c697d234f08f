"""Engine layers: what the core sweeps, and what each takes from the one before, pools folded in.

Every weighted layer is one. So are the or-pools between two weighted layers, or before the first, all together: windows
nest, so that with the pools before them they are one or over k × k neurons. Sum pools after them only divide the
coordinates of a spike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Flatten, OrPool, Shape, SumPool
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.parts import Kernel, Part, Parts

MAX_EXTENT = 4_095  # rows, and words of a row: a spike word has 12 bits for either
MAX_INPUT = 32_767  # columns and rows: an event has 15 bits for either
MAX_LAYERS = 256  # a spike word has 8 bits for its layer
MAX_WORDS = 1 << 24  # of one memory: far more than any part holds, little enough to write down


@dataclass(frozen=True)
class EngineLayer:
    """One layer of the core.

    index: of the layer in the model; that of the last or-pool for an or stage.
    counted: which of the weighted layers it is; None: an or stage, which has neither counters nor a CRC.
    shape: its neurons. quads: of a pixel. row_words: of a row. base: its first membrane word.
    """

    index: int
    counted: int | None
    shape: Shape
    quads: int
    row_words: int
    base: int

    @property
    def words(self) -> int:
        """Membrane words."""
        return self.shape.height * self.row_words


@dataclass(frozen=True)
class Connection:
    """What spikes of `source` add to `target`.

    source: rows, columns, channels of what spikes: the input, or an engine layer.
    division: k of the windows of k × k that sources fall into; those in no whole window are dropped.
    kernel: over the windows; None: or-pool, a window is a target.
    flat: the kernel sees all windows as channels of one pixel.
    """

    source: Shape
    division: int
    kernel: Kernel | None
    flat: bool
    target: EngineLayer

    @property
    def windows(self) -> Shape:
        """Rows and columns of windows, and their channels."""
        height, width = self.source.height // self.division, self.source.width // self.division
        return Shape(height, width, self.source.channels)


@dataclass(frozen=True)
class Engine:
    """The engine layers in order, and of each what feeds it, and what it feeds itself (None: nothing)."""

    lanes: Lanes
    layers: tuple[EngineLayer, ...]
    inputs: tuple[Connection, ...]
    recurrent: tuple[Connection | None, ...]

    @property
    def words(self) -> int:
        """Membrane words of all layers."""
        return self.layers[-1].base + self.layers[-1].words

    @property
    def connections(self) -> list[Connection]:
        """All of them in the order of their weights: of each layer its input, then its own."""
        pairs = zip(self.inputs, self.recurrent, strict=True)
        return [connection for pair in pairs for connection in pair if connection is not None]


def build_engine(network: Parts, lanes: Lanes) -> Engine:
    """Raises EdgeSastError where the core cannot hold the layers."""
    source = network.input
    if max(source.height, source.width) > MAX_INPUT:
        raise EdgeSastError(
            f"input: {source.width}x{source.height} pixels; the core's events hold at most {MAX_INPUT} a side: "
            "raise the model's input shift"
        )
    builder = _Builder(lanes)
    chain: list[tuple[int, Part]] = []
    for index, (part, shape) in enumerate(zip(network.layers, network.shapes, strict=False)):
        if not isinstance(part, Kernel):
            if part.output(shape) != shape:  # a pool of size 1 may do nothing
                chain.append((index, part))
            continue
        source = builder.or_stage(source, chain)
        division, flat = _division(chain), part.flat or any(isinstance(p, Flatten) for _, p in chain)
        source = builder.weighted(index, part, source, division, flat)
        chain = []
    return builder.engine()


class _Builder:
    def __init__(self, lanes: Lanes) -> None:
        self.lanes = lanes
        self.layers: list[EngineLayer] = []
        self.inputs: list[Connection] = []
        self.recurrent: list[Connection | None] = []
        self.base = self.counted = 0

    def or_stage(self, source: Shape, chain: list[tuple[int, Part]]) -> Shape:
        """What spikes reach the next layer from, once the or-pools of `chain` have their stage and left the chain."""
        ors = [place for place, (_, part) in enumerate(chain) if isinstance(part, OrPool)]
        if not ors:
            return source
        taken = chain[: ors[-1] + 1]
        k = _division(taken)
        target = self._layer(
            taken[-1][0], None, Shape(source.height // k, source.width // k, source.channels)
        )
        flattened = [item for item in taken if isinstance(item[1], Flatten)]
        chain[: ors[-1] + 1] = flattened  # pools behind a flatten have size 1
        self.inputs.append(Connection(source, k, None, False, target))
        self.recurrent.append(None)
        return target.shape

    def weighted(self, index: int, kernel: Kernel, source: Shape, division: int, flat: bool) -> Shape:
        height, width = source.height // division, source.width // division
        shape = Shape(1, 1, height * width * source.channels) if flat else Shape(height, width, 1)
        target = self._layer(index, self.counted, kernel.output(shape))
        self.counted += 1
        self.inputs.append(Connection(source, division, kernel, flat, target))
        own = Kernel(1, 1, kernel.channels, kernel.channels, flat=True)
        self.recurrent.append(Connection(target.shape, 1, own, True, target) if kernel.recurrent else None)
        return target.shape

    def _layer(self, index: int, counted: int | None, shape: Shape) -> EngineLayer:
        quads = self.lanes.quads(shape.channels)
        layer = EngineLayer(index, counted, shape, quads, self.lanes.words(shape.width * quads), self.base)
        _check_extent(layer, self.lanes)
        self.base += layer.words
        if self.base > MAX_WORDS:
            raise EdgeSastError(
                f"layers[{index}]: the membranes up to here need {self.base} words of {self.lanes.count} lanes; "
                f"at most {MAX_WORDS} can be addressed: use a smaller input, fewer channels, or more lanes"
            )
        self.layers.append(layer)
        return layer

    def engine(self) -> Engine:
        if len(self.layers) > MAX_LAYERS:
            raise EdgeSastError(
                f"model: {len(self.layers)} engine layers (weighted layers, and or_pools between them); the core "
                f"holds at most {MAX_LAYERS}: use fewer layers"
            )
        return Engine(self.lanes, tuple(self.layers), tuple(self.inputs), tuple(self.recurrent))


def _division(chain: Sequence[tuple[int, Part]]) -> int:
    return prod(part.size for _, part in chain if isinstance(part, OrPool | SumPool))


def _check_extent(layer: EngineLayer, lanes: Lanes) -> None:
    if layer.shape.height > MAX_EXTENT:
        raise EdgeSastError(
            f"layers[{layer.index}]: {layer.shape.height} rows; the core's spike words hold at most {MAX_EXTENT}: "
            "use a smaller input, or more pooling before it"
        )
    if layer.row_words > MAX_EXTENT:
        raise EdgeSastError(
            f"layers[{layer.index}]: a row of {layer.shape.width} pixels of {layer.shape.channels} channels takes "
            f"{layer.row_words} words of {lanes.count} lanes; the core's spike words hold at most {MAX_EXTENT}: "
            "use more lanes, fewer channels, or more pooling before it"
        )
