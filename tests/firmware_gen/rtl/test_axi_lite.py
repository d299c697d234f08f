"""rtl/sast_axi_lite.v: a master with any timing, and the bus of the registers behind it."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, run_block, seeded

CASES = [Block("sast_axi_lite", {})]
VALIDS = ("awvalid", "wvalid", "arvalid")


@pytest.mark.needs("iverilog")
def test_axi_lite(tmp_path):
    run_block(CASES[0], __name__, tmp_path)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def any_timing(dut):
    pins, rng, memory, answer = Pins(dut), seeded(), {}, 0
    await pins.reset(
        **dict.fromkeys((*VALIDS, "awaddr", "wdata", "araddr", "bready", "rready", "bus_ready", "value"), 0)
    )
    offered = dict.fromkeys(VALIDS, False)
    writes, reads, done, told = [], [], 0, 0  # accepted and not answered
    held = {}
    for _ in range(4000):
        for name in VALIDS:
            if not offered[name] and rng.randrange(3) == 0:
                offered[name] = True
                field = {"awvalid": "awaddr", "wvalid": "wdata", "arvalid": "araddr"}[name]
                pins.set(**{field: rng.randrange(256) << 2 if field != "wdata" else rng.getrandbits(32)})
        pins.set(
            **offered,
            bready=rng.randrange(3) == 0,
            rready=rng.randrange(3) == 0,
            bus_ready=rng.randrange(4) > 0,
        )
        pins.set(value=answer)
        await pins.settle()
        now = {
            name: pins.get(name)
            for name in ("bvalid", "rvalid", "rdata")
            if name != "rdata" or pins.get("rvalid")
        }
        for name, value in held.items():
            assert now[name] == value, name
        held = {}
        if now["bvalid"] and not pins.get("bready"):
            held["bvalid"] = 1
        if now["rvalid"] and not pins.get("rready"):
            held |= {"rvalid": 1, "rdata": now["rdata"]}
        assert pins.get("awready") == pins.get("wready") == pins.get("write")
        answer = memory.get(pins.get("address"), 0x5A)
        if pins.get("write"):
            assert (offered["awvalid"], offered["wvalid"], pins.get("bus_ready"), writes) == (
                True,
                True,
                1,
                [],
            )
            place, word = int(dut.awaddr.value) >> 2, int(dut.wdata.value)
            assert (pins.get("address"), pins.get("data")) == (place, word)
            memory[place] = word
            writes.append(place)
            offered["awvalid"] = offered["wvalid"] = False
        if pins.get("arready") and offered["arvalid"]:
            assert not reads
            reads.append(memory.get(int(dut.araddr.value) >> 2, 0x5A))
            offered["arvalid"] = False
        if now["bvalid"] and pins.get("bready"):
            assert pins.get("bresp") == 0
            writes.pop()
            done += 1
        if now["rvalid"] and pins.get("rready"):
            assert (now["rdata"], pins.get("rresp")) == (reads.pop(), 0)
            told += 1
        await pins.tick()
    assert done > 300
    assert told > 300
    for _ in range(3):
        pins.set(**dict.fromkeys(VALIDS, 1), bus_ready=1)
        await pins.clock(rst=1)
        assert [pins.get(name) for name in ("bvalid", "rvalid", "write", "awready", "arready")] == [0] * 5
