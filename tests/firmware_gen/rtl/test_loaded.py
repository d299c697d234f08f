"""A core whose tables are written anew: pairs of random models in one core, each as the runtime has it."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import re
from functools import partial

import cocotb

from tests.firmware_gen.rtl.blocks import Block, Pins, data, run_block

LONGEST = 2_000_000  # ns


def pair(seed, lanes):
    """A core with the tables of one model and room for another; of each model what is written, and a recording."""
    import numpy as np

    from firmware_gen.fpga.runs import step_beats
    from firmware_gen.rtl_gen.loading.fit import fitted
    from firmware_gen.rtl_gen.loading.sizes import make_sizes
    from firmware_gen.rtl_gen.plan import RtlPlan
    from tests.firmware_gen.fpga.cores import make_inputs
    from tests.strategies import binned, random_model

    rng = np.random.default_rng(seed)
    models = [random_model(rng), random_model(rng)]
    sizes = make_sizes(models, lanes, spare_words=10)
    plan = RtlPlan(models[0], lanes, sizes.localparams)
    constants = {name: int(value) for name, value in re.findall(r"localparam (\w+) = (\d+);", plan.vh())}
    told = []
    for model in models:
        recordings = binned(model, make_inputs(model, seed, 1, 60)[-1:])
        told.append(
            {
                "parts": written(fitted(model, sizes)),
                "steps": [beats.tolist() for beats in step_beats(recordings, 0)],
                "answer": answer(model, recordings),
            }
        )
    tables = {image.name: image.words for image in plan.images}
    return Block("sast_core", constants, {"CRC_WIDE": seed % 2}, tables, told)


def written(plan):
    """{write, memory, piece, address, data} of each word of 32 bits, and the constants."""
    from firmware_gen.rtl_gen.loading.stream import MODEL, core_parts

    words, constants = [], 0
    for part in core_parts(plan):
        for i, value in enumerate(part.pieces):
            address, piece = part.address + i // part.pieces_a_word, i % part.pieces_a_word
            words.append(1 << 66 | part.memory << 62 | piece << 56 | address << 32 | value)
            if part.memory == MODEL:
                constants |= value << 32 * i
    return words, constants


def answer(model, recordings):
    """CRCs of the steps, and the beats of the results."""
    import numpy as np

    from edge_sast.runtime.simulator import Simulator

    trace = Simulator(model).trace(recordings, 0)
    sums = np.stack([trace.synops.sum(axis=0), trace.spike_counts.sum(axis=0)], axis=1).astype("<u8")
    words = [*(trace.outputs.astype(np.int64) & 0xFFFFFFFF).tolist(), trace.prediction]
    return trace.crcs.tolist(), [*words, *sums.view("<u4").ravel().tolist()]


CASES = [partial(pair, seed, lanes) for seed, lanes in enumerate([4, 1, 8, 2, 16])]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=lambda block: " ".join(map(str, block.args)))
def test_pairs_of_models(block, tmp_path):
    run_block(block(), __name__, tmp_path)


async def recorded(pins, steps):
    """CRCs and results of a recording, undisturbed."""
    crcs, results, beats, ends = [], [], [], False
    while not pins.get("ready"):
        await pins.clock()
    for step in steps:
        beats += [(beat, i == len(step) - 1) for i, beat in enumerate(step)]
    while len(crcs) < 2 * len(steps) or not ends:
        beat, last = beats[0] if beats else (0, False)
        pins.set(ev_tvalid=bool(beats), ev_tdata=beat, ev_tlast=last)
        await pins.settle()
        if beats and pins.get("ev_tready"):
            beats.pop(0)
        if pins.get("st_tvalid"):
            crcs.append(pins.get("st_tdata"))
        if pins.get("res_tvalid"):
            results.append(pins.get("res_tdata"))
            ends = bool(pins.get("res_tlast"))
        await pins.tick()
    pins.set(ev_tvalid=0)
    return crcs[::2], results


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def one_after_the_other(dut):
    pins = Pins(dut)
    inputs = {"ev_tvalid": 0, "ev_tdata": 0, "ev_tlast": 0, "st_tready": 1, "res_tready": 1}
    await pins.reset(clear=0, observe=1, model=0, fill=0, **inputs)
    for number in (0, 1, 0, 1):
        told = data()[number]
        (words, constants), (crcs, results) = told["parts"], told["answer"]
        if number or pins.get("model"):  # the first time it is in the files
            pins.set(rst=1)
            for word in words:
                await pins.clock(fill=word)
            await pins.clock(fill=0, model=constants)
            pins.set(rst=0)
            await pins.clock()
        for _ in range(2):
            assert await recorded(pins, told["steps"]) == (crcs, results), number
