"""How the C holds a weighted layer: narrow, two membranes of 16 bits to a word, or wide, one of 32 bits.

docs/kernels.md says why. Narrow needs a proven 16-bit accumulator, weights that are whole multiples in a signed byte,
and groups of whole quads: four neurons, the unit in which narrow kernels add weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_sast.model.bounds import accumulator_bound
from edge_sast.model.layers import (
    Conv2d,
    Linear,
    RecurrentLinear,
    Shape,
    Weighted,
)
from firmware_gen.c_plan.packing import container_bits

QUAD = 4  # neurons that one byte-sliced word of weights feeds at once
BLOCK_WORDS = 4  # membrane words that a sweep takes at once: two quads
# Positions from which a layer keeps idle cells: to look costs every spike, and a smaller map is soon touched all over.
MIN_IDLE_POSITIONS = 512
MIN_IDLE_CELLS = 4  # nor with fewer cells
MAX_RUN = 0xFFFF  # what a block's length can hold
CELL_LANES = 48  # a cell has at least as many neurons, where the layer has positions enough


@dataclass(frozen=True)
class Layout:
    """How the C holds one weighted layer.

    narrow: two neurons share a membrane word.
    container: bits of a packed weight.
    row_words: words of one row of weights, the output channels of a group.
    unit: what a kernel counts of a row, quads (narrow) or weights (wide).
    position_words: membrane words of a position.
    cell: positions that share one set of constants in the sweep.
    cell_words: membrane words of a cell, rounded up to whole blocks.
    cells: how many the layer has.
    packed: rows follow one another bit by bit, and row_words is that of the table.
    """

    narrow: bool
    container: int
    row_words: int
    unit: int
    position_words: int
    cell: int
    cell_words: int
    cells: int
    packed: bool = False

    @property
    def membrane_words(self) -> int:
        return self.cells * self.cell_words

    @property
    def idle_words(self) -> int:
        """RAM that knows which cells no spike has touched, and holds what these share; 0 where there are few cells."""
        if not self.narrow or self.cells * self.cell < MIN_IDLE_POSITIONS or self.cells < MIN_IDLE_CELLS:
            return 0
        return 1 + (self.cells + 31) // 32 + self.cell_words

    @property
    def joined(self) -> bool:
        """Whether rows of weights of neighbouring columns follow each other without a gap."""
        return self.unit * self.container * (QUAD if self.narrow else 1) == 32 * self.row_words


def layout(layer: Weighted, shape: Shape, out: Shape) -> Layout:
    """The layout of `layer`, which takes `shape` and gives `out`."""
    positions = out.height * out.width
    row = layer.weight.shape[-1]
    if not is_narrow(layer, shape):
        container, channels = container_bits(layer.bits), out.channels
        # Bytes are added four at once, which rows of whole words allow; they lose three bytes per row at most.
        packed = isinstance(layer, Linear) and container < 8 and row * container % 32 != 0
        words = -(-(layer.weight.size if packed else row) * container // 32)
        return Layout(False, container, words, row, channels, 1, channels, positions, packed)
    container = narrow_container(layer)
    quads = -(-row // QUAD)
    position_words = 2 * -(-out.channels // QUAD)
    cell = _cell_positions(position_words, positions)
    cell_words = -(-cell * position_words // BLOCK_WORDS) * BLOCK_WORDS
    row_words = -(-quads * container // 8)
    return Layout(True, container, row_words, quads, position_words, cell, cell_words, -(-positions // cell))


def is_joined(layer: Conv2d, form: Layout) -> bool:
    """Whether what neighbouring columns get adjoins, weights and membranes: one group, and rows of whole words."""
    longest = layer.weight.shape[1] * form.unit
    return layer.groups == 1 and form.joined and longest <= MAX_RUN


def is_narrow(layer: Weighted, shape: Shape) -> bool:
    """Whether packed pairs of 16-bit membranes can hold the layer."""
    groups = layer.groups if isinstance(layer, Conv2d) else 1
    return (
        accumulator_bound(layer, shape.max_count).bits == 16
        and narrow_container(layer) > 0
        and (groups == 1 or layer.weight.shape[-1] % QUAD == 0)
    )


def narrow_container(layer: Weighted) -> int:
    """Bits in which a weight is packed so that it unpacks to the byte w << weight_shift; 0 where no byte holds it.

    The shift that the trainer gives (8 − bits, of 1 bit 5) leaves the packed width, but that a conv2d of one group
    takes the next wider one whose rows are whole words, so that neighbouring columns join; any other takes whole bytes.
    """
    if layer.weight_shift == (5 if layer.bits == 1 else 8 - layer.bits):
        packed = container_bits(layer.bits)
        if not isinstance(layer, Conv2d) or layer.groups > 1:
            return packed
        quads = -(-layer.weight.shape[3] // QUAD)
        wider = (1, 4, 8) if packed == 1 else (2, 4, 8)  # +32 and -32 need the top 4 bits of a byte
        return next(bits for bits in wider if bits >= packed and quads * bits % 8 == 0)
    weights = [layer.weight] + ([layer.recurrent] if isinstance(layer, RecurrentLinear) else [])
    low = min(int(w.min()) for w in weights) << layer.weight_shift
    high = max(int(w.max()) for w in weights) << layer.weight_shift
    return 8 if low >= -128 and high <= 127 else 0


def _cell_positions(position_words: int, positions: int) -> int:
    """Positions of a cell: whole blocks, and enough that starting over costs little, but not many that do not exist."""
    cell = 1 if positions == 1 or position_words % BLOCK_WORDS == 0 else 2
    while 2 * cell * position_words < CELL_LANES and -positions % (2 * cell) <= positions // 16:
        cell *= 2
    return cell


def pack_narrow(weight: np.ndarray, container: int, weight_shift: int) -> np.ndarray:
    """int8 [..., n] as uint32 [..., ceil(quads·container/8)].

    A row is cut into quads of four weights, padded with zeros (of 1 bit, with −1: it has no zero). Byte b of a quad is
    its neuron 0, 2, 1, 3, and holds w << weight_shift. Of 8 bits, a quad is a word. Of fewer, the top `container` bits
    of each byte are what counts, and a word holds 8/container quads: quad j lies j·container bits further down in every
    byte.
    """
    quads = -(-weight.shape[-1] // QUAD)
    per_word = 8 // container
    words = -(-quads // per_word)
    byte = np.zeros((*weight.shape[:-1], words * per_word * QUAD), np.uint32)
    if container == 1:
        byte[..., : weight.shape[-1]] = np.where(weight > 0, 0x80, 0)
    else:
        byte[..., : weight.shape[-1]] = (weight.astype(np.int64) << weight_shift) & 0xFF
    lanes = byte.reshape(*weight.shape[:-1], words, per_word, QUAD)[..., [0, 2, 1, 3]]
    lanes = lanes >> (container * np.arange(per_word, dtype=np.uint32))[:, None]
    quad = lanes << (8 * np.arange(QUAD, dtype=np.uint32))
    return np.bitwise_or.reduce(quad, axis=(-2, -1)).astype(np.uint32)


LONGEST_CHAIN = 64  # quads of a run that sast_conv2d_8 has code for


INTEGRATOR_ZERO = 32768  # what a narrow integrator's half-words exceed its membranes by


def run_gap(form: Layout) -> int:
    """Membrane words between what one row of weights feeds and the same at the next position."""
    return form.position_words - (2 * form.unit if form.narrow else form.unit)


def in_chain(layer: Conv2d, form: Layout) -> bool:
    """Whether sast_conv2d_8 takes the layer's spikes."""
    short = layer.weight.shape[1] * form.unit <= LONGEST_CHAIN
    return is_joined(layer, form) and form.narrow and form.container == 8 and short
