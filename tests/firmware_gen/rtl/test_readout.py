"""rtl/sast_readout.v: outputs, the first of the largest, its lead, the sums of a recording, whoever waits for whom."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, name_of, run_block, seeded, signed

#        LIF_OUT CLASSES CLB OUTW MW COUNTED LIB STEPS SYNTW SPKTW MARGIN
SIZES = [
    (0, 1, 1, 9, 12, 1, 1, 1, 5, 3, 0),
    (0, 10, 4, 16, 16, 3, 2, 2, 20, 32, 0),
    (1, 2, 1, 3, 9, 1, 1, 3, 33, 10, 0),
    (1, 5, 3, 4, 32, 4, 2, 7, 64, 60, 0),
    (0, 4, 2, 3, 6, 2, 1, 9, 20, 16, 3),
    (0, 2, 1, 32, 32, 1, 1, 9, 33, 10, (1 << 31) - 1),
    (0, 10, 4, 16, 16, 1, 1, 5, 20, 16, 20_000),
    (0, 3, 2, 5, 6, 1, 1, 4, 20, 16, 32),
    (1, 3, 2, 5, 9, 2, 1, 9, 20, 32, 2),
    (1, 2, 1, 4, 4, 1, 1, 6, 20, 32, 1),
]
NAMES = ("LIF_OUT", "CLASSES", "CLB", "OUTW", "MW", "COUNTED", "LIB", "STEPS", "SYNTW", "SPKTW", "MARGIN")
CASES = [Block("sast_readout", dict(zip(NAMES, sizes, strict=True))) for sizes in SIZES]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=name_of)
def test_readout(block, tmp_path):
    run_block(block, __name__, tmp_path)


class Recording:
    """What the core does around this block, and the beats that come of it. got: of all recordings."""

    def __init__(self, pins, p, rng, got):
        self.pins, self.p, self.rng, self.got = pins, p, rng, got
        self.ready = rng.choice([1.0, 0.5, 0.2])
        self.sums = [
            [rng.randrange(1 << p[name]) for name in ("SYNTW", "SPKTW")] for _ in range(p["COUNTED"])
        ]
        most = max(p["SYNTW"], p["SPKTW"])
        self.half = 16 if most <= 32 else (most + 1) // 2
        self.forgotten = 0
        self.outputs = [0] * p["CLASSES"]  # so far
        self.held = None  # a beat that nobody took

    async def clock(self, lane=0, due=0):
        """due: nothing but this block keeps the lane. Returns whether it was taken."""
        pins = self.pins
        pins.set(res_tready=self.rng.random() < self.ready, lane=lane, lane_next=0)
        await pins.settle()
        layer, part = min(pins.get("total_layer"), self.p["COUNTED"] - 1), pins.get("total_part")
        total = self.sums[layer][part >> 1] >> self.half * (part & 1)
        taken = lane and due and pins.get("lane_ready")
        pins.set(lane_next=taken)
        await pins.settle()
        beat = (pins.get("res_tdata"), pins.get("res_tlast")) if pins.get("res_tvalid") else None
        assert self.held in (None, beat)
        self.held = beat
        if beat and pins.get("res_tready"):
            self.got.append(beat)
            self.held = None
        self.forgotten += pins.get("forget")
        await pins.tick()
        pins.set(total_half=total & (1 << self.half) - 1)  # a clock after its place
        return taken

    async def step(self, neurons, last):
        """neurons: (membrane, spike) of each class. As the core does, only steps that the answer needs tell lanes.

        Returns whether the largest output leads by the margin.
        """
        if self.p["LIF_OUT"]:
            self.outputs = [sum(pair) for pair in zip(self.outputs, [n[1] for n in neurons], strict=True)]
        else:
            self.outputs = [signed(membrane, self.p["OUTW"]) for membrane, _ in neurons]
        self.pins.set(answers=last)
        await self.clock()
        self.pins.set(begins=1)
        await self.clock()
        self.pins.set(begins=0)
        for membrane, spike in neurons:
            self.pins.set(lane_v=membrane, lane_spike=spike)
            due = taken = False
            while not taken:
                due = due or self.rng.random() < 0.5
                taken = await self.clock(1, due)
            if not self.rng.randrange(4):
                await self.clock()
        if not self.p["MARGIN"]:
            return False
        for _ in range(2):  # as long as the core takes to end the step, at least
            await self.clock()
        ordered = sorted(self.outputs)
        leads = ordered[-1] - ordered[-2] >= self.p["MARGIN"]
        assert self.pins.get("leads") == leads
        return leads

    async def finish(self):
        assert (self.pins.get("busy"), self.forgotten) == (0, 0)
        self.pins.set(finish=1)
        await self.clock()
        self.pins.set(finish=0)
        while self.pins.get("busy"):
            assert not self.forgotten
            await self.clock()
        assert self.forgotten == 1

    async def drain(self):
        self.ready = 1.0
        await self.clock()
        await self.clock()


def draw(rng, p):
    """Few values, so that the largest is often there twice."""
    limit = 1 << p["OUTW"] - 1
    few = [rng.randrange(-limit, limit) for _ in range(2)] + [-limit, limit - 1]
    return [
        (rng.choice(few[: rng.choice([2, 4])]) & (1 << p["MW"]) - 1, rng.randrange(2))
        for _ in range(p["CLASSES"])
    ]


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def answers(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    idle = dict.fromkeys(("begins", "lane", "lane_next", "lane_v", "lane_spike", "answers", "finish"), 0)
    await pins.reset(**idle, total_half=0, res_tready=0)
    got, want, ended = [], [], 0
    for number in range(16):
        recording = Recording(pins, p, rng, got)
        steps = [draw(rng, p) for _ in range(p["STEPS"])]
        if number % 5 == 4:  # given up after some steps
            await recording.drain()
            for neurons in steps[: -(p["STEPS"] > 1)]:
                if p["LIF_OUT"] or p["MARGIN"]:
                    await recording.step(neurons, last=0)
            await pins.reset(**idle)
            continue
        for i, neurons in enumerate(steps):
            last = i == p["STEPS"] - 1
            if (last or p["LIF_OUT"] or p["MARGIN"]) and await recording.step(neurons, last):
                ended += not last
                break
        await recording.finish()
        outputs = recording.outputs
        words = [*outputs, outputs.index(max(outputs))]
        for synops, spikes in recording.sums:
            words += [synops, synops >> 32, spikes, spikes >> 32]
        want += [(word & 0xFFFFFFFF, 0) for word in words[:-1]] + [(words[-1] & 0xFFFFFFFF, 1)]
        assert got == want[: len(got)]
        assert len(got) >= len(want) - 1
    await Recording(pins, p, rng, got).drain()
    assert got == want
    if p["MARGIN"]:  # unless no two outputs are so far apart
        assert (ended > 0) == (p["MARGIN"] < 1 << p["OUTW"])
