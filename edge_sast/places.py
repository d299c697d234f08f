"""Where files of the user's account belong."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def default_cache_dir() -> Path:
    """`$XDG_CACHE_HOME/edge-sast`, or `~/.cache/edge-sast` where that is unset or, against its rule, relative."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "edge-sast"
    except RuntimeError:  # a user without a home, as in some containers
        return Path(tempfile.gettempdir()) / "edge-sast"
