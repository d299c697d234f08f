"""What an engine costs beside the work that it is given: on workers of this machine, and of 100 by simulation.

    python benchmarks/engines.py                           # items of 1 ms to 1 s on 1 and 2 processes, and simulated
    python benchmarks/engines.py --engine ray              # the same on Ray, its start stated apart
    python benchmarks/engines.py --heavy --engine ray      # `run` of a heavy network: serial against 2 workers

What an item costs is measured: the time of a map beyond that of a plain loop, over its items. The simulation runs the
engine itself, its order and its bounds, on workers whose time is counted and not spent; each message costs the
measured time of the one process that gives and takes all items, so it shows where that one becomes the limit.
"""

from __future__ import annotations

import argparse
import heapq
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from engine_jobs import Metered, Spin

from edge_sast.bulk.choice import EngineChoice
from edge_sast.bulk.engine import Engine
from edge_sast.bulk.tasks import Answer, Outcome, Work
from edge_sast.errors import EdgeSastError
from edge_sast.report.tables import print_table, write_json

ITEM_MS = (1, 10, 100, 1000)
SECONDS = 4.0  # of work in each measured map, about
SIMULATED_WORKERS = (1, 2, 10, 100)
SIMULATED_ITEMS = 5000
HEAVY_CHANNELS, HEAVY_STEPS, HEAVY_RATE, HEAVY_THRESHOLD = (64, 128), 200, 0.1, 128
SPREAD = 0.5  # standard deviation of the logarithm of an item's time: recordings differ


@dataclass
class Simulated:
    """Workers whose time is counted. message_s: of the giving process, for each item that goes and comes."""

    count: int
    durations: Sequence[float]
    message_s: float
    now: float = 0.0
    _busy: list[tuple[float, int, Sequence[Any]]] = field(default_factory=list)

    def free(self) -> bool:
        return len(self._busy) < self.count

    def give(self, number: int, _work: Work, items: Sequence[Any]) -> None:
        self.now += self.message_s
        heapq.heappush(self._busy, (self.now + sum(self.durations[i] for i in items), number, items))

    def wait(self) -> list[Answer]:
        if not self._busy:
            return []
        end, number, items = heapq.heappop(self._busy)
        self.now = max(self.now, end)
        return [Answer(number, [Outcome(i) for i in items])]

    def close(self) -> None:
        self._busy.clear()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=("processes", "ray"), default="processes")
    parser.add_argument(
        "--heavy", action="store_true", help="run a heavy network on recordings that are drawn"
    )
    parser.add_argument("--recordings", type=int, default=700, help="of --heavy")
    parser.add_argument("--rounds", type=int, default=1, help="of --heavy: serial and workers in turn")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        figures = heavy(args) if args.heavy else costs(args.engine)
    except EdgeSastError as error:
        print(f"engines: {error}", file=sys.stderr)
        return 2
    write_json(args.json, figures)
    return 0


def costs(engine: str) -> dict[str, Any]:
    """Cost of an item on 1 and 2 workers, and what the simulation makes of it."""
    rows, figures = [], []
    for jobs in (1, 2):
        began = time.perf_counter()
        with EngineChoice(engine, jobs).open() as opened:
            list(opened.map(Spin(0.0), range(jobs)))
            start = time.perf_counter() - began
            for ms in ITEM_MS:
                count = max(4, round(SECONDS * jobs * 1000 / ms))
                seconds, ours = _timed(opened, Spin(ms / 1000), count)
                work = count * ms / 1000
                figures.append(
                    {
                        "jobs": jobs,
                        "start_s": start,
                        "item_ms": ms,
                        "items": count,
                        "seconds": seconds,
                        "cpu_s": ours,
                    }
                )
                figures[-1]["efficiency"] = work / (jobs * seconds)
                row = [str(jobs), f"{start:.1f}", str(ms), str(count), f"{work:.1f}", f"{seconds:.2f}"]
                rows.append([*row, f"{100 * work / (jobs * seconds):.0f}", f"{1000 * ours / count:.3f}"])
            empty = 1000
            seconds, ours = _timed(opened, Spin(0.0), empty)
            figures.append({"jobs": jobs, "item_ms": 0, "items": empty, "seconds": seconds, "cpu_s": ours})
            rows.append(
                [
                    str(jobs),
                    f"{start:.1f}",
                    "0",
                    str(empty),
                    "0",
                    f"{seconds:.2f}",
                    "-",
                    f"{1000 * ours / empty:.3f}",
                ]
            )
    print_table(
        rows,
        [
            "workers",
            "start s",
            "item ms",
            "items",
            "work s",
            "map s",
            "efficiency %",
            "this process, ms/item",
        ],
    )
    message = figures[-1]["cpu_s"] / figures[-1]["items"]
    return {"engine": engine, "measured": figures, "simulated": _simulate(message)}


