"""The FPGA boards that bitstreams are built for: device, clock, top and pins. None was at hand; see docs/fpga.md."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.fpga.families import FAMILIES, Family

BOARDS_FOLDER = "rtl/boards"


@dataclass(frozen=True)
class Board:
    """One board. synth: arguments of Yosys's synth command of the family; place, pack: of the programs' own.

    top: the module of rtl/boards/{top}.v; pins: the file of its constraints beside it, {ports: what a user sees}.
    oscillator_hz: at clk_in; core_hz: what the core runs at unless --freq asks for another. flashing: the command that
    loads {bitstream}.
    """

    name: str
    title: str
    device: str
    family: Family
    synth: str
    place: tuple[str, ...]
    pack: tuple[str, ...]
    top: str
    pins: str
    oscillator_hz: int
    core_hz: int
    flashing: str

    def sources(self) -> list[Path]:
        """The Verilog around the core: top, clock and reset."""
        folder = boards_folder()
        return [
            folder / f"{self.top}.v",
            folder / f"sast_clock_{self.family.name}.v",
            folder / "sast_reset.v",
        ]


def boards_folder() -> Path:
    return Path(str(resources.files("firmware_gen"))) / BOARDS_FOLDER


BOARDS = {
    board.name: board
    for board in (
        Board(
            "icebreaker",
            "iCEBreaker",
            "iCE40 UP5K-SG48",
            FAMILIES["ice40"],
            "-device u -abc9 -dff",
            ("--up5k", "--package", "sg48"),
            (),
            "icebreaker_top",
            "icebreaker.pcf",
            12_000_000,
            24_000_000,
            "iceprog {bitstream}",
        ),
        Board(
            "hx8k-breakout",
            "iCE40-HX8K breakout",
            "iCE40 HX8K-CT256",
            FAMILIES["ice40"],
            "-device hx -abc9 -dff",
            ("--hx8k", "--package", "ct256"),
            (),
            "hx8k_breakout_top",
            "hx8k_breakout.pcf",
            12_000_000,
            66_000_000,
            "iceprog {bitstream}",
        ),
        Board(
            "ulx3s-25f",
            "ULX3S with a 25F",
            "LFE5U-25F-6BG381C",
            FAMILIES["ecp5"],
            "-abc9 -nodsp",
            ("--25k", "--package", "CABGA381", "--speed", "6"),
            ("--compress",),
            "ulx3s_top",
            "ulx3s.lpf",
            25_000_000,
            70_000_000,
            "openFPGALoader -b ulx3s {bitstream}",
        ),
        Board(
            "tangnano9k",
            "Sipeed Tang Nano 9K",
            "GW1NR-LV9QN88PC6/I5",
            FAMILIES["gowin"],
            "-family gw1n",
            ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
            ("-d", "GW1N-9C"),
            "tangnano9k_top",
            "tangnano9k.cst",
            27_000_000,
            45_000_000,
            "openFPGALoader -b tangnano9k {bitstream}",
        ),
    )
}


def find_board(name: str) -> Board:
    """The board of that name. Raises EdgeSastError with all names for another."""
    if name not in BOARDS:
        raise EdgeSastError(f"--board is {name!r}; it must be one of {', '.join(BOARDS)}")
    return BOARDS[name]
