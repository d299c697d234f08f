"""Binned recordings on disk: safetensors with one JSON entry of metadata and a checksum."""

from __future__ import annotations

import json
import os
import tempfile
import zlib
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from safetensors.numpy import save_file

from edge_sast.datasets.remarks import Summed
from edge_sast.terminal import echo

# Raised with every change of the binning, of a reader or of this layout: old files are then simply not found.
CACHE_VERSION = 3
METADATA_KEY = "edge_sast.binned"
TENSORS = ("indices", "counts", "step_ptr", "kept", "dropped")


@dataclass(frozen=True)
class CachedBins:
    """The arrays of a binned split; labels and names come from the data set, so that a moved folder stays
    valid.

    Attributes:
        indices, counts, step_ptr, dropped: as in `BinnedEvents`.
        kept: int64[N], positions of the binned recordings in the split.
        remarks: what is to be said of all that were read; their places are positions, too.
    """

    indices: np.ndarray
    counts: np.ndarray
    step_ptr: np.ndarray
    kept: np.ndarray
    dropped: np.ndarray
    remarks: tuple[Summed, ...] = ()


def read_cache(path: Path) -> CachedBins | None:
    """What `write_cache` wrote; None where there is no such file or it is damaged."""
    try:
        with safetensors.safe_open(path, framework="np") as file:
            metadata = json.loads((file.metadata() or {})[METADATA_KEY])
            remarks = tuple(Summed(*row) for row in metadata["remarks"])
            tensors = {name: file.get_tensor(name) for name in TENSORS}
            bins = CachedBins(**tensors, remarks=remarks)
        return bins if metadata == _metadata(bins) else None
    except (OSError, KeyError, ValueError, TypeError, safetensors.SafetensorError):
        return None


def write_cache(path: Path, bins: CachedBins) -> None:
    """Write beside the target and rename, so that an interrupted run leaves no half file behind.

    A full or read-only disk costs one line on stderr, not the run.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=path.suffix)
        os.close(handle)
        tensors = {name: getattr(bins, name) for name in TENSORS}
        save_file(tensors, temporary, {METADATA_KEY: json.dumps(_metadata(bins))})
        os.replace(temporary, path)
        temporary = None
    except (OSError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())
        echo(f"warning: cache {path} not written ({reason}); going on without it", error=True)
    finally:  # an interrupt leaves nothing behind either
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _metadata(bins: CachedBins) -> dict[str, Any]:
    remarks = [list(astuple(remark)) for remark in bins.remarks]
    crc = zlib.crc32(json.dumps(remarks).encode())
    for name in TENSORS:
        array = np.ascontiguousarray(getattr(bins, name))
        # The same bytes may be taken for others.
        crc = zlib.crc32(f"{array.dtype.str} {array.shape}".encode(), crc)
        crc = zlib.crc32(array.data, crc)
    return {"version": CACHE_VERSION, "crc32": crc, "remarks": remarks}
