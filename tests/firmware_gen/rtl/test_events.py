"""rtl/sast_events.v: which events of a step count, what is dropped, and what is an error."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, name_of, run_block, seeded

GRIDS = [(1, 1, 1), (5, 3, 2), (16, 9, 255), (34, 34, 1)]
CASES = [Block("sast_events", {"IN_W": w, "IN_H": h, "COUNT_CAP": cap}) for w, h, cap in GRIDS]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=name_of)
def test_events(block, tmp_path):
    run_block(block, __name__, tmp_path)


class Step:
    """What docs/fpga.md says of the events of one step."""

    def __init__(self, width, height, cap):
        self.width, self.height, self.cap, self.counts = width, height, cap, {}

    def judge(self, x, y, p):
        """(counts, error)"""
        if x >= self.width or y >= self.height or (self.counts and (y, x, p) < max(self.counts)):
            return False, True
        taken = self.counts.get((y, x, p), 0) < self.cap
        self.counts[y, x, p] = self.counts.get((y, x, p), 0) + taken
        return taken, False


def beats(rng, width, height, cap):
    """Of a step: most ascend; (none, x, y, p)."""
    sites = sorted(
        (rng.randrange(height), rng.randrange(width), rng.randrange(2)) for _ in range(rng.randrange(1, 9))
    )
    times = rng.choice([1, 2, cap, cap + 1, cap + 3])
    out = [(0, x, y, p) for y, x, p in sites for _ in range(rng.choice([1, times]))]
    strays = [(1, rng.randrange(1 << 15), rng.randrange(1 << 15), 1), (1, 0, 0, 0)]
    if not rng.randrange(3):  # the others have no error
        strays += [(0, width, height - 1, 0), (0, 0, height, 0), (0, rng.randrange(1 << 15), 0, 0)]
        strays += [(0, 0, 0, 0), (0, width - 1, height - 1, 1), (0, 1 << 14, 0, 0), (0, 0, 1 << 14, 0)]
    for _ in range(rng.randrange(4)):
        out.insert(rng.randrange(len(out) + 1), rng.choice(strays))
    return out


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def judged(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    grid = p["IN_W"], p["IN_H"], p["COUNT_CAP"]
    await pins.reset(ev_tvalid=0, ev_tdata=0, ev_tlast=0, open=0, event_take=0)
    clocks = error = 0
    waits = None  # the beat that waits for the dispatcher: (counts, ends the step, [y, x, p])
    while clocks < 1500:
        if not rng.randrange(6):  # in the middle of a step as well: the next one begins anew
            await pins.reset(ev_tvalid=0)
            error, waits = 0, None
        step = Step(*grid)
        stream = beats(rng, *grid)
        stream = stream[: rng.randrange(1, len(stream) + 1)] if not rng.randrange(8) else stream
        cut = not rng.randrange(8)  # no end of step: a reset follows
        for i, (none, x, y, polarity) in enumerate(stream):
            last = i == len(stream) - 1 and not cut
            counts, wrong = (False, False) if none else step.judge(x, y, polarity)
            taken = False
            while not taken:
                clocks += 1
                is_open, take, valid = rng.random() < 0.8, rng.random() < 0.7, rng.random() < 0.8
                pins.set(open=is_open, event_take=take, ev_tvalid=valid, ev_tlast=last)
                pins.set(ev_tdata=none << 31 | y << 16 | x << 1 | polarity)
                await pins.settle()
                leaves = waits is not None and is_open and (take or not waits[0])
                taken = valid and (waits is None or leaves)
                assert pins.get("ev_error") == error
                assert pins.get("event_valid") == (waits is not None and is_open and waits[0])
                assert pins.get("ev_tready") == (waits is None or leaves)
                assert pins.get("step_ends") == (leaves and waits[1])
                if waits and waits[0]:
                    assert [pins.get(f"event_{name}") for name in "yxp"] == waits[2]
                await pins.tick()
                error |= taken and wrong
                if leaves:
                    waits = None
                if taken and (counts or last):  # a beat that is neither is dropped
                    waits = counts, last, [y, x, polarity]
        if cut:
            await pins.reset(ev_tvalid=0)
            error, waits = 0, None
