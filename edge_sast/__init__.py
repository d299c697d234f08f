"""edge-sast: spiking networks from PyTorch to integer devices, bit for bit.

    from edge_sast import Simulator, load, read_events

`load` reads a model file, `read_events` recordings, and a `Simulator` runs the one on the others: docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_sast.datasets.files import read_events
    from edge_sast.model.modelfile import load
    from edge_sast.runtime import Simulator

__all__ = ["Simulator", "load", "read_events"]

# Imported when asked for: NumPy and Numba take longer than `edge-sast --help` may.
_PLACES = {
    "Simulator": "edge_sast.runtime",
    "load": "edge_sast.model.modelfile",
    "read_events": "edge_sast.datasets.files",
}


def __getattr__(name: str) -> Any:
    """The names above, and `edge_sast.__version__`, read from the installed metadata only when asked for."""
    if name == "__version__":
        from importlib.metadata import version

        found = globals()[name] = version("edge-sast")  # read once
        return found
    if name in _PLACES:
        from importlib import import_module

        return getattr(import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'edge_sast' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
