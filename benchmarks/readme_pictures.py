"""The pictures of the README: the path, events with a network's spikes, accuracy against SynOps.

    python benchmarks/readme_pictures.py

The second is a real run of an example model on a recording, the third the tables of docs/results.md and the example
models of N-MNIST. Nothing is trained. Needs
`pip install 'edge-sast[plots]'`. Colours are Okabe and Ito's, which the colour-blind tell apart.
"""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge_sast.datasets.files import read_events
from edge_sast.events.recording import parse_sensor
from edge_sast.files import write_atomic
from edge_sast.formats.registry import read_file
from edge_sast.model import modelfile
from edge_sast.runtime import Simulator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    from edge_sast.events.recording import Recording
    from edge_sast.model import Model
    from edge_sast.runtime import Trace

ROOT = Path(__file__).parent.parent
BLACK, BLUE, RED, GREEN, GREY = "#000000", "#0072b2", "#d55e00", "#009e73", "#7f7f7f"
SHADES = {"data": "#e8f1f8", "train": "#fbe9de", "device": "#e2f3ed"}
DPI = 150


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=ROOT / "examples" / "digits-int8.safetensors")
    parser.add_argument("--recording", type=Path, default=ROOT / "examples" / "digit-7.bin")
    parser.add_argument("--sensor", default="24x24", help="size in pixels, where the file does not say it")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "figures")
    args = parser.parse_args()
    model, recording = (
        modelfile.load(args.model),
        read_file(args.recording, parse_sensor(args.sensor)),
    )
    write(args.out / "path.png", path())
    write(args.out / "spikes.png", spikes(model, recording))
    write(args.out / "accuracy-synops.png", accuracy_against_synops(ROOT / "docs" / "results.md"))


def write(file: Path, figure: Figure) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    write_atomic(file, picture.getvalue())
    print(f"wrote {file}")


def new_figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


# Boxes of the path: centre in inches, name, what it is, its commands, and its shade.
BOXES = {
    "camera": ((1.05, 2.12), "event camera", "recordings:\nx, y, time, on or off", "data info", "data"),
    "trainer": (
        (3.35, 2.12),
        "trainer",
        "PyTorch: SAST and\n14 other methods",
        "train   sweep   evaluate",
        "train",
    ),
    "model": (
        (5.65, 2.12),
        "model file",
        "integers only,\n1 to 8 bits per weight",
        "export   inspect",
        "train",
    ),
    "runtime": ((8.05, 3.7), "integer runtime", "on your computer", "run", "device"),
    "c": ((8.05, 2.65), "C99", "adds, shifts, compares", "verify", "device"),
    "board": ((8.05, 1.6), "microcontroller", "on a serial line", "board   hil", "device"),
    "verilog": ((8.05, 0.55), "Verilog", "an event core for FPGAs", "verify   fpga", "device"),
}
ARROWS = (
    ("camera", "trainer"),
    ("trainer", "model"),
    ("model", "runtime"),
    ("model", "c"),
    ("c", "board"),
    ("model", "verilog"),
)
BOX_WIDTH, BOX_HEIGHT = 1.8, 0.84


def path() -> Figure:
    """From camera to device, and what is equal there."""
    figure = new_figure(10.4, 4.25)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 10.4), ylim=(0, 4.25))
    ax.axis("off")
    for (x, y), name, what, commands, shade in BOXES.values():
        ax.add_patch(_box(x, y, SHADES[shade]))
        lift = 0.07 * what.count("\n")
        ax.text(x, y + 0.19 + lift, name, ha="center", va="center", fontsize=10.5, weight="bold")
        ax.text(x, y - 0.02, what, ha="center", va="center", fontsize=8, linespacing=1.25)
        ax.text(
            x,
            y - 0.23 - lift,
            commands,
            ha="center",
            va="center",
            fontsize=7.5,
            family="monospace",
            color=BLUE,
        )
    for start, end in ARROWS:
        _arrow(ax, BOXES[start][0], BOXES[end][0])
    brace = 9.05
    ax.plot([brace, brace + 0.12, brace + 0.12, brace], [3.95, 3.95, 0.3, 0.3], color=BLACK, linewidth=1)
    ax.text(
        brace + 0.22,
        2.12,
        "every membrane,\nspike, counter\nand CRC\nof every step\nis equal",
        va="center",
        fontsize=9,
        linespacing=1.5,
    )
    return figure


def _box(x: float, y: float, shade: str) -> FancyBboxPatch:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.08"
    return FancyBboxPatch(
        corner, BOX_WIDTH, BOX_HEIGHT, boxstyle=style, facecolor=shade, edgecolor=BLACK, linewidth=0.8
    )


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Between the sides of two boxes that face each other."""
    (x0, y0), (x1, y1) = start, end
    if x0 == x1:
        tail, head = (x0, y0 - BOX_HEIGHT / 2), (x1, y1 + BOX_HEIGHT / 2)
    else:
        tail, head = (x0 + BOX_WIDTH / 2, y0), (x1 - BOX_WIDTH / 2, y1)
    look = {"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", xy=head, xytext=tail, arrowprops=look)


def spikes(model: Model, recording: Recording) -> Figure:
    """One recording from event to answer, over time: events, spikes of each layer, the read-out's membranes."""
    binned = read_events(recording.source, binning=model.binning, sensor=(recording.width, recording.height))
    trace = Simulator(model).trace(binned, 0)
    hidden = trace.layers[:-1]
    figure = new_figure(9, 2.2 + 1.55 * (1 + len(hidden)))
    heights = [1.3, *(1.2 for _ in hidden), 1.4]
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _draw_events(axes[0], recording, model)
    for ax, layer in zip(axes[1:-1], hidden, strict=True):
        fired = trace.spikes[:, layer.start : layer.stop]
        _draw_raster(
            ax, fired, f"layer {layer.index}: {fired.sum():,} spikes of {fired.shape[1]:,} neurons", model
        )
    _draw_answer(axes[-1], trace, model)
    axes[-1].set_xlabel("time, ms")
    return figure