def _timed(engine: Engine, work: Work, count: int) -> tuple[float, float]:
    """Seconds of a map, and of processor time that this process took for it."""
    began, own = time.perf_counter(), time.process_time()
    for outcome in engine.map(work, range(count)):
        outcome.get()
    return time.perf_counter() - began, time.process_time() - own


def _simulate(message_s: float) -> list[dict[str, Any]]:
    rows, figures = [], []
    for ms in ITEM_MS:
        rng = np.random.default_rng(0)
        durations = (ms / 1000 * rng.lognormal(-(SPREAD**2) / 2, SPREAD, SIMULATED_ITEMS)).tolist()
        row = [str(ms)]
        for count in SIMULATED_WORKERS:
            workers = Simulated(count, durations, message_s)
            found = [each.get() for each in Engine(workers).map(_same, range(SIMULATED_ITEMS))]
            assert found == list(range(SIMULATED_ITEMS))
            efficiency = sum(durations) / (count * workers.now)
            figures.append(
                {"item_ms": ms, "workers": count, "seconds": workers.now, "efficiency": efficiency}
            )
            row.append(f"{100 * efficiency:.0f}")
        rows.append(row)
    print(
        f"\nsimulated: {SIMULATED_ITEMS} items, {1000 * message_s:.3f} ms of the giver's for each; efficiency %"
    )
    print_table(rows, ["item ms", *(f"{count} workers" for count in SIMULATED_WORKERS)])
    return figures


def _same(item: int) -> int:
    return item


class MeteredEngine(Engine):
    """Sums each worker's processor seconds."""

    def __init__(self, inner: Engine) -> None:
        self._inner, self.seconds = inner, Counter[int]()

    @property
    def count(self) -> int:
        return self._inner.count

    def map(self, work: Work, items: Any, **options: Any) -> Iterator[Outcome[Any]]:
        for outcome in self._inner.map(Metered(work), items, **options):
            result, process, seconds = outcome.get()
            self.seconds[process] += seconds
            yield Outcome(result)


def heavy(args: argparse.Namespace) -> dict[str, Any]:
    """The runtime with 64 and 128 channels on random events, serial and on 2 workers: wall and processor seconds."""
    from reference_network import network, random_events

    from edge_sast.evaluation.shards import run_on
    from edge_sast.runtime import Simulator

    model = network(HEAVY_THRESHOLD, HEAVY_CHANNELS, HEAVY_STEPS)
    binned = random_events(model, HEAVY_RATE, args.recordings)
    simulator = Simulator(model)
    simulator.run(binned.select(range(20)))  # compiled
    rows, figures = [], []
    began = time.perf_counter()
    with EngineChoice(args.engine, 2).open() as engine:
        start = time.perf_counter() - began
        for _ in range(args.rounds):
            load, wall, own = os.getloadavg()[0], time.perf_counter(), time.process_time()
            alone = simulator.run(binned)
            serial, serial_cpu = time.perf_counter() - wall, time.process_time() - own
            metered, wall, own = MeteredEngine(engine), time.perf_counter(), time.process_time()
            together = run_on(metered, model, binned)
            shared, giver = time.perf_counter() - wall, time.process_time() - own
            if any(not np.array_equal(getattr(alone, name), getattr(together, name)) for name in vars(alone)):
                raise EdgeSastError("serial and workers differ; this is a defect of edge-sast")
            each = sorted(metered.seconds.values())
            figures.append(
                {"serial_s": serial, "serial_cpu_s": serial_cpu, "workers_s": shared, "workers_cpu_s": each}
                | {"giver_cpu_s": giver, "load": load}
            )
            row = [f"{serial:.1f}", f"{shared:.1f}", f"{serial / shared:.2f}", f"{serial_cpu:.1f}"]
            row += [" + ".join(f"{seconds:.1f}" for seconds in each), f"{giver:.1f}"]
            rows.append([*row, f"{serial_cpu / each[-1]:.2f}", f"{load:.1f}"])
    print(f"{args.engine}: 2 workers, begun in {start:.1f} s; {args.recordings} recordings, results equal")
    print_table(
        rows,
        [
            "serial s",
            "2 workers s",
            "ratio",
            "processor s: serial",
            "workers",
            "giver",
            "serial / busier",
            "load",
        ],
    )
    return {"engine": args.engine, "start_s": start, "rounds": figures}


if __name__ == "__main__":
    sys.exit(main())
