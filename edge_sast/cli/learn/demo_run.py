"""`edge-sast demo`: the whole path on the built-in data set, real at every step, in a few minutes."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.figures import write_figures
from edge_sast.datasets.load import spread
from edge_sast.datasets.selection import DataOptions, load_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.files import check_writable, locked
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table
from edge_sast.terminal import echo
from firmware_gen.build.folder import check_folder, write_folder
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.targets import Options, generator
from trainer.data.recordings import open_data, training_data
from trainer.measure.figures import build_model, measure
from trainer.run import checkpoint
from trainer.run.loop import Trainer
from trainer.run.machine import set_threads
from trainer.settings.config import TrainConfig

if TYPE_CHECKING:
    from firmware_gen.verify.verify import VerifyReport

EMULATED_RECORDINGS = 10
SETTINGS = TrainConfig.of(
    "sast",
    data="digits",
    arch="16c5s2p2-32c3s2p1-out",
    dt_us=30_000,
    steps=10,
    beta=8.0,
    rho=0.05,
    rho_warmup=2,
    epochs=24,
    qat_epochs=3,
    batch_size=32,
    lr=1e-2,
    augment_shift=2,
    valid_fraction=0.1,
)


def demo(args: argparse.Namespace) -> int:
    """Train, export, run, compile, compare; prints one table. Exit code 1 on any mismatch."""
    start = time.monotonic()
    set_threads(args.threads)
    out = Path(args.out)
    check_writable("--out", out, folder=True)
    run = out / "run"
    _check_own(run)
    check_folder(out / "c")
    targets = _targets()
    echo("1/4 train: SAST on the built-in handwritten digits before a simulated event camera")
    data = training_data(open_data(SETTINGS), SETTINGS, args.cache_dir)
    run.mkdir(parents=True, exist_ok=True)
    with locked(run):
        network = Trainer(SETTINGS, data, run).run()
    echo("2/4 evaluate on the held-out part: PyTorch's passes, and the integer runtime")
    stored = checkpoint.load(run)
    options = DataOptions(SETTINGS.data, "test", cache_dir=args.cache_dir)
    recordings = load_split(stored.binning, stored.classes, options)
    binned = recordings.binned
    figures = measure(network, stored, binned)
    echo("3/4 export INT8: integer model, C tables, known answers")
    model = build_model(network, stored, (8,) * len(network.weighted()))
    write_folder(generator("c")(model, binned, Options()), out / "c")
    echo(
        f"4/4 verify: compile the C for {' and for '.join(targets)}, compare every membrane, spike, counter and "
        "CRC of every step"
    )
    reports = [targets[name](out / "c", binned) for name in targets]
    sizes = footprint(CPlan(model))
    figures |= {
        "recordings": recordings.name,
        "flash_bytes": sizes.flash_bytes,
        "ram_bytes": sizes.ram_bytes,
        "mismatches": sum(report.mismatches for report in reports),
        "compared_steps": sum(report.steps for report in reports),
        "verified": [report.figures() for report in reports],
        "model_hash": modelfile.model_hash(model),
        "seconds": round(time.monotonic() - start, 1),
    }
    _print(figures, out)
    write_figures(args, figures)
    for report in reports:
        if report.mismatches:
            raise CheckFailedError(
                f"{report.target}: the C differs from the runtime: {report.first_mismatch}"
            )
    return 0


def _check_own(run: Path) -> None:
    """Only a demo's training may be replaced."""
    if not (run / checkpoint.FILE_NAME).exists():
        return
    try:
        own = checkpoint.load(run).config == SETTINGS
    except EdgeSastError:  # of another version
        own = False
    if not own:
        raise EdgeSastError(
            f"--out {run.parent}: {run} holds another training, or a demo of another version; move it away, or choose "
            "another folder"
        )


def _targets() -> dict[str, Callable[[Path, BinnedEvents], VerifyReport]]:
    """What the C can be verified on here: this computer, and an emulated Cortex-M4.

    Raises EdgeSastError where neither has what it needs; says what one of them lacks.
    """
    from firmware_gen.toolchain.compiler import find_compiler
    from firmware_gen.toolchain.cross import missing
    from firmware_gen.verify.verify import verify_emulated, verify_host

    targets: dict[str, Callable[[Path, BinnedEvents], VerifyReport]] = {}
    lacking = []
    try:
        find_compiler()
        targets["this computer"] = verify_host
    except EdgeSastError as error:
        lacking.append(f"this computer: {error}")
    reason = missing()
    if reason is None:
        targets["an emulated Cortex-M4"] = lambda build, binned: verify_emulated(build, _part(binned))
    else:
        lacking.append(f"an emulated Cortex-M4: {reason}")
    if not targets:
        raise EdgeSastError("; ".join(lacking))
    for line in lacking:
        echo(f"not verified on {line}")
    return targets


def _part(binned: BinnedEvents) -> BinnedEvents:
    """Recordings of every class, as many as an emulated core takes seconds for."""
    return binned.select(spread(binned.labels, EMULATED_RECORDINGS).tolist())


def _print(figures: dict[str, Any], out: Path) -> None:
    rows = []
    for name, title in (("surrogate", "surrogate"), ("hard", "hard"), ("int8", "INT8"), ("int4", "INT4")):
        f = figures[name]
        rows.append([title, f"{100 * f['accuracy']:.2f}", f"{f['synops_per_sample']:,.0f}"])
    echo()
    print_table(rows, [f"{figures['samples']} test recordings", "accuracy %", "SynOps/sample"])
    echo(
        "",
        f"INT8 tables {figures['flash_bytes']:,} bytes of flash, state {figures['ram_bytes']:,} bytes of RAM",
    )
    for report in figures["verified"]:
        echo(
            f"C against runtime on {report['target']}: {report['mismatches']} mismatches in {report['steps']:,} steps"
        )
    echo("", f"{out}/run    checkpoint, config, metrics     edge-sast evaluate {out}/run")
    echo(f"{out}/c      the C and its README            edge-sast verify {out}/c --on cortex-m")
    echo(f"{figures['seconds']} s")
