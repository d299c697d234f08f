"""A build folder and a board to a program for that board: ELF, flash image, and what they take."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import edge_sast
from edge_sast.errors import EdgeSastError
from edge_sast.files import write_atomic
from edge_sast.link.ports import DEFAULT_BAUD
from firmware_gen.boards.boards import Board
from firmware_gen.boards.compile import choose_toolchain, compile_command, compile_firmware
from firmware_gen.boards.memory import MemoryUse, check_fits, flash_image, memory_use
from firmware_gen.boards.rp2040 import uf2, with_boot2_crc
from firmware_gen.build.opened import Build, open_build
from firmware_gen.isa.check import check_code
from firmware_gen.toolchain.elf import rewrite_section
from firmware_gen.toolchain.image import read_image

BUILD_JSON, TOOL = "build.json", "edge-sast"
PARTS = {
    "firmware.elf",
    "firmware.bin",
    "firmware.uf2",
    "port_config.h",
    "link.ld",
}  # written before BUILD_JSON
REGION_BYTES = (
    64 << 20
)  # of the linker's regions: more than any board has, so that what does not fit is measured
_SHARED = ("memory.c", "ring.c")
_CORTEX_M = ("startup_cortex_m.c",)
_RISCV = ("startup_riscv.S", "machine_riscv.c")


@dataclass(frozen=True)
class Firmware:
    """A program for a board. files: what was written; uf2 only where the board takes it that way."""

    board: Board
    toolchain: str
    elf: Path
    image: Path
    uf2: Path | None
    use: MemoryUse

    def figures(self) -> dict[str, Any]:
        """For JSON: names and bytes."""
        limits = {"flash": self.board.flash.size, "ram": self.board.ram.size}
        return {
            "board": self.board.name,
            "core": self.board.core.title,
            "emulated": self.board.emulated,
            "toolchain": self.toolchain,
            "used": asdict(self.use),
            "available": limits,
        }


def build_firmware(
    build_dir: str | os.PathLike[str],
    board: Board,
    out_dir: str | os.PathLike[str],
    *,
    toolchain: str | None = None,
    baud: int = DEFAULT_BAUD,
    edited: bool = False,
) -> Firmware:
    """Compile a build folder's model and the board application for `board`: firmware.elf, .bin (.uf2), build.json.

    Raises:
        EdgeSastError: a damaged folder, no compiler, a model that does not fit, a baud the UART cannot make.
        CheckFailedError: an instruction that the board's core lacks; QEMU would execute some of them.
    """
    build = open_build(build_dir, edited)
    root = _package_c()
    sources = [*sorted((build.folder / "src").glob("*.c")), *sorted((root / "board").glob("*.c"))]
    sources.append(root / "ports" / "main.c")
    includes = [build.folder / "include", root / "board"]
    firmware = link_program(board, sources, includes, _model_defines(build), Path(out_dir), toolchain, baud)
    document = {
        "tool": f"{TOOL} {edge_sast.__version__}",
        "model": build.manifest.name,
        "model_hash": build.manifest.model_hash,
        "baud": baud,
        **firmware.figures(),
    }
    write_atomic(Path(out_dir) / BUILD_JSON, (json.dumps(document, indent=2) + "\n").encode())
    return firmware


def is_program_folder(folder: Path) -> bool:
    """Whether `build_firmware` wrote it, even in part, and may replace what it wrote."""
    if {path.name for path in folder.iterdir()} <= PARTS:  # it was interrupted before BUILD_JSON
        return True
    try:
        document = json.loads((folder / BUILD_JSON).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("tool", "")).startswith(f"{TOOL} ")


def link_program(
    board: Board,
    sources: Sequence[Path],
    includes: Sequence[Path],
    defines: str,
    out_dir: Path,
    toolchain: str | None = None,
    baud: int = DEFAULT_BAUD,
) -> Firmware:
    """Any program with a main() and the board's port around it. defines: lines added to port_config.h."""
    _check_baud(board, baud)
    chosen = choose_toolchain(board, toolchain)
    ports = _package_c() / "ports"
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="edge-sast-board-") as scratch:
        folder = Path(scratch)
        (folder / "port_config.h").write_text(_config(board, baud, defines))
        (folder / "link.ld").write_text(_link_script(board, ports))
        program = folder / "firmware.elf"
        everything = [*(ports / name for name in _port_sources(board)), *(p.absolute() for p in sources)]
        command = compile_command(
            board,
            chosen,
            everything,
            [folder, ports, *(p.absolute() for p in includes)],
            folder / "link.ld",
            program,
        )
        compile_firmware(command, folder)
        check_code(read_image(program), board.core.title)
        use = memory_use(program, board)
        check_fits(use, board)
        if board.uf2_family is not None:
            rewrite_section(program, ".boot2", with_boot2_crc)
        for name in ("firmware.elf", "port_config.h", "link.ld"):
            write_atomic(out_dir / name, (folder / name).read_bytes())
    return Firmware(board, chosen, out_dir / "firmware.elf", *_images(out_dir, board), use)


