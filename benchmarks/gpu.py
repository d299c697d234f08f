"""Training speed and memory on a GPU beside SpikingJelly: the network of peer_networks.py, the same weights and batch.

    python benchmarks/gpu.py --batch 256 --steps 10 100 --json gpu.json

A step is forward, loss, backward and Adam on random events that lie on the GPU. The libraries work in turn, round after
round, after both warmed up; times are medians of the rounds. Memory is the most that PyTorch's allocator held at once
during a round, the other library's network not counted. SpikingJelly runs on CuPy where its version has that backend
and CuPy is installed, else on what it takes by itself on a GPU. Exit code 2 where there is no CUDA device.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from statistics import median

import numpy as np
import torch
from peer_networks import CHANNELS_LAST, CLASSES, OURS, SIDE, build
from torch import nn
from training_peers import version

from edge_sast.errors import EdgeSastError
from edge_sast.report.tables import print_table, write_json

PEER = "spikingjelly"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=256, help="recordings per step")
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 100], help="time steps per recording")
    parser.add_argument("--density", type=float, default=0.05, help="share of inputs that fire")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, each with a turn of every library")
    parser.add_argument("--turn", type=int, default=10, help="training steps a turn")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    if not torch.cuda.is_available():
        print(f"{parser.prog}: no CUDA device", file=sys.stderr)
        return 2
    try:
        figures = benchmark(args)
        write_json(args.json, figures)
    except EdgeSastError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def benchmark(args: argparse.Namespace) -> dict:
    """All cases, printed as they are done. Raises EdgeSastError for a user's mistake."""
    for option in ("batch", "rounds", "turn", "steps"):
        values = getattr(args, option)
        if min(values if isinstance(values, list) else [values]) < 1:
            raise EdgeSastError(f"--{option} is {values}; give 1 or more")
    versions = {name: version(name) for name in (OURS, PEER, "torch", "triton")}
    versions["cupy"] = (
        importlib.import_module("cupy").__version__ if importlib.util.find_spec("cupy") else None
    )
    gpu = torch.cuda.get_device_name()
    print(f"{gpu}; batch {args.batch}")
    print(", ".join(f"{name} {number or 'missing'}" for name, number in versions.items()))
    libraries = [OURS, *([PEER, PEER + CHANNELS_LAST] if versions[PEER] else [])]
    cases = []
    for steps in args.steps:
        works = {library: Work(library, steps, args) for library in libraries}
        for work in works.values():
            work.turn(2)
        rounds = [{name: work.turn(args.turn) for name, work in works.items()} for _ in range(args.rounds)]
        cases.append({"steps": steps, "rounds": rounds})
        report(cases[-1], args.batch, libraries)
    return {"gpu": gpu, "versions": versions, "batch": args.batch, "cases": cases}


class Work:
    """A library's network on the GPU."""

    def __init__(self, library: str, steps: int, args: argparse.Namespace) -> None:
        network, _ = build(library, steps)
        if library != OURS:
            prefer_cupy(network)
        self.network = network.cuda()
        self.optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=1e-3)
        draw = torch.Generator().manual_seed(0)
        x = torch.rand(steps, args.batch, 2, SIDE, SIDE, generator=draw) < args.density
        self.x = x.float().cuda()
        if library == OURS:  # as training makes its batches
            self.x = self.x.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)
        self.labels = torch.randint(CLASSES, (args.batch,), generator=draw).cuda()

    def turn(self, steps: int) -> dict:
        """Seconds a training step, and the growth of memory in bytes."""
        self.optimiser.zero_grad(set_to_none=True)
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(steps):
            self.optimiser.zero_grad(set_to_none=True)
            logits, _ = self.network(self.x)
            nn.functional.cross_entropy(logits, self.labels).backward()
            self.optimiser.step()
        torch.cuda.synchronize()
        seconds = (time.perf_counter() - began) / steps
        return {"seconds": seconds, "bytes": torch.cuda.max_memory_allocated() - before}


def prefer_cupy(network: nn.Module) -> None:
    """CuPy kernels in the versions that have them, which are to be asked for; later ones choose for themselves."""
    from spikingjelly.activation_based import functional

    if hasattr(functional, "set_backend") and importlib.util.find_spec("cupy"):
        vars(np).setdefault("int", int)  # its kernels ask for a name that NumPy dropped in 1.24
        functional.set_backend(network, "cupy")


def report(case: dict, batch: int, libraries: list[str]) -> None:
    rounds, rows = case["rounds"], []
    for name in libraries:
        seconds = median(r[name]["seconds"] for r in rounds)
        ratios = [r[name]["seconds"] / r[OURS]["seconds"] for r in rounds]
        most = max(r[name]["bytes"] for r in rounds)
        rows.append([name, f"{1e3 * seconds:.2f}", f"{batch / seconds:,.0f}", f"{median(ratios):.2f}"])
        rows[-1] += [f"{min(ratios):.2f} to {max(ratios):.2f}", f"{most / 1e6:,.0f}"]
    print(f"\ntraining: T = {case['steps']}")
    print_table(rows, ["library", "ms", "samples/s", "time ratio", "range", "memory MB"])


if __name__ == "__main__":
    sys.exit(main())
