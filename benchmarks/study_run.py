"""One run of a study in a process of its own: `python benchmarks/study_run.py FOLDER`, or `--time FILE`.

FOLDER holds `run.json`; the run is trained (or taken up, or a trained network calibrated) and judged on the recordings
that training held out or found in `valid`, and `figures.json` is written. A training that stops by itself (silent
network, loss or weight not finite) leaves `figures.json` with the reason. `--time` measures seconds of one epoch of
several configs in turn, round after round, so that other work on the machine meets all of them alike. Ends when its
standard input does: with the study that started it.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from edge_sast.cli.sweep.trial import end_with_parent
from edge_sast.datasets.load import spread
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.files import locked
from edge_sast.report.tables import write_json
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from trainer.data import recordings as datasets
from trainer.data.recordings import Data
from trainer.measure.balance import calibrate
from trainer.measure.figures import build_model, measure, trained_bits
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.machine import set_threads
from trainer.run.metrics import read as read_metrics
from trainer.settings.bits import bits_name
from trainer.settings.config import TrainConfig

RUN_NAME, FIGURES_NAME = "run.json", "figures.json"
WARM_RECORDINGS = 200  # of the round that compiles and is not counted


def main(argv: list[str]) -> int:
    """Returns the exit code: 0 where the figures stand, 2 for a mistake of the user."""
    set_threads(1)
    try:
        if argv[0] == "--time":
            time_in_turn(Path(argv[1]))
        else:
            with locked(Path(argv[0])):
                run(Path(argv[0]))
    except (EdgeSastError, CheckFailedError) as error:
        print(f"edge-sast: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def run(folder: Path) -> None:
    told = json.loads((folder / RUN_NAME).read_text())
    if (folder / FIGURES_NAME).exists():
        return
    config = TrainConfig.from_dict(told["config"], str(folder / RUN_NAME))
    data = datasets.training_data(datasets.open_data(config), config, told["cache_dir"])
    if told["calibrate"]:
        figures = _calibrated(Path(told["after"]), data, told["calibrate"])
    else:
        figures = _trained(folder, config, data)
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, PyTorch {torch.__version__}"
    write_json(str(folder / FIGURES_NAME), figures)


def _trained(folder: Path, config: TrainConfig, data: Data) -> dict[str, Any]:
    trainer = Trainer(config, data, folder, quiet=True)
    if (folder / checkpoint.FILE_NAME).exists():
        trainer.resume()
    try:
        network = trainer.run()
    except EdgeSastError as error:
        if not str(error).startswith("training:"):
            raise
        return {"stopped": str(error)}
    metrics = read_metrics(folder)
    floats = metrics[: config.epochs]
    before = None
    if floats and config.qat_epochs and config.smooth_trained:
        before = {"surrogate": floats[-1]["valid_surrogate_accuracy"], "hard": floats[-1]["valid_accuracy"]}
    elif floats and config.qat_epochs:
        before = {"hard": floats[-1]["valid_accuracy"]}
    return {
        **judge(network, checkpoint.load(folder), data),
        "before_finish": before,
        "seconds": sum(line["seconds"] for line in metrics),
    }


def _calibrated(after: Path, data: Data, recordings: int) -> dict[str, Any]:
    stored = checkpoint.load(after)
    network = stored.network()
    some = data.train.select(spread(data.train.labels, recordings))
    calibrate(network, some, stored.config.spike(hard=False), stored.config.spike(hard=True))
    return {**judge(network, stored, data), "before_finish": None, "seconds": 0.0}


def judge(network: Network, stored: checkpoint.Checkpoint, data: Data) -> dict[str, Any]:
    """Every forward pass on the validation recordings, and the size of the model of the trained widths."""
    bits = trained_bits(stored.config)
    widths = dict.fromkeys((width,) * len(bits) for width in (8, 4))
    passes = measure(network, stored, data.valid, list(widths | {bits: None}))
    size = footprint(CPlan(build_model(network, stored, bits)))
    return {
        "passes": passes,
        "trained": bits_name(bits),
        "flash_bytes": size.flash_bytes,
        "ram_bytes": size.ram_bytes,
        "recordings": {"train": len(data.train), "valid": len(data.valid)},
    }


def time_in_turn(file: Path) -> None:
    """Fill `seconds` of the file: for each config, the first float epoch of its training, once a round."""
    told = json.loads(file.read_text())
    configs = [TrainConfig.from_dict(each, str(file)) for each in told["configs"]]
    data = datasets.training_data(datasets.open_data(configs[0]), configs[0], told["cache_dir"])
    few = replace(data, train=data.train.select(range(min(len(data.train), WARM_RECORDINGS))))
    for config in configs:
        _epoch_seconds(config, few)
    rounds = [[_epoch_seconds(config, data) for config in configs] for _ in range(told["rounds"])]
    write_json(str(file), told | {"seconds": [list(each) for each in zip(*rounds, strict=True)]})


def _epoch_seconds(config: TrainConfig, data: Data) -> float:
    warm = {} if config.sharpness == "none" else {"rho_warmup": 0}  # a radius of 0 would cost nothing
    with tempfile.TemporaryDirectory() as folder:
        Trainer(
            replace(config, epochs=1, qat_epochs=0, qat_lr=0.0, **warm), data, Path(folder), quiet=True
        ).run()
        return float(read_metrics(Path(folder))[0]["seconds"])


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