def _package_c() -> Path:
    return Path(str(resources.files("firmware_gen"))) / "c"


def _port_sources(board: Board) -> list[str]:
    parts = (f"clocks_{board.clocks}.c", f"uart_{board.uart.driver}.c", f"ticks_{board.ticks.driver}.c")
    return [*(_CORTEX_M if board.core.family == "arm" else _RISCV), *_SHARED, *parts, *board.extra_sources]


def _check_baud(board: Board, baud: int) -> None:
    """A frame is ten bits: 2 % off here, and the oscillators' own errors, still leave the last one right."""
    slowest, fastest = board.uart.bauds()
    if not slowest <= baud <= fastest:
        able = f"{slowest:,} to {fastest:,}" if slowest < fastest else f"only {slowest:,}"
        raise EdgeSastError(f"--baud is {baud}; {board.name} can do {able}")
    error = abs(board.uart.made(baud) - baud) / baud
    if error > 0.02 and not board.emulated:
        raise EdgeSastError(
            f"--baud is {baud}; {board.name} would be {error:.1%} off; choose 115200 or a lower one"
        )


def _config(board: Board, baud: int, defines: str) -> str:
    values = {
        "PORT_UART_BASE": f"{board.uart.base:#x}u",
        "PORT_UART_IRQ": f"{board.uart.irq}u",
        "PORT_UART_HZ": f"{board.uart.hz}u",
        "PORT_BAUD": f"{baud}u",
        "PORT_CORE_HZ": f"{board.core_hz}u",
        "PORT_RING_BYTES": f"{board.ring_bytes}u",
        "PORT_TICKS_KIND": f"SAST_TICKS_{board.ticks.kind.upper()}",
        "PORT_TICKS_HZ": f"{board.ticks.hz}u",
        "PORT_TICKS_MULTIPLY": f"{board.ticks.multiply}u",
        "PORT_TICKS_DIVIDE": f"{board.ticks.divide}u",
        "PORT_NAME": f'"{board.name}"',
        **{name: f"{value:#x}u" for name, value in board.defines},
    }
    lines = "".join(f"#define {name} {value}\n" for name, value in values.items())
    head = (
        f"/* port_config.h: {board.name}. Generated by edge-sast {edge_sast.__version__}; do not edit. */\n"
    )
    return f"{head}#ifndef PORT_CONFIG_H\n#define PORT_CONFIG_H\n\n{lines}{defines}\n#endif\n"


def _model_defines(build: Build) -> str:
    name = build.manifest.name
    return (
        f'#define PORT_MODEL_HEADER "{name}_model.h"\n'
        f"#define PORT_MODEL {name}_model\n"
        f"#define PORT_MEMORY {name}_memory_t\n"
    )


def _link_script(board: Board, ports: Path) -> str:
    return Template((ports / "link.ld").read_text("utf-8")).substitute(
        flash_origin=f"{board.flash.origin:#x}",
        ram_origin=f"{board.ram.origin:#x}",
        region_bytes=f"{REGION_BYTES:#x}",
        stack_top=f"{board.ram.origin + board.ram.size:#x}",
    )


def _images(out_dir: Path, board: Board) -> tuple[Path, Path | None]:
    """firmware.bin, and firmware.uf2 where the board has a family."""
    image = flash_image(out_dir / "firmware.elf", board)
    write_atomic(out_dir / "firmware.bin", image)
    if board.uf2_family is None:
        (out_dir / "firmware.uf2").unlink(missing_ok=True)  # of another board that was built here before
        return out_dir / "firmware.bin", None
    write_atomic(out_dir / "firmware.uf2", uf2(image, board.flash.origin, board.uf2_family))
    return out_dir / "firmware.bin", out_dir / "firmware.uf2"
