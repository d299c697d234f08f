"""An exported folder of Verilog to the bitstream of a board, in a folder that is written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import edge_sast
from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.build.opened import Build, open_build
from firmware_gen.fpga.boards import BOARDS, Board, boards_folder
from firmware_gen.fpga.figures import memories, used_and_available
from firmware_gen.fpga.flow import Routed, check_speed, pack, place, synthesise
from firmware_gen.fpga.messages import ToolFailedError, warnings
from firmware_gen.fpga.pins import check_pins
from firmware_gen.fpga.pll import MHZ, Clock, core_clock
from firmware_gen.fpga.tables import check_tables, parameter
from firmware_gen.fpga.toolchain import Tools, find_tools
from firmware_gen.rtl_gen.package import TOP
from firmware_gen.rtl_gen.predict.prediction import DOCUMENT as PREDICTION

DEFAULT_BAUD = 115_200
RTL = "rtl"
BUILD_JSON, FORMAT, FORMAT_VERSION = "build.json", "edge-sast-fpga", 1
MOST_SEEDS = 100
FAILED = ".failed"  # behind --out: the folder of a build that failed
SCRIPT = "synth.ys"  # which every folder of a build holds once its tools have run


@dataclass(frozen=True)
class Wanted:
    """What a bitstream is built for. hz: of the core; None: the board's own. seeds: placements tried from `seed` on."""

    board: Board
    hz: int | None = None
    baud: int = DEFAULT_BAUD
    seed: int = 1
    seeds: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= MOST_SEEDS:
            raise EdgeSastError(f"--seeds is {self.seeds}; it must be 1 to {MOST_SEEDS}")
        if not 0 <= self.seed < 1 << 30:
            raise EdgeSastError(f"--seed is {self.seed}; it must be 0 to {(1 << 30) - 1}")
        hz = self.clock().hz
        if self.baud <= 0 or hz < 8 * self.baud:
            raise EdgeSastError(f"--baud is {self.baud}; at {hz / MHZ:g} MHz it must be 1 to {hz // 8:,}")

    def clock(self) -> Clock:
        return core_clock(
            self.board.family.name,
            self.board.oscillator_hz,
            self.board.core_hz if self.hz is None else self.hz,
        )


def build_bitstream(
    folder: str | os.PathLike[str],
    wanted: Wanted,
    out_dir: str | os.PathLike[str],
    *,
    toolchain: str | None = None,
    edited: bool = False,
    tell: Callable[[str], object] = str,
) -> dict[str, Any]:
    """Writes bitstream, netlists, pins, logs and build.json into `out_dir`; returns what build.json says.

    Where a tool fails, or the design is too slow, `out_dir` stays as it was, and what was made until then, with all
    logs, goes to a folder beside it, FAILED. tell: gets a line before each step.

    Raises:
        EdgeSastError: a damaged folder, no tools, a design that does not fit, or that a tool found wrong.
        CheckFailedError: the design is slower than the clock.
    """
    build = open_build(folder, edited, "verilog")
    sources = source_files(build.folder)
    check_tables(build.folder / RTL)
    if parameter(build.folder / RTL, "SPRAM") and not wanted.board.has_spram:
        raise EdgeSastError(
            f"--board is {wanted.board.name!r}, which has no SPRAM, where the weights of {folder} lie; export again "
            f"without --spram, or build for {', '.join(b.name for b in BOARDS.values() if b.has_spram)}"
        )
    out = Path(out_dir)
    failed = out.with_name(out.name + FAILED)
    check_out(out)
    if failed.is_dir() and any(failed.iterdir()) and not (failed / SCRIPT).is_file():
        raise EdgeSastError(f"{failed}: holds other files; move them, or name another folder with --out")
    tools = find_tools(wanted.board.family, toolchain)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            try:
                document = {**_head(build), **_make(sources, wanted, tools, fresh, tell)}
            except (EdgeSastError, CheckFailedError) as error:
                if not (fresh / SCRIPT).is_file():
                    raise
                _discard(failed)
                os.rename(fresh, failed)
                raise type(error)(f"{error}; what was made is in {failed}") from error
            (fresh / BUILD_JSON).write_text(json.dumps(document, indent=2) + "\n")
            _discard(failed)
            if out.exists():
                os.rename(out, Path(scratch) / "old")
            os.rename(fresh, out)
    except OSError as error:
        raise EdgeSastError(
            f"{out}: cannot be written: {error.strerror or error}; free space or choose another folder"
        ) from error
    return document


def source_files(folder: Path) -> list[Path]:
    """Modules, constants and tables of an exported folder, in order of their names.

    Raises EdgeSastError where it has no Verilog, or none for a board.
    """
    files = sorted(path for path in (folder / RTL).glob("*") if path.suffix in (".v", ".vh", ".mem"))
    if not any(path.suffix == ".v" for path in files):
        raise EdgeSastError(
            f"{folder}: has no Verilog in {RTL}/; export again with --target verilog --overwrite"
        )
    if not any(path.name == f"{TOP}.v" for path in files):
        raise EdgeSastError(
            f"{folder}: has no {RTL}/{TOP}.v, which every board needs; an export with --target verilog has it, unless "
            "the model's input or results are too large for its UART"
        )
    return files


