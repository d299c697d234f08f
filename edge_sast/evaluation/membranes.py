"""Where the membranes of a network stand after every step of a recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_sast.model.layers import Integrator, state_range
from edge_sast.model.model import Model
from edge_sast.report.page.histogram import histogram, integer_edges
from edge_sast.report.page.inputs import LayerMembranes
from edge_sast.runtime.simulator import Trace


def layer_membranes(model: Model, traces: Sequence[Trace]) -> list[LayerMembranes]:
    """Of every weighted layer, over all steps of the traces; at least one."""
    found = []
    for place, (index, layer) in enumerate(model.weighted()):
        part = traces[0].layers[place]
        values = np.concatenate([trace.membranes[:, part.start : part.stop] for trace in traces])
        spikes = np.concatenate([trace.spikes[:, part.start : part.stop] for trace in traces])
        threshold = None
        if not isinstance(layer.neuron, Integrator):
            threshold = int(layer.neuron.threshold.min()), int(layer.neuron.threshold.max())
        limits = state_range(layer.neuron.state_bits)
        ends = [int(values.min()), int(values.max()), *(threshold or ())]
        shape = model.shapes()[index + 1]
        found.append(
            LayerMembranes(
                name=f"layer {index}, {shape.width}x{shape.height}x{shape.channels}",
                shown=histogram(values, integer_edges(min(ends), max(ends))),
                threshold=threshold,
                limits=(int(limits[0]), int(limits[1])),
                lowest=ends[0],
                highest=ends[1],
                at_limit=int(((values == limits[0]) | (values == limits[1])).sum()),
                count=values.size,
                rate=float(spikes.mean()),
            )
        )
    return found
