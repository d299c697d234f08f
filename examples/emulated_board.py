"""For who writes firmware: from a trained model to C, an emulated board, a proof, and what a recording costs.

    python examples/emulated_board.py

Exports examples/digits-int8.safetensors as C, with the three recordings of this folder as its known answers; compares
the C with the runtime, membrane by membrane, on an emulated Cortex-M4; makes the program of a whole board, runs it in
QEMU, sends the recordings over its serial line and reads the board's clock. board.png shows flash and RAM of each
layer, the most instructions that a layer can take in a step, and what each step took on the board.

QEMU counts instructions. Cycles are an estimate, two to an instruction (docs/dense.md); no core measured them.
Needs `pip install 'edge-sast[emulator,hil,plots]'` and QEMU (qemu-system-arm). Takes 20 s of processor time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worked import (
    BLUE,
    GREEN,
    GREY,
    MODEL,
    ORANGE,
    SENSOR,
    data_set,
    edge_sast,
    figures,
    new_figure,
    new_folder,
    parser_of,
    run,
    write_picture,
)

from edge_sast import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BOARD, CORE, MEGAHERTZ = "qemu-mps2-an386", "cortex-m4", 80
COLOURS = (BLUE, ORANGE, GREEN)


def main(argv: Sequence[str] | None = None) -> None:
    args = parser_of(__doc__, "examples-out/board").parse_args(argv)
    out = new_folder(args.out)
    data, build = data_set(out / "recordings"), out / "c"
    reading = ("--data", data, "--sensor", SENSOR)
    edge_sast("export", MODEL, *reading, "--out", build)
    edge_sast("verify", build, "--on", CORE)
    edge_sast("inspect", build, "--on", f"{CORE}@{MEGAHERTZ}MHz", "--json", out / "inspect.json")
    with emulated(build, BOARD) as port:
        told = ("--journal", out / "hil.jsonl", "--json", out / "hil.json")
        edge_sast("hil", build, "--port", port, *reading, *told)
    costs, hil = figures(out / "inspect.json"), figures(out / "hil.json")
    grid = load(MODEL).binning
    print()
    for recording in hil["results"]:
        print(summary(recording, costs["rate"], grid.steps))
    write_picture(picture(costs, hil, grid.neurons), out / "board.png")


@contextmanager
def emulated(build: Path, board: str) -> Iterator[str]:
    """The board as a program of its own; gives the port where it answers, and ends it with the block.

    Raises SystemExit with its exit code where it does not start; it has said why.
    """
    words = ["board", "run", str(build), "--board", board]
    print(f"\n$ edge-sast {' '.join(words)} &", flush=True)
    program = [sys.executable, "-m", "edge_sast.cli.main", *words]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            found = re.search(r"ready at (\S+)", first)
            if found is None:
                raise SystemExit(process.wait())
            print(first, end="")
            yield found[1]
        finally:
            process.terminate()


def summary(recording: dict[str, Any], rate: dict[str, Any], steps: int) -> str:
    """One recording on the board: instructions, and what they are in cycles and time, about."""
    per_instruction = rate["cycles_per_instruction"]
    instructions = recording["ticks_total"]
    cycles = per_instruction * instructions
    return (
        f"{Path(recording['source']).name}: answer {recording['prediction']}, {instructions:,} instructions in "
        f"{steps} steps; about {cycles:,.0f} cycles, {1e3 * cycles / rate['hz']:.1f} ms of "
        f"{steps * rate['step_us'] / 1e3:.0f} ms at {rate['hz'] / 1e6:g} MHz"
    )


def picture(costs: dict[str, Any], hil: dict[str, Any], inputs: int) -> Figure:
    """costs: of `inspect --on --json`. hil: of `hil --json`. inputs: of the network, pixels times polarities."""
    figure = new_figure(11, 3.4)
    memory, work, steps = figure.subplots(1, 3)
    _draw_memory(memory, costs)
    _draw_bound(work, costs, inputs)
    _draw_steps(steps, hil, costs["rate"])
    return figure


def _names(costs: dict[str, Any]) -> list[str]:
    return [f"{layer['index']} {layer['kind']}" for layer in costs["layers"] if "weights" in layer]


def _draw_memory(ax: Axes, costs: dict[str, Any]) -> None:
    """Flash and RAM of each layer, and what belongs to none."""
    memory = costs["memory"]
    layers = [layer for layer in costs["layers"] if "weights" in layer]
    rows: list[tuple[str, int, int]] = [
        (name, layer["flash_bytes"], layer["ram_bytes"])
        for name, layer in zip(_names(costs), layers, strict=True)
    ]
    flash_left = memory["flash_bytes"] - sum(flash for _, flash, _ in rows)
    ram_left = memory["ram_bytes"] - sum(ram for _, _, ram in rows)
    rows.append(("code, rest", flash_left, ram_left))
    for number, (_, flash, ram) in enumerate(rows):
        for up, value, colour in ((-0.2, flash, BLUE), (0.2, ram, ORANGE)):
            bar = ax.barh(number + up, value, 0.38, color=colour)
            ax.bar_label(bar, [f"{value:,}"], padding=2, fontsize=8)
    ax.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("bytes")
    ax.set_title(f"flash {memory['flash_bytes']:,}", loc="left", fontsize=9, color=BLUE)
    ax.set_title(f"RAM {memory['ram_bytes']:,}", loc="right", fontsize=9, color=ORANGE)


def _draw_bound(ax: Axes, costs: dict[str, Any], inputs: int) -> None:
    """The most instructions of events and layers in a step, proven: docs/bounds.md."""
    from matplotlib.ticker import MaxNLocator

    row = next(row for row in costs["rate"]["steps"] if row["events"] == inputs)
    values = [row["push_instructions"], *row["layer_instructions"]]
    bars = ax.barh(range(len(values)), values, 0.6, color=GREY)
    ax.bar_label(bars, [f"{value:,}" for value in values], padding=2, fontsize=8)
    ax.set_yticks(range(len(values)), ["events", *_names(costs)], fontsize=8)
    ax.invert_yaxis()
    ax.margins(x=0.3)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("instructions")
    ax.set_title(f"most of a step of {inputs:,} events, proven", loc="left", fontsize=9)


def _draw_steps(ax: Axes, hil: dict[str, Any], rate: dict[str, Any]) -> None:
    """What each step took on the board."""
    for recording, colour in zip(hil["results"], COLOURS, strict=False):
        ticks = recording["ticks"]
        label = f"{recording['label']}: {sum(ticks):,} in all"
        ax.plot(range(len(ticks)), ticks, "o-", ms=3, color=colour, label=label)
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(f"step of {rate['step_us'] / 1e3:g} ms")
    ax.set_title("instructions of a step on the board", loc="left", fontsize=9)
    ax.legend(fontsize=8, frameon=False, loc="lower left")


if __name__ == "__main__":
    sys.exit(run(main))
