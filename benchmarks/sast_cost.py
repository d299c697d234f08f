"""What a sharpness-aware epoch costs beside a plain one, and its cheaper variants: ratios of the same round.

    OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 python benchmarks/sast_cost.py --data DIR --steps 10

Every variant trains a network of its own on the same recordings; epochs take turns, round after round, so that other
work on the machine meets all alike. What is compared is processor time, which other processes lengthen less; it holds
the evaluation of eight held-out recordings at each epoch's end.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.report.tables import print_table, write_json
from trainer.data import recordings as datasets
from trainer.data.recordings import Data
from trainer.run import freed_pages as memory
from trainer.run.loop import Trainer
from trainer.settings.config import TrainConfig

PLAIN = "surrogate"
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    PLAIN: ("surrogate", {}),
    "hard": ("hard", {}),
    "sast": ("sast", {}),
    "sast --sam-every 2": ("sast", {"sam_every": 2}),
    "sast --sam-every 5": ("sast", {"sam_every": 5}),
    "sast --sam-every 5 --sam-reuse 0.7": ("sast", {"sam_every": 5, "sam_reuse": 0.7}),
    "sast --sam-rows 0.5": ("sast", {"sam_rows": 0.5}),
    "sast --sam-rows 0.25": ("sast", {"sam_rows": 0.25}),
}
ROUNDS_AHEAD = 2  # the first compiles and fills caches
RECORDING_US = 300_000  # of N-MNIST: three saccades


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="N-MNIST, or another data set")
    parser.add_argument("--arch", default="16c5s2p2-or2-64c3p1-or2-out")
    parser.add_argument("--steps", type=int, default=10, help="time steps per recording")
    parser.add_argument("--limit", type=int, default=360, help="recordings, some of which may be held out")
    parser.add_argument("--rounds", type=int, default=9, help="rounds, each with an epoch of every variant")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        rounds = benchmark(args)
    except EdgeSastError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    rows = []
    for name in VARIANTS:
        ratios = [r[name] / r[PLAIN] for r in rounds]
        rows.append([name, f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"])
    print_table(rows, ["epoch", "time ratio", "range"])
    write_json(args.json, {"arch": args.arch, "steps": args.steps, "rounds": rounds})
    return 0


def benchmark(args: argparse.Namespace) -> list[dict[str, float]]:
    """Processor seconds of each variant's epoch, round by round. Raises EdgeSastError for a user's mistake."""
    memory.keep_freed_pages()
    with tempfile.TemporaryDirectory() as folder:
        trainers = {
            name: trainer(args, method, given, Path(folder)) for name, (method, given) in VARIANTS.items()
        }
        rounds = [
            {name: processor_seconds(each, epoch) for name, each in trainers.items()}
            for epoch in range(ROUNDS_AHEAD + args.rounds)
        ]
    return rounds[ROUNDS_AHEAD:]


def processor_seconds(trainer: Trainer, epoch: int) -> float:
    """Of one epoch."""
    began = time.process_time()
    trainer._run_epoch(epoch)
    return time.process_time() - began


def trainer(args: argparse.Namespace, method: str, given: dict[str, Any], folder: Path) -> Trainer:
    """A training of this variant, with the perturbation at work from the first step."""
    if method == "sast":
        given = given | {"rho_warmup": 0}
    epochs = ROUNDS_AHEAD + args.rounds
    config = TrainConfig.of(
        method,
        data=args.data,
        arch=args.arch,
        steps=args.steps,
        dt_us=RECORDING_US // args.steps,
        limit=args.limit,
        epochs=epochs,
        qat_epochs=0,
        **given,
    )
    data = datasets.training_data(datasets.open_data(config), config)
    few = Data(data.train, data.valid.select(np.arange(min(8, len(data.valid)))))
    return Trainer(config, few, folder, quiet=True)


if __name__ == "__main__":
    sys.exit(main())
