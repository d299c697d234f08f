"""DVS Gesture as Tonic unpacks it: one `.npy` array per recording, columns x, y, p, t with t in milliseconds.

Source: A. Amir et al., "A Low Power, Fully Event-Based Gesture Recognition System", CVPR 2017; layout as in
tonic.datasets.DVSGesture (G. Lenz et al., Tonic, 2021, doi 10.5281/zenodo.5079802).
"""

from __future__ import annotations

from typing import BinaryIO

from edge_sast.formats.contract import Format, Likeness, Opened, Reading
from edge_sast.formats.tables.npy import open_array, sniff_npy
from edge_sast.formats.tables.npy_header import MAGIC

COLUMNS = "x,y,p,t"


def sniff_tonic_npy(first: bytes) -> Likeness:
    """Whether it is a `.npy` array without named fields."""
    return Likeness.CERTAIN if first.startswith(MAGIC) and not sniff_npy(first) else Likeness.NOT


def open_tonic_npy(stream: BinaryIO, source: str, reading: Reading) -> Opened:
    """A number array [n, 4] of x, y, p, t (ms), or of what `--columns` says; it says no sensor size.

    Raises EdgeSastError where it is no plain number array of these columns, or holds a value that is no coordinate,
    polarity or time: out of range, or x, y or p with a fraction.
    """
    return open_array(stream, source, reading, COLUMNS, "ms")


TONIC_NPY = Format(
    "Tonic array (DVS Gesture)",
    "tonic-npy",
    (".npy",),
    sniff_tonic_npy,
    open_tonic_npy,
    seeks=True,
    usual_sensor=(128, 128),
)
