"""rtl/sast_core.v with inputs that the benches of whole recordings hold still: `observe`, in the middle of a step."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import re
from functools import partial

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, data, run_block, seeded


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
    spikes = spike_beats(plan, recordings, 0)
    parameters = {"CRC_WIDE": wide, "SPIKE_STREAM": 1}
    return Block("sast_core", constants, parameters, tables, list(zip(steps, crcs, spikes, strict=True)))


def spike_beats(plan, recordings, i):
    """What spk_ tells of each step of recording i: [tdata, lanes, last], of counted layers in order, word by word."""
    from dataclasses import replace

    from edge_sast.runtime.simulator import Simulator
    from firmware_gen.rtl_gen.predict.activity import recorded

    model = replace(plan.model, binning=recordings.binning)
    fired = recorded(plan, recordings, i, Simulator(model).trace(recordings, i)).spikes
    steps = []
    for words in fired.tolist():
        beats = []
        for layer in plan.engine.layers:
            for at in range(layer.words if layer.counted is not None else 0):
                last = layer is plan.engine.layers[-1] and at == layer.words - 1
                if words[layer.base + at] or last:
                    row, k = divmod(at, layer.row_words)
                    beats.append([layer.counted << 24 | row << 12 | k, words[layer.base + at], int(last)])
        steps.append(beats)
    return steps


CASES = [
    partial(core, lanes, wide) for lanes, wide in ((2, 1), (2, 0), (8, 1))
]  # made where the tests run alone


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["by the word", "by two bits", "8 lanes"])
def test_core(block, tmp_path):
    run_block(block(), __name__, tmp_path)


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def observed_or_not(dut):
    """What `observe` is when all events are there decides on the whole step."""
    pins = Pins(dut)
    idle = {"clear": 0, "observe": 0, "ev_tvalid": 0, "ev_tdata": 0, "ev_tlast": 0, "spk_tready": 1}
    await pins.reset(**idle, st_tready=1, res_tready=1)
    while not pins.get("ready"):
        await pins.clock()
    answers, clocks = [[]], 0

    async def take_answer():
        """Slowly, but for the first: the next recording's events are there before all of it is taken."""
        nonlocal clocks
        clocks += 1
        pins.set(res_tready=len(answers) == 1 or clocks % 64 == 0)
        await pins.settle()
        if pins.get("res_tvalid") and pins.get("res_tready"):
            answers[-1].append(pins.get("res_tdata"))
            if pins.get("res_tlast"):
                answers.append([])

    for recording in range(3):
        for number, (beats, crc, _) in enumerate(data()):
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
                await take_answer()
                await pins.tick()
            assert got[0] == (crc if observe else 0)
            assert got[1] > 0
    while len(answers) < 4:
        await pins.settle()
        await take_answer()
        await pins.tick()
    assert answers[0] == answers[1] == answers[2]


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def spikes_leave(dut):
    """Whatever their receiver does, each word with a spike once, in order, and the end of each step."""
    pins, rng = Pins(dut), seeded()
    idle = {"clear": 0, "observe": 1, "ev_tvalid": 0, "ev_tdata": 0, "ev_tlast": 0, "spk_tready": 0}
    await pins.reset(**idle, st_tready=1, res_tready=1)
    for recording in range(4):
        patience = (1.0, 0.5, 0.1, 0.02)[recording]
        beats = [(beat, i == len(events) - 1) for events, _, _ in data() for i, beat in enumerate(events)]
        want = [beat for _, _, spikes in data() for beat in spikes]
        got, crcs, held, ended = [], [], None, False
        while not ended or len(got) < len(want):
            pins.set(ev_tvalid=bool(beats), spk_tready=rng.random() < patience)
            if beats:
                pins.set(ev_tdata=beats[0][0], ev_tlast=beats[0][1])
            await pins.settle()
            if beats and pins.get("ev_tready"):
                beats.pop(0)
            if pins.get("st_tvalid") and not pins.get("st_tlast"):
                crcs.append(pins.get("st_tdata"))
            ended |= bool(pins.get("res_tvalid") and pins.get("res_tlast"))
            shown = None
            if pins.get("spk_tvalid"):
                shown = [pins.get(f"spk_{name}") for name in ("tdata", "lanes", "tlast")]
            assert held in (None, shown)
            held = shown
            if shown and pins.get("spk_tready"):
                got.append(shown)
                held = None
            await pins.tick()
        assert got == want
        assert crcs == [crc for _, crc, _ in data()]
