"""What a core that takes other models has room for: worked out from models, told by the device in words of 32 bits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from edge_sast.errors import EdgeSastError
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.constants import MAX_MEMBRANE_BITS, lane_constants
from firmware_gen.rtl_gen.fields import address_bits, bits_of
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.link.program import LinkParts, skeleton
from firmware_gen.rtl_gen.plan import RtlPlan

FORMAT = 1
WORDS = 64  # that the device keeps of it
DOCUMENT = "sizes.json"
MEMORY = "sizes"
MOST_SPARE_BITS, MOST_SPARE_WORDS = 8, 1000
# In the order in which the device tells them. Constants of sast_params.vh; each the most that a model may need, but
# SMIN the least, and LEAK_ONE the only leak shift that it may have, if not 0.
NAMES = (
    *("P", "MW", "WBITS", "WSHW", "TB", "BB", "SB", "SMIN"),
    *("MDEPTH", "UDEPTH", "PDEPTH", "RDEPTH", "CDEPTH", "ODEPTH", "EDEPTH"),
    *("NYB", "NB", "NCB", "CQB", "CUB", "SYNB", "URB", "SBITS", "CWB", "CUB2", "RPB", "YB", "PNB"),
    *("IN_W", "IN_H", "STB", "CLASSES", "CLB", "COUNTED", "LIB", "FIFO_AW"),
    *("LANE_TABLE", "CHUNKS", "SUBTRACT", "LEAKS", "LEAK_ONE", "RECURRENT"),
    *("SYNW", "SPKW", "SYNTW", "SPKTW", "OUTW", "AMB"),
)
SPRAM_BLOCKS, SPRAM_WORDS, SPRAM_BITS = 4, 16_384, 16  # of an iCE40 UP5K
SPARE_DEPTHS = ("MDEPTH", "UDEPTH", "PDEPTH", "RDEPTH", "CDEPTH")


@dataclass(frozen=True)
class Sizes:
    """constants: of NAMES. link: the parts of the link's program."""

    constants: Mapping[str, int]
    link: LinkParts

    @property
    def localparams(self) -> dict[str, int]:
        """The constants of sast_params.vh that come of them."""
        p = dict(self.constants)
        depths = {f"{name[0]}AW": address_bits(p[name]) for name in NAMES if name.endswith("DEPTH")}
        # LIF_OUT: a memory of spike counts is there
        fixed = {
            "MLOW": p["MW"],
            "MWIDE": 0,
            "WSHIFT": 0,
            "LIF_OUT": 1,
            "ULOW": p["UDEPTH"],
            "BDEPTH": 2 * p["PDEPTH"],
            "RUNNING": int(self.link.run),
        }
        return lane_constants(Lanes(p["P"])) | p | depths | fixed

    @property
    def image(self) -> MemoryImage:
        """As the device tells them."""
        words = [
            FORMAT,
            skeleton(self.link).crc,
            sum(on << i for i, on in enumerate(asdict(self.link).values())),
        ]
        words += [self.constants[name] for name in NAMES]
        return MemoryImage(MEMORY, 32, (*words, *[0] * (WORDS - len(words))))

    def document(self) -> bytes:
        """For a file, as JSON."""
        text = json.dumps(
            {"format": FORMAT, "link": asdict(self.link), "constants": dict(self.constants)}, indent=2
        )
        return (text + "\n").encode()


def told(words: Sequence[int]) -> Sizes:
    """The sizes that a device told. Raises EdgeSastError for those of another version of this program."""
    if words[0] != FORMAT:
        raise EdgeSastError(
            f"the core's sizes have format {words[0]}, this edge-sast knows {FORMAT}; export and synthesise it again"
        )
    flags = (bool(words[2] >> i & 1) for i in range(len(fields(LinkParts))))
    sizes = Sizes(dict(zip(NAMES, words[3:], strict=False)), LinkParts(*flags))
    if skeleton(sizes.link).crc != words[1]:
        raise EdgeSastError(
            "the core's link has another edge-sast's program; load with that one, or export and synthesise it again"
        )
    return sizes


def make_sizes(
    models: Sequence[Model], lanes: int, spare_bits: int = 1, spare_words: int = 0, *, running: bool = False
) -> Sizes:
    """What holds each of the models.

    spare_bits: more than they need, of thresholds, amounts, biases, start values and membranes: those of a new training
        differ.
    spare_words: more words of the tables and of membranes than they need, percent. running: the core has no windows.

    Raises EdgeSastError: spares that there are not, or a model that no core holds.
    """
    for option, value, limit in (
        ("--spare-bits", spare_bits, MOST_SPARE_BITS),
        ("--spare-words", spare_words, MOST_SPARE_WORDS),
    ):
        if not 0 <= value <= limit:
            raise EdgeSastError(f"{option} is {value}; it must be 0 to {limit}")
    plans = [RtlPlan(model, lanes, running=running) for model in models]
    asked = {name: int(any(plan.needs[name] for plan in plans)) for name in ("LANE_TABLE", "AMB")}
    if any(asked.values()):  # what one of them needs, the others take, too
        plans = [RtlPlan(model, lanes, asked, running=running) for model in models]
    needs = [plan.needs for plan in plans]
    most = {name: max(need[name] for need in needs) for name in NAMES if name != "WSHW"}
    shifts = [layer.weight_shift for model in models for _, layer in model.weighted()]
    most |= {"WSHW": bits_of(max(shifts)), "SMIN": min(need["SMIN"] for need in needs)}
    leaks = {need["LEAK_ONE"] for need in needs if need["LEAKS"]}
    most["LEAK_ONE"] = leaks.pop() if len(leaks) == 1 else 0
    for name in SPARE_DEPTHS:
        most[name] += most[name] * spare_words // 100
    most["MW"] = min(MAX_MEMBRANE_BITS, max(most["MW"] + spare_bits, most["OUTW"]))
    most["TB"] = min(most["MW"] - 1, most["TB"] + spare_bits)
    most["AMB"] = min(most["MW"] - 1, most["AMB"] + spare_bits) if most["AMB"] else 0
    most |= {name: min(most["MW"], most[name] + spare_bits) for name in ("BB", "SB")}
    grids = [model.binning for model in models]
    link = LinkParts.of(
        max(grid.steps for grid in grids),
        max(grid.width for grid in grids),
        max(grid.height for grid in grids),
        bus=True,
        load=True,
        run=running,
    )
    return Sizes({name: most[name] for name in NAMES}, link)


def check_spram(p: Mapping[str, int]) -> None:
    """Raises EdgeSastError where the weights of a core with constants `p` do not fit into an iCE40 UP5K's SPRAM."""
    blocks = p["B"] * -(-p["G"] * p["WBITS"] // SPRAM_BITS)
    if blocks > SPRAM_BLOCKS:
        raise EdgeSastError(
            f"--spram: weights of {p['WBITS']} bits at {p['P']} lanes take {blocks} blocks of SPRAM, an iCE40 UP5K has "
            f"{SPRAM_BLOCKS}; use fewer --lanes or weight bits, or leave it out"
        )
    if p["UDEPTH"] > SPRAM_WORDS:
        raise EdgeSastError(
            f"--spram: {p['UDEPTH']:,} words of weights in each bank, SPRAM holds {SPRAM_WORDS:,}; use fewer channels "
            "or smaller kernels"
        )
