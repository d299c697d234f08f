"""The study: which way of training closes the gap between smooth and hard spikes, and what it costs.

    python benchmarks/study.py --data DIR --out runs/study --jobs 2            # trains what is missing, then reports
    python benchmarks/study.py --data DIR --out runs/study --sections phenomenon --seeds 1
    python benchmarks/study.py --data DIR --list                               # what is there, what is missing
    python benchmarks/study.py --report                                        # docs/results.md from what is there

What is run stands in study.toml (study_plan.py explains it), the prose of the report in study_text/. Each run is a
process of one thread in a folder named after its settings: a changed setting is a new run, an interrupted one is taken
up, a finished one is kept. Runs are judged only on validation recordings, after the last epoch; nothing is chosen on
them within a run. A training that stops by itself is told in the tables.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import study_plots
from study_plan import DATA, Run, Section, only, read, unique
from study_report import Report

from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from edge_sast.report.tables import print_table, write_json
from trainer.settings.config import TrainConfig

HERE = Path(__file__).resolve().parent
RUN_NAME, FIGURES_NAME, LOG_NAME = "run.json", "figures.json", "log.txt"
CHILDREN: set[subprocess.Popen[bytes]] = set()  # ended with an interrupt; each run keeps its last epoch
ALONE = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Place:
    """Where the runs lie and where the recordings come from. data: "" where only reports are wanted."""

    out: Path
    data: str
    cache: str | None

    def folder(self, run: Run) -> Path:
        return self.out / "runs" / run.name

    def figures(self, run: Run) -> dict[str, Any] | None:
        file = self.folder(run) / FIGURES_NAME
        return json.loads(file.read_text()) if file.exists() else None

    def results(self, runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
        found = {run.digest: self.figures(run) for run in runs}
        return {digest: figures for digest, figures in found.items() if figures is not None}

    def config(self, run: Run) -> TrainConfig:
        after = run.after if not run.calibrate else None
        return run.config(self.data, str(self.folder(after).resolve()) if after else None)

    def timing(self, section: Section) -> Path:
        rows = [row.runs[0].digest for row in section.rows]
        return (
            self.out / "timing" / f"{section.name}-{'-'.join(d[:4] for d in rows)}-{section.time_rounds}.json"
        )

    def times(self, sections: Sequence[Section]) -> dict[str, list[list[float]]]:
        files = {section.name: self.timing(section) for section in sections if section.time_rounds}
        told = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
        return {name: figures["seconds"] for name, figures in told.items() if "seconds" in figures}


def main() -> int:
    args = arguments().parse_args()
    try:
        for option, value in (("--jobs", args.jobs), ("--seeds", args.seeds)):
            if value is not None and value < 1:
                raise EdgeSastError(f"{option} is {value}; it must be 1 or more")
        sections = only(read(Path(args.config)), args.sections, args.seeds)
        place = Place(Path(args.out), str(Path(args.data).resolve()) if args.data else "", args.cache_dir)
        if args.list:
            tell(place, sections)
            return 0
        failed = 0 if args.report else train(place, sections, args.jobs)
        report(place, sections, args)
    except EdgeSastError as error:
        print(f"study: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("study: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 1 if failed else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="folder that {data} in the config stands for")
    parser.add_argument("--config", default=HERE / "study.toml", help="what to run")
    parser.add_argument("--texts", default=HERE / "study_text", help="folder of the report's prose")
    parser.add_argument("--out", default="runs/study", help="folder of the runs")
    parser.add_argument("--sections", nargs="+", help="run, or report on, these sections only")
    parser.add_argument("--seeds", type=int, help="no more than so many seeds of each arm")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time, one thread each")
    parser.add_argument("--cache-dir", help="where binned recordings are kept")
    parser.add_argument("--list", action="store_true", help="count the runs of each section and stop")
    parser.add_argument("--report", action="store_true", help="report what is there, train nothing")
    parser.add_argument("--docs", default=HERE.parent / "docs", help="folder for results.md and figures/")
    parser.add_argument("--json", help="write the figures of every run")
    return parser


def tell(place: Place, sections: Sequence[Section]) -> None:
    """Runs of each section, and of all; a run that two sections share counts once in the sum."""
    rows = []
    for name, part in [*((s.name, [s]) for s in sections), ("all", sections)]:
        runs = unique(part)
        done = place.results(runs)
        stopped = sum("stopped" in figures for figures in done.values())
        epochs = sum(run.evaluations - (run.after.evaluations if run.after else 0) for run in runs)
        rows.append([name, str(len(runs)), str(len(done)), str(stopped), f"{epochs:.0f}"])
    print_table(rows, ["section", "runs", "done", "stopped", "gradient evaluations, epochs"])


def train(place: Place, sections: Sequence[Section], jobs: int) -> int:
    """Run what has no figures yet; returns how many runs failed."""
    runs = [run for run in unique(sections) if place.figures(run) is None]
    for run in runs:
        if DATA in run.settings["data"] and not place.data:
            raise EdgeSastError(f"--data is missing; {run.name} reads {run.settings['data']}")
    futures: dict[str, Future[bool]] = {}
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for (
                run
            ) in runs:  # a run's `after` stands before it, so that no worker waits for what has not begun
                before = futures.get(run.after.digest) if run.after else None
                futures[run.digest] = pool.submit(run_one, place, run, before)
            failed = sum(not future.result() for future in futures.values())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(CHILDREN):
                child.terminate()
            raise
    for section in sections:
        if section.time_rounds and not place.times([section]):
            failed += not time_section(place, section)
    return failed


def run_one(place: Place, run: Run, before: Future[bool] | None) -> bool:
    """Whether the run has figures in the end."""
    if before is not None and not before.result():
        print(f"{run.name}: left out, as {run.after and run.after.name} failed", flush=True)
        return False
    folder, start = place.folder(run), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    first = place.figures(run.after) if run.after else None
    if run.after and first and "stopped" in first:
        reason = f"the network it starts from stopped: {first['stopped']}"
        write_json(str(folder / FIGURES_NAME), {"stopped": reason})
    else:
        told = {"config": asdict(place.config(run)), "calibrate": run.calibrate, "cache_dir": place.cache}
        told["after"] = str(place.folder(run.after)) if run.after else None
        write_json(str(folder / RUN_NAME), told)
        code = process([str(folder)], folder / LOG_NAME)
        if code:
            print(f"{run.name}: failed: {last_line(folder / LOG_NAME, code)}", flush=True)
            return False
    print(f"{run.name}: {one_line(place.figures(run) or {})}, {time.monotonic() - start:.0f} s", flush=True)
    return True


def time_section(place: Place, section: Section) -> bool:
    """Seconds per epoch of each row, in turn; nothing else should run meanwhile."""
    file = place.timing(section)
    configs = [asdict(place.config(row.runs[0])) for row in section.rows]
    write_json(str(file), {"configs": configs, "rounds": section.time_rounds, "cache_dir": place.cache})
    code = process(["--time", str(file)], file.with_suffix(".log"))
    if code:
        print(f"times of {section.name}: failed: {last_line(file.with_suffix('.log'), code)}", flush=True)
    return code == 0


def process(words: list[str], log: Path) -> int:
    """Exit code of study_run.py; it ends when this process does, as the pipe to it closes."""
    command = [sys.executable, str(HERE / "study_run.py"), *words]
    paths = [str(HERE.parent), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = os.environ | ALONE | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with log.open("ab") as stream:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=stream, stderr=stream, env=environment
        )
        CHILDREN.add(child)
        code = child.wait()
        CHILDREN.discard(child)
        if child.stdin:
            child.stdin.close()
    return code


def last_line(log: Path, code: int) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].removeprefix("edge-sast: ") if lines and code > 0 else f"exit code {code}; see {log}"


def one_line(figures: dict[str, Any]) -> str:
    if "stopped" in figures:
        return f"stopped: {figures['stopped']}"
    told = {
        name: 100 * part["accuracy"] for name, part in figures["passes"].items() if isinstance(part, dict)
    }
    return ", ".join(f"{name} {accuracy:.2f} %" for name, accuracy in told.items())


def report(place: Place, sections: Sequence[Section], args: argparse.Namespace) -> None:
    """docs/results.md and docs/figures/."""
    runs = unique(sections)
    results, times = place.results(runs), place.times(sections)
    docs = Path(args.docs)
    drawn = {
        section.name: study_plots.write(section, results, times, docs / "figures") for section in sections
    }
    links = {name: [f"figures/{path.name}" for path in paths] for name, paths in drawn.items()}
    document = Report(sections, results, times, links).document(Path(args.texts))
    write_atomic(docs / "results.md", document.encode())
    told = [
        {"run": run.name, "settings": run.settings, **results[run.digest]}
        for run in runs
        if run.digest in results
    ]
    write_json(args.json, {"runs": told, "times": times})
    print(f"wrote {docs / 'results.md'}: {len(results)} of {len(runs)} runs")


if __name__ == "__main__":
    sys.exit(main())
