"""metrics.jsonl of a run: one line of figures an epoch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from edge_sast.errors import EdgeSastError
from edge_sast.files import read_bytes, write_atomic
from edge_sast.terminal import echo
from trainer.network.network import Output
from trainer.workers.workers import Workers

METRICS_NAME = "metrics.jsonl"


@dataclass
class Averages:
    """Running means over an epoch."""

    loss: float = 0.0
    correct: int = 0
    samples: int = 0
    batches: int = 0
    rates: Tensor | None = None
    synops: float | None = None
    instructions: float | None = None

    def add(self, loss: float, output: Output, labels: Tensor) -> None:
        """One batch: mean loss, what the network gave, and the labels [B]."""
        self.loss += loss
        self.correct += int((output.logits.detach().argmax(1) == labels).sum())
        self.samples += len(labels)
        self.batches += 1
        if output.rates:
            now = torch.stack([r.detach() for r in output.rates])
            self.rates = now if self.rates is None else self.rates + now
        if output.synops is not None:
            self.synops = (self.synops or 0.0) + float(output.synops.detach())
        if output.instructions is not None:
            self.instructions = (self.instructions or 0.0) + float(output.instructions.detach())

    def join(self, workers: Workers) -> None:
        """Take in what the other workers saw: each has added as many batches, its parts of the same ones."""
        if workers.count == 1:
            return
        rates = [] if self.rates is None else self.rates.tolist()
        own = [self.correct, self.samples, self.loss, self.synops or 0.0, self.instructions or 0.0, *rates]
        correct, samples, *sums = workers.total(torch.tensor(own, dtype=torch.float64)).tolist()
        self.correct, self.samples = round(correct), round(samples)
        self.loss, synops, instructions, *rates = [value / workers.count for value in sums]
        self.synops = None if self.synops is None else synops
        self.instructions = None if self.instructions is None else instructions
        self.rates = None if self.rates is None else torch.tensor(rates)

    def figures(self) -> dict[str, Any]:
        """What the epoch's line says of the training part."""
        rates = [] if self.rates is None else (self.rates / self.batches).tolist()
        figures: dict[str, Any] = {
            "train_loss": self.loss / max(1, self.batches),
            "train_accuracy": self.correct / max(1, self.samples),
            "firing_rates": [round(r, 5) for r in rates],
        }
        if self.synops is not None:
            figures["train_synops"] = self.synops / self.batches
        if self.instructions is not None:
            figures["train_instructions"] = self.instructions / self.batches
        return figures

    def line(self) -> str:
        """The same in brief, for the progress bar."""
        figures = self.figures()
        rates = " ".join(f"{r:.3f}" for r in figures["firing_rates"])
        return f"loss {figures['train_loss']:.3f} acc {figures['train_accuracy']:.3f} rates {rates}"


def append(folder: Path, figures: dict[str, Any], epochs: int, quiet: bool) -> None:
    """Add a line to a run's metrics, and say it unless quiet.

    Raises EdgeSastError where the disk does not take it.
    """
    path = folder / METRICS_NAME
    try:
        with path.open("a") as stream:
            stream.write(json.dumps(figures) + "\n")
            stream.flush()
            os.fsync(stream.fileno())  # before the checkpoint that counts this epoch as done
    except OSError as error:
        raise EdgeSastError(
            f"{path}: cannot be written: {error.strerror or error}; free space, then go on with --resume"
        ) from error
    if not quiet:
        tqdm.write(
            f"epoch {figures['epoch']}/{epochs} {figures['part']}: loss "
            f"{figures['train_loss']:.4f}, train {figures['train_accuracy']:.4f}, valid "
            f"{figures['valid_pass']} {figures['valid_accuracy']:.4f}, {figures['seconds']:.1f} s"
        )


def keep(folder: Path, epochs: int) -> None:
    """Drop lines of epochs after the checkpoint: they are about to be run again.

    Where lines of epochs before it are missing or damaged, one warning says so: what was trained is in the checkpoint.
    """
    path = folder / METRICS_NAME
    lines = path.read_bytes().splitlines() if path.exists() else []
    by_epoch = {_epoch_of(line): line for line in lines}
    missing = [str(epoch) for epoch in range(1, epochs + 1) if epoch not in by_epoch]
    if missing:
        echo(
            f"warning: {path}: the figures of epoch {', '.join(missing)} are missing or damaged; going on without them",
            error=True,
        )
    kept = [by_epoch[epoch] for epoch in range(1, epochs + 1) if epoch in by_epoch]
    write_atomic(path, b"".join(line + b"\n" for line in kept))


def read(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run that are whole, in order."""
    lines = read_bytes(folder / METRICS_NAME).splitlines()
    return [json.loads(line) for line in lines if _epoch_of(line) is not None]


def _epoch_of(line: bytes) -> int | None:
    """The epoch that a line of metrics tells of; None for a line that was cut off."""
    try:
        return int(json.loads(line)["epoch"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
