"""Families of FPGA: the programs that synthesise, place and pack for each, and the names that they count cells by."""

from __future__ import annotations

from dataclasses import dataclass

YOSYS = "yosys"
NETLIST, NETLIST_VERILOG, REPORT = "netlist.json", "netlist.v", "report.json"


@dataclass(frozen=True)
class Family:
    """One family, and its programs.

    constraints: option of `place` that names the file of pins, routed: option and file of its result, bitstream: the
    file that `pack` makes. cells: figure to the cells of the place and route report that count for it (one logic cell
    of iCE40 holds a LUT and a flip-flop; a Gowin adder takes a LUT's place). flip_flops: names of the netlist's cells
    begin with one of these, rams: of its memories. logic: what a unit of logic is called. prepare: Yosys's
    commands before it synthesises.
    """

    name: str
    place: str
    pack: str
    constraints: str
    routed: tuple[str, str]
    bitstream: str
    logic: str
    cells: dict[str, tuple[str, ...]]
    flip_flops: tuple[str, ...]
    rams: tuple[str, ...]
    prepare: tuple[str, ...] = ()

    @property
    def programs(self) -> tuple[str, ...]:
        return YOSYS, self.place, self.pack


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "ice40",
            "nextpnr-ice40",
            "icepack",
            "--pcf",
            ("--asc", "routed.asc"),
            "bitstream.bin",
            "LC",
            {
                "logic": ("ICESTORM_LC",),
                "bram": ("ICESTORM_RAM",),
                "spram": ("ICESTORM_SPRAM",),
                "dsp": ("ICESTORM_DSP",),
            },
            ("SB_DFF",),
            ("SB_RAM", "SB_SPRAM"),
            # ABC's longest script: 44 logic cells of 3,300 less than its usual one.
            ("scratchpad -copy abc9.script.flow3 abc9.script",),
        ),
        Family(
            "ecp5",
            "nextpnr-ecp5",
            "ecppack",
            "--lpf",
            ("--textcfg", "routed.config"),
            "bitstream.bit",
            "LUT4",
            {
                "logic": ("TRELLIS_COMB",),
                "ff": ("TRELLIS_FF",),
                "bram": ("DP16KD",),
                "dsp": ("MULT18X18D", "ALU54B"),
            },
            ("TRELLIS_FF",),
            ("DP16KD", "PDPW16KD"),
        ),
        Family(
            "gowin",
            "nextpnr-himbaechel-gowin",
            "gowin_pack",
            "cst",
            ("--write", "routed.json"),
            "bitstream.fs",
            "LUT4",
            {
                "logic": ("LUT4", "ALU"),
                "ff": ("DFF",),
                "bram": ("BSRAM",),
                "dsp": (
                    "MULT9X9",
                    "MULT18X18",
                    "MULT36X36",
                    "MULTALU18X18",
                    "MULTALU36X18",
                    "MULTADDALU18X18",
                    "ALU54D",
                    "PADD9",
                    "PADD18",
                ),
            },
            ("DFF",),
            ("SP", "SDP", "DP", "pROM"),
        ),
    )
}
