"""`edge-sast hil` on lines from good to hopeless, by the hundred: does it end, does it speak, is anything wrong.

    python benchmarks/bad_lines.py examples/nmnist-small-int8.safetensors --data DIR/nmnist --split valid --runs 500
    python benchmarks/bad_lines.py MODEL --data DIR --board-command "python board.py board.so"

Each run is the command itself, on a few recordings and a line drawn from the run's seed: how many bytes are flipped,
lost, doubled or swapped, alike or mostly in one direction, and a board that restarts, stalls or repeats itself. The
board is the virtual one, or whatever --board-command starts: it is given MODE, UP and DOWN as three arguments of JSON
(rates per byte of flip, drop, dup and swap in either direction; in MODE seed, and rates per frame of reset, mute and
twice), prints the port to give to hil and serves it until it is ended.

`hil` compares every recording with the runtime, so its exit code 1 is a wrong result that was taken for a right one.
Exit code 1 here where one was, where a run ended otherwise than by 0 or 2, or where nothing was printed for --limit-s.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import random
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_sast.cli.main import main as edge_sast
from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import EdgeSastError
from edge_sast.hil import figures as _figures  # noqa: F401  # imported once, as what is compiled
from edge_sast.hil import session as _session  # noqa: F401
from edge_sast.model import modelfile
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.virtual.board import RX_BYTES, build_virtual_board, running
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import RelaySettings

LEAST_RATE, MOST_RATE = 1e-4, 0.1  # faults per byte
PATIENCE_S, STALL_S = (5.0, 5.0, 60.0), (2.0, 10.0)


class Heard(io.StringIO):
    """What is printed, and the longest time without."""

    def __init__(self) -> None:
        super().__init__()
        self.silence_s, self._last = 0.0, time.monotonic()

    def write(self, text: str) -> int:
        now = time.monotonic()
        self.silence_s, self._last = max(self.silence_s, now - self._last), now
        return super().write(text)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    add_data_arguments(parser)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--board-command", help="a board of another kind, and what it is given before MODE")
    parser.add_argument("--at-once", type=int, default=8, help="runs at the same time: they mostly wait")
    parser.add_argument("--limit-s", type=float, default=60.0, help="longest time without a line of text")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    args.limit = args.limit or 2
    try:
        rows = campaign(args)
    except EdgeSastError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    figures = summary(rows, args.limit_s)
    print_table([[name, str(figures[name])] for name in figures if name != "runs_told"], ["what", "figure"])
    write_json(args.json, {**figures, "rows": rows})
    return 1 if figures["wrong"] or figures["otherwise"] or figures["silent"] else 0


def summary(rows: list[dict[str, Any]], limit_s: float) -> dict[str, Any]:
    """The figures of all runs."""
    ends = Counter(row["end"] for row in rows)
    return {
        "runs": len(rows),
        "wrong": sum(row["code"] == 1 for row in rows),
        "otherwise": sum(row["code"] not in (0, 1, 2) for row in rows),
        "silent": sum(row["silence_s"] > limit_s for row in rows),
        "longest without a line, s": round(max(row["silence_s"] for row in rows), 1),
        "longest run, s": round(max(row["seconds"] for row in rows), 1),
        "with a line about losses": sum(row["told"] for row in rows),
        **{f"ended: {end}": count for end, count in ends.most_common()},
    }


def campaign(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Every run. Raises EdgeSastError for a user's mistake."""
    if not args.data:
        raise EdgeSastError("--data is missing; give a data set")
    model = modelfile.load(args.model)
    binned = load_split(model.binning, model.classes, data_options(args)).binned
    simulator = Simulator(model)  # compiled once, for all processes that are forked from this one
    simulator.trace(binned.select([0]), 0)
    simulator.run(binned.select([0]))
    with tempfile.TemporaryDirectory(prefix="edge-sast-lines-") as folder:
        program = Path(folder) / "virtual"
        if not args.board_command:
            write_folder(generate(model), Path(folder) / "build")
            build_virtual_board(Path(folder) / "build", program)
        context = multiprocessing.get_context("fork")
        seeds = range(args.seed, args.seed + args.runs)
        with context.Pool(args.at_once, maxtasksperchild=50) as pool:
            work = ((args, str(program), folder, seed) for seed in seeds)
            return list(pool.imap_unordered(_run, work, chunksize=1))


