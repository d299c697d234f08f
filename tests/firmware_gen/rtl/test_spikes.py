"""rtl/sast_spikes.v: spikes in order, none lost or invented, also with all its memory full and after a rewind."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, run_block, seeded
from tests.firmware_gen.rtl.faults import Fault

CASES = [
    Block("sast_spikes", {"YB": 1, "RPB": 1, "P": 1, "FIFO_AW": 1}),
    Block("sast_spikes", {"YB": 5, "RPB": 3, "P": 8, "FIFO_AW": 3}),
    Block("sast_spikes", {"YB": 2, "RPB": 7, "P": 16, "FIFO_AW": 5}),
]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["1", "8", "16"])
def test_spikes(block, tmp_path):
    run_block(block, __name__, tmp_path)


@pytest.mark.needs("iverilog")
def test_no_word_is_used_that_was_read_as_it_was_written(tmp_path):
    """What no_rw_check says of the memory: such a word may be anything. In the core it is the old one."""
    unknown = "word <= put && wr[FIFO_AW-1:0] == rd[FIFO_AW-1:0] ? {W{1'bx}} : words[rd[FIFO_AW-1:0]];"
    rtl = Fault("spikes", "word <= words[rd[FIFO_AW-1:0]];", unknown, "unknown bits").copy(
        tmp_path / "sources"
    )
    run_block(CASES[0], __name__, tmp_path / "run", rtl)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def in_order(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    room = 1 << p["FIFO_AW"]
    for sweep in range(24):
        await pins.reset(put=0, word_take=0, rewind=0, put_row=0, put_k=0, put_lanes=0)
        words = rng.choice([room, rng.randrange(room + 1)])
        putting, taking = rng.choice([0.2, 0.7, 1.0]), rng.choice([0.1, 0.6, 1.0])
        sent, taken, rewinds, waiting = [], 0, sweep % 3, False
        while len(sent) < words or taken < len(sent) or rewinds:
            valid = pins.get("word_valid")
            assert valid >= waiting, "a word in the memory is not shown a clock later"
            assert pins.get("more") == (taken < len(sent))
            if valid:
                shown = tuple(pins.get(f"word_{name}") for name in ("row", "k", "lanes"))
                assert taken < len(sent)
                assert shown == sent[taken]
            put = len(sent) < words and rng.random() < putting
            word = (rng.randrange(1 << p["YB"]), rng.randrange(1 << p["RPB"]), rng.randrange(1 << p["P"]))
            take = bool(valid) and rng.random() < taking
            rewind = len(sent) == words and taken == words and rewinds > 0  # as the dispatcher does
            pins.set(
                put=put, put_row=word[0], put_k=word[1], put_lanes=word[2], word_take=take, rewind=rewind
            )
            taken = 0 if rewind else taken + take
            waiting = taken < len(sent) and not rewind
            rewinds -= rewind
            sent += [word] * put
            await pins.clock()
        assert not pins.get("word_valid")


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def rewound_in_the_middle(dut):
    """Also with a word shown that nobody took."""
    p, rng, pins = constants(), seeded(), Pins(dut)
    await pins.reset(put=0, word_take=0, rewind=0, put_row=0, put_k=0, put_lanes=0)
    words = [rng.randrange(1, 1 << p["P"]) for _ in range(1 << p["FIFO_AW"])]
    for word in words:
        await pins.clock(put=1, put_lanes=word)
    pins.set(put=0)
    for stop in (0, 1, len(words) // 2, len(words)):
        await pins.clock(rewind=1, word_take=0)
        assert not pins.get("word_valid")
        await pins.clock(rewind=0)
        got = []
        for _ in range(stop):
            pins.set(word_take=1)
            await pins.settle()
            assert pins.get("word_valid")
            got.append(pins.get("word_lanes"))
            await pins.tick()
        assert got == words[:stop]
