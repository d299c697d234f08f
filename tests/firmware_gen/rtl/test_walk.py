"""rtl/sast_walk.v: the lanes of a word that exist, each once, in order, for as long as each takes."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, lanes, pack, run_block, seeded

CASES = [Block("sast_walk", {**lanes(p), "MW": mw}) for p, mw in ((1, 9), (2, 32), (8, 17), (16, 12))]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["1", "2", "8", "16"])
def test_walk(block, tmp_path):
    run_block(block, __name__, tmp_path)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def each_lane_once(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    await pins.reset(word=0, next=0, lanes=0, v=0, spikes=0)
    for number in range(60):
        exist = rng.choice([(1 << p["P"]) - 1, 1, 1 << p["P"] - 1, rng.randrange(1 << p["P"])])
        spikes = rng.randrange(1 << p["P"])
        membranes = [rng.randrange(1 << p["MW"]) for _ in range(p["P"])]
        await pins.clock(word=1, lanes=exist, v=pack(membranes, p["MW"]), spikes=spikes, next=0)
        pins.set(word=0)
        assert pins.get("busy")
        if number % 10 == 9:
            await pins.reset(next=0)
            assert not pins.get("busy")
            continue
        quick = rng.choice([1.0, 0.5])
        for lane in range(
            max(exist.bit_length(), 1)
        ):  # a clock for each, but none behind the last that exists
            taken = False
            while not taken:
                there = exist >> lane & 1
                taken = not there or rng.random() < quick
                pins.set(next=there and taken)
                await pins.settle()
                assert (pins.get("busy"), pins.get("there")) == (1, there)
                if there:
                    assert (pins.get("lane_v"), pins.get("lane_spike")) == (
                        membranes[lane],
                        spikes >> lane & 1,
                    )
                await pins.tick()
        assert not pins.get("busy")
        await pins.clock(next=0)
        assert not pins.get("there")
