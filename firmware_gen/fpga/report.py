"""Bitstream folders compared: area, frequency, and the time of a recording where a simulation counted its cycles."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from edge_sast.report import figures as figures_files
from firmware_gen.fpga.boards import BOARDS
from firmware_gen.fpga.build import read_document
from firmware_gen.fpga.figures import FIGURES
from firmware_gen.fpga.pll import MHZ
from firmware_gen.fpga.simulate import SIMULATORS

NAMES = {"ff": "FF", "bram": "BRAM", "spram": "SPRAM", "dsp": "DSP"}
HEADERS = ("design", "board", "lanes", "clock MHz", "Fmax MHz")
TIMES = ("cycles", "µs")  # of a recording
PREDICTED = ("predicted cycles", "predicted µs", "SynOps per cycle", "lanes used")
VERIFY = "give what 'edge-sast verify BUILD --on verilator --json' wrote"


@dataclass(frozen=True)
class Design:
    """A folder of `fpga build` and what its build.json says. cycles: of a recording, the mean; None: not counted."""

    name: str
    document: dict[str, Any]
    cycles: float | None = None

    @property
    def lanes(self) -> int | None:
        found = self.document.get("lanes")
        return found if isinstance(found, int) else None

    @property
    def microseconds(self) -> float | None:
        """A recording's, at the clock that the design was built for."""
        return self._time(self.cycles)

    @property
    def predicted(self) -> dict[str, float] | None:
        """What the export predicted of its recordings: `run` of prediction.json."""
        told = self.document.get("predicted")
        run = told.get("run") if isinstance(told, dict) else None
        return run if isinstance(run, dict) else None

    @property
    def predicted_microseconds(self) -> float | None:
        """As a device runs: without the CRC of each step."""
        return self._time(self.predicted["unobserved_cycles"] if self.predicted else None)

    @property
    def time(self) -> float | None:
        """Microseconds of a recording, simulated or else predicted."""
        return self.predicted_microseconds if self.microseconds is None else self.microseconds

    def _time(self, cycles: float | None) -> float | None:
        return None if cycles is None else cycles * MHZ / self.document["clock_hz"]

    def figures(self) -> dict[str, Any]:
        """For JSON."""
        time = {
            "cycles": self.cycles,
            "microseconds": self.microseconds,
            "predicted_microseconds": self.predicted_microseconds,
        }
        return {"design": self.name, **self.document, **time}


def read_designs(folders: list[str], verified: list[str] | None) -> list[Design]:
    """verified: the JSON of a simulation of each folder's export, in their order (see _cycles); None: none was run.

    Raises EdgeSastError for what is no such folder, or no such simulation.
    """
    if verified is not None and len(verified) != len(folders):
        raise EdgeSastError(
            f"--verified: names {len(verified)} files for {len(folders)} designs; name one for each"
        )
    designs = [read_design(Path(folder)) for folder in folders]
    if verified is None:
        return designs
    return [
        replace(design, cycles=_cycles(Path(path), design))
        for design, path in zip(designs, verified, strict=True)
    ]


def _cycles(path: Path, design: Design) -> float:
    """Of a recording in the mean, as 'edge-sast verify --on verilator --json' writes them of the design's export."""
    told = figures_files.read_document(path, ("verify",), VERIFY).values
    found = told.get("cycles")
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < float("inf"):
        raise EdgeSastError(f"{path}: cycles is {found!r}; {VERIFY}")
    if told.get("target") not in SIMULATORS or told.get("mismatches") != 0:
        wrong = "target" if told.get("target") not in SIMULATORS else "mismatches"
        raise EdgeSastError(f"{path}: {wrong} is {told.get(wrong)!r}; {VERIFY}")
    for name in ("model_hash", "lanes"):
        if told.get(name) != design.document.get(name):
            raise EdgeSastError(
                f"{path}: {name} is {told.get(name)!r}, and {design.name} was built with "
                f"{design.document.get(name)!r}; {VERIFY} of the same export"
            )
    return float(found)


