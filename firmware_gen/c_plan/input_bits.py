"""Linear layers whose input spikes the C notes, a bit each, and adds all at once before their sweep.

That saves every spike its own call, and a read-out keeps its membranes in registers meanwhile. Counts above 1 cannot be
noted, and the bits take RAM unless an or_pool keeps them anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_sast.model.layers import Flatten, Layer, Lif, Linear, OrPool, Shape, Weighted
from firmware_gen.c_plan.layout import BLOCK_WORDS, Layout

MOST_INPUTS = 4096  # 512 bytes of bits


def sources(
    layers: Sequence[Layer], shapes: Sequence[Shape], forms: Mapping[int, Layout]
) -> list[int | None]:
    """Of every layer, the layer whose spikes it notes: a weighted one or an or_pool; None: it notes none.

    shapes: between layers, as Model.shapes gives them; forms: layouts of the weighted layers.
    """
    return [_source(layers, shapes, forms, index) for index in range(len(layers))]


def _source(
    layers: Sequence[Layer], shapes: Sequence[Shape], forms: Mapping[int, Layout], index: int
) -> int | None:
    before = index - 2 if index > 0 and isinstance(layers[index - 1], Flatten) else index - 1
    if before < 0 or not isinstance(layers[index], Linear) or forms[index].packed:
        return None
    few = shapes[index].neurons <= MOST_INPUTS
    return before if isinstance(layers[before], OrPool) or (_spikes(layers[before]) and few) else None


def noted_in_blocks(form: Layout, out: Shape) -> bool:
    """Whether a weighted layer's spikes are noted a block of neurons at a time.

    So it is where neurons follow each other in memory as in the model, without padding, up to the end of a block.
    """
    whole = out.neurons % (2 * BLOCK_WORDS) == 0 or form.cells * form.cell == out.height * out.width
    return form.narrow and 2 * form.position_words == out.channels and whole


def _spikes(layer: Layer) -> bool:
    return isinstance(layer, Weighted) and isinstance(layer.neuron, Lif)
