"""A recording as one page that plays it: no network, no other file."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

MOST_EVENTS = 1_000_000  # of a page: 11 MB


@dataclass(frozen=True)
class LayerSpikes:
    """Of a weighted layer: its extents, and for each step the numbers of the neurons that spiked."""

    name: str
    width: int
    height: int
    channels: int
    spikes: list[np.ndarray]


@dataclass(frozen=True)
class NetworkView:
    """What a network made of the recording. outputs: int [steps, classes], as they stood after each step."""

    dt_us: int
    classes: tuple[str, ...]
    outputs: np.ndarray
    layers: tuple[LayerSpikes, ...]


def player_page(
    events: np.ndarray,
    sensor: tuple[int, int],
    name: str,
    facts: str,
    rates: np.ndarray,
    network: NetworkView | None,
) -> bytes:
    """The page, UTF-8.

    Args:
        events: EVENT_DTYPE[n] in order of time, n from 1 to MOST_EVENTS, over 2^32 µs at most.
        facts: a sentence below the name. rates: float [n], events/s in parts of equal length.
    """
    first = int(events["t"][0])
    place = (events["y"].astype(np.uint32) * sensor[0] + events["x"]) * 2 + events["p"]
    data = {
        "name": name,
        "facts": facts,
        "sensor": list(sensor),
        "span_us": int(events["t"][-1]) - first,
        "t": _base64(events["t"] - first),
        "place": _base64(place),
        "rates": [round(rate) for rate in rates.tolist()],
        "network": _network(network) if network else None,
    }
    template = files("edge_sast.report.events").joinpath("player.html").read_text(encoding="utf-8")
    # A name may hold anything, "</script>" too: in JSON `<` can be written otherwise.
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return template.replace("@DATA@", text).encode()


def _network(view: NetworkView) -> dict[str, object]:
    layers = [
        {
            "name": layer.name,
            "width": layer.width,
            "height": layer.height,
            "channels": layer.channels,
            "spikes": [_base64(numbers) for numbers in layer.spikes],
        }
        for layer in view.layers
    ]
    return {
        "dt_us": view.dt_us,
        "classes": list(view.classes),
        "outputs": view.outputs.tolist(),
        "layers": layers,
    }


def _base64(values: np.ndarray) -> str:
    """As little-endian uint32."""
    return base64.b64encode(values.astype("<u4").tobytes()).decode("ascii")
