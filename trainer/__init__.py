"""Training: from recordings to a checkpoint, and from a checkpoint to an integer model. PyTorch is used here alone.

    from trainer import TrainConfig, evaluate, export, load_run, train

What each does stands in trainer/api.py, and how they go together in docs/python.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge_sast.environment import let_threads_sleep

if TYPE_CHECKING:
    from trainer.api import evaluate, export, load_run, train
    from trainer.settings.config import TrainConfig

let_threads_sleep()  # before torch is imported

__all__ = ["TrainConfig", "evaluate", "export", "load_run", "train"]


def __getattr__(name: str) -> Any:
    """The names above, imported when asked for: settings do without PyTorch."""
    if name not in __all__:
        raise AttributeError(f"module 'trainer' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("trainer.settings.config" if name == "TrainConfig" else "trainer.api"), name)