def check_out(out: Path) -> None:
    """Raises EdgeSastError where `out` holds something that no such build wrote."""
    if out.exists() and not out.is_dir():
        raise EdgeSastError(f"--out {out}: is a file; name a folder")
    if out.is_dir() and any(out.iterdir()):
        try:
            read_document(out)
        except EdgeSastError as error:
            raise EdgeSastError(f"--out {out}: holds other files; name a new folder") from error


def _discard(failed: Path) -> None:
    """What an earlier build left that failed."""
    if failed.is_dir():
        shutil.rmtree(failed)


def read_document(folder: Path) -> dict[str, Any]:
    """build.json of a folder that build_bitstream wrote. Raises EdgeSastError for any other."""
    path = folder / BUILD_JSON
    try:
        document: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise EdgeSastError(
            f"{folder}: has no {BUILD_JSON}; give a folder that 'edge-sast fpga build' wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise EdgeSastError(f"{path}: is not JSON ({error}); build it again") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EdgeSastError(
            f"{path}: format is not {FORMAT!r}; give a folder that 'edge-sast fpga build' wrote"
        )
    if document.get("format_version") != FORMAT_VERSION:
        raise EdgeSastError(
            f"{path}: format_version is {document.get('format_version')!r}; this edge-sast reads {FORMAT_VERSION}; "
            "build it again"
        )
    return document


def _make(
    sources: list[Path], wanted: Wanted, tools: Tools, folder: Path, tell: Callable[[str], object]
) -> dict[str, Any]:
    """All steps, in `folder`; what build.json says of them."""
    board, clock = wanted.board, wanted.clock()
    for path in [*sources, *board.sources(), boards_folder() / board.pins]:
        shutil.copyfile(path, folder / path.name)
    tell(f"{board.name}: synthesis ({tools.kind})")
    netlist = synthesise(board, clock, wanted.baud, tools, folder)
    check_pins(board, netlist)
    routed = _fastest(wanted, clock, tools, folder, tell)
    check_speed(board, clock, routed, wanted.seeds)
    pack(board, tools, folder)
    used, available = used_and_available(board.family, routed.report, netlist, board.top)
    return {
        "board": board.name,
        "device": board.device,
        "run_on_silicon": False,
        "bitstream": board.family.bitstream,
        "clock_hz": clock.hz,
        "baud": wanted.baud,
        "fmax_hz": round(routed.fmax_hz),
        "seed": routed.seed,
        "used": used,
        "available": available,
        "memories": memories(board.family, netlist, board.top),
        "tools": {"kind": tools.kind, "yosys": str(netlist.get("creator", "")).partition(" (")[0]},
        "warnings": warnings((folder / "yosys.log").read_text("utf-8")),
    }


def _fastest(
    wanted: Wanted, clock: Clock, tools: Tools, folder: Path, tell: Callable[[str], object]
) -> Routed:
    """Of the placements; the files of the fastest are those that stay in `folder`.

    A placement that cannot be routed is told, and passed over. Raises ToolFailedError where none can.
    """
    board, kept = wanted.board, folder / "kept"
    files = (board.family.routed[1], "report.json")
    best: Routed | None = None
    failure: ToolFailedError | None = None
    for seed in range(wanted.seed, wanted.seed + wanted.seeds):
        tell(f"{board.name}: place and route for {clock.hz / MHZ:g} MHz, seed {seed}")
        try:
            routed = place(board, clock, seed, tools, folder)
        except ToolFailedError as error:
            tell(f"{board.name}: {error}")
            failure = error
            continue
        if best is None or routed.fmax_hz > best.fmax_hz:
            best = routed
            kept.mkdir(exist_ok=True)
            for name in files:
                shutil.move(folder / name, kept / name)
    if best is None:
        assert failure is not None  # there is at least one seed
        raise failure
    for name in files:
        shutil.move(kept / name, folder / name)
    kept.rmdir()
    return best


def _predicted(path: Path) -> Any:
    """None where the export has none. Whoever passes --edited may have damaged it."""
    try:
        return json.loads(path.read_bytes()) if path.is_file() else None
    except (ValueError, RecursionError) as error:
        raise EdgeSastError(f"{path}: is not JSON ({error}); export again, or remove it") from error


def _head(build: Build) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "tool": f"edge-sast {edge_sast.__version__}",
        "model": build.manifest.name,
        "model_hash": build.manifest.model_hash,
        "export": str(build.folder),
        "lanes": parameter(build.folder / RTL, "P"),
        "predicted": _predicted(build.folder / PREDICTION),
    }
