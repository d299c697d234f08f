"""Training speed and memory beside snnTorch, SpikingJelly and sinabs: the same network, weights, batch and optimiser.

    python benchmarks/training_peers.py --data DIR --steps 10 100 --threads 1 2 --json peers.json

The network and what each library is given stand in peer_networks.py. A step is forward, loss, backward and Adam, from
a dense batch in memory. Each library runs in a process of its own; only one works at a time, in turn, round after
round, so that other work on the machine meets all of them alike: compare the ratios (a library's time by edge-sast's
in the same round; median and range), not the rates. Before anything is timed the libraries must agree on firing rates
and gradients of the first step. Memory is the growth of the process from before the first step to its peak. Without
--data the batch is random events of --density. The peers: pip install snntorch spikingjelly sinabs.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
from peer_networks import CHANNELS_LAST, CLASSES, OURS, PEERS, SIDE
from runtime import cpu_name

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.report.tables import print_table, write_json

RECORDING_US = 300_000  # of N-MNIST: three saccades


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="N-MNIST; without it, random events")
    parser.add_argument(
        "--density", type=float, default=0.05, help="share of inputs that fire, without --data"
    )
    parser.add_argument("--batch", type=int, default=64, help="recordings per step")
    parser.add_argument("--steps", type=int, nargs="+", default=[10], help="time steps per recording")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="threads of each process")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, each with a turn of every library")
    parser.add_argument("--turn", type=int, default=3, help="training steps a turn")
    parser.add_argument(
        "--neurons", type=int, default=1 << 17, help="size of the layer that is run by itself"
    )
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict:
    """All cases, printed as they are done. Raises EdgeSastError for a user's mistake."""
    for option in ("batch", "rounds", "turn", "neurons", "steps", "threads"):
        values = getattr(args, option)
        if min(values if isinstance(values, list) else [values]) < 1:
            raise EdgeSastError(f"--{option} is {values}; give 1 or more")
    versions = {name: version(name) for name in (OURS, *PEERS, "torch")}
    machine = {"cpu": cpu_name(), "cores": os.cpu_count(), "system": platform.platform()}
    print(f"{machine['cpu']}, {machine['cores']} cores; batch {args.batch}; {args.data or 'random events'}")
    print(", ".join(f"{name} {number or 'missing'}" for name, number in versions.items()))
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for steps in args.steps:
            for work in ("train", "lif"):
                data = Path(folder) / f"{work}{steps}.npz"
                np.savez(data, **(batch(args, steps) if work == "train" else currents(args, steps)))
                for threads in args.threads:
                    cases.append(case(args, work, steps, threads, data, versions))
                    report(cases[-1], args)
                data.unlink()
    return {"machine": machine, "versions": versions, "batch": args.batch, "data": args.data, "cases": cases}


