"""What a format makes of bytes."""

import io

import numpy as np

from edge_sast.formats.contract import Reading, joined


def events_of(opener, data: bytes, name: str) -> np.ndarray:
    """EVENT_DTYPE[n] of a whole file."""
    return joined(opener(io.BytesIO(data), name, Reading()).chunks)
