"""Processors and threads that a run takes."""

from __future__ import annotations

import numba
import torch

from edge_sast.environment import MOST_THREADS
from edge_sast.errors import EdgeSastError
from trainer.workers import processes


def choose_device(text: str) -> str:
    """cpu or cuda. Raises EdgeSastError where the choice is not there."""
    available = torch.cuda.is_available()
    if text not in ("auto", "cpu", "cuda"):
        raise EdgeSastError(f"--device is {text!r}; choose auto, cpu or cuda")
    if text == "cuda" and not available:
        raise EdgeSastError(
            "--device is 'cuda', but this PyTorch sees no GPU; use --device cpu, or see 'edge-sast doctor'"
        )
    return "cuda" if text != "cpu" and available else "cpu"


def set_threads(threads: int, workers: int = 1) -> None:
    """CPU threads of PyTorch and Numba; 0 leaves all, or to each of several workers its share of them."""
    if not 0 <= threads <= MOST_THREADS:
        raise EdgeSastError(f"--threads is {threads}; it must be 0 (all) to {MOST_THREADS}")
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    if workers > 1 and not threads:
        threads = processes.threads_each(most)
    if threads:
        torch.set_num_threads(threads)
        numba.set_num_threads(min(threads, most))
