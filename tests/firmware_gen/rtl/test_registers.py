"""rtl/sast_registers.v: what the core did, as a bus reads it; clear and observe; and a model by the bus alone."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import zlib

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, data, run_block, seeded
from tests.firmware_gen.rtl.test_loader import sizes

SIZES = [i * 0x01234567 % (1 << 32) for i in range(64)]
CASES = [
    Block("sast_registers", sizes(2, 3, REGISTERS=0, LOADABLE=0)),
    Block("sast_registers", sizes(2, 3, REGISTERS=1, LOADABLE=0)),
    Block("sast_registers", sizes(2, 3, REGISTERS=1, LOADABLE=1), {}, {"sizes": SIZES}, SIZES),
]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["none", "registers", "loads"])
def test_registers(block, tmp_path):
    run_block(block, __name__, tmp_path)


INPUTS = ("write", "cleared", "ready", "ev_error", "ev_waits", "st_taken", "st_last", "res_taken", "res_last")


async def started(dut):
    pins = Pins(dut)
    await pins.reset(**dict.fromkeys((*INPUTS, "address", "data", "st_data", "res_data"), 0))
    return pins


async def read(pins, address):
    pins.set(address=address)
    await pins.clock()
    return pins.get("value")


async def write(pins, address, value):
    while not pins.get("bus_ready"):
        await pins.clock()
    await pins.clock(address=address, data=value, write=1)
    pins.set(write=0)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def what_the_core_did(dut):
    pins, rng, there = await started(dut), seeded(), constants()["REGISTERS"]
    steps = cycles = stalls = crc = ticks = 0
    answer, whole, last_is_due = [], [], 0
    for clock in range(1400):
        often = 4 if clock < 500 else 90  # answers longer than what is kept, later
        waits, step, beat, cleared = (rng.randrange(n) == 0 for n in (2, 3, 2, 60 if clock < 500 else 600))
        st_data, res_data, ends = rng.getrandbits(32), rng.getrandbits(32), rng.randrange(often) == 0
        pins.set(cleared=cleared, ev_waits=waits, st_taken=step, st_last=last_is_due, st_data=st_data)
        pins.set(res_taken=beat, res_last=ends, res_data=res_data)
        await pins.clock()
        stalls += waits
        if step:
            if last_is_due:
                steps, cycles, ticks = steps + 1, cycles + st_data & 0xFFFFFFFF, st_data
            else:
                crc = st_data
            last_is_due ^= 1
        if beat:
            answer.append(res_data)
            if ends:
                whole, answer = answer, []
        if cleared:
            steps = cycles = stalls = 0
            answer, whole = [], []
        if rng.randrange(8) == 0:
            ready, error = rng.randrange(2), rng.randrange(2)
            pins.set(cleared=0, ev_waits=0, st_taken=0, res_taken=0, ready=ready, ev_error=error)
            values = [await read(pins, address) for address in range(10)]
            kind = 1 + 256 * constants()["LOADABLE"]
            want = [0x54534153, kind, 0, 4 | error << 1 | ready, 1, steps, crc, ticks, cycles, stalls]
            assert values == (want if there else [0] * 10)
            if not answer:
                for i, value in enumerate(whole[:64]):
                    assert await read(pins, 0x80 + i) == (value if there else 0)
            assert await read(pins, 0x20) == 0
            assert await read(pins, 0x50) == 0


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def what_it_is_told(dut):
    pins, there = await started(dut), constants()["REGISTERS"]
    for value in (2, 3, 1, 0, 2):
        await write(pins, 2, value)
        assert (pins.get("observe"), pins.get("clear")) == ((value >> 1, value & 1) if there else (0, 0))
        await pins.clock()
        assert pins.get("clear") == 0
        assert await read(pins, 2) == (value & 2 if there else 0)
        await write(pins, 3, 3)
        assert (pins.get("observe"), pins.get("clear")) == ((value >> 1) * there, 0)
    await pins.clock(rst=1, address=2, data=3, write=1)
    assert (pins.get("observe"), pins.get("clear")) == (0, 0)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def a_model_by_the_bus(dut):
    pins, loads = await started(dut), constants()["LOADABLE"]
    assert [await read(pins, 0xC0 + i) for i in range(64)] == (data() if loads else [0] * 64)
    await write(pins, 0x3C, 5)
    assert pins.get("no_model") == loads
    crc = 0
    for frame, (place, words) in enumerate([(2 << 24 | 9, [7, 8]), (15 << 24, [11, 12, 1 << 31])]):
        for _ in range(2):  # the second time it counts no more
            await write(pins, 0x3E, frame)
            await write(pins, 0x3F, place)
            for i, word in enumerate(words):
                await write(pins, 0x40 + 21 * i, word)
                assert pins.get("fill") >> 66 == (loads and not _)
        for word in (place, *words):
            crc = zlib.crc32(word.to_bytes(4, "little"), crc)
    while not pins.get("bus_ready"):
        await pins.clock()
    assert await read(pins, 0x3D) == (crc if loads else 0)
    assert await read(pins, 0x3E) == (2 if loads else 0)
    assert await read(pins, 0x3F) == (15 << 24 | 3 if loads else 0)
    assert await read(pins, 4) == (0 if loads else constants()["REGISTERS"])
    await write(pins, 0x3D, crc ^ 1)
    assert pins.get("no_model") == loads
    await pins.reset()
    assert pins.get("no_model") == loads
    await write(pins, 0x3D, crc)
    assert pins.get("no_model") == 0
    assert pins.get("model") == ((1 << 95 | 12 << 32 | 11) if loads else 0)
