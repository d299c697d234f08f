"""rtl/sast_core.v with recordings back to back: nobody waits for an answer before the next events come."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import re
from functools import partial

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, data, run_block, seeded
from tests.firmware_gen.rtl.test_core import spike_beats

ORDER = (0, 1, 2, 1)  # of the recordings
#        seed of the model, lanes, CRC_WIDE, PACED; running state instead of early ends
EARLY = [(75, 1, 0, 0), (8, 2, 1, 1), (140, 4, 1, 0), (9, 16, 0, 0)]
RUNNING = [(16, 4, 1, 1)]
ROUNDS = 2
PATIENCE = 2000  # clocks without a beat: these models are small


def early_core(seed, lanes, wide, paced):
    """A core of a model that ends some of its recordings early."""
    import numpy as np

    from tests.early import random_early_model

    model, dense = random_early_model(np.random.default_rng([seed, 3]))
    return core(model, [dense[i] for i in ORDER], lanes, wide, paced)


def crowded_core(lanes, wide, paced):
    """One bank is full, and the other has its share of a run already, while the recording ends."""
    import numpy as np

    from edge_sast.events.binning import Binning
    from edge_sast.model.layers import Flatten, Integrator, Lif, Linear
    from edge_sast.model.model import Model

    rng, hidden = np.random.default_rng(1), 12
    spiking = Lif([24] * hidden, [0] * hidden, [0] * hidden, (), "zero", 12)
    layers = (
        Flatten(),
        Linear(rng.integers(-4, 5, (16, hidden)), 4, spiking),
        Linear(rng.integers(-4, 5, (hidden, 2)), 4, Integrator([0, 0], [0, 0], (), 12)),
    )
    model = Model(Binning(8, 1, 0, 1000, 4, 3), layers, ("a", "b"), early_margin=4)
    return core(model, list(rng.integers(1, 4, (5, 4, 1, 8, 2), np.uint8)), lanes, wide, paced)


def recurrent_core(lanes, wide, paced):
    """Most spikes of the last layer are still on their way to itself while the recording ends."""
    import numpy as np

    from edge_sast.events.binning import Binning
    from edge_sast.model.layers import Flatten, Lif, RecurrentLinear
    from edge_sast.model.model import Model

    classes, both = 12, np.zeros((2, 12), np.int8)
    both[0, :2] = both[1, [0, *range(2, classes)]] = (
        7  # polarity 0: two classes tie; 1: all but one of these spike
    )
    own = np.random.default_rng(1).integers(-1, 2, (classes, classes))
    neuron = Lif([4] * classes, [0] * classes, [0] * classes, (), "zero", 12)
    layers = (Flatten(), RecurrentLinear(both, own, 4, neuron))
    model = Model(Binning(1, 1, 0, 1000, 5, 1), layers, tuple("abcdefghijkl"), early_margin=1)
    dense = np.zeros((6, 5, 1, 1, 2), np.uint8)
    for counts, polarities in zip(dense, ("01 01", "001 1", "01", "     ", "01111", "00 01"), strict=True):
        for step, polarity in zip(counts, polarities, strict=False):
            step[0, 0] = [polarity == "0", polarity == "1"]
    return core(model, list(dense), lanes, wide, paced)


def running_core(seed, lanes, wide, paced):
    """A core in running state, and one stream."""
    import numpy as np

    from edge_sast.model.running import running_model
    from tests.firmware_gen.fpga.cores import make_inputs
    from tests.strategies import random_model

    model = running_model(random_model(np.random.default_rng(seed)), 3)
    dense = make_inputs(model, 1, 1, most=20)
    return core(model, [np.concatenate([dense[i % len(dense)] for i in ORDER])], lanes, wide, paced, True)


def core(model, dense, lanes, wide, paced, running=False):
    """dense: recordings in the order in which they come. All beats, and what must leave by st_, spk_ and res_."""
    from dataclasses import replace

    from edge_sast.runtime.simulator import Simulator
    from firmware_gen.fpga.runs import step_beats
    from firmware_gen.rtl_gen.plan import RtlPlan
    from tests.strategies import binned

    plan = RtlPlan(model, lanes, running=running)
    constants = {name: int(value) for name, value in re.findall(r"localparam (\w+) = (\d+);", plan.vh())}
    model = replace(model, binning=replace(model.binning, steps=len(dense[0])))
    recordings, simulator = binned(model, dense), Simulator(model)
    beats, crcs, spikes, answers = [], [], [], []
    for i in range(len(dense)):
        for step in step_beats(recordings, i):
            beats += [[beat, 0] for beat in step.tolist()]
            beats[-1][1] = 1
        trace = simulator.trace(recordings, i)
        crcs += trace.crcs.tolist()
        spikes += [beat for step in spike_beats(plan, recordings, i) for beat in step]
        for steps in range(1, len(trace.crcs) + 1) if running else [len(trace.crcs)]:
            first = steps - 1 if running else 0
            outputs = trace.membranes[steps - 1, -len(model.classes) :] if running else trace.outputs
            words = [*outputs.tolist(), int(outputs.argmax())]
            for layer in range(len(trace.layers)):
                for counts in (trace.synops, trace.spike_counts):
                    total = int(counts[first:steps, layer].sum())
                    words += [total & 0xFFFFFFFF, total >> 32]
            answers += [[word & 0xFFFFFFFF, int(n == len(words) - 1)] for n, word in enumerate(words)]
    tables = {image.name: image.words for image in plan.images}
    parameters = {"CRC_WIDE": wide, "PACED": paced, "SPIKE_STREAM": 1}
    told = {"beats": beats, "crcs": crcs, "spikes": spikes, "answers": answers}
    return Block("sast_core", constants, parameters, tables, told)


CASES = [
    *(partial(early_core, *case) for case in EARLY),
    partial(crowded_core, 8, 1, 0),
    partial(recurrent_core, 2, 1, 0),
    *(partial(running_core, *case) for case in RUNNING),
]  # made where the tests run alone


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=lambda case: f"{case.func.__name__} {case.args}")
def test_streams(block, tmp_path):
    run_block(block(), __name__, tmp_path)


class Stream:
    """A stream that leaves: a beat that waits stays. got: the beats taken."""

    def __init__(self, pins, name, fields):
        self.pins, self.valid, self.ready = pins, f"{name}_tvalid", f"{name}_tready"
        self.fields = [f"{name}_{field}" for field in fields]
        self.got, self.held = [], None

    def look(self, ready):
        """What the edge that comes will take."""
        shown = None
        if self.pins.get(self.valid):
            shown = [self.pins.get(field) for field in self.fields]
        assert self.held in (None, shown)
        self.held = shown
        if shown and ready:
            self.got.append(shown)
            self.held = None


class Host:
    """All streams of the core, each end with its own patience."""

    def __init__(self, pins, rng, fast):
        """Of st_, res_, spk_ and ev_, in this order."""
        self.pins, self.rng, self.beats = pins, rng, list(data()["beats"])
        self.patience = [1.0] * 4 if fast else [rng.choice((1.0, 0.5, 0.2)) for _ in range(4)]
        if not fast:
            self.patience[2] = 0.1  # spikes still wait when the recording has ended
        self.stands = 4 if fast else rng.randrange(5)  # which stands still now and then; 4: none
        self.still = self.idle = 0  # clocks: for so long, and since a beat was taken
        self.streams = [
            Stream(pins, "st", ("tdata", "tlast")),
            Stream(pins, "res", ("tdata", "tlast")),
            Stream(pins, "spk", ("tdata", "lanes", "tlast")),
        ]

    async def clock(self):
        """One clock. Raises AssertionError where nothing has come or gone for long."""
        rng, pins = self.rng, self.pins
        self.still = self.still - 1 if self.still else rng.randrange(100) * (rng.randrange(100) == 0)
        works = [
            rng.random() < patience and not (self.still and self.stands == i)
            for i, patience in enumerate(self.patience)
        ]
        if not pins.get("ev_tvalid"):
            pins.set(ev_tvalid=bool(self.beats) and works[3])
            if self.beats:
                pins.set(ev_tdata=self.beats[0][0], ev_tlast=self.beats[0][1])
        pins.set(st_tready=works[0], res_tready=works[1], spk_tready=works[2])
        await pins.settle()
        taken = pins.get("ev_tvalid") and pins.get("ev_tready")
        before = sum(len(stream.got) for stream in self.streams)
        for stream, ready in zip(self.streams, works, strict=False):
            stream.look(ready)
        await pins.tick()
        moved = taken or sum(len(stream.got) for stream in self.streams) > before
        self.idle = 0 if moved else self.idle + 1
        assert self.idle < PATIENCE, "the core stands still"
        if taken:
            self.beats.pop(0)
            pins.set(ev_tvalid=0)
            await pins.settle()


@cocotb.test(timeout_time=4 * LONGEST, timeout_unit="ns")
async def all_that_leaves(dut):
    """Receivers are fast, slow, or stand still for long, each by itself; all comes again after a clear at any time."""
    pins, rng, want = Pins(dut), seeded(), data()
    sizes = [2 * len(want["crcs"]), len(want["answers"]), len(want["spikes"])]
    idle = dict.fromkeys(
        ("clear", "ev_tvalid", "ev_tdata", "ev_tlast", "st_tready", "res_tready", "spk_tready"), 0
    )
    await pins.reset(**idle, observe=1)
    clocks = 0
    for round_ in range(ROUNDS):
        host = Host(pins, rng, fast=round_ == 0)
        for _ in range(rng.randrange(clocks) if round_ else 0):
            await host.clock()
        if round_:
            await pins.clock(clear=1, ev_tvalid=0)
            pins.set(clear=0)
            await pins.settle()
            host = Host(pins, rng, fast=False)
        while host.beats or any(len(s.got) < size for s, size in zip(host.streams, sizes, strict=True)):
            await host.clock()
            clocks += round_ == 0
        for _ in range(20):  # and nothing more
            await host.clock()
        steps, answers, spikes = (stream.got for stream in host.streams)
        assert [step[0] for step in steps[::2]] == want["crcs"]
        assert [step[1] for step in steps] == [0, 1] * len(want["crcs"])
        assert answers == want["answers"]
        assert spikes == want["spikes"]
        assert not pins.get("ev_error")
