"""Bytes of flash and RAM that a model takes on a device: generated tables and working memory, without code.

Flash: weights as packing.py packs them; threshold, bias and initial membrane, 4 bytes each per channel; 4 bytes for
each row and column of the input of a conv2d or a pool; 2 bytes per input channel where a conv2d has groups.
RAM: membranes of 2 bytes where 16 bits are proven enough, else 4; counters of each weighted layer; one bit per output
of an or_pool and per neuron of a recurrent_linear; inputs seen in this step, one bit each for presence and one byte
for counts; 4 bytes per class; padding to 8 bytes. tests/test_footprint.py holds the generated C to these figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.bounds import accumulator_bound
from edge_sast.layers import Conv2d, Flatten, Layer, Lif, OrPool, RecurrentLinear, Shape, SumPool, Weighted
from edge_sast.model import Model
from edge_sast.packing import row_bytes

COUNTERS_BYTES = 24  # SynOps and spikes of the step and in total
AXIS_BYTES = 4  # an entry of a row or column table
RAM_ALIGNMENT = 8


@dataclass(frozen=True)
class LayerFootprint:
    """One layer's bytes of tables and of working memory."""

    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class Footprint:
    """layers: one per layer of the model; input_bytes: inputs seen; output_bytes: read-out; RAM totals are padded."""

    layers: tuple[LayerFootprint, ...]
    input_bytes: int
    output_bytes: int

    @property
    def flash_bytes(self) -> int:
        return sum(layer.flash_bytes for layer in self.layers)

    @property
    def ram_bytes(self) -> int:
        used = sum(layer.ram_bytes for layer in self.layers) + self.input_bytes + self.output_bytes
        return -(-used // RAM_ALIGNMENT) * RAM_ALIGNMENT


def footprint(model: Model) -> Footprint:
    """Bytes that the model's tables and memory take, layer by layer."""
    shapes = model.shapes()
    layers = tuple(
        LayerFootprint(_flash(layer, shape), _ram(layer, shape, out))
        for layer, shape, out in zip(model.layers, shapes, shapes[1:], strict=False)
    )
    inputs = shapes[0].neurons
    return Footprint(
        layers, bitmap_bytes(inputs) if model.binning.count_cap == 1 else inputs, 4 * len(model.classes)
    )


def _flash(layer: Layer, shape: Shape) -> int:
    if isinstance(layer, Flatten):
        return 0
    axes = AXIS_BYTES * (shape.height + shape.width)
    if isinstance(layer, OrPool | SumPool):
        return axes
    per_channel = 3 if isinstance(layer.neuron, Lif) else 2
    size = _packed_bytes(layer) + 4 * per_channel * layer.neuron.channels
    if isinstance(layer, Conv2d):
        size += axes + (2 * shape.channels if layer.groups > 1 else 0)
    return size


def _packed_bytes(layer: Weighted) -> int:
    weights = [layer.weight] + ([layer.recurrent] if isinstance(layer, RecurrentLinear) else [])
    return sum(w.size // w.shape[-1] * row_bytes(layer.bits, w.shape[-1]) for w in weights)


def _ram(layer: Layer, shape: Shape, out: Shape) -> int:
    if isinstance(layer, OrPool):
        return bitmap_bytes(out.neurons)
    if isinstance(layer, Flatten | SumPool):
        return 0
    membrane = accumulator_bound(layer, shape.max_count).bits // 8
    own_spikes = bitmap_bytes(out.neurons) if isinstance(layer, RecurrentLinear) else 0
    return out.neurons * membrane + COUNTERS_BYTES + own_spikes


def bitmap_bytes(bits: int) -> int:
    """Bytes of one bit each."""
    return (bits + 7) // 8