def read_design(folder: Path) -> Design:
    """Raises EdgeSastError for a folder that 'edge-sast fpga build' did not write, or a damaged one."""
    document = read_document(folder)
    whole = all(isinstance(document.get(name), int) for name in ("clock_hz", "fmax_hz"))
    for name in ("used", "available"):
        counts = document.get(name)
        whole &= isinstance(counts, dict) and all(isinstance(counts.get(f), int) for f in FIGURES)
    if not whole or document.get("board") not in BOARDS:
        raise EdgeSastError(f"{folder / 'build.json'}: lacks figures of a board; build it again")
    return Design(str(folder), document)


def design_rows(document: dict[str, Any]) -> list[list[str]]:
    """One row for each kind of cell that the device has: name, used, available, share."""
    used, available = document["used"], document["available"]
    names = {"logic": BOARDS[document["board"]].family.logic, **NAMES}
    return [
        [names[f], f"{used[f]:,}", f"{available[f]:,}", f"{used[f] / available[f]:.0%}"]
        for f in FIGURES
        if available[f]
    ]


def comparison(designs: list[Design]) -> tuple[list[list[str]], list[str]]:
    """Rows and headers of a table, one row a design."""
    rows = []
    for design in designs:
        document = design.document
        head = [design.name, document["board"], str(design.lanes or "-")]
        head += [f"{document[name] / MHZ:.2f}" for name in ("clock_hz", "fmax_hz")]
        time = [] if design.cycles is None else [f"{design.cycles:,.0f}", f"{design.microseconds:,.1f}"]
        rows.append(
            [*head, *(_cell(document, figure) for figure in FIGURES), *time, *_predicted(design, designs)]
        )
    timed = [*TIMES] if any(design.cycles is not None for design in designs) else []
    told = [*PREDICTED] if any(design.predicted for design in designs) else []
    return rows, [*HEADERS, "LC or LUT", *NAMES.values(), *timed, *told]


def _predicted(design: Design, designs: list[Design]) -> list[str]:
    """What the export said of its recordings, as a device runs them; dashes where only other designs have it."""
    run = design.predicted
    if run is None:
        return ["-"] * len(PREDICTED) if any(other.predicted for other in designs) else []
    return [
        f"{run['unobserved_cycles']:,.0f}",
        f"{design.predicted_microseconds:,.1f}",
        f"{run['synops_cycle']:.2f}",
        f"{run['lanes_used']:.1%}",
    ]


def _cell(document: dict[str, Any], figure: str) -> str:
    return f"{document['used'][figure]:,}" if document["available"][figure] else "-"


def write_plot(designs: list[Design], path: Path) -> None:
    """A PNG: logic of each design against the time of a recording, or of a clock where one's is not known."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    times = [design.time for design in designs if design.time is not None]
    timed = len(times) == len(designs)  # one axis holds one quantity
    clocks = [1e9 / design.document["clock_hz"] for design in designs]
    places = sorted(
        zip(designs, times if timed else clocks, strict=True), key=lambda place: place[0].lanes or 0
    )
    for board in dict.fromkeys(design.document["board"] for design in designs):
        members = [(design, across) for design, across in places if design.document["board"] == board]
        y = [design.document["used"]["logic"] for design, _ in members]
        axes.plot([across for _, across in members], y, "o-", ms=5, lw=0.8, label=board)
        for (design, across), up in zip(members, y, strict=True):
            label = f"P = {design.lanes}" if design.lanes else Path(design.name).name
            axes.annotate(label, (across, up), xytext=(6, 6), textcoords="offset points", fontsize=8)
    axes.set_xlabel("time of a recording, µs" if timed else "clock period, ns")
    axes.set_ylabel("logic cells or LUTs")
    axes.margins(0.15)
    axes.legend(fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_atomic(path, buffer.getvalue())
