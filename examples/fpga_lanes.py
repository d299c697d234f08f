"""For who designs FPGAs: how many lanes? Cycles of a recording, predicted and simulated, against bits of memory.

    python examples/fpga_lanes.py --lanes 2 4 8 16

Exports examples/digits-int8.safetensors as Verilog for each number of lanes P, the membranes that the core works on at
once; reads what the export predicts; simulates the core on the recording of a 7, each membrane, spike, counter and CRC
against the runtime; and compares the cycles of the simulation with the predicted ones. A prediction that is wrong ends
it with exit code 1. lanes.png shows cycles and memory against P.

Simulates in Verilator where it is installed with a C++ compiler, else in Icarus Verilog; --on says another one.
Nothing is synthesised: area and clock come from `edge-sast fpga build` (docs/guides/fpga.md). Needs
`pip install 'edge-sast[plots]'` and one of the two simulators. Takes 120 s of processor time in Verilator.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from worked import (
    BLUE,
    GREEN,
    GREY,
    MODEL,
    ORANGE,
    RECORDINGS,
    RED,
    SENSOR,
    edge_sast,
    figures,
    new_figure,
    new_folder,
    parser_of,
    run,
    write_picture,
)

from edge_sast.errors import CheckFailedError, EdgeSastError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DIGIT = 7
LANES = (1, 2, 4, 8, 16)
PARTS = {"weights": BLUE, "membranes": ORANGE, "spikes": GREEN, "tables": GREY}
FIRST_STEP = (
    2  # cycles that the first step may take more than predicted, if its events wait already: docs/fpga.md
)


@dataclass(frozen=True)
class Design:
    """Of P lanes. prediction: prediction.json of the export. cycles: of the recording, simulated."""

    lanes: int
    prediction: dict[str, Any]
    cycles: float

    @property
    def predicted(self) -> float:
        """Cycles of the recording, with the CRC of each step, as the simulation counts them."""
        found: float = self.prediction["run"]["cycles"]
        return found

    def bits(self) -> dict[str, int]:
        """Of memory, by PARTS."""
        sums = dict.fromkeys(PARTS, 0)
        for name, bits in self.prediction["memories"].items():
            part = name.split("_")[0]  # of banks: weights_0, weights_1
            sums[part if part in sums else "tables"] += bits
        return sums


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of(__doc__, "examples-out/lanes")
    parser.add_argument(
        "--lanes", type=int, nargs="+", choices=LANES, default=[2, 4, 8, 16], metavar="P",
        help="1, 2, 4, 8, 16 (default: 2 4 8 16)",
    )  # fmt: skip
    parser.add_argument(
        "--on", choices=("verilator", "icarus"), help="(default: the faster one that is there)"
    )
    args = parser.parse_args(argv)
    simulator = args.on or installed()
    out = new_folder(args.out)
    seven = out / "recordings" / str(DIGIT)
    seven.mkdir(parents=True)
    shutil.copyfile(RECORDINGS[DIGIT], seven / RECORDINGS[DIGIT].name)
    designs = [simulated(lanes, simulator, seven.parent, out) for lanes in sorted(set(args.lanes))]
    print("\n".join(table(designs)))
    check(designs)
    write_picture(picture(designs, simulator), out / "lanes.png")


def installed() -> str:
    """Raises EdgeSastError where no simulator is there."""
    if all(shutil.which(program) for program in ("verilator", "g++", "make")):
        return "verilator"
    if shutil.which("iverilog"):
        return "icarus"
    raise EdgeSastError("no simulator of Verilog is installed; sudo apt-get install iverilog")


def simulated(lanes: int, simulator: str, data: Path, out: Path) -> Design:
    """Exports and simulates; ends the example where any bit differs from the runtime."""
    build, told = out / f"p{lanes}", out / f"p{lanes}.json"
    reading = ("--data", data, "--sensor", SENSOR)
    edge_sast("export", MODEL, *reading, "--target", "verilog", "--lanes", lanes, "--out", build)
    edge_sast("verify", build, "--on", simulator, "--json", told)
    return Design(lanes, figures(build / "prediction.json"), figures(told)["cycles"])


def table(designs: Sequence[Design]) -> list[str]:
    names = ("P", "predicted", "simulated", "SynOps per cycle", "lanes used", "memory, bits")
    lines = ["", "".join(f"{name:>18}" for name in names)]
    for design in designs:
        told = design.prediction["run"]
        cells = (
            f"{design.lanes}",
            f"{design.predicted:,.0f}",
            f"{design.cycles:,.0f}",
            f"{told['synops_cycle']:.2f}",
            f"{told['lanes_used']:.0%}",
            f"{design.prediction['memory_bits']:,}",
        )
        lines.append("".join(f"{cell:>18}" for cell in cells))
    return lines


def check(designs: Sequence[Design]) -> None:
    """Raises CheckFailedError where a core took other cycles than the export said."""
    for design in designs:
        if not 0 <= design.cycles - design.predicted <= FIRST_STEP:
            raise CheckFailedError(
                f"P = {design.lanes}: {design.predicted:,.0f} cycles were predicted, {design.cycles:,.0f} simulated"
            )


def picture(designs: Sequence[Design], simulator: str) -> Figure:
    figure = new_figure(9, 3.6)
    cycles, memory = figure.subplots(1, 2)
    _draw_cycles(cycles, designs, simulator)
    _draw_memory(memory, designs)
    return figure


def _draw_cycles(ax: Axes, designs: Sequence[Design], simulator: str) -> None:
    """Predicted and simulated, and what P lanes would take if they divided the work of the fewest."""
    lanes = [design.lanes for design in designs]
    fewest = designs[0]
    ideal = [fewest.predicted * fewest.lanes / each for each in lanes]
    ax.plot(lanes, ideal, ":", color=GREY, label=f"P = {fewest.lanes} divided")
    ax.plot(lanes, [design.predicted for design in designs], "-", color=BLUE, label="predicted by export")
    ax.plot(
        lanes, [design.cycles for design in designs], "x", ms=7, color=RED, label=f"simulated in {simulator}"
    )
    ax.margins(0.15)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.set_xticks(lanes, [str(each) for each in lanes])
    ax.set_yticks([design.cycles for design in designs], [f"{design.cycles:,.0f}" for design in designs])
    ax.minorticks_off()
    ax.grid(True, linewidth=0.4)
    ax.set_xlabel("lanes P")
    ax.set_title("clock cycles of a recording", loc="left", fontsize=9)
    ax.legend(fontsize=8, frameon=False)


def _draw_memory(ax: Axes, designs: Sequence[Design]) -> None:
    below = [0.0] * len(designs)
    for part, colour in PARTS.items():
        heights = [design.bits()[part] / 1000 for design in designs]
        ax.bar(range(len(designs)), heights, 0.6, bottom=below, color=colour, label=part)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    used = [f"{design.lanes}\n{design.prediction['run']['lanes_used']:.0%}" for design in designs]
    ax.set_xticks(range(len(designs)), used)
    ax.margins(y=0.25)
    ax.set_xlabel("lanes P, and their share in use while any adds")
    ax.set_title("memory of the core, thousand bits", loc="left", fontsize=9)
    ax.legend(fontsize=8, frameon=False, ncols=2, loc="upper left")


if __name__ == "__main__":
    sys.exit(run(main))
