"""rtl/sast_core.v with inputs that the benches of whole recordings hold still: `observe`, in the middle of a step."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import re
from functools import partial

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, data, run_block


def core(lanes, wide):
    """A core, and of a recording the beats and the CRC of each step."""
    import numpy as np

    from edge_sast.runtime.simulator import Simulator
    from firmware_gen.fpga.runs import step_beats
    from firmware_gen.rtl_gen.plan import RtlPlan
    from tests.firmware_gen.builds import small_model
    from tests.strategies import binned

    model = small_model()
    plan = RtlPlan(model, lanes)
    constants = {name: int(value) for name, value in re.findall(r"localparam (\w+) = (\d+);", plan.vh())}
    recordings = binned(model, [np.ones((3, 4, 4, 2), np.uint8)])
    steps = [beats.tolist() for beats in step_beats(recordings, 0)]
    crcs = Simulator(model).trace(recordings, 0).crcs.tolist()
    tables = {image.name: image.words for image in plan.images}
    return Block("sast_core", constants, {"CRC_WIDE": wide}, tables, list(zip(steps, crcs, strict=True)))


CASES = [partial(core, 2, wide) for wide in (1, 0)]  # the simulator, which reads this file too, makes none


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["by the word", "by the byte"])
def test_core(block, tmp_path):
    run_block(block(), __name__, tmp_path)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def observed_or_not(dut):
    """What `observe` is when all events are there decides on the whole step."""
    pins = Pins(dut)
    await pins.reset(clear=0, observe=0, ev_tvalid=0, ev_tdata=0, ev_tlast=0, st_tready=1, res_tready=1)
    while not pins.get("ready"):
        await pins.clock()
    for recording in range(3):
        for number, (beats, crc) in enumerate(data()):
            observe = (recording + number) % 2
            got, beats, seen = [], list(beats), False
            while len(got) < 2:  # the CRC, and cycles
                waits = recording == 2 and not seen and beats and len(beats) % 2
                pins.set(observe=(not observe) if seen or waits else observe, ev_tvalid=bool(beats))
                pins.set(ev_tdata=beats[0] if beats else 0, ev_tlast=len(beats) == 1)
                await pins.settle()
                if beats and pins.get("ev_tready"):
                    beats.pop(0)
                seen = seen or pins.get("obs_valid")
                if pins.get("st_tvalid"):
                    got.append(pins.get("st_tdata"))
                await pins.tick()
            assert got[0] == (crc if observe else 0)
            assert got[1] > 0
