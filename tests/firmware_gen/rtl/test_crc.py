"""rtl/sast_crc.v: zlib's CRC-32 of neurons and counters, part by part and by the word, in any order."""

import struct
import zlib

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import (
    LONGEST,
    Block,
    Pins,
    constants,
    lanes,
    pack,
    parameters,
    run_block,
    seeded,
    signed,
)

SIZES = [(1, 20, 1), (2, 32, 0), (4, 9, 1), (8, 16, 0), (8, 17, 1), (16, 9, 1)]
CASES = [Block("sast_crc", {**lanes(p), "MW": mw}, {"WIDE": wide}) for p, mw, wide in SIZES]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=[f"P{p} MW{mw} WIDE{wide}" for p, mw, wide in SIZES])
def test_crc(block, tmp_path):
    run_block(block, __name__, tmp_path)


def bytes_of(membranes, spikes, bits):
    return b"".join(struct.pack("<iB", signed(v, bits), s) for v, s in zip(membranes, spikes, strict=True))


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def equals_zlib(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    lane_count, bits = p["P"], p["MW"]
    idle = {"word": 0, "lane": 0, "lane_next": 0, "counts": 0, "restart": 0}
    steady = {"quads": 1, "v": 0, "spikes": 0, "lane_v": 0, "lane_spike": 0, "synops": 0, "spike_count": 0}
    await pins.reset(**idle, **steady)
    kinds = ["lanes", "counts"] + ["words"] * 2 * parameters()["WIDE"]
    part_bits = 8 if parameters()["WIDE"] else 2

    def draw(count):
        values = [
            rng.choice([rng.randrange(1 << bits), 1 << bits - 1, (1 << bits) - 1, 0]) for _ in range(count)
        ]
        return values, [rng.randrange(2) for _ in range(count)]

    async def words():
        """Back to back; lanes that do not exist hold anything."""
        data = b""
        for _ in range(rng.randrange(1, 5)):
            quads = rng.randrange(1, p["B"] + 1)
            membranes, spikes = draw(lane_count)
            await pins.clock(word=1, quads=quads, v=pack(membranes, bits), spikes=pack(spikes, 1))
            data += bytes_of(membranes[: quads * p["G"]], spikes[: quads * p["G"]], bits)
            if not rng.randrange(3):
                await pins.clock(word=0, v=0, quads=1)
        pins.set(word=0)
        return data

    async def neurons():
        membranes, spikes = draw(rng.randrange(1, 5))
        for membrane, spike in zip(membranes, spikes, strict=True):
            pins.set(lane=1, lane_v=membrane, lane_spike=spike)
            taken, clocks = False, 0
            while not taken:  # the last of its parts waits for who else takes the neuron
                await pins.settle()
                due = pins.get("lane_ends")
                taken = bool(due) and rng.random() < 0.6
                pins.set(lane_next=taken)
                await pins.settle()
                await pins.tick()
                clocks += 1
                assert due == (clocks >= 40 // part_bits)
        pins.set(lane=0, lane_next=0)
        return bytes_of(membranes, spikes, bits)

    async def counts():
        synops, spikes = rng.randrange(1 << 32), rng.choice([0, rng.randrange(1 << 32)])
        await pins.clock(counts=1, synops=synops, spike_count=spikes)
        pins.set(counts=0)
        for _ in range(64 // part_bits):
            assert pins.get("busy")
            await pins.clock()
        assert not pins.get("busy")
        return struct.pack("<II", synops, spikes)

    for step in range(30):
        data = b""
        for _ in range(rng.randrange(5)):
            data += await {"words": words, "lanes": neurons, "counts": counts}[rng.choice(kinds)]()
            if pins.get("busy") or not rng.randrange(3):  # as a sweep begins: nothing else is under way
                await pins.clock()
        while pins.get("busy"):
            await pins.clock()
        assert pins.get("value") == zlib.crc32(data)
        if step % 7 == 6:  # given up, in the middle of a neuron as well
            await pins.clock(lane=1, lane_v=5, lane_spike=1)
            await pins.reset(lane=0)
        else:
            await pins.clock(restart=1)
            pins.set(restart=0)
