"""What is checked of a picture before the work whose result it shows."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.files import check_writable

PNG = ".png"


def check_plot(option: str, path: str | os.PathLike[str] | None) -> None:
    """Raises EdgeSastError where a PNG is wanted by a name that says otherwise, or cannot be drawn or written.

    path: None where none is wanted.
    """
    if path is None:
        return
    if Path(path).suffix.lower() != PNG:
        raise EdgeSastError(f"{option} {path}: is no picture by its ending; choose a name that ends in {PNG}")
    if find_spec("matplotlib") is None:
        raise EdgeSastError(
            f"{option}: Matplotlib is not installed; pip install 'edge-sast[plots]', or leave it out"
        )
    check_writable(option, path, folder=False)
