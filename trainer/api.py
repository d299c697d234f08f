"""Training and what follows it, from Python: what `edge-sast train`, `evaluate` and `export` do, without options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_sast.datasets.selection import DataOptions
from edge_sast.errors import EdgeSastError
from edge_sast.files import locked
from edge_sast.model.model import Model
from trainer.data.recordings import open_data, training_data
from trainer.measure.figures import build_model, measure, trained_bits
from trainer.measure.recordings import evaluation_data
from trainer.run import checkpoint
from trainer.run.checkpoint import Checkpoint
from trainer.run.loop import Trainer
from trainer.run.machine import choose_device
from trainer.run.with_data import check_with_data
from trainer.settings.bits import parse_bits
from trainer.settings.config import TrainConfig

AS_TRAINED = DataOptions()


def train(
    config: TrainConfig,
    folder: str | Path,
    *,
    device: str = "auto",
    quiet: bool = True,
    reading: DataOptions = AS_TRAINED,
) -> Checkpoint:
    """Train in a new folder, which then holds checkpoint, settings and metrics, and return the checkpoint.

    Args:
        config: all that decides the result, `TrainConfig.of(method, data=..., arch=..., dt_us=..., steps=...)`.
        folder: as --out; it must hold no run.
        device: cpu, cuda or auto.
        quiet: no progress bar, no line for each epoch.
        reading: download_dir, skip_empty and cache_dir count; what is read stands in `config`.

    Raises:
        EdgeSastError: settings, recordings or a folder that cannot be; a training that diverges.
    """
    place = Path(folder)
    _check_new(place)
    dataset = open_data(config, reading.download_dir)
    check_with_data(config, dataset)
    data = training_data(dataset, config, reading.cache_dir, reading.skip_empty)
    trainer = Trainer(config, data, place, choose_device(device), quiet)
    place.mkdir(parents=True, exist_ok=True)
    with locked(place):
        _check_new(place)  # again: another training may have come first while the data was read
        trainer.run()
    return checkpoint.load(place)


def load_run(folder: str | Path) -> Checkpoint:
    """The checkpoint of a folder that `train` or `edge-sast train` made.

    Raises:
        EdgeSastError: there is none, or it is damaged or of another version.
    """
    return checkpoint.load(Path(folder))


def evaluate(run: Checkpoint, reading: DataOptions = AS_TRAINED) -> dict[str, Any]:
    """Accuracy, SynOps and spikes of every forward pass, with the keys of `edge-sast evaluate --json`.

    Args:
        run: from `train` or `load_run`.
        reading: which recordings; those of the run's data set that it was not trained on where it names none.

    Raises:
        EdgeSastError: recordings that cannot be read, or are not those that the run was trained on.
        CheckFailedError: trainer and runtime predict differently, which would be a defect of edge-sast.
    """
    recordings = evaluation_data(run, reading)
    return {"recordings": recordings.name, **measure(run.network(), run, recordings.binned)}


def export(run: Checkpoint, bits: str | None = None) -> Model:
    """The integer model of a run; edge_sast.model.save writes it, firmware_gen makes C of it.

    Args:
        run: from `train` or `load_run`.
        bits: weight widths, "8" or one per layer as "8,4,8". None: those of the integer epochs, or 8.

    Raises:
        EdgeSastError: widths that cannot be, or sums that no integer of the model holds.
    """
    usual = trained_bits(run.config)
    return build_model(run.network(), run, usual if bits is None else parse_bits(bits, len(usual)))


def _check_new(folder: Path) -> None:
    if (folder / checkpoint.FILE_NAME).exists():
        raise EdgeSastError(f"{folder}: already holds a run; name another folder, or read it with load_run")
