"""rtl/sast_rom.v: what its file says, and what is written piece by piece."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, data, parameters, run_block, seeded

SHAPES = [(5, 7, 0), (32, 4, 1), (33, 6, 1), (64, 2, 1), (97, 9, 1), (20, 3, 1)]


def table(width, depth, loads):
    words = [(i * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 12345) % (1 << width) for i in range(depth)]
    bits = max(1, (depth - 1).bit_length())
    sizes = {"W": width, "AW": bits, "DEPTH": depth, "FILE": '"words.mem"', "LOADS": loads, "ID": 6}
    return Block("sast_rom", {}, sizes, {"words": words}, words)


CASES = [table(*shape) for shape in SHAPES]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=[f"{width} bits, loads {loads}" for width, _, loads in SHAPES])
def test_rom(block, tmp_path):
    run_block(block, __name__, tmp_path)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def read_and_written(dut):
    p, rng, pins, words = parameters(), seeded(), Pins(dut), list(data())
    width, depth = int(p["W"]), int(p["DEPTH"])
    dut.clk.value = 0
    pins.set(en=1, a=0, fill=0)
    q = None
    for _ in range(600):
        at, en = rng.randrange(depth), rng.randrange(4) > 0
        write, memory = rng.randrange(2), rng.choice([6, 6, 6, 5])
        piece, address = rng.randrange(4), rng.choice([rng.randrange(depth), depth, (1 << 23) + at])
        value = rng.getrandbits(32)
        if address == at:
            write = 0  # never read as it is written
        pins.set(en=en, a=at, fill=write << 66 | memory << 62 | piece << 56 | address << 32 | value)
        await pins.settle()
        await pins.tick()
        q = words[at] if en else q
        if q is not None:
            assert pins.get("q") == q
        if int(p["LOADS"]) and write and memory == 6 and address < depth and 32 * piece < width:
            mask = (0xFFFFFFFF << 32 * piece) & ((1 << width) - 1)
            words[address] = words[address] & ~mask | (value << 32 * piece) & mask
    assert int(p["LOADS"]) == (words != data())
