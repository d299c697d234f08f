"""Linear layers whose input spikes the C notes, a bit each, and adds all at once before their sweep.

That saves every spike its own call, and a read-out keeps its membranes in registers meanwhile. Counts above 1 cannot be
noted, and the bits take RAM unless an or_pool keeps them anyway.
"""

from __future__ import annotations

from edge_sast.model.layers import Conv2d, Flatten, Lif, Linear, OrPool, Weighted
from edge_sast.model.model import Model
from firmware_gen.c_plan.layout import BLOCK_WORDS, layout

MOST_INPUTS = 4096  # 512 bytes of bits


def source(model: Model, index: int) -> int | None:
    """The layer whose spikes linear layer `index` notes: a weighted one or an or_pool; None: it notes none."""
    layer, shapes = model.layers[index], model.shapes()
    before = index - 2 if index > 0 and isinstance(model.layers[index - 1], Flatten) else index - 1
    if before < 0 or not isinstance(layer, Linear) or layout(layer, shapes[index], shapes[index + 1]).packed:
        return None
    few = shapes[index].neurons <= MOST_INPUTS
    return before if isinstance(model.layers[before], OrPool) or (_spikes(model, before) and few) else None


def target(model: Model, index: int) -> int | None:
    """The linear layer that notes what layer `index` sends; None where there is none."""
    later = range(index + 1, min(index + 3, len(model.layers)))
    return next((i for i in later if source(model, i) == index), None)


def in_blocks(model: Model, index: int) -> bool:
    """Whether the spikes of layer `index`, which has a target, are noted a block of neurons at a time.

    So it is where neurons follow each other in memory as in the model, without padding, up to the end of a block.
    """
    layer, out = model.layers[index], model.shapes()[index + 1]
    if not isinstance(layer, Conv2d | Linear):
        return False
    form = layout(layer, model.shapes()[index], out)
    whole = out.neurons % (2 * BLOCK_WORDS) == 0 or form.cells * form.cell == out.height * out.width
    return form.narrow and 2 * form.position_words == out.channels and whole


def _spikes(model: Model, index: int) -> bool:
    layer = model.layers[index]
    return isinstance(layer, Weighted) and isinstance(layer.neuron, Lif)
