"""Speed, delay and memory of `edge-sast stream`: one model, one core, events of evenly spread pixels.

    python benchmarks/stream.py examples/nmnist-int8.safetensors --json stream.json

From a file: the events per second of a clock, and per second of the processor time of all threads, which other work on
the machine slows down less. From memory: as many events as --events says, in pieces with times that go on, and what the
process holds after each tenth of them. In real time, the events of a millisecond given together: how long after the
arrival of those that end a step its decision comes; and beside it how late a thread wakes that only sleeps, which is
the machine's part of that.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats.aedat.compression import Compression
from edge_sast.formats.aedat.write_aedat4 import write_packets
from edge_sast.formats.registry import format_called
from edge_sast.formats.source import FileOptions
from edge_sast.model.model import Model
from edge_sast.model.modelfile import load
from edge_sast.report.tables import print_table, write_json
from edge_sast.streaming.pace import paced
from edge_sast.streaming.session import Session, Wishes
from edge_sast.streaming.sources import EventSource, open_source

PIECE = 200_000  # events
FILE_EVENTS = 20_000_000
RATES = (14_000, 1_000_000, 20_000_000)  # events/s of the sensor; the first is N-MNIST's


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    parser.add_argument("--events", type=float, default=1e9, help="of the long stream")
    parser.add_argument("--seconds", type=float, default=20, help="of each stream in real time")
    parser.add_argument("--formats", nargs="*", default=["atis", "aedat4", "text"], help="of the files")
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        model = load(args.model)
        figures = {
            "cpu": _cpu(),
            "load": os.getloadavg()[0],
            "files": [row for key in args.formats for row in _files(model, key)],
            "delays": [_delays(model, rate, args.seconds) for rate in RATES[:2]],
            "long": _long(model, int(args.events)),
            "load_after": os.getloadavg()[0],
        }
    except EdgeSastError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    _print(figures)
    write_json(args.json, figures)
    return 0


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _events(model: Model, count: int, rate: float, seed: int = 0) -> np.ndarray:
    """EVENT_DTYPE [count] of evenly spread pixels and times."""
    rng = np.random.default_rng(seed)
    events = np.empty(count, EVENT_DTYPE)
    events["t"] = (np.arange(count) * (1e6 / rate)).astype(np.int64)
    events["x"] = rng.integers(0, model.binning.sensor_width, count)
    events["y"] = rng.integers(0, model.binning.sensor_height, count)
    events["p"] = rng.integers(0, 2, count)
    return events


def _going_on(model: Model, rate: float, count: int, size: int = PIECE) -> Iterator[np.ndarray]:
    """Pieces of `size` events, `count` in all, whose times go on."""
    piece = _events(model, size, rate)
    span = round(size * 1e6 / rate)
    for number in range(-(-count // size)):
        events = piece[: min(size, count - number * size)].copy()
        events["t"] += number * span
        yield events


def _run(session: Session, source: EventSource) -> dict:
    begun, busy = time.perf_counter(), time.process_time()
    for _ in session.run(source):
        pass
    seconds, busy = time.perf_counter() - begun, time.process_time() - busy
    events = session.stream.counts.events
    return {
        "events": events,
        "steps": session.steps,
        "events_per_s": events / seconds,
        "events_per_processor_s": events / busy,
    }


def _files(model: Model, key: str) -> Iterator[dict]:
    of = format_called(key)
    sensor = (model.binning.sensor_width, model.binning.sensor_height)
    for rate in RATES:
        count = min(FILE_EVENTS, round(rate * 600))  # ten minutes at most
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"events{of.suffixes[0]}"
            with open(path, "wb") as stream:
                if key == "aedat4":
                    write_packets(stream, sensor, _going_on(model, rate, count), Compression.NONE)
                else:
                    of.write(stream, sensor, _going_on(model, rate, count))
            path.read_bytes()  # from the disk
            runs = []
            for _ in range(3):
                with open_source(str(path), FileOptions(sensor=sensor)) as source:
                    runs.append(_run(Session(model, Wishes()), source))
        best = max(runs, key=lambda run: run["events_per_s"])
        yield {"format": of.name, "sensor_rate": rate, **best}


def _delays(model: Model, rate: float, seconds: float) -> dict:
    session = Session(model, Wishes())
    size = max(1, round(rate / 1000))  # making more at once would delay those before
    source = EventSource("memory", (), None, _going_on(model, rate, round(rate * seconds), size))
    sleeper = _Sleeper()
    sleeper.start()
    try:
        _run(session, paced(source))
    finally:
        sleeper.ended.set()
    sleeper.join()
    shares = (("median", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    return {
        "sensor_rate": rate,
        "steps": session.steps,
        "milliseconds": {name: session.delays.within_ms(of) for name, of in shares},
        "sleeper_milliseconds": {name: float(np.quantile(sleeper.late, of)) * 1e3 for name, of in shares},
    }


class _Sleeper(threading.Thread):
    """Sleeps for a millisecond, again and again. late: seconds that each sleep took longer."""

    def __init__(self) -> None:
        super().__init__(name="sleeper", daemon=True)
        self.late: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            begun = time.monotonic()
            time.sleep(1e-3)
            self.late.append(time.monotonic() - begun - 1e-3)


def _long(model: Model, count: int) -> dict:
    session, held = Session(model, Wishes()), []

    def looked_at() -> Iterator[np.ndarray]:
        for number, events in enumerate(_going_on(model, RATES[1], count)):
            if number % max(1, count // PIECE // 10) == 0:
                held.append(_held_mb())
            yield events

    figures = _run(session, EventSource("memory", (), None, looked_at()))
    return {**figures, "held_mb": [*held, _held_mb()]}


def _held_mb() -> float:
    """What the process holds now, where the system tells."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if pages.exists() else 0.0


def _print(figures: dict) -> None:
    print(f"{figures['cpu']}, one core; load {figures['load']:.1f} before, {figures['load_after']:.1f} after")
    rows = [
        [
            row["format"],
            f"{row['sensor_rate']:,}",
            f"{row['events']:,}",
            f"{row['events_per_s'] / 1e6:.1f}",
            f"{row['events_per_processor_s'] / 1e6:.1f}",
        ]
        for row in figures["files"]
    ]
    print_table(rows, ["file", "events/s of the sensor", "events", "M/s", "M per processor second"])
    rows = [
        [f"{row['sensor_rate']:,}", str(row["steps"]), of, *(f"{ms:.3g}" for ms in row[key].values())]
        for row in figures["delays"]
        for of, key in (("decision", "milliseconds"), ("sleeping thread", "sleeper_milliseconds"))
    ]
    print_table(rows, ["in real time, events/s", "steps", "late by", "median ms", "99 %", "99.9 %"])
    long = figures["long"]
    print(
        f"{long['events']:,} events at {long['events_per_s'] / 1e6:.1f} M/s "
        f"({long['events_per_processor_s'] / 1e6:.1f} M per processor second); "
        f"MB held: {', '.join(f'{mb:.0f}' for mb in long['held_mb'])}"
    )


if __name__ == "__main__":
    sys.exit(main())