def _draw_events(ax: Axes, recording: Recording, model: Model) -> None:
    events = recording.events
    milliseconds = (events["t"] - events["t"][0]) / 1000
    for polarity, colour, name in ((1, RED, "brighter"), (0, BLUE, "darker")):
        some = events["p"] == polarity
        ax.scatter(milliseconds[some], events["x"][some], s=1.2, color=colour, linewidths=0, label=name)
    ax.set_ylabel("pixel column")
    ax.set_xlim(0, model.binning.steps * model.binning.dt_us / 1000)
    ax.set_title(f"{len(events):,} events of the camera", loc="left", fontsize=9)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, fontsize=8, markerscale=5, frameon=False)


def _draw_raster(ax: Axes, fired: np.ndarray, title: str, model: Model) -> None:
    """fired: uint8 [T, neurons]. A spike is a line in its time step."""
    step, neuron = np.nonzero(fired)
    width = model.binning.dt_us / 1000
    ax.hlines(neuron, (step + 0.25) * width, (step + 0.75) * width, color=BLACK, linewidth=0.3)
    ax.set_ylabel("neuron")
    ax.set_ylim(-0.02 * fired.shape[1], 1.02 * fired.shape[1])
    ax.set_title(title, loc="left", fontsize=9)


def _draw_answer(ax: Axes, trace: Trace, model: Model) -> None:
    """The read-out's membranes after each step; the largest at the end is the answer."""
    last = trace.layers[-1]
    membranes = trace.membranes[:, last.start : last.stop]
    ends = (np.arange(len(membranes)) + 1) * model.binning.dt_us / 1000
    for number, name in enumerate(model.classes):
        won = number == trace.prediction
        look = {"color": GREEN, "linewidth": 2.2, "zorder": 3} if won else {"color": GREY, "linewidth": 0.8}
        ax.plot(
            ends,
            membranes[:, number],
            drawstyle="steps-pre",
            label=f"answer: {name}" if won else None,
            **look,
        )
    ax.set_ylabel("membrane")
    ax.set_title(
        f"read-out: one integer per class; {int(trace.synops.sum()):,} additions (SynOps) in all",
        loc="left",
        fontsize=9,
    )
    ax.legend(loc="upper left", fontsize=9, frameon=False)


# Heading of docs/results.md, what its rows are called here, marker and colour.
SERIES = (
    ("N-MNIST, all recordings, with the integer finish", "most accurate: 32c5s3p2-96c3s2p1", "D", BLUE),
    ("Accuracy against SynOps", "trained towards a number of SynOps", "o", RED),
    ("Small networks", "fewer channels", "s", GREEN),
)
EXAMPLES = ("the models in examples/, trained for longer", "*", BLACK)
ACCURACY, SYNOPS = ("INT8 %", "% at its own bits"), re.compile(r"SynOps \w+ recording")


def accuracy_against_synops(page: Path) -> Figure:
    """Rows of the study's tables: means over seeds, with the range where there are several."""
    figure = new_figure(7.2, 4.2)
    ax = figure.subplots()
    text = page.read_text(encoding="utf-8")
    series = [(table_points(text, heading), *look) for heading, *look in SERIES]
    series.append((example_points((ROOT / "examples" / "README.md").read_text(encoding="utf-8")), *EXAMPLES))
    for points, name, marker, colour in series:
        synops, accuracy = np.array([(s[0], a[0]) for s, a in points]).T
        spread = np.array([[(s[0] - s[1], s[2] - s[0]), (a[0] - a[1], a[2] - a[0])] for s, a in points])
        ax.errorbar(
            synops / 1000,
            accuracy,
            xerr=spread[:, 0].T / 1000,
            yerr=spread[:, 1].T,
            fmt=marker,
            color=colour,
            markersize=9 if marker == "*" else 6,
            linewidth=0.9,
            label=name,
        )
    ax.set_xscale("log")
    ticks = [40, 60, 80, 100, 150, 200, 300, 400]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.set_xlabel("SynOps per recording, thousands: additions that the device executes")
    ax.set_ylabel("accuracy in the device's integers, %")
    ax.grid(True, linewidth=0.4)
    ax.legend(loc="lower right", fontsize=8.5)
    return figure


Value = tuple[float, float, float]  # mean, least, largest


def table_points(text: str, heading: str) -> list[tuple[Value, Value]]:
    """SynOps and accuracy of every row of the figures' table below a heading."""
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    tables = re.findall(r"((?:^\|.*\|\n)+)", section, re.MULTILINE)
    header, _, *rows = (
        [cell.strip() for cell in line.strip("| \n").split("|")] for line in tables[-1].splitlines()
    )
    synops = next(i for i, name in enumerate(header) if SYNOPS.fullmatch(name))
    accuracy = next(header.index(name) for name in ACCURACY if name in header)
    return [(_value(row[synops]), _value(row[accuracy])) for row in rows]


def example_points(text: str) -> list[tuple[Value, Value]]:
    """The same of every example model of N-MNIST, one training each."""
    found = re.findall(r"([\d.]+) %[^%]*? at\s+([\d,]+) SynOps", text)
    return [(_value(synops), _value(accuracy)) for accuracy, synops in found]


def _value(cell: str) -> Value:
    numbers = [float(number.replace(",", "")) for number in re.findall(r"[\d,.]+", cell)]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else (numbers[0],) * 3


if __name__ == "__main__":
    main()
