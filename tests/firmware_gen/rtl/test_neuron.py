"""rtl/sast_neuron.v against the formulas of docs/arithmetic.md, at every edge of saturation, threshold and leak."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, name_of, run_block, seeded, signed

NAMES = ("MW", "TB", "SMIN", "SUBTRACT", "LEAKS", "LEAK_ONE", "MLOW", "SLAST", "LIF_OUT", "AMB")
SIZES = [
    (9, 7, 8, 0, 0, 0, 9, 8, 1, 0),
    (16, 9, 10, 1, 1, 3, 16, 10, 0, 0),
    (16, 15, 16, 1, 1, 0, 16, 16, 0, 0),
    (32, 23, 8, 1, 2, 0, 32, 9, 1, 0),
    (20, 8, 14, 0, 1, 3, 16, 19, 0, 0),
    (12, 6, 6, 1, 0, 0, 9, 7, 1, 0),
    (16, 9, 10, 1, 2, 0, 16, 10, 0, 15),
    (32, 5, 8, 1, 1, 3, 32, 9, 1, 7),
]
CASES = [Block("sast_neuron", dict(zip(NAMES, sizes, strict=True))) for sizes in SIZES]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=name_of)
def test_neuron(block, tmp_path):
    run_block(block, __name__, tmp_path)


def draw_layer(rng, p):
    """State bits, reset, leaks and kind of a layer that these constants may hold."""
    shifts = [] if p["LEAKS"] == 0 else [rng.randrange(1, 16) for _ in range(rng.randrange(p["LEAKS"] + 1))]
    if p["LEAK_ONE"]:
        shifts = [p["LEAK_ONE"]] * len(shifts)
    # the last layer alone has sums of more bits than MLOW
    wide = p["MLOW"] < p["MW"] and rng.random() < 0.5
    bits = rng.choice([p["SMIN"], rng.randrange(p["SMIN"], p["MLOW"] + 1), p["MLOW"]])
    return {
        "sums": p["MW"] if wide else p["MLOW"],
        "bits": p["SLAST"] if wide else bits,
        "lif": p["LIF_OUT"] if wide else int(rng.random() < 0.8),
        "subtract": rng.randrange(p["SUBTRACT"] + 1),
        "shifts": shifts,
    }


def step(layer, total, exists, threshold, taken):
    """(membrane after reset, spike)"""
    high = (1 << layer["bits"] - 1) - 1
    u = max(-high - 1, min(high, total))
    if not (layer["lif"] and exists and u >= threshold):
        return u, 0
    return (u - taken if layer["subtract"] else 0), 1


def sums(rng, wide, bits, threshold):
    """One of `wide` bits."""
    limit = 1 << bits - 1
    near = [limit, -limit, threshold, 0, 1 << wide - 1, -(1 << wide - 1)]
    value = rng.choice(near) + rng.randrange(-2, 3) if rng.randrange(3) else rng.getrandbits(wide)
    return signed(value, wide)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def exact(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    wide = p["MW"]
    pins.set(clk=0)
    await pins.settle()
    for _ in range(60):
        layer = draw_layer(rng, p)
        smask = sum(1 << i for i in range(wide - p["SMIN"] + 1) if p["SMIN"] - 1 + i >= layer["bits"] - 1)
        k1, k2 = [*layer["shifts"], 0, 0][:2]
        pins.set(lif=layer["lif"], subtract=layer["subtract"], smask=smask, k1=k1, k2=k2)
        for turn in range(12):
            threshold = rng.randrange(1, 1 << min(p["TB"], layer["bits"] - 1)) if layer["lif"] else 0
            most = 1 << min(p["AMB"], layer["bits"] - 1)
            taken = rng.choice([1, most - 1, rng.randrange(1, most)]) if p["AMB"] else threshold
            total, exists = sums(rng, layer["sums"], layer["bits"], threshold), int(rng.random() < 0.9)
            en = turn == 0 or rng.random() < 0.7
            pins.set(
                u_in=total & (1 << wide) - 1,
                exists=exists,
                rest=-threshold & (1 << p["TB"]) - 1,
                amount=taken if p["AMB"] else 0,
                en=en,
            )
            await pins.clock()
            if en:
                v, spike = step(layer, total, exists, threshold, taken)
            leaked = v - sum(v >> shift for shift in layer["shifts"])
            assert signed(pins.get("x"), wide) == signed(leaked, wide)
            assert (signed(pins.get("v"), wide), pins.get("spike")) == (v, spike)
