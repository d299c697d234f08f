"""rtl/sast_readout.v: outputs, the first of the largest, and the sums of a recording, whoever waits for whom."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, run_block, seeded, signed

#        LIF_OUT CLASSES CLB OUTW MW COUNTED LIB STEPS
SIZES = [
    (0, 1, 1, 9, 12, 1, 1, 1),
    (0, 10, 4, 16, 16, 3, 2, 2),
    (1, 2, 1, 3, 9, 1, 1, 3),
    (1, 5, 3, 4, 32, 4, 2, 7),
]
NAMES = ("LIF_OUT", "CLASSES", "CLB", "OUTW", "MW", "COUNTED", "LIB", "STEPS")
CASES = [Block("sast_readout", dict(zip(NAMES, sizes, strict=True))) for sizes in SIZES]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=str)
def test_readout(block, tmp_path):
    run_block(block, __name__, tmp_path)


class Recording:
    def __init__(self, pins, p, rng):
        self.pins, self.p, self.rng = pins, p, rng
        self.got = []
        self.ready = rng.choice([1.0, 0.5, 0.2])
        self.sums = [[rng.randrange(1 << 64) for _ in range(2)] for _ in range(p["COUNTED"])]

    async def clock(self, tells=0, lane=0):
        """Returns whether a lane was taken. What the core does around this block."""
        pins = self.pins
        pins.set(res_tready=self.rng.random() < self.ready, lane=lane, lane_tells=tells, lane_next=0)
        await pins.settle()
        layer = min(pins.get("total_layer"), self.p["COUNTED"] - 1)
        taken = lane and tells and pins.get("lane_ready")
        pins.set(lane_next=taken, total_synops=self.sums[layer][0], total_spikes=self.sums[layer][1])
        await pins.settle()
        if pins.get("res_tvalid") and pins.get("res_tready"):
            self.got.append((pins.get("res_tdata"), pins.get("res_tlast")))
        assert pins.get("forget") == bool(
            self.got and self.got[-1][1] and pins.get("busy") and pins.get("res_tready")
        )
        await pins.tick()
        return taken

    async def step(self, neurons, last):
        """neurons: (membrane, spike) of each class. As the core does, only steps that the answer needs tell lanes."""
        self.pins.set(renew=last)
        await self.clock()
        self.pins.set(begins=1)
        await self.clock()
        self.pins.set(begins=0)
        for membrane, spike in neurons:
            self.pins.set(lane_v=membrane, lane_spike=spike)
            tells = taken = False
            while not taken:
                tells = tells or self.rng.random() < 0.5
                taken = await self.clock(tells, 1)
            if not self.rng.randrange(4):
                await self.clock()

    async def finish(self):
        assert not self.pins.get("busy")
        self.pins.set(finish=1)
        await self.clock()
        self.pins.set(finish=0)
        assert self.pins.get("busy")
        while self.pins.get("busy"):
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
    idle = dict.fromkeys(
        ("begins", "lane", "lane_tells", "lane_next", "lane_v", "lane_spike", "renew", "finish"), 0
    )
    await pins.reset(**idle, total_synops=0, total_spikes=0, res_tready=0)
    for number in range(16):
        recording = Recording(pins, p, rng)
        steps = [draw(rng, p) for _ in range(p["STEPS"])]
        if number % 5 == 4:  # given up after some steps
            for neurons in steps[: -(p["STEPS"] > 1)]:
                if p["LIF_OUT"]:
                    await recording.step(neurons, last=0)
            await pins.reset(**idle)
            continue
        for i, neurons in enumerate(steps):
            last = i == p["STEPS"] - 1
            if last or p["LIF_OUT"]:
                await recording.step(neurons, last)
            assert last or recording.got == []
        await recording.finish()
        columns = list(zip(*steps, strict=True))
        if p["LIF_OUT"]:
            outputs = [sum(spike for _, spike in column) for column in columns]
        else:
            outputs = [signed(column[-1][0], p["OUTW"]) for column in columns]
        want = [*outputs, outputs.index(max(outputs))]
        for synops, spikes in recording.sums:
            want += [synops, synops >> 32, spikes, spikes >> 32]
        assert [data for data, _ in recording.got] == [word & 0xFFFFFFFF for word in want]
        assert [last for _, last in recording.got] == [0] * (len(want) - 1) + [1]
