"""rtl/sast_bank.v: its share of every run, in order, exact to the clock at which a sweep reads what runs left."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import random

import cocotb

from tests.firmware_gen.rtl.blocks import (
    LONGEST,
    Block,
    Pins,
    constants,
    lanes,
    pack,
    parameters,
    run_block,
    seeded,
    signed,
    unpack,
)
from tests.firmware_gen.rtl.faults import Fault

NAMES = ("MW", "WBITS", "WSHIFT", "WSHW", "MAW", "MDEPTH", "UAW", "UDEPTH", "NB", "MLOW", "MWIDE", "BB", "SB")
IDLE = {"run_go": 0, "load": 0, "load_none": 0, "write_en": 0}
BUSES = (
    "run_phase",
    "run_q",
    "run_u",
    "run_n",
    "run_shift",
    "read_a",
    "write_a",
    "load_x",
    "write_b",
    "first_a",
    "phase",
)


def weights(p):
    """Of every lane of every word."""
    rng = random.Random(str(sorted(p.items())))
    return [[rng.getrandbits(p["WBITS"]) for _ in range(p["G"])] for _ in range(p["UDEPTH"])]


def block(count, identity, *sizes):
    p = {**lanes(count), **dict(zip(NAMES, sizes, strict=True))}
    p["SPRAM"] = 0
    p["ULOW"] = low = 512 if p["UDEPTH"] > 512 else p["UDEPTH"]
    name = f"weights_{identity}"
    table = [pack(word, p["WBITS"]) for word in weights(p)]
    tables = {name: table[:low]} | ({f"{name}_more": table[low:]} if table[low:] else {})
    files = {"FILE": f'"{name}.mem"', "MORE": f'"{name}_more.mem"'}
    return Block("sast_bank", p, {"ID": identity, **files}, tables)


CASES = [
    block(1, 0, 9, 2, 3, 0, 4, 16, 5, 32, 4, 9, 0, 3, 5),
    block(2, 0, 12, 8, 0, 3, 3, 8, 6, 50, 1, 11, 4, 12, 1),
    block(8, 0, 16, 4, 0, 0, 5, 31, 10, 513 + 40, 6, 16, 0, 9, 9),
    block(8, 1, 16, 5, 1, 0, 4, 16, 6, 64, 3, 9, 15, 4, 7),
    block(16, 2, 20, 8, 0, 2, 5, 20, 5, 30, 4, 20, 0, 8, 20),
]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["1", "2", "8 bank 0", "8 bank 1", "16 bank 2"])
def test_bank(block, tmp_path):
    run_block(block, __name__, tmp_path)


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES[1::3], ids=["2", "16 bank 2"])
def test_no_word_is_used_that_was_read_as_it_was_written(block, tmp_path):
    """What no_rw_check says of the memory: such a word may be anything. In the core it is the old one."""
    unknown = "y <= write_en && write_a == read_a ? {G*MLOW{1'bx}} : words[read_a];"
    rtl = Fault("membranes", "y <= words[read_a];", unknown, "unknown bits").copy(tmp_path / "sources")
    run_block(block, __name__, tmp_path / "run", rtl)


class Bench:
    """The bank, what its membranes must be, and a sweep as sast_sweep times it."""

    def __init__(self, dut):
        self.pins, self.p, self.rng = Pins(dut), constants(), seeded()
        self.id, self.weights = parameters()["ID"], weights(self.p)
        self.memory = [[0] * self.p["G"] for _ in range(self.p["MDEPTH"])]
        self.waiting = []  # runs of the next phase, which the memory does not have yet
        self.phase = 0
        self.busy = 0  # clocks that the runs of this phase need at most

    def draw_run(self, low, high):
        """Whose quads of this bank lie in words low to high - 1; some have none here."""
        p, rng = self.p, self.rng
        n = rng.randrange(1, min(1 << p["NB"], (high - low) * p["B"] + 1))
        q = rng.randrange(low * p["B"], high * p["B"] - n + 1)
        u = rng.randrange(p["UDEPTH"] * p["B"] - n + 1) // p["B"] * p["B"] + q % p["B"]
        if u + n > p["UDEPTH"] * p["B"]:
            u -= p["B"]
        shift = rng.getrandbits(p["WSHW"]) if p["WSHW"] else 0
        return q, u, n, shift

    def add(self, q, u, n, shift):
        p = self.p
        for i in range(n):
            if (q + i) % p["B"] == self.id:
                self.busy += 1
                word = self.memory[(q + i) // p["B"]]
                for lane, weight in enumerate(self.weights[(u + i) // p["B"]]):
                    word[lane] += signed(weight, p["WBITS"]) << (shift if p["WSHW"] else p["WSHIFT"])

    async def send(self, run):
        """A run of this phase."""
        q, u, n, shift = run
        self.pins.set(run_q=q, run_u=u, run_n=n, run_shift=shift, run_phase=self.phase)
        clocks = 0
        while not self.pins.get("run_ready"):
            await self.pins.clock(**IDLE)
            clocks += 1
            assert clocks < 500
        await self.pins.clock(run_go=1, write_en=0)
        self.pins.set(run_go=0)
        self.add(*run)

    async def sweep(self, low, high, early, runs):
        """As soon as the bank lets it: reads words low to high - 1, checks and replaces them; `runs` come meanwhile.

        early: the next phase begins with the last word's membranes known, and not with that word written.
        """
        pins, p, following = self.pins, self.p, self.phase ^ 1
        pins.set(first_a=low, **IDLE)
        clocks = 0
        await pins.settle()
        while not pins.get("idle"):
            await pins.clock()
            clocks += 1
            assert clocks <= self.busy + 3, "a quad a clock, without a stall"
        self.busy = 0
        await pins.clock()
        stages = [None] * 4  # words whose address is out, whose sums are there, seen, written
        todo, left = list(range(low, high)), []  # left: by the neurons of the word that is written next
        while todo or any(word is not None for word in stages):
            hold = bool(todo) and self.rng.random() < 0.2
            stages = [todo.pop(0) if todo and not hold else None, *stages[:3]]
            issue, sums, seen, written = stages
            last = seen == high - 1
            if issue is not None:
                pins.set(read_a=issue)
            if sums is not None:
                got = [signed(y, p["MW"]) for y in unpack(pins.get("read_y"), p["MW"], p["G"])]
                bits = p["MW"] if sums >= p["MWIDE"] else p["MLOW"]
                assert got == [signed(y, bits) for y in self.memory[sums]], f"word {sums}"
            pins.set(load=seen is not None, load_none=0, write_en=written is not None)
            if written is not None:
                self.memory[written] = self.biased(left)
                pins.set(write_a=written)
            if seen is not None:
                left = self.load()
            if last and early:
                pins.set(phase=following)
            run = None
            if runs and pins.get("run_ready") and self.rng.random() < 0.6:
                run = runs.pop(0)
                q, u, n, shift = run
                pins.set(run_q=q, run_u=u, run_n=n, run_shift=shift, run_phase=following)
                self.waiting.append(run)
            await pins.clock(run_go=run is not None)
            if last:
                self.phase = following
                pins.set(phase=following)
        pins.set(**IDLE)
        for run in self.waiting:
            self.add(*run)
        self.waiting = []
        for run in runs:
            await self.send(run)

    def load(self):
        """What the neurons of a word leave."""
        left = [self.rng.getrandbits(self.p["MW"]) for _ in range(self.p["G"])]
        none = not self.rng.randrange(3)
        self.pins.set(load_none=none, load_x=pack(left, self.p["MW"]))
        return [0 if none else value for value in left]

    def biased(self, left):
        """What a word holds that the neurons left, with the biases that this draws."""
        bits = max(self.p["BB"], self.p["SB"])
        biases = [self.rng.getrandbits(bits) for _ in left]
        self.pins.set(write_b=pack(biases, bits))
        return [value + signed(bias, bits) for value, bias in zip(left, biases, strict=True)]

    async def restart(self):
        """A reset in the middle of anything, and the sweep that clears: one word at a time."""
        self.phase, self.waiting = 0, []
        await self.pins.reset(**IDLE, phase=0)
        for a in range(self.p["MDEPTH"]):
            await self.pins.clock(read_a=a)
            await self.pins.clock()
            self.pins.set(load=1)
            left = self.load()
            await self.pins.clock()
            self.memory[a] = self.biased(left)
            await self.pins.clock(load=0, load_none=0, write_en=1, write_a=a)
            self.pins.set(write_en=0)
        self.pins.set(**IDLE)
        self.busy = 0


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def two_layers(dut):
    """Runs that follow a sweep add elsewhere, and begin early."""
    bench = Bench(dut)
    rng, half = bench.rng, bench.p["MDEPTH"] // 2
    bench.pins.set(**dict.fromkeys(BUSES, 0))
    await bench.restart()
    for number in range(24):
        layers = [(0, half), (half, bench.p["MDEPTH"])]
        here, there = layers if number % 2 else layers[::-1]
        for _ in range(rng.randrange(8)):
            await bench.send(bench.draw_run(*here))
            if not rng.randrange(4):
                await bench.pins.clock()
        if number % 9 == 8:
            await bench.restart()
        await bench.sweep(*here, True, [bench.draw_run(*there) for _ in range(rng.randrange(8))])


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def one_layer(dut):
    """Runs that follow a sweep add to the same words, once they are written."""
    bench = Bench(dut)
    rng, words = bench.rng, bench.p["MDEPTH"]
    bench.pins.set(**dict.fromkeys(BUSES, 0))
    await bench.restart()
    for _ in range(16):
        low = rng.randrange(words - 3)
        high = rng.randrange(low + 1, words + 1)
        for _ in range(rng.randrange(8)):
            await bench.send(
                bench.draw_run(low, min(high, low + rng.choice([1, 2, 3, words])))
            )  # same words again
        await bench.sweep(low, high, False, [bench.draw_run(0, words) for _ in range(rng.randrange(6))])
    await bench.sweep(0, words, False, [])
