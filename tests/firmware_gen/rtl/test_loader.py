"""rtl/sast_loader.v: which words go where, what counts, and when there is a model."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import zlib

import cocotb

from tests.firmware_gen.rtl.blocks import Block, Pins, constants, lanes, run_block, seeded

LONGEST = 400_000  # ns
FIELDS = [
    "TB",
    "BB",
    "SB",
    "NYB",
    "MAW",
    "UAW",
    "NB",
    "CQB",
    "CUB",
    "SYNB",
    "LIB",
    "EAW",
    "RAW",
    "CAW",
    "RPB",
    "URB",
]
FIELDS += ["SBITS", "CWB", "CUB2", "YB", "PAW", "PNB"]


def sizes(count, bits, **more):
    return {
        **lanes(count),
        **dict.fromkeys(FIELDS, bits),
        **{"WBITS": 8, "WSHW": 1, "NCB": 1, "CHUNKS": 0, "MW": 2 * bits, "SMIN": bits, "SPRAM": 0, "AMB": 0},
        **more,
    }


CASES = [Block("sast_loader", sizes(1, 1)), Block("sast_loader", sizes(8, 9, CHUNKS=1, NCB=4, AMB=9))]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["words of one piece", "words of many"])
def test_loader(block, tmp_path):
    run_block(block, __name__, tmp_path)


def pieces(p):
    """Of a word of each memory."""
    bias = p["P"] * max(p["BB"], p["SB"])
    op = 6 + sum(p[n] for n in ["LIB", "EAW", "RAW", "CAW", "RPB", "URB", "SBITS", "CWB", "CUB2", "WSHW"])
    layer = sum(p[n] for n in ["YB", "RPB", "MAW", "PAW", "PNB", "B", "LIB"]) + 15 + p["MW"] - p["SMIN"] + 1
    column = p["NB"] + p["CQB"] + p["CUB"] + p["SYNB"] + (p["NCB"] if p["CHUNKS"] else 0)
    bits = [p["G"] * p["WBITS"]] * 4 + [
        p["P"] * (1 + p["TB"] + p["AMB"]),
        p["NYB"] + p["MAW"] + p["UAW"],
        column,
        op,
        layer,
        8,
        bias,
    ]
    return dict(enumerate(-(-size // 32) for size in bits)) | {15: 1}


class Loader:
    """What docs/fpga.md says of it."""

    def __init__(self, p):
        self.p, self.pieces = p, pieces(p)
        self.number = self.frames = self.model = self.memory = self.address = self.piece = 0
        self.heeds = self.no_model = False
        self.crc, self.ready = 0xFFFFFFFF, True

    def begins(self, data):
        if data & 0xFFFF != self.number:
            self.number, self.frames, self.crc = data & 0xFFFF, 0, 0
            self.no_model, self.heeds = True, False

    def frame(self, data):
        self.heeds = data == self.frames
        if self.heeds and self.no_model:
            self.frames = self.frames + 1 & 0xFFFF

    def place(self, data):
        if self.takes(data):
            self.memory, self.address, self.piece = data >> 24 & 15, data & 0xFFFFFF, 0

    def word(self, data):
        """What is written."""
        if not self.takes(data):
            return 0
        written = 1 << 66 | self.memory << 62 | self.piece << 56 | self.address << 32 | data
        if self.memory == 15 and self.address & 3 < 3:
            at = 32 * (self.address & 3)
            self.model = self.model & ~(0xFFFFFFFF << at) | data << at
        self.piece += 1
        if self.piece == self.pieces[self.memory]:
            self.piece, self.address = 0, self.address + 1 & 0xFFFFFF
        return written

    def commits(self, data):
        if data == self.crc:
            self.no_model = False

    def takes(self, data):
        if self.no_model and self.heeds:
            self.crc = zlib.crc32(data.to_bytes(4, "little"), self.crc)
            return True
        return False


PULSES = ("begins", "frame", "place", "word", "commits")


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def loads(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    want = Loader(p)
    dut.clk.value = 0
    pins.set(data=0, **dict.fromkeys(PULSES, 0))
    await pins.clock()
    assert (pins.get("no_model"), pins.get("model"), pins.get("frames")) == (0, 0, 0)
    models = 0
    for turn in range(1500):
        what = rng.choices(PULSES, [1, 6, 8, 25, 1 + 4 * (turn % 40 == 39)])[0]
        if what == "begins" and turn % 3:
            what = "word"
        value = {
            "begins": rng.choice([want.number, rng.randrange(1, 1 << 16)]),
            "frame": rng.choice([want.frames] * 4 + [want.frames - 1 & 0xFFFF, want.frames | 1 << 16]),
            "place": rng.choice([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 15]) << 24
            | rng.choice([0, 2, 0xFFFFFF, rng.randrange(1 << 24)]),
            "word": rng.getrandbits(32),
            "commits": rng.choice([want.crc, want.crc, rng.getrandbits(32), want.crc ^ 1 << 31]),
        }[what]
        pins.set(data=value, **{name: name == what for name in PULSES})
        await pins.settle()
        assert pins.get("ready") == 1
        await pins.tick()
        took = want.no_model and want.heeds and what in ("place", "word")
        written = getattr(want, what)(value) or 0
        models += what == "commits" and not want.no_model
        assert (pins.get("fill") if pins.get("fill") >> 66 else 0) == written
        pins.set(**dict.fromkeys(PULSES, 0))
        waited = 0
        while not pins.get("ready"):
            await pins.clock()
            assert pins.get("fill") >> 66 == 0
            waited += 1
        assert waited == (32 if took else 0)
        assert pins.get("no_model") == want.no_model
        assert pins.get("model") == want.model
        assert pins.get("frames") == want.frames
        assert pins.get("at") == want.memory << 24 | want.address
        if want.no_model:
            assert pins.get("crc") == want.crc
    assert models > 3