def _run(work: tuple[argparse.Namespace, str, str, int]) -> dict[str, Any]:
    """One run of the command: how it ended, and what it said."""
    args, program, folder, seed = work
    rng = random.Random(seed)
    line = draw_line(rng)
    options = [
        args.model, "--data", args.data, "--limit", str(args.limit), *(["--split", args.split] if args.split else []),
        "--check", rng.choice(("both", "crc", "result")), "--patience-s", str(rng.choice(PATIENCE_S)),
        "--stall-s", str(rng.choice(STALL_S)), "--retries", str(rng.choice((1, 5))),
        "--journal", f"{folder}/{seed}.jsonl",
    ]  # fmt: skip
    board = started(args.board_command, line) if args.board_command else virtual(program, line)
    began = time.monotonic()
    with board as port, contextlib.redirect_stdout(Heard()) as heard, contextlib.redirect_stderr(heard):
        try:
            code = edge_sast(["hil", *options, "--port", port])
        except BaseException:
            traceback.print_exc()
            code = -1
        heard.write("")
    lines = heard.getvalue().splitlines()
    return {
        "seed": seed, "code": code, "seconds": time.monotonic() - began, "silence_s": heard.silence_s, "line": line,
        "options": options, "told": any("the line loses" in text for text in lines), "end": _end(code, lines),
        "last": lines[-1:], "lines": len(lines),
    }  # fmt: skip


def _end(code: int, lines: list[str]) -> str:
    """How a run ended, in a few words."""
    if code == 0:
        return "every recording right"
    last = lines[-1] if lines else ""
    for words in (
        "the line loses",
        "no answer",
        "none of them a frame",
        "could not finish",
        "did not come whole",
    ):
        if words in last:
            return f"code {code}, {words}"
    return f"code {code}, {last[:60]}"


def draw_line(rng: random.Random) -> dict[str, Any]:
    """Rates per byte and per frame: from a fault in 10,000 bytes to one in ten."""
    rate = LEAST_RATE * (MOST_RATE / LEAST_RATE) ** rng.random()
    weights = {kind: rng.random() if rng.random() < 0.6 else 0.0 for kind in ("flip", "drop", "dup", "swap")}
    total = sum(weights.values()) or 1.0
    rates = {kind: rate * weight / total for kind, weight in weights.items()}
    up, down = rng.choice(((1.0, 1.0), (1.0, 1.0), (1.0, 0.1), (0.1, 1.0)))
    mode = {"seed": rng.randrange(1 << 30)}
    if rng.random() < 0.4:
        mode |= {"reset": 0.003, "mute": 0.003, "mute_s": rng.choice((0.5, 3.0)), "twice": 0.1}
    return {"mode": mode, "up": _scaled(rates, up), "down": _scaled(rates, down)}


def _scaled(rates: dict[str, float], by: float) -> dict[str, float]:
    return {kind: rate * by for kind, rate in rates.items()}


@contextlib.contextmanager
def started(command: str, line: dict[str, Any]) -> Iterator[str]:
    """The port of a board that a command starts."""
    words = [*shlex.split(command), *(json.dumps(line[name]) for name in ("mode", "up", "down"))]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def virtual(program: str, line: dict[str, Any]) -> Iterator[str]:
    """The port of the virtual board; its line has one rate for both directions, their mean."""
    names = {"flip": "flip", "drop": "lose", "dup": "double", "swap": "reorder"}
    weights = {ours: line["up"][name] + line["down"][name] for name, ours in names.items()}
    mode = line["mode"]
    weights["repeat"] = mode.get("twice", 0) / 100  # a frame has about 100 bytes
    weights |= {"reset": mode.get("reset", 0) / 100, "stall": mode.get("mute", 0) / 100}
    rate = sum(weights.values()) / 2
    plan = FaultPlan(mode["seed"], rate, weights, stall_s=mode.get("mute_s", 1.0)) if rate else None
    with running(RelaySettings(program, RX_BYTES, bool(mode["seed"] % 2), faults=plan)) as board:
        yield board.port


if __name__ == "__main__":
    sys.exit(main())
