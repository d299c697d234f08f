"""The training loop: float epochs, then a quantisation-aware finish; a checkpoint and a line of metrics each epoch."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from edge_sast.data.augment import Augmentation
from edge_sast.data.binned import BinnedEvents
from edge_sast.errors import EdgeSastError
from edge_sast.files import remove_leftovers, write_atomic
from trainer import checkpoint
from trainer.batches import Batch, TrainingBatches
from trainer.bits import bits_name
from trainer.config import TrainConfig, flag
from trainer.evaluate import evaluate
from trainer.network import Network
from trainer.passes import Integer, Pass
from trainer.sharpness import Sharpener, Sharpness

METRICS_NAME = "metrics.jsonl"
CONFIG_NAME = "config.json"


@dataclass(frozen=True)
class Data:
    """Training part, and the part that only watches."""

    train: BinnedEvents
    valid: BinnedEvents


@dataclass
class _Averages:
    """Running means over an epoch."""

    loss: float = 0.0
    correct: int = 0
    samples: int = 0
    batches: int = 0
    rates: Tensor | None = None

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor, rates: list[Tensor]) -> None:
        self.loss += float(loss.detach())
        self.correct += int((logits.detach().argmax(1) == labels).sum())
        self.samples += len(labels)
        self.batches += 1
        if rates:
            now = torch.stack([r.detach() for r in rates])
            self.rates = now if self.rates is None else self.rates + now

    def figures(self) -> dict[str, Any]:
        rates = [] if self.rates is None else (self.rates / self.batches).tolist()
        return {
            "train_loss": self.loss / max(1, self.batches),
            "train_accuracy": self.correct / max(1, self.samples),
            "firing_rates": [round(r, 5) for r in rates],
        }


class Trainer:
    """One run in one folder: `run()` trains from where the folder's checkpoint stands, or from the start."""

    def __init__(
        self, config: TrainConfig, data: Data, folder: Path, device: str = "cpu", quiet: bool = False
    ) -> None:
        self.config, self.data, self.folder, self.device, self.quiet = config, data, folder, device, quiet
        torch.manual_seed(config.seed)
        settings = config.network(data.train.binning, len(data.train.classes))
        self.network = Network(settings).to(device)
        if config.qat_epochs:  # sums that no integer holds are told now, not after the float epochs
            for layer in self.network.weighted():
                layer.integers(config.widths[layer.place])
        self.optimiser = self._new_optimiser()
        self.sharpener = Sharpener(Sharpness("sam"), self.network.named_parameters())
        self._data_digest = data.train.digest()
        self.epoch = 0

    def resume(self) -> None:
        """Take up the folder's checkpoint. Raises EdgeSastError when it was made with other settings."""
        stored = checkpoint.load(self.folder)
        for name, value in vars(self.config).items():
            if getattr(stored.config, name) != value:
                raise EdgeSastError(
                    f"--resume: {flag(name)} is {value!r}, the checkpoint in {self.folder} was trained with "
                    f"{getattr(stored.config, name)!r}; use the same settings or another --out"
                )
        if stored.binning != self.data.train.binning or stored.classes != self.data.train.classes:
            raise EdgeSastError(
                f"--resume: the data of {self.folder} had another sensor or classes; use the same data"
            )
        if stored.data != self._data_digest:
            raise EdgeSastError(
                f"--resume: the recordings are not those that {self.folder} was trained on; restore them, or use "
                "another --out"
            )
        self.network.load_state_dict(stored.network().state_dict())
        self.epoch = stored.epoch
        self.optimiser = self._new_optimiser()
        stored.restore_optimiser(self.optimiser, self.network)
        self._keep_metrics(self.epoch)

    def run(self) -> Network:
        """Train to the end; after each epoch the folder holds a checkpoint to go on from."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG_NAME, METRICS_NAME, checkpoint.FILE_NAME):
            remove_leftovers(self.folder / name)
        write_atomic(self.folder / CONFIG_NAME, self.config.to_json().encode())
        if self.epoch == 0:
            self._keep_metrics(0)
            self._save(0)
        while self.epoch < self.config.total_epochs:
            if self.epoch == self.config.epochs:  # the finish starts with fresh moments
                self.optimiser = self._new_optimiser()
            figures = self._run_epoch(self.epoch)
            self._append_metrics(figures)
            self._save(self.epoch + 1)
            self.epoch += 1  # last: after an interrupt it tells what the folder holds
        self.network.eval()
        return self.network

    def _new_optimiser(self) -> torch.optim.Adam:
        return torch.optim.Adam(self.network.parameters(), lr=self.config.lr)

    def _save(self, epochs: int) -> None:
        train = self.data.train
        standing = checkpoint.Standing(self.config, train.binning, train.classes, self._data_digest, epochs)
        checkpoint.save(self.folder, standing, self.network, self.optimiser)

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        config = self.config
        integer = epoch >= config.epochs
        how: Pass = Integer(config.widths, config.spike(hard=True)) if integer else config.train_spike
        rho = 0.0 if integer else config.rho_at(epoch)
        self.network.train(not integer)
        start = time.monotonic()
        averages = _Averages()
        batches, seconds = self._batches(epoch, 0), self._second_batches(epoch, rho)
        part = bits_name(config.widths) if integer else config.method
        with tqdm(batches, f"epoch {epoch + 1}/{config.total_epochs} {part}", disable=self._bar_off()) as bar:
            for i, batch in enumerate(bar):
                rate = config.learning_rate(epoch + i / len(batches))
                self._step(batch, next(seconds, batch), how, rho, rate, averages)
                figures = averages.figures()
                rates = " ".join(f"{r:.3f}" for r in figures["firing_rates"])
                accuracy = figures["train_accuracy"]
                bar.set_postfix_str(
                    f"loss {figures['train_loss']:.3f} acc {accuracy:.3f} rates {rates}", refresh=False
                )
        if not all(bool(p.isfinite().all()) for p in self.network.state_dict().values()):
            raise self._diverged("a weight is no longer a finite number")
        seconds_taken = time.monotonic() - start
        return self._figures(epoch, part, rho, seconds_taken, averages)

    def _figures(
        self, epoch: int, part: str, rho: float, seconds: float, averages: _Averages
    ) -> dict[str, Any]:
        config = self.config
        hard: Pass = config.spike(hard=True)
        if epoch >= config.epochs:
            hard = Integer(config.widths, config.spike(hard=True))
        valid = evaluate(self.network, self.data.valid, hard, device=self.device)
        figures = {
            "epoch": epoch + 1,
            "part": part,
            "rho": rho,
            "seconds": round(seconds, 3),
            **averages.figures(),
        }
        figures["valid_accuracy"] = valid.accuracy
        figures["valid_pass"] = bits_name(config.widths) if epoch >= config.epochs else "hard"
        if epoch + 1 == config.epochs and config.method != "hard":
            smooth = evaluate(self.network, self.data.valid, config.spike(hard=False), device=self.device)
            figures["valid_surrogate_accuracy"] = smooth.accuracy
        return figures

    def _step(
        self, batch: Batch, second: Batch, how: Pass, rho: float, rate: float, averages: _Averages
    ) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        x, labels = batch
        logits, rates = self.network(x, how)
        losses = functional.cross_entropy(logits, labels, reduction="none")
        loss = losses.mean()
        if not bool(torch.isfinite(loss)):
            raise self._diverged(f"the loss is {float(loss.detach())}")
        loss.backward()
        self.network.freeze_norm(True)  # statistics move in the first pass only
        self.sharpener.gradient(
            losses.detach(), lambda _: self._losses(second, how), rho, 0, self.config.seed
        )
        self.network.freeze_norm(False)
        self.optimiser.step()
        averages.add(loss, logits, labels, rates)

    def _losses(self, batch: Batch, how: Pass) -> Tensor:
        return functional.cross_entropy(self.network(batch[0], how)[0], batch[1], reduction="none")

    def _diverged(self, what: str) -> EdgeSastError:
        return EdgeSastError(
            f"training: {what} in epoch {self.epoch + 1}; lower --lr or --rho (the last checkpoint is kept)"
        )

    def _batches(self, epoch: int, stream: int) -> TrainingBatches:
        config = self.config
        augmentation = Augmentation(config.augment_shift, config.augment_drop, config.augment_flip)
        seed = (config.seed, epoch, stream)
        return TrainingBatches(self.data.train, augmentation, config.batch_size, seed, self.device)

    def _second_batches(self, epoch: int, rho: float) -> Iterator[Batch]:
        if rho > 0 and self.config.independent_batch:
            return iter(self._batches(epoch, 1))  # as many as the first
        return iter(())

    def _bar_off(self) -> bool | None:
        return True if self.quiet else None  # None: shown on a terminal only

    def _append_metrics(self, figures: dict[str, Any]) -> None:
        with (self.folder / METRICS_NAME).open("a") as stream:
            stream.write(json.dumps(figures) + "\n")
        if not self.quiet:
            tqdm.write(
                f"epoch {figures['epoch']}/{self.config.total_epochs} {figures['part']}: loss "
                f"{figures['train_loss']:.4f}, train {figures['train_accuracy']:.4f}, valid "
                f"{figures['valid_pass']} {figures['valid_accuracy']:.4f}, {figures['seconds']:.1f} s"
            )

    def _keep_metrics(self, epochs: int) -> None:
        """Drop lines of epochs after the checkpoint: they are about to be run again.

        Raises EdgeSastError where a line of an epoch before it is missing.
        """
        path = self.folder / METRICS_NAME
        lines = path.read_bytes().splitlines() if path.exists() else []
        by_epoch = {_epoch_of(line): line for line in lines}
        missing = [epoch for epoch in range(1, epochs + 1) if epoch not in by_epoch]
        if missing:
            raise EdgeSastError(
                f"{path}: the line of epoch {missing[0]} is missing or damaged; restore a copy, "
                "or train again with --overwrite"
            )
        write_atomic(path, b"".join(by_epoch[epoch] + b"\n" for epoch in range(1, epochs + 1)))


def _epoch_of(line: bytes) -> int | None:
    """The epoch that a line of metrics tells of; None for a line that was cut off."""
    try:
        return int(json.loads(line)["epoch"])
    except (ValueError, TypeError, KeyError):
        return None
