"""Faults on the line and in the board, by the thousand: what becomes of the recordings.

    python benchmarks/faults.py examples/nmnist-int8.safetensors --data DIR/nmnist --split valid --faults 10000

Recordings run on the virtual board, whose line flips, loses, doubles, swaps and cuts bytes and repeats old frames, and
which restarts, stalls, hangs and is unplugged: all drawn from a seed. Every result that the link accepts is compared
with the runtime's, CRCs, counters, outputs, dumps. Exit code 1 if one is wrong, or a call takes longer than --limit-s.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import numpy as np

from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.link.board_link import BoardLink
from edge_sast.link.event_payload import recording_steps
from edge_sast.link.messages import BoardRun, LinkError, LinkSettings
from edge_sast.link.ports import open_port
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator
from edge_sast.runtime.simulator import Trace
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.virtual.board import RX_BYTES, VirtualBoard, build_virtual_board, running
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import RelaySettings

WEIGHTS = {
    "flip": 3, "lose": 3, "double": 2, "reorder": 2, "cut": 1, "repeat": 2, "reset": 0.3, "stall": 0.3, "hang": 0.02,
    "unplug": 0.1,
}  # fmt: skip
STALL_S, HANG_S = 0.02, 1.0
PATIENCE = LinkSettings(hello_s=2.0, reply_s=0.01, stall_s=0.5, attempts=10)
SESSION = 50  # calls between two seeds
KINDS, SHARES = ("observed", "row", "unobserved", "dump"), (0.3, 0.3, 0.3, 0.1)
ROW = 4


class HangError(Exception):
    """A call did not come back."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    add_data_arguments(parser)
    parser.add_argument("--faults", type=int, default=10_000, help="how many, at least")
    parser.add_argument("--rate", type=float, default=1 / 1500, help="faults for each byte, either way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit-s", type=float, default=60.0, help="longest call that is no hang")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = campaign(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    print_table([[kind, str(n)] for kind, n in sorted(figures["faults"].items())], ["fault", "times"])
    print_table([[kind, str(n)] for kind, n in sorted(figures["outcomes"].items())], ["outcome", "calls"])
    write_json(args.json, figures)
    return 1 if figures["outcomes"].get("wrong") or figures["outcomes"].get("hang") else 0


def campaign(args: argparse.Namespace) -> dict:
    """Counts of faults and of outcomes. Raises EdgeSastError for a user's mistake."""
    if not args.data:
        raise EdgeSastError("--data is missing; give a data set")
    model = modelfile.load(args.model)
    bench = Bench(model, load_split(model.binning, model.classes, data_options(args)).binned, args.limit_s)
    signal.signal(signal.SIGALRM, _hang)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="edge-sast-faults-") as folder:
        build, program = Path(folder) / "build", Path(folder) / "virtual"
        write_folder(generate(model), build)
        build_virtual_board(build, program)
        seed = args.seed
        while bench.faults.total() < args.faults:
            plan = FaultPlan(seed, args.rate, WEIGHTS, STALL_S, HANG_S)
            with running(RelaySettings(str(program), RX_BYTES, True, faults=plan)) as board:
                bench.session(board, seed)
            bench.faults.update(board.faults)
            seed += 1
    return {
        "faults": dict(bench.faults),
        "total_faults": bench.faults.total(),
        "outcomes": dict(bench.outcomes),
        "messages": dict(bench.messages),
        "link": dict(bench.link),
        "complete": bench.right,
        "seconds": time.perf_counter() - began,
        "seed": args.seed,
        "rate": args.rate,
    }


class Bench:
    """Recordings, what the runtime says of them, and what became of each call of the link."""

    def __init__(self, model: Model, binned: BinnedEvents, limit_s: float) -> None:
        self.faults: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.messages: Counter[str] = Counter()
        self.link: Counter[str] = Counter()
        self.right = 0
        self._binned = binned
        self._traces: dict[int, Trace] = {}
        self._simulator = Simulator(model)
        self._limit_s = limit_s

    def session(self, board: VirtualBoard, seed: int, calls: int = SESSION) -> None:
        """Some calls on one board, each until it is complete."""
        rng = np.random.default_rng(seed)
        link = BoardLink(open_port(board.port), PATIENCE)
        for i in rng.integers(0, len(self._binned), calls):
            kind = str(rng.choice(KINDS, p=SHARES))
            while not self._call(link, int(i), kind, rng):
                self.link.update(asdict(link.statistics))
                link.reopen(open_port(board.port))
        self.link.update(asdict(link.statistics))
        link.close()

    def _call(self, link: BoardLink, i: int, kind: str, rng: np.random.Generator) -> bool:
        """One call, counted. False: it is not done, and the port has to be opened again."""
        signal.setitimer(signal.ITIMER_REAL, self._limit_s)
        try:
            right = self._dumps_right(link, i, rng) if kind == "dump" else self._runs_right(link, i, kind)
        except HangError:
            self.outcomes["hang"] += 1
            return False
        except LinkError as error:
            self.outcomes[type(error).__name__] += 1
            self.messages[str(error)] += 1
            return False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.outcomes["right" if right else "wrong"] += 1
        self.right += right
        return True

    def _trace(self, i: int) -> Trace:
        if i not in self._traces:
            self._traces[i] = self._simulator.trace(self._binned, i)
        return self._traces[i]

    def _runs_right(self, link: BoardLink, first: int, kind: str) -> bool:
        """One recording alone, or ROW of them one after the other."""
        order = [(first + k) % len(self._binned) for k in range(ROW if kind == "row" else 1)]
        runs = link.runs((recording_steps(self._binned, i) for i in order), kind != "unobserved")
        return all(self._right(run, self._trace(i), kind) for i, run in zip(order, runs, strict=True))

    def _right(self, run: BoardRun, trace: Trace, kind: str) -> bool:
        return (
            (run.crcs is None or np.array_equal(run.crcs, trace.crcs))
            and (run.crcs is None) == (kind == "unobserved")
            and np.array_equal(run.outputs, trace.outputs)
            and np.array_equal(run.synops, trace.synops.sum(axis=0, dtype=np.uint64))
            and np.array_equal(run.spikes, trace.spike_counts.sum(axis=0, dtype=np.uint64))
            and run.prediction == trace.prediction
        )

    def _dumps_right(self, link: BoardLink, i: int, rng: np.random.Generator) -> bool:
        trace = self._trace(i)
        step, layer = int(rng.integers(len(trace.crcs))), trace.layers[rng.integers(len(trace.layers))]
        membranes, spikes = link.dump(recording_steps(self._binned, i), step, layer.index)
        return np.array_equal(membranes, trace.membranes[step, layer.start : layer.stop]) and np.array_equal(
            spikes, trace.spikes[step, layer.start : layer.stop]
        )


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise HangError


if __name__ == "__main__":
    sys.exit(main())
