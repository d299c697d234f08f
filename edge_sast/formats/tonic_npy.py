"""DVS Gesture as Tonic unpacks it: one `.npy` array per recording, columns x, y, p, t with t in milliseconds.

Source: A. Amir et al., "A Low Power, Fully Event-Based Gesture Recognition System", CVPR 2017; layout as in
tonic.datasets.DVSGesture (G. Lenz et al., Tonic, 2021, doi 10.5281/zenodo.5079802).
"""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading

MAGIC = b"\x93NUMPY"
US_PER_MS = 1000
LARGEST = {"x": 65535, "y": 65535, "p": 1, "t": 1 << 50}


def sniff_tonic_npy(first: bytes) -> Likeness:
    """Whether it is a `.npy` array."""
    return Likeness.CERTAIN if first.startswith(MAGIC) else Likeness.NOT


def open_tonic_npy(stream: BinaryIO, source: str, _reading: Reading) -> Opened:
    """A four-column array file, a number array [n, 4] of x, y, p, t (ms), as one chunk; it says no sensor size.

    Raises EdgeSastError where it is no plain number array of four columns, or holds a value that is no coordinate,
    polarity or time: out of range, or x, y or p with a fraction.
    """
    return Opened(Header(), iter([_events(stream.read(), source)]))


def _events(data: bytes, source: str) -> np.ndarray:
    try:
        # The .npy format can embed pickled objects, which would run code: they are refused.
        table = np.load(io.BytesIO(data), allow_pickle=False)
    # NumPy reads the header with Python's own tokenizer, which raises what it likes on damaged text.
    except Exception as error:
        raise EdgeSastError(
            f"{source}: not a readable .npy array; the file is damaged: download it again"
        ) from error
    if (
        not isinstance(table, np.ndarray)
        or table.ndim != 2
        or table.shape[1] != 4
        or table.dtype.kind not in "iufb"
    ):
        shape = getattr(table, "shape", "no array")
        raise EdgeSastError(
            f"{source}: shape {shape} is not [n, 4] numbers x, y, p, t (ms); export it in this form"
        )
    if table.dtype.kind == "f" and table.dtype.itemsize < 4:
        table = table.astype(np.float32)  # 16 bits do not hold the limits
    _check_values(table, source)
    t = np.rint(table[:, 3].astype(np.float64) * US_PER_MS) if table.dtype.kind == "f" else None
    whole = t.astype(np.int64) if t is not None else table[:, 3].astype(np.int64) * US_PER_MS
    return make_events(whole, table[:, 0], table[:, 1], table[:, 2])


def _check_values(table: np.ndarray, source: str) -> None:
    for column, (field, limit) in enumerate(LARGEST.items()):
        values = table[:, column]
        bad = ~((values >= 0) & (values <= limit))  # written so that NaN is bad
        if bad.any():
            index = int(bad.argmax())
            raise EdgeSastError(
                f"{source}: event {index}: {field}={values[index]} is out of range 0..{limit}; "
                f"convert the file again"
            )
        cut = values != np.floor(values)
        if field != "t" and cut.any():
            index = int(cut.argmax())
            raise EdgeSastError(
                f"{source}: event {index}: {field}={values[index]} is not a whole number; nothing is rounded "
                "silently: convert the file again"
            )


TONIC_NPY = Format(
    "Tonic array (DVS Gesture)",
    "tonic-npy",
    (".npy",),
    sniff_tonic_npy,
    open_tonic_npy,
    usual_sensor=(128, 128),
)
