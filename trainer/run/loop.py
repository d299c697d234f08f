"""The training loop: float epochs, then a quantisation-aware finish; a checkpoint and a line of metrics each epoch."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from edge_sast.errors import EdgeSastError
from edge_sast.events.augment import Augmentation
from edge_sast.events.binned import BinnedEvents
from edge_sast.files import remove_leftovers, write_atomic
from edge_sast.model.model import Model
from edge_sast.model.prices import Prices
from edge_sast.terminal import echo
from trainer.data.batches import Batch, TrainingBatches
from trainer.data.recordings import Data
from trainer.gradients import a2sg, losses, online, tandem
from trainer.gradients.sharpness import Sharpener
from trainer.network.costs import Priced
from trainer.network.network import Network, Output
from trainer.network.to_integers import export
from trainer.run import checkpoint, freed_pages
from trainer.run.adam import Adam
from trainer.run.implicit import ImplicitSgd
from trainer.run.kept import Kept
from trainer.run.metrics import METRICS_NAME, Averages, append, keep
from trainer.run.one_pass import evaluate
from trainer.run.resume import check_same
from trainer.run.silence import Silence
from trainer.run.teacher import Teachers
from trainer.settings.bits import bits_name
from trainer.settings.config import TrainConfig
from trainer.settings.passes import Integer, Pass, Spike
from trainer.workers import workers as parallel
from trainer.workers.workers import ALONE, Workers

CONFIG_NAME = "config.json"
MULTIPLIER = "synops_multiplier"
SILENT = "silent_epochs"
PRICED_ON = 32  # recordings of the training part


Pricing = Callable[[Model, BinnedEvents], Prices]


@dataclass(frozen=True)
class _Moment:
    """Steps since the start of the run, and epochs with their fraction."""

    step: int
    progress: float


class Trainer:
    """One run in one folder: `run()` trains from where the folder's checkpoint stands, or from the start.

    Of several workers each has a Trainer of its own; the main one evaluates and writes.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: Data,
        folder: Path,
        device: str = "cpu",
        quiet: bool = False,
        workers: Workers = ALONE,
        pricing: Pricing | None = None,
    ) -> None:
        """pricing: what a model's work costs the device that --instructions-target is meant for."""
        self.config, self.data, self.folder, self.device = config, data, folder, device
        self.quiet, self.workers = quiet or not workers.main, workers
        parallel.check_batch_size(config.batch_size, len(data.train), workers)
        torch.manual_seed(config.seed)
        settings = config.network(data.train.binning, len(data.train.classes))
        self.network = Network(settings)
        if config.init is not None:
            checkpoint.load(Path(config.init)).copy_parameters(self.network, config)
        self._init_digest = parallel.digest(self.network.state_dict()) if config.init is not None else ""
        self.network.to(device)
        self.network.join(workers)
        if config.qat_epochs:  # sums that no integer holds are told now, not after the float epochs
            for layer, bits in zip(self.network.weighted(), config.widths, strict=True):
                layer.integers(bits)
        self.pricing = self._checked(pricing)
        self._priced: Priced | None = None
        self.optimiser = self._new_optimiser()
        self.sharpener = Sharpener(config.sharp, self.network.named_parameters(), workers.average)
        self.penalty = losses.Penalty(config.objective, workers)
        self.silence = Silence(config)
        self.teachers = Teachers.of(config, data.train.binning, data.train.classes, device)
        self._data_digest, self._valid_digest = data.train.digest(), data.valid.digest()
        self.epoch = 0
        self.kept: Kept | None = None  # with --keep best
        self._moved = False  # since the checkpoint was written

    def resume(self) -> None:
        """Take up the folder's checkpoint. Raises EdgeSastError when it was made with other settings or recordings."""
        stored = checkpoint.load(self.folder)
        moved = check_same(self.folder, stored, self._standing(stored.epoch))
        self._moved = bool(moved)
        if moved and not self.quiet:
            echo(*moved, error=True)
        self.network.load_state_dict(stored.last_network().state_dict())
        self.epoch = stored.epoch
        self.optimiser = self._new_optimiser()
        stored.restore_optimiser(self.optimiser, self.network)
        extra = stored.extra()
        self.penalty.multiplier = extra.pop(MULTIPLIER)
        self.silence.epochs = int(extra.pop(SILENT, 0))  # older checkpoints hold none
        self.kept = Kept.restored(extra, stored.kept)
        self.sharpener.load_state_dict(extra)
        if self.workers.main:
            keep(self.folder, self.epoch)

    def run(self) -> Network:
        """Train to the end; after each epoch the folder holds a checkpoint to go on from.

        The network returned is that of the epoch that --keep says; workers other than the main one have the last one's.
        """
        freed_pages.keep_freed_pages()
        parallel.check_alike(self.workers, self._held)
        if self.workers.main:
            self._prepare_folder()
        while self.epoch < self.config.total_epochs:
            if self.epoch == self.config.epochs:  # the finish starts with fresh moments
                self.optimiser = self._new_optimiser()
            figures = self._run_epoch(self.epoch)
            if self.workers.main:
                append(self.folder, figures, self.config.total_epochs, self.quiet)
                if self.config.may_keep(self.epoch):
                    accuracy = figures["valid_accuracy"]
                    self.kept = Kept.better(self.kept, self.network, self.epoch + 1, accuracy)
                self._save(self.epoch + 1)
            self.workers.wait()
            self.epoch += 1  # last: after an interrupt it tells what the folder holds
        if self.kept:
            self.network.load_state_dict(self.kept.parameters)
        self.network.eval()
        return self.network

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG_NAME, METRICS_NAME, checkpoint.FILE_NAME):
            remove_leftovers(self.folder / name)
        write_atomic(self.folder / CONFIG_NAME, self.config.to_json().encode())
        if self.epoch == 0:
            keep(self.folder, 0)
        if self.epoch == 0 or self._moved:
            self._save(self.epoch)

    def _held(self) -> str:
        """Digest of what all workers must hold alike."""
        texts = self.config.to_json(), self._data_digest, str(self.epoch), str(float(self.penalty.multiplier))
        return parallel.digest(self.network.state_dict(), *texts)

    def _new_optimiser(self) -> Adam | ImplicitSgd:
        if self.config.optimiser == "implicit":
            return ImplicitSgd(self.network.parameters(), self.config.lr, self.config.implicit_steps)
        return Adam(self.network.parameters(), lr=self.config.lr)

    def _standing(self, epochs: int) -> checkpoint.Standing:
        """What a checkpoint of now says, after so many epochs."""
        train, digests = self.data.train, (self._valid_digest, self._init_digest, self.teachers.digest())
        return checkpoint.Standing(
            self.config, train.binning, train.classes, self._data_digest, epochs, *digests
        )

    def _save(self, epochs: int) -> None:
        carried = {MULTIPLIER: self.penalty.multiplier, SILENT: torch.tensor(self.silence.epochs)}
        extra = carried | self.sharpener.state_dict() | (self.kept.figures() if self.kept else {})
        kept = self.kept.parameters if self.kept else None
        checkpoint.save(self.folder, self._standing(epochs), self.network, self.optimiser, extra, kept)

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        config = self.config
        how = config.pass_at(epoch)
        integer = isinstance(how, Integer)
        # Masks and drawn spikes use the global generator: a resumed run must draw what an uninterrupted one would.
        torch.manual_seed((config.seed * 1_000_003 + epoch) % (1 << 63))
        self.network.train(not integer)
        start = time.monotonic()
        averages = Averages()
        self._priced = self._priced_now()
        batches, second_batches = self._batches(epoch, 0, self.workers), self._second_batches(epoch)
        part = bits_name(config.widths) if integer else config.method
        if config.width == "consistent" and not integer:
            self._adapt_widths(epoch, how)
        if self._in_tandem(how):
            self._convert(epoch, how)
        if self.workers.count > 1:  # each draws for its own part
            torch.manual_seed(self.workers.seed(config.seed, epoch))
        hidden = self.quiet or None  # None: shown on a terminal only
        with tqdm(batches, f"epoch {epoch + 1}/{config.total_epochs} {part}", disable=hidden) as bar:
            for i, batch in enumerate(bar):
                at = _Moment(epoch * len(batches) + i, epoch + i / len(batches))
                self._step(batch, second_batches, how, at, averages)
                bar.set_postfix_str(averages.line(), refresh=False)
        if not all(bool(p.isfinite().all()) for p in self.network.state_dict().values()):
            raise self._diverged("a weight is no longer a finite number")
        parallel.check_alike(self.workers, self._held, epoch + 1)
        averages.join(self.workers)
        seconds = time.monotonic() - start
        return self._figures(epoch, part, seconds, averages) if self.workers.main else {}

    def _figures(self, epoch: int, part: str, seconds: float, averages: Averages) -> dict[str, Any]:
        config = self.config
        integer = epoch >= config.epochs
        hard: Pass = config.integer() if integer else config.spike(hard=True)
        valid = evaluate(self.network, self.data.valid, hard, device=self.device, priced=self._priced_now())
        trained = averages.figures()
        self.silence.check(self.network, valid, epoch, trained["train_accuracy"])
        figures = {
            "epoch": epoch + 1,
            "part": part,
            "rho": 0.0 if integer else config.rho_at(epoch),
            "seconds": round(seconds, 3),
            **trained,
        }
        figures["valid_accuracy"] = valid.accuracy
        figures["valid_pass"] = part if integer else "hard"
        figures["valid_synops"] = valid.synops_per_sample
        if config.synops_target is not None:
            figures["synops_multiplier"] = float(self.penalty.multiplier)
        if config.instructions_target is not None:
            figures["valid_instructions"] = valid.instructions_per_sample
            figures["instructions_multiplier"] = float(self.penalty.multiplier)
        if epoch + 1 == config.epochs and config.smooth_trained:
            smooth = evaluate(self.network, self.data.valid, config.spike(hard=False), device=self.device)
            figures["valid_surrogate_accuracy"] = smooth.accuracy
        return figures

    def _step(
        self, batch: Batch, second_batches: Iterator[Batch], how: Pass, at: _Moment, averages: Averages
    ) -> None:
        config = self.config
        for group in self.optimiser.param_groups:
            group["lr"] = config.learning_rate(at.progress)
        self.optimiser.zero_grad(set_to_none=True)
        each, output = self._gradient(batch, how)
        rho = config.rho_at(at.progress)
        second = next(second_batches, batch) if self.sharpener.needs_second(at.step, rho) else batch
        self.network.freeze_statistics(True)  # they move in the first pass only
        self.sharpener.gradient(
            each.detach(), lambda rows: self._second_losses(second, rows, how), rho, at.step, config.seed
        )
        if isinstance(self.optimiser, ImplicitSgd):
            self.optimiser.step(lambda: self._again(batch, how))
        else:
            self.optimiser.step()
        self.network.freeze_statistics(False)
        if output.spent is not None:
            self.penalty.ascend(float(self.workers.mean(output.spent.detach())))
        averages.add(float(each.detach().mean()), output, batch[1])

    def _gradient(self, batch: Batch, how: Pass) -> tuple[Tensor, Output]:
        """Leave the gradient in `.grad`; losses [B] and the output."""
        if self.config.through_time == "online" and not isinstance(how, Integer):
            objective = self.config.objective
            each, output = online.gradient(self.network, batch, how, objective, self.penalty, self._priced)
            self._check_finite(each)
            return each, output
        each, total, output = self._losses(batch, how)
        self._check_finite(total)
        total.backward()
        return each, output

    def _losses(self, batch: Batch, how: Pass) -> tuple[Tensor, Tensor, Output]:
        """Losses [B], their mean with the penalties, and the output."""
        x, labels = batch
        objective = self.config.objective
        with self._precision(how):
            counted, limited = objective.synops_target is not None, objective.rate_weight > 0
            if self._in_tandem(how):
                output = tandem.forward(self.network, x, how, self.config.converted_at(self.epoch))
            else:
                output = self.network(x, how, objective.per_step, counted, limited, priced=self._priced)
        each = losses.per_recording(objective, output.logits, output.steps, labels)
        own = losses.answers(objective.kind, output.logits, output.steps)
        each = self.teachers.losses(each, own, x)
        return each, each.mean() + self.penalty.value(output.rates, output.spent), output

    def _second_losses(self, batch: Batch, rows: Tensor | None, how: Pass) -> Tensor:
        x, labels = batch
        each, total, _ = self._losses((x, labels) if rows is None else (x[:, rows], labels[rows]), how)
        return each + (total - each.mean())  # the penalties belong to every recording alike

    def _again(self, batch: Batch, how: Pass) -> None:
        """Leave the gradient of the same batch at the weights as they now are in `.grad`."""
        self._second_losses(batch, None, how).mean().backward()
        self.workers.average([p.grad for p in self.network.parameters() if p.grad is not None])

    def _checked(self, pricing: Pricing | None) -> Pricing | None:
        if self.config.instructions_target is None:
            return None
        if pricing is None:
            raise EdgeSastError(
                "--instructions-target needs the prices of a device, which 'edge-sast train' gives; train with that "
                "command, or use --synops-target"
            )
        return pricing

    def _priced_now(self) -> Priced | None:
        """Prices of the network's integer model as it stands: which kernels a layer gets depends on its weights."""
        if self.pricing is None:
            return None
        network = copy.deepcopy(self.network).cpu().eval()
        network.join(ALONE)
        train = self.data.train
        model = export(network, train.binning, train.classes, self.config.widths, "training")
        return Priced(self.pricing(model, _spread(train, PRICED_ON)), self.device)

    def _precision(self, how: Pass) -> contextlib.AbstractContextManager[Any]:
        if self.config.precision == "float32" or isinstance(how, Integer):
            return contextlib.nullcontext()
        return torch.autocast(self.device, dtype=torch.bfloat16)

    def _check_finite(self, loss: Tensor) -> None:
        if not bool(torch.isfinite(loss).all()):
            raise self._diverged(f"the loss is {float(loss.detach().mean())}")

    def _diverged(self, what: str) -> EdgeSastError:
        remedy = "lower --lr or --rho" if self.config.rho else "lower --lr"
        return EdgeSastError(
            f"training: {what} in epoch {self.epoch + 1}; {remedy} (the last checkpoint is kept)"
        )

    def _adapt_widths(self, epoch: int, how: Pass) -> None:
        probe = next(iter(self._batches(epoch, 2, ALONE)))  # whole: its measures are no means over recordings
        self.network.join(ALONE)
        try:
            a2sg.adapt_widths(self.network, lambda: self._losses(probe, how)[1])
        finally:
            self.network.join(self.workers)

    def _in_tandem(self, how: Pass) -> TypeGuard[Spike]:
        return self.config.through_time == "tandem" and isinstance(how, Spike)

    def _convert(self, epoch: int, how: Spike) -> None:
        """Set the thresholds of the layer that spikes from this epoch on, if one does."""
        place = self.config.converted_at(epoch) - 1
        if epoch and place >= self.config.converted_at(epoch - 1):
            probe, _ = next(iter(self._batches(epoch, 2, ALONE)))  # whole, the same for all workers
            tandem.convert(self.network, probe, how, place)

    def _batches(self, epoch: int, stream: int, workers: Workers) -> TrainingBatches:
        config = self.config
        augmentation = Augmentation(config.augment_shift, config.augment_drop, config.augment_flip)
        seed = (config.seed, epoch, stream)
        return TrainingBatches(self.data.train, augmentation, config.batch_size, seed, self.device, workers)

    def _second_batches(self, epoch: int) -> Iterator[Batch]:
        if self.config.independent_batch and epoch < self.config.epochs:
            return iter(self._batches(epoch, 1, self.workers))  # as many as the first
        return iter(())


def _spread(binned: BinnedEvents, count: int) -> BinnedEvents:
    """Up to so many of the recordings, from all over."""
    return binned.select(np.unique(np.linspace(0, len(binned) - 1, count).astype(int)))
