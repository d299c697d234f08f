"""What the workers of test_parallel.py run: `python -m tests.trainer.parallel_cases cases FOLDER`, or
`… kill|fail|diverge|interrupt ARGUMENTS OF edge-sast`, with which worker 1 ends in its third step.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import safetensors.torch
import torch
from torch import Tensor

from edge_sast.cli.main import entry_point
from edge_sast.errors import EdgeSastError
from tests.trainer.run.test_loop import COMMON, bars
from trainer.data.recordings import Data
from trainer.run.loop import Trainer
from trainer.settings.config import TrainConfig
from trainer.workers import processes
from trainer.workers.workers import Workers

SETTINGS = COMMON | {"epochs": 1, "qat_epochs": 1, "batch_size": 32, "lr": 0.003, "augment_drop": 0.1}
FLOAT = {"qat_epochs": 0}


def config(method: str, **changes: object) -> TrainConfig:
    return TrainConfig.of(method, **SETTINGS | changes)


# Training of the whole batch's step, whoever makes it.
SAME = {
    "sast": config("sast"),
    "sast without norm": config("sast", norm="none"),
    "hard": config("hard"),
    "gsam": config("custom", forward="smooth", sharpness="gsam", rho=0.1, rho_warmup=0),
    "looksam on two batches": config(
        "custom",
        forward="smooth",
        sharpness="sam",
        rho=0.1,
        sam_every=2,
        sam_reuse=0.5,
        independent_batch=True,
    ),
    "esam of weights": config("custom", forward="smooth", sharpness="esam", rho=0.1, sam_weights=0.5),
    "mp-init and adaptive threshold": config("sast", mp_init=True, threshold="adaptive"),
    "adaptive threshold of each step": config("sast", **FLOAT, threshold="adaptive-step"),
    "recurrent, recomputed": config("sast", arch="sum2-rec12-out", threshold="learn", recompute=True),
    "penalties": config("surrogate", rate_weight=5.0, synops_target=500.0, qat_epochs=0),
    "online": config("ottt"),
    "online penalties": config("ottt", **FLOAT, rate_weight=5.0, mp_init=True),
    "tandem": config("tandem", epochs=2),
    "adapted widths": config("a2sg", epochs=2),
    "implicit": config("hard", optimiser="implicit", lr=0.1),
}
# Training that draws or chooses for each worker.
OWN = {
    "drawn spikes": config("asgl"),
    "rows": config("sast", sam_rows=0.5),
    "esam": config("custom", forward="smooth", sharpness="esam", rho=0.1, sam_weights=0.5, sam_rows=0.5),
}
COMPILER = ("torch._dynamo", "torch._inductor", "sympy")  # what PyTorch imports to compile
RESUMED = config("asgl", epochs=2, synops_target=500.0)


def recordings() -> Data:
    return Data(bars(0, 96), bars(1, 48))


def ascent(data: Data, folder: Path, workers: Workers) -> dict[str, Tensor]:
    """SAM's ε and the gradient to step along, of one batch."""
    settings = config("sast", arch="6c3p1-or2-rec8-out")
    trainer = Trainer(settings, data, folder, workers=workers)
    batch, how = next(iter(trainer._batches(0, 0, workers))), settings.pass_at(0)
    each, _ = trainer._gradient(batch, how)
    parameters = dict(trainer.network.named_parameters())
    before = {name: p.detach().clone() for name, p in parameters.items()}
    found: dict[str, Tensor] = {}

    def second(rows: Tensor | None) -> Tensor:
        found.update({f"epsilon {name}": p.detach() - before[name] for name, p in parameters.items()})
        return trainer._second_losses(batch, rows, how)

    trainer.sharpener.gradient(each.detach(), second, 0.1, 0, 0)
    return found | {f"gradient {name}": p.grad for name, p in parameters.items() if p.grad is not None}


def run_cases(folder: Path) -> None:
    torch.set_num_threads(1)
    data = recordings()
    with processes.session() as workers:
        for name, settings in (SAME | OWN | {"whole": RESUMED}).items():
            Trainer(settings, data, folder / name, quiet=True, workers=workers).run()
            if name == "sast":
                loaded = [module for module in COMPILER if module in sys.modules]
                (folder / f"compiler-{workers.rank}").write_text(" ".join(loaded))
        with patch.object(TrainConfig, "total_epochs", 1):
            Trainer(RESUMED, data, folder / "parts", quiet=True, workers=workers).run()
        resumed = Trainer(RESUMED, data, folder / "parts", quiet=True, workers=workers)
        resumed.resume()
        resumed.run()
        found = ascent(data, folder / "ascent", workers)
        safetensors.torch.save_file(found, folder / f"ascent-{workers.rank}.safetensors")
        other = replace(RESUMED, seed=workers.rank)
        try:
            Trainer(other, data, folder / "other", quiet=True, workers=workers).run()
        except EdgeSastError as error:
            (folder / f"refused-{workers.rank}").write_text(str(error))


def ends(how: str) -> Callable[..., None]:
    """A training step that worker 1 does not survive."""
    step = Trainer._step
    done = 0

    def doomed(self: Trainer, *arguments: object) -> None:
        nonlocal done
        done += 1
        if self.workers.rank == 1 and done == 3:
            if how == "fail":
                raise EdgeSastError("training: a mistake of worker 1; mend it")
            if how == "interrupt":
                os.kill(os.getppid(), signal.SIGINT)
                time.sleep(60)  # the launcher ends it; a short training could be over before it is told
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        step(self, *arguments)  # type: ignore[arg-type]
        if how == "diverge" and self.workers.rank == 1:
            with torch.no_grad():
                next(self.network.parameters()).add_(1.0)

    return doomed


if __name__ == "__main__":
    if sys.argv[1] == "cases":
        run_cases(Path(sys.argv[2]))
        os._exit(0)  # as entry_point does
    else:
        Trainer._step = ends(sys.argv[1])  # type: ignore[method-assign]
        del sys.argv[1]
        entry_point()
