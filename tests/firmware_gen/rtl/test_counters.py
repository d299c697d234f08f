"""rtl/sast_counters.v: SynOps and spikes of a layer's step, and a recording, while those of the next layer come in."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, lanes, run_block, seeded

NAMES = ("RECURRENT", "COUNTED", "LIB", "SYNB", "SYNW", "SPKW", "SYNTW", "SPKTW", "MARGIN")
SIZES = [
    (1, (0, 1, 1, 3, 9, 7, 14, 12, 0)),
    (4, (1, 1, 1, 4, 10, 8, 14, 12, 0)),
    (8, (0, 3, 2, 9, 16, 9, 36, 14, 0)),
    (16, (1, 4, 2, 8, 14, 12, 20, 16, 0)),
    (2, (0, 3, 2, 5, 12, 8, 16, 12, 1)),
    (4, (1, 3, 2, 4, 10, 8, 14, 12, 1)),
]
CASES = [Block("sast_counters", {**lanes(p), **dict(zip(NAMES, sizes, strict=True))}) for p, sizes in SIZES]
IDLE = dict.fromkeys(("run_sent", "op_ends", "sweep_starts", "sweep_ends", "seen", "forget", "over"), 0)
STEADY = dict.fromkeys(
    ("run_synops", "op_counted", "op_layer", "seen_spikes", "l_layer", "total_layer", "total_part"), 0
)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(
    "block", CASES, ids=["1", "4 recurrent", "8", "16 recurrent", "2 early", "4 early, recurrent"]
)
def test_counters(block, tmp_path):
    run_block(block, __name__, tmp_path)


class Step:
    """The block within a core that goes through its layers: operations, a sweep, a report, and so on."""

    def __init__(self, pins, p, rng):
        self.pins, self.p, self.rng = pins, p, rng
        self.synops = [0] * p["COUNTED"]  # not yet of a step
        self.totals = [[0, 0] for _ in range(p["COUNTED"])]

    async def clock(self, **inputs):
        await self.pins.clock(**{**IDLE, **inputs})

    async def runs(self, layer, counted, most):
        """Of an operation that goes on; what it counts belongs to `layer`."""
        self.pins.set(op_layer=layer, op_counted=counted)
        for _ in range(self.rng.randrange(most)):
            sent, synops = self.rng.randrange(2), self.rng.randrange(1 << self.p["SYNB"])
            await self.clock(run_sent=sent, run_synops=synops)
            if counted and sent:
                self.synops[layer] += synops

    async def sweep(self, layer, counted, following):
        """following: the operation that adds meanwhile. Returns SynOps and spikes that are to be reported."""
        spikes, words = 0, self.rng.randrange(1, 9)
        due = self.synops[layer] * counted
        self.synops[layer] -= due
        await self.clock(sweep_starts=1)
        self.pins.set(l_layer=layer)
        for word in range(words):
            await self.runs(*following, 2)
            fired = self.rng.choice([self.rng.randrange(1 << self.p["P"]), (1 << self.p["P"]) - 1])
            spikes += fired.bit_count()
            ends = word == words - 1
            sent = self.rng.randrange(1 << self.p["SYNB"]) if following[1] else 0
            await self.clock(
                seen=counted, seen_spikes=fired, sweep_ends=counted and ends, run_sent=1, run_synops=sent
            )
            self.synops[following[0]] += sent
        await self.runs(*following, 2)
        return due, spikes

    async def report(self, layer, due, spikes):
        await self.clock()
        await self.clock()
        assert (self.pins.get("step_synops"), self.pins.get("step_spikes")) == (due, spikes)
        for _ in range(2):  # no operation ends before
            await self.clock()
        self.totals[layer][0] += due
        self.totals[layer][1] += spikes

    async def check_totals(self):
        """Half by half."""
        for _ in range(2):  # the last layer's may still be worked on
            await self.clock()
        most = max(self.p["SYNTW"], self.p["SPKTW"])
        half = 16 if most <= 32 else (most + 1) // 2
        for layer, sums in enumerate(self.totals):
            for part in range(4):
                self.pins.set(total_layer=layer, total_part=part)
                await self.clock()
                assert self.pins.get("total_half") == sums[part >> 1] >> half * (part & 1) & (1 << half) - 1


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def sums(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    await pins.reset(**IDLE, **STEADY)
    for recording in range(8):
        state = Step(pins, p, rng)
        layers = [(layer, 1) for layer in range(p["COUNTED"])] * rng.randrange(1, 5)
        for _ in range(rng.randrange(3)):  # one that counts nothing: neither its runs nor its sweep
            layers.insert(rng.randrange(len(layers)), (rng.randrange(p["COUNTED"]), 0))
        for number, (layer, counted) in enumerate(layers):
            await state.runs(layer, counted, 5)
            await state.clock(op_ends=1)
            if (
                p["RECURRENT"] and layer and counted and rng.randrange(2)
            ):  # spikes of the layer before, to itself
                await state.runs(layer - 1, 1, 5)
                await state.clock(op_ends=1)
            following = layers[number + 1] if number + 1 < len(layers) else (0, 0)
            due, spikes = await state.sweep(layer, counted, following)
            if counted:
                await state.report(layer, due, spikes)
        await state.check_totals()
        if recording % 3 == 2:
            await state.runs(0, 1, 4)
            await pins.reset(**IDLE)
        elif (
            p["MARGIN"] and recording % 3 == 1
        ):  # ends in the middle of an operation: its sums are still to be told
            await state.runs(0, 1, 4)
            if p["RECURRENT"]:  # one that ended counts for the layer's next step
                await state.clock(op_ends=1)
                await state.runs(0, 1, 4)
            await state.clock(over=1)
            await state.check_totals()
            await state.clock(forget=1)
        else:
            await state.clock(op_ends=1)
            for layer in range(
                p["COUNTED"]
            ):  # what is left belongs to the next recording: here there is none
                await state.sweep(layer, 1, (0, 0))
            for _ in range(6):
                await state.clock()
            await state.clock(forget=1)
