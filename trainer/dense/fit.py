"""Training of a dense CNN: float epochs, then epochs in the device's integers; the last epoch's network counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

import edge_sast
from edge_sast.dense.densefile import DenseModel
from edge_sast.dense.frames import frames_of
from edge_sast.dense.network import Size, run
from edge_sast.dense.shapes import LayerShape
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.augment import Augmentation
from edge_sast.events.binned import BinnedEvents
from trainer.data.batches import TrainingBatches
from trainer.dense.network import FloatNetwork, IntegerNetwork
from trainer.dense.settings import DenseSettings
from trainer.run.adam import Adam

CALIBRATED_ON = 1000  # frames


def fit(
    frames: BinnedEvents, shapes: Sequence[LayerShape], settings: DenseSettings, quiet: bool = False
) -> DenseModel:
    """A network trained on frames (binned by frame_binning). Same frames, settings and threads: the same network.

    Raises:
        EdgeSastError: layers that do not fit the frame, or a training that diverges.
        CheckFailedError: the trained integers do not answer as edge_sast/dense/network.py does.
    """
    torch.manual_seed(settings.seed)
    grid = frames.binning
    network = FloatNetwork(Size(grid.height, grid.width, grid.channels), shapes)
    _train(network, frames, settings, quiet, integer=False)
    network.eval()
    some = frames_of(frames, _some(len(frames), settings.seed))
    integer = IntegerNetwork(network, _tensor(some))
    _train(integer, frames, settings, quiet, integer=True)
    found = integer.network()
    _check(integer, some, run(found, some).reshape(len(some), -1))
    trained = {"recordings": len(frames), "data": frames.digest(), **asdict(settings)}
    return DenseModel(grid, found, frames.classes, f"edge-sast {edge_sast.__version__}", trained)


def _train(
    network: FloatNetwork | IntegerNetwork,
    frames: BinnedEvents,
    settings: DenseSettings,
    quiet: bool,
    integer: bool,
) -> None:
    first, epochs = (settings.epochs, settings.qat_epochs) if integer else (0, settings.epochs)
    peak = settings.lr / 10 if integer else settings.lr
    optimiser = Adam(network.parameters(), lr=peak)
    network.train()
    for epoch in range(epochs):
        batches = _batches(frames, settings, first + epoch)
        name = f"dense epoch {first + epoch + 1}/{settings.epochs + settings.qat_epochs}"
        losses, right, seen = 0.0, 0, 0
        # disable=None shows the bar on terminals only.
        for i, (x, labels) in enumerate(
            tqdm(batches, f"{name} {'int8' if integer else 'float'}", disable=quiet or None)
        ):
            for group in optimiser.param_groups:
                group["lr"] = peak * 0.5 * (1 + math.cos(math.pi * (epoch + i / len(batches)) / epochs))
            optimiser.zero_grad(set_to_none=True)
            given = network(x[0])
            logits = network.logits(given) if isinstance(network, IntegerNetwork) else given
            loss = functional.cross_entropy(logits, labels)
            loss.backward()
            optimiser.step()
            losses, right = (
                losses + float(loss.detach()),
                right + int((given.detach().argmax(1) == labels).sum()),
            )
            seen += len(labels)
        if not math.isfinite(losses):
            raise EdgeSastError(
                f"dense CNN: the loss is {losses} in epoch {first + epoch + 1}; use another --seed"
            )
        if not quiet:
            tqdm.write(f"{name}: loss {losses / len(batches):.4f}, train {right / seen:.4f}")


def _batches(frames: BinnedEvents, settings: DenseSettings, epoch: int) -> TrainingBatches:
    augmentation = Augmentation(settings.augment_shift, settings.augment_drop, settings.augment_flip)
    return TrainingBatches(frames, augmentation, settings.batch_size, (settings.seed, epoch, 0), "cpu")


def _some(count: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:CALIBRATED_ON])


def _tensor(frames: np.ndarray) -> Tensor:
    return torch.from_numpy(frames.astype(np.float32)).permute(0, 3, 1, 2)


@torch.no_grad()
def _check(network: IntegerNetwork, frames: np.ndarray, expected: np.ndarray) -> None:
    network.eval()
    scores = network(_tensor(frames)).to(torch.int64).numpy()
    differing = (scores != expected).any(axis=1)
    if differing.any():
        raise CheckFailedError(
            f"the trained dense CNN and its integers differ on {int(differing.sum())} of {len(frames)} frames; this is "
            "a defect of edge-sast"
        )