def version(name: str) -> str | None:
    """The version installed, None where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def batch(args: argparse.Namespace, steps: int) -> dict[str, np.ndarray]:
    """x float32[T, B, 2, 34, 34] of 0 and 1, labels int64[B]."""
    if args.data:
        binning = Binning(SIDE, SIDE, 0, RECORDING_US // steps, steps, 1)
        dataset = open_dataset(args.data, sensor=None)
        binned = load_binned(dataset, dataset.splits[0], binning, limit=args.batch)
        if len(binned) < args.batch:
            raise EdgeSastError(f"--batch is {args.batch}, but {args.data} holds {len(binned)}; give fewer")
        dense = binned.dense(np.arange(args.batch)).transpose(1, 0, 4, 2, 3)
        return {"x": np.ascontiguousarray(dense, np.float32), "labels": binned.labels}
    rng = np.random.default_rng(0)
    x = rng.random((steps, args.batch, 2, SIDE, SIDE)) < args.density
    return {"x": x.astype(np.float32), "labels": rng.integers(0, CLASSES, args.batch)}


def currents(args: argparse.Namespace, steps: int) -> dict[str, np.ndarray]:
    """Input currents float32[T, 1, C, K] with C·K neurons, some of which fire; labels stay empty."""
    rng = np.random.default_rng(0)
    x = rng.normal(0.2, 0.5, (steps, 1, 64, max(args.neurons // 64, 1)))
    return {"x": x.astype(np.float32), "labels": np.empty(0, np.int64)}


class Process:
    """A library at work in a process of its own."""

    def __init__(self, library: str, work: str, data: Path, threads: int) -> None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        script = Path(__file__).with_name("peer_networks.py")
        command = [sys.executable, "-W", "ignore", str(script), library, work, str(data), str(threads)]
        self.library = library
        self.process = subprocess.Popen(
            command,
            env=os.environ | dict.fromkeys(names, str(threads)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **command: object) -> dict:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the answer is missing too
            print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise CheckFailedError(f"{self.library}: its process ended early; its message stands above")
        return json.loads(answer)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def case(
    args: argparse.Namespace, work: str, steps: int, threads: int, data: Path, versions: dict[str, str | None]
) -> dict:
    """Rounds of one kind of work at one number of steps and threads."""
    present = [name for name in PEERS if versions[name]]
    names = [OURS, *present]
    if work == "train":
        names += [name + CHANNELS_LAST for name in present]
    processes = {name: Process(name, work, data, threads) for name in names}
    try:
        check(processes, data.parent, steps)
        for process in processes.values():
            process.ask(steps=2)
        rounds = [{name: processes[name].ask(steps=args.turn) for name in names} for _ in range(args.rounds)]
        memory = {name: processes[name].ask()["bytes"] for name in names}
    finally:
        for process in processes.values():
            process.close()
    return {"work": work, "steps": steps, "threads": threads, "rounds": rounds, "peak_bytes": memory}


def check(processes: dict[str, Process], folder: Path, steps: int) -> None:
    """Firing rates and gradients of the first step, every library's against ours.

    Raises CheckFailedError where they differ by more than rounding, which turns some spikes near the threshold, each
    with all that follows from it: some per cent of a gradient in ten steps, more in more.
    """
    found = {}
    for name, process in processes.items():
        path = folder / "gradients.npz"
        rates = process.ask(first=str(path))["rates"]
        with np.load(path) as arrays:
            found[name] = rates, [arrays[key].ravel().astype(np.float64) for key in arrays.files]
        path.unlink()
    rates, gradients = found[OURS]
    for name, (theirs, their_gradients) in found.items():
        if not np.allclose(rates, theirs, rtol=5e-3):
            raise CheckFailedError(f"{name}: firing rates {theirs}, edge-sast's are {rates}")
        for i, (a, b) in enumerate(zip(gradients, their_gradients, strict=True)):
            difference = np.linalg.norm(a - b) / np.linalg.norm(a)
            if difference > 0.15 * max(steps / 10, 1) ** 0.5:
                raise CheckFailedError(f"{name}: gradient {i} is {difference:.1%} off edge-sast's")


def report(done: dict, args: argparse.Namespace) -> None:
    """One case as a table, slowest last; ratios are of the same round."""
    what = (
        f"one layer of {args.neurons} neurons, forward and backward" if done["work"] == "lif" else "training"
    )
    rate = "Mneuron-steps/s" if done["work"] == "lif" else "samples/s"
    size = done["steps"] * args.neurons / 1e6 if done["work"] == "lif" else args.batch
    rounds, rows = done["rounds"], []
    for name in sorted(rounds[0], key=lambda name: median(r[name]["seconds"] for r in rounds)):
        seconds = median(r[name]["seconds"] for r in rounds)
        rows.append([name, f"{1e3 * seconds:.1f}", f"{size / seconds:,.0f}"])
        for clock in ("seconds", "cpu_seconds"):
            ratios = [r[name][clock] / r[OURS][clock] for r in rounds]
            rows[-1] += [f"{median(ratios):.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"]
        rows[-1].append(f"{done['peak_bytes'][name] / 1e6:,.0f}")
    rows += [[name, "missing", *["-"] * 6] for name in PEERS if name not in rounds[0]]
    print(f"\n{what}: T = {done['steps']}, {done['threads']} thread{'s' * (done['threads'] > 1)}")
    print_table(rows, ["library", "ms", rate, "time ratio", "range", "CPU ratio", "range", "memory MB"])


if __name__ == "__main__":
    sys.exit(main())
