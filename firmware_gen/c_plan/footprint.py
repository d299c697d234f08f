"""Bytes of flash and RAM that a model takes on a device: generated tables and working memory, without code.

| flash                                   | bytes                                                        |
|-----------------------------------------|--------------------------------------------------------------|
| weights                                 | as layout.py packs them, rows of whole words                 |
| pool                                    | 4 per row and per column of its input                        |
| conv2d                                  | 16 per row and per column of its input, 20 per block         |
| conv2d with groups                      | 2 more per input channel                                     |
| narrow layer, per membrane word of cell | 16 of constants, 4 of initial membranes unless all leak to 0, |
|                                         | 4 of amounts where a spike takes off one of its own          |
| narrow integrator, per channel          | 4 of bias, 4 of initial membrane                             |
| wide layer, per channel                 | 4 each of threshold, bias and initial membrane, and of such  |
|                                         | an amount                                                    |
| integrator's outputs before step 1      | 4 per class                                                  |

| RAM                                     | bytes                                                        |
|-----------------------------------------|--------------------------------------------------------------|
| membranes and idle cells                | as layout.py places them                                     |
| counters                                | 24 per weighted layer                                        |
| bitmaps, in whole words                 | 1 bit per output of an or_pool, per noted input of a linear, |
|                                         | per neuron of a recurrent_linear                             |
| inputs seen in this step                | 1 bit each for presence, 1 byte for counts, in whole words   |
| outputs                                 | 4 per class                                                  |
| padding                                 | to 8 bytes, and to what a kernel that loads eight membranes  |
|                                         | at once reads, which is more only in the smallest models     |

tests/firmware_gen/c_plan/test_footprint.py holds the generated C to these figures.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_sast.model.arithmetic import leak
from edge_sast.model.layers import (
    Conv2d,
    Flatten,
    Lif,
    OrPool,
    RecurrentLinear,
    Weighted,
)
from edge_sast.model.reach import axis_reach
from firmware_gen.c_plan.layout import Layout
from firmware_gen.c_plan.plan import CPlan, LayerPlan, WeightedPlan

COUNTERS_BYTES = 24  # SynOps and spikes of the step and in total
WINDOW_BYTES = 4  # an entry of a pool's row or column table
ROWS_BYTES = COLUMNS_BYTES = 16  # of a conv2d's
BLOCK_BYTES = 20  # of its table of blocks, one for each number of columns that an input reaches
RAM_ALIGNMENT = 8
LOADED = 8  # membranes that sast_add_set_8 loads at once, also where fewer are left


@dataclass(frozen=True)
class LayerFootprint:
    """One layer's bytes of tables and of working memory."""

    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class Footprint:
    """A model's bytes.

    layers: one per layer of the model. input_bytes: inputs seen. output_bytes: read-out. read_bytes: what kernels read
    of the memory, to which RAM totals are padded at least.
    """

    layers: tuple[LayerFootprint, ...]
    input_bytes: int
    output_bytes: int
    read_bytes: int

    @property
    def flash_bytes(self) -> int:
        return sum(layer.flash_bytes for layer in self.layers)

    @property
    def ram_bytes(self) -> int:
        used = sum(layer.ram_bytes for layer in self.layers) + self.input_bytes + self.output_bytes
        return padded_ram(used, self.read_bytes)


def footprint(plan: CPlan) -> Footprint:
    """Bytes that the model's tables and memory take, layer by layer."""
    layers = tuple(LayerFootprint(_flash(layer), _ram(layer) + _noted(plan, layer)) for layer in plan.layers)
    model = plan.model
    input_bytes = seen_bytes(plan.input.neurons, model.binning.count_cap)
    return Footprint(layers, input_bytes, 4 * len(model.classes), read_bytes(plan))


def padded_ram(used: int, read: int) -> int:
    """Bytes of working memory of which `used` are used and, from its start, `read` at least are read."""
    return -(-max(used, read) // RAM_ALIGNMENT) * RAM_ALIGNMENT


def read_bytes(plan: CPlan) -> int:
    """Bytes from the start of the memory up to the last that sast_add_set_8 may load; 0 without it."""
    read, start = 0, COUNTERS_BYTES * len(plan.weighted) + 4 * len(plan.model.classes)
    for layer in plan.weighted:
        form = layer.form
        bytes_of = not form.narrow and (form.container, layer.layer.weight_shift) == (8, 0)
        if layer.source is not None and bytes_of:
            read = start + 4 * -(-form.membrane_words // LOADED) * LOADED
        start += 4 * (form.membrane_words + form.idle_words)
    return read


def _flash(plan: LayerPlan) -> int:
    layer, shape = plan.layer, plan.shape
    if isinstance(layer, Flatten):
        return 0
    if not isinstance(plan, WeightedPlan):
        return WINDOW_BYTES * (shape.height + shape.width)
    size = _weight_bytes(plan.layer, plan.form) + _neuron_bytes(plan.layer, plan.form)
    if isinstance(layer, Conv2d):
        size += ROWS_BYTES * shape.height + COLUMNS_BYTES * shape.width
        size += 2 * shape.channels if layer.groups > 1 else 0
        columns = axis_reach(shape.width, layer.weight.shape[1], layer.stride[1], layer.padding[1])
        size += BLOCK_BYTES * (int(columns.counts.max()) + 1)
    return size


def _weight_bytes(layer: Weighted, form: Layout) -> int:
    if form.packed:
        return 4 * form.row_words
    weights = [layer.weight] + ([layer.recurrent] if isinstance(layer, RecurrentLinear) else [])
    return sum(w.size // w.shape[-1] * 4 * form.row_words for w in weights)


def _neuron_bytes(layer: Weighted, form: Layout) -> int:
    channels, spiking = layer.neuron.channels, isinstance(layer.neuron, Lif)
    amount = 4 if isinstance(layer.neuron, Lif) and layer.neuron.amount is not None else 0
    if form.narrow:
        if not spiking:
            return 8 * channels + 4 * form.cell_words
        starts_at_zero = not any(leak(int(v), *layer.neuron.leak_shifts) for v in layer.neuron.initial)
        return (amount + (16 if starts_at_zero else 20)) * form.cell_words
    return (12 + amount) * channels


def _ram(plan: LayerPlan) -> int:
    if isinstance(plan, WeightedPlan):
        own_spikes = bitmap_bytes(plan.out.neurons) if isinstance(plan.layer, RecurrentLinear) else 0
        return 4 * (plan.form.membrane_words + plan.form.idle_words) + COUNTERS_BYTES + own_spikes
    return bitmap_bytes(plan.out.neurons) if isinstance(plan.layer, OrPool) else 0


def _noted(plan: CPlan, layer: LayerPlan) -> int:
    """Bits in which a linear layer notes its input spikes, unless they are those of the or_pool before it."""
    shared = layer.source is None or isinstance(plan.layers[layer.source].layer, OrPool)
    return 0 if shared else bitmap_bytes(layer.shape.neurons)


def seen_bytes(inputs: int, count_cap: int) -> int:
    """Bytes that note which inputs had an event in this step, or how many."""
    return bitmap_bytes(inputs) if count_cap == 1 else (inputs + 3) // 4 * 4


def bitmap_bytes(bits: int) -> int:
    """Bytes of one bit each, in whole words."""
    return (bits + 31) // 32 * 4
