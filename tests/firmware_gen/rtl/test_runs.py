"""rtl/sast_runs.v: places in the tables become the runs of docs/fpga.md, all of them in order, one a clock."""

import pytest

pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")

import random

import cocotb

from tests.firmware_gen.rtl.blocks import LONGEST, Block, Pins, constants, lanes, run_block, seeded

WIDTHS = {"NYB": 3, "NB": 4, "NCB": 2, "MAW": 9, "UAW": 10, "CQB": 6, "CUB": 7, "SYNB": 6}
WIDTHS |= {
    "RPB": 4,
    "URB": 5,
    "SBITS": 6,
    "CWB": 3,
    "CUB2": 4,
    "RAW": 4,
    "RDEPTH": 13,
    "CAW": 5,
    "CDEPTH": 27,
}
WIDE = WIDTHS | {
    "NYB": 1,
    "NB": 8,
    "MAW": 13,
    "UAW": 5,
    "CQB": 12,
    "CUB": 1,
    "SYNB": 12,
    "SBITS": 1,
    "RAW": 1,
    "RDEPTH": 2,
}


def layout(p):
    """Fields of both tables, lowest first."""
    chunks = [("nc", "NCB")] if p["CHUNKS"] else []
    return {
        "rows": [("ny", "NYB"), ("q", "MAW"), ("u", "UAW")],
        "columns": [("n", "NB"), *chunks, ("q", "CQB"), ("u", "CUB"), ("syn", "SYNB")],
    }


def entries(p):
    """Both tables as dictionaries; some entries have no run."""
    rng = random.Random(str(sorted(p.items())))
    out = {}
    for name, fields in layout(p).items():
        depth = p["RDEPTH" if name == "rows" else "CDEPTH"]
        out[name] = [{field: rng.getrandbits(p[bits]) for field, bits in fields} for _ in range(depth)]
    for entry in out["columns"]:
        entry["nc"] = max(entry.get("nc", 1), 1)
    return out


def block(count, widths, lane_table, chunks):
    p = {**lanes(count), **widths, "LANE_TABLE": lane_table, "CHUNKS": chunks}
    tables = {}
    for name, fields in layout(p).items():
        words = []
        for entry in entries(p)[name]:
            word = place = 0
            for field, bits in fields:
                word |= entry[field] << place
                place += p[bits]
            words.append(word)
        tables[name] = words
    return Block("sast_runs", p, tables=tables)


CASES = [block(1, WIDE, 0, 0), block(2, WIDTHS, 0, 1), block(8, WIDTHS, 0, 0), block(16, WIDTHS, 1, 1)]


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("block", CASES, ids=["1", "2 chunks", "8", "16 chunks, lane table"])
def test_runs(block, tmp_path):
    run_block(block, __name__, tmp_path)


def runs_of(p, op, row, column, lane):
    """(q, u, n, SynOps) of each run of a place."""
    for r in range(row["ny"] if column["n"] else 0):
        for k in range(column["nc"]):
            q = (row["q"] + r * op["rpw"]) * p["B"] + column["q"] + k * op["cw"]
            u = (row["u"] + r * op["urw"]) * p["B"] + column["u"] + k * op["cu"]
            if not p["LANE_TABLE"]:
                u += lane * op["s"]
            yield q % (p["B"] << p["MAW"]), u % (p["B"] << p["UAW"]), column["n"], 0 if k else column["syn"]


@cocotb.test(timeout_time=LONGEST, timeout_unit="ns")
async def nested(dut):
    p, rng, pins = constants(), seeded(), Pins(dut)
    tables = entries(p)
    zero = dict.fromkeys(("place_row", "place_column", "place_lane", "place_valid", "run_ready"), 0)
    fields = {"rpw": "RPB", "urw": "URB", "s": "SBITS", "cw": "CWB", "cu": "CUB2"}
    await pins.reset(**zero, **{f"op_{name}": 0 for name in fields})
    for number in range(16):
        op = {name: rng.getrandbits(p[bits]) for name, bits in fields.items()}
        pins.set(**{f"op_{name}": value for name, value in op.items()})
        places = [
            (rng.randrange(p["RDEPTH"]), rng.randrange(p["CDEPTH"]), rng.randrange(p["G"])) for _ in range(12)
        ]
        giving, taking = rng.choice([(1.0, 1.0), (0.4, 0.8), (1.0, 0.3)])
        want, given, got, clocks = [], 0, [], 0
        while given < len(places) or len(got) < len(want) or not pins.get("empty"):
            row, column, lane = places[min(given, len(places) - 1)]
            valid, ready = given < len(places) and rng.random() < giving, rng.random() < taking
            pins.set(place_valid=valid, place_row=row, place_column=column, place_lane=lane, run_ready=ready)
            await pins.settle()
            assert not pins.get("empty") or len(got) == len(want)
            if pins.get("run_valid"):  # it stays as it is until it is taken
                shown = tuple(pins.get(f"run_{name}") for name in ("q", "u", "n", "synops"))
                assert shown == want[len(got)]
                got += [shown] * ready
            if valid and pins.get("place_take"):
                want += runs_of(p, op, tables["rows"][row], tables["columns"][column], lane)
                given += 1
            await pins.tick()
            clocks += 1
            assert clocks < 10_000
        assert got == want
        assert (giving, taking) != (1.0, 1.0) or clocks <= len(want) + len(places) + 4
        if number % 5 == 4:  # given up with runs in every stage
            for _ in range(rng.randrange(1, 8)):
                await pins.clock(place_valid=1, run_ready=0)
            await pins.reset(place_valid=0)
            assert pins.get("empty")
