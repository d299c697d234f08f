"""For who has an event camera: from a file of its events to windows, and to decisions while events come.

    python examples/camera_stream.py

Makes a file as a camera's program writes one: the digits 7, 2 and 3 one after the other with pauses between them, and
pixels that flicker all the time, as CSV (t in microseconds, x, y, p). Then, as with a file of one's own: it becomes a
Prophesee RAW file; the flicker is filtered out; labelled parts of it are cut into a data set, and the example network
answers each; and the whole is given to it as a stream, with a decision after each step of 30 ms. A window begins with
an event and lasts 300 ms. There is an answer where one class leads by --margin for --hold steps. The decisions of the
command are compared with those of EventStream in Python, bit for bit. stream.png shows the events, the outputs of the
classes and the answers over time.

Needs `pip install 'edge-sast[plots]'`. Takes 5 s of processor time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from worked import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MODEL,
    ORANGE,
    RECORDINGS,
    RED,
    SENSOR,
    edge_sast,
    new_figure,
    new_folder,
    parser_of,
    run,
    write_picture,
)

from edge_sast import load
from edge_sast.errors import CheckFailedError
from edge_sast.events.recording import make_events
from edge_sast.streaming.stream import EventStream

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = (7, 2, 3)  # digits, in the order in which they pass before the camera
PAUSE_US, NOISE_PER_S = 400_000, 300
FILTER = ("--background-us", 10_000, "--support", 3)  # three neighbours had an event in the last 10 ms
COLOURS = (GREEN, ORANGE, BLUE)
Shown = Sequence[tuple[str, int, int]]  # class, first microsecond, and the one behind the last
Decided = Sequence[dict[str, Any]]  # lines of `edge-sast stream`


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of(__doc__, "examples-out/stream")
    parser.add_argument(
        "--margin", type=int, default=1000, metavar="N", help="lead of an answer (default: 1000)"
    )
    parser.add_argument("--hold", type=int, default=1, metavar="N", help="steps that agree (default: 1)")
    args = parser.parse_args(argv)
    out = new_folder(args.out)
    camera, shown = write_camera(out)
    raw, clean, labels, lines = (
        out / name for name in ("camera.raw", "clean.csv", "labels.csv", "decisions.jsonl")
    )
    edge_sast("data", "convert", camera, raw, "--sensor", SENSOR)
    edge_sast("data", "info", raw)
    edge_sast("data", "denoise", raw, clean, *FILTER)
    rows = [",".join(map(str, part)) for part in [("class", "start_us", "end_us"), *shown]]
    labels.write_text("\n".join(rows) + "\n", encoding="utf-8")
    cut = ("--labels", labels, "--split", "none", "--sensor", SENSOR)
    edge_sast("data", "cut", clean, *cut, "--out", out / "windows")
    edge_sast("run", MODEL, "--data", out / "windows")
    wishes = ("--on-event", "--margin", args.margin, "--hold", args.hold)
    edge_sast("stream", MODEL, clean, *wishes, "--form", "jsonl", "--out", lines)
    decisions = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    check(decisions, read_csv(clean))
    write_picture(picture(read_csv(camera), decisions, shown), out / "stream.png")


def write_camera(out: Path) -> tuple[Path, Shown]:
    """The CSV of a camera that saw SHOWN, and when each was there."""
    parts, shown, at = [], [], PAUSE_US
    for digit in SHOWN:
        edge_sast("data", "convert", RECORDINGS[digit], out / f"{digit}.csv", "--sensor", SENSOR)
        part = read_csv(out / f"{digit}.csv")
        part["t"] += at - part["t"][0]
        end = int(part["t"][-1]) + 1
        shown.append((str(digit), at, end))
        parts.append(part)
        at = end + PAUSE_US
    events = np.concatenate([*parts, noise(at)])
    events = events[np.argsort(events["t"], kind="stable")]
    path = out / "camera.csv"
    columns = np.stack([events[name].astype(np.int64) for name in ("t", "x", "y", "p")], axis=1)
    np.savetxt(path, columns, "%d", ",", header="t,x,y,p", comments="")
    return path, shown


def noise(until_us: int) -> NDArray[np.void]:
    """Events of pixels that flicker, anywhere and at any time before until_us."""
    chance = np.random.default_rng(0)
    n = NOISE_PER_S * until_us // 1_000_000
    width, height = (int(part) for part in SENSOR.split("x"))
    times = np.sort(chance.integers(0, until_us, n))
    return make_events(
        times, x=chance.integers(0, width, n), y=chance.integers(0, height, n), p=chance.integers(0, 2, n)
    )


def read_csv(path: Path) -> NDArray[np.void]:
    """Events of a CSV with the header t,x,y,p, t in microseconds."""
    t, x, y, p = np.loadtxt(path, np.int64, delimiter=",", skiprows=1).T
    return make_events(t, x=x, y=y, p=p)


def check(decisions: Decided, events: NDArray[np.void]) -> None:
    """Raises CheckFailedError where EventStream, given the events in bursts, decides otherwise than the command."""
    stream = EventStream(load(MODEL), on_event=True)
    bursts = [stream.push(burst) for burst in np.array_split(events, 50)]
    found = [each for part in [*bursts, stream.finish()] for each in part.outputs.tolist()]
    if found != [line["outputs"] for line in decisions]:
        raise CheckFailedError("EventStream and edge-sast stream decide differently")
    print(f"{len(found)} decisions: EventStream in Python has the same outputs, bit for bit")


def picture(events: NDArray[np.void], decisions: Decided, shown: Shown) -> Figure:
    """Events, outputs of the classes, and answers over time."""
    figure = new_figure(9, 5)
    raster, outputs, answers = figure.subplots(3, 1, sharex=True, height_ratios=[3, 3, 1.2])
    for polarity, colour, name in ((1, RED, "brighter"), (0, BLUE, "darker")):
        some = events[events["p"] == polarity]
        raster.scatter(some["t"] / 1e6, some["x"], s=1, color=colour, linewidths=0, label=name)
    raster.set_ylabel("pixel column")
    raster.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=8, markerscale=5, frameon=False)
    raster.set_title(f"{len(events):,} events, before the filter", loc="left", fontsize=9)
    colours = dict(zip([name for name, _, _ in shown], COLOURS, strict=True))
    _draw_outputs(outputs, decisions, colours)
    _draw_answers(answers, decisions, shown, colours)
    answers.set_xlabel("time, s")
    return figure


def _draw_outputs(ax: Axes, decisions: Decided, colours: dict[str, str]) -> None:
    """A line for each class, which begins anew with each window."""
    for begin in sorted({line["begin_us"] for line in decisions}):
        window = [line for line in decisions if line["begin_us"] == begin]
        seconds = [begin / 1e6, *(line["end_us"] / 1e6 for line in window)]
        for number, name in enumerate(load(MODEL).classes):
            values = [0, *(line["outputs"][number] for line in window)]
            ax.plot(seconds, values, color=colours.get(name, GREY), lw=1.8 if name in colours else 0.5)
    for name, colour in colours.items():
        ax.plot([], [], color=colour, lw=1.8, label=name)
    ax.plot([], [], color=GREY, lw=0.5, label="others")
    ax.set_ylabel("output")
    ax.set_title("outputs of the classes, step by step", loc="left", fontsize=9)
    ax.legend(fontsize=8, frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))


def _draw_answers(ax: Axes, decisions: Decided, shown: Shown, colours: dict[str, str]) -> None:
    """Above what was there, below what was answered; nothing where there was no answer."""
    for name, begin, end in shown:
        ax.barh(1, (end - begin) / 1e6, 0.7, left=begin / 1e6, color=colours[name], alpha=0.4)
        ax.text((begin + end) / 2e6, 1, name, ha="center", va="center", fontsize=9)
    step_s = load(MODEL).binning.dt_us / 1e6
    for line in decisions:
        if line["answer"] is not None:
            colour = colours.get(line["answer"], BLACK)
            ax.barh(0, step_s, 0.7, left=line["end_us"] / 1e6 - step_s, color=colour)
    ax.set_yticks([1, 0], ["shown", "answer"])
    ax.set_ylim(-0.5, 1.5)


if __name__ == "__main__":
    sys.exit(run(main))
