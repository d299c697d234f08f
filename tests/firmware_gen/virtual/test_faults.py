from collections import Counter

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.virtual.faults import BOARD_FAULTS, BYTE_FAULTS, FaultPlan, FaultyLine

DATA = b"".join(bytes([n]) * 20 + b"\0" for n in range(1, 251))


def passed(kind: str | None, seed: int = 1, rate: float = 1 / 200) -> tuple[bytes, list[str], Counter[str]]:
    counts: Counter[str] = Counter()
    line = FaultyLine(FaultPlan(seed, rate if kind else 0.0, {kind or "flip": 1}), 0, counts)
    out, due = b"", []
    for at in range(0, len(DATA), 97):
        part, faults = line.passing(DATA[at : at + 97])
        out, due = out + part, due + faults
    return out, due, counts


def test_a_line_without_faults_passes_everything():
    assert passed(None) == (DATA, [], Counter())


@pytest.mark.parametrize("kind", BYTE_FAULTS)
def test_a_seed_gives_the_same_faults_again(kind):
    out, due, counts = passed(kind)
    assert (out, due, counts) == passed(kind)
    assert out != passed(kind, seed=2)[0]
    assert out != DATA
    assert set(counts) == {kind}
    assert 10 < counts[kind] < 60


def test_each_kind_does_what_it_says():
    flipped, _, counts = passed("flip")
    wrong = [a ^ b for a, b in zip(flipped, DATA, strict=True) if a != b]
    assert len(wrong) == counts["flip"]
    assert all(bits.bit_count() == 1 for bits in wrong)
    assert len(passed("lose")[0]) == len(DATA) - passed("lose")[2]["lose"]
    assert len(passed("double")[0]) == len(DATA) + passed("double")[2]["double"]
    assert sorted(passed("reorder")[0]) == sorted(DATA)
    assert DATA.count(0) - passed("cut")[0].count(0) <= 2 * passed("cut")[2]["cut"]
    assert len(passed("repeat")[0]) > len(DATA)


@pytest.mark.parametrize("kind", BOARD_FAULTS)
def test_faults_of_the_board_leave_the_bytes_alone(kind):
    out, due, counts = passed(kind)
    assert out == DATA
    assert due == [kind] * counts[kind] != []


def test_plans_are_checked():
    with pytest.raises(EdgeSastError, match=r"^fault rate is 2; give 0 to 1 faults per byte$"):
        FaultPlan(1, 2, {"flip": 1})
    with pytest.raises(EdgeSastError, match=r"^fault kinds are \['fire'\]; choose from flip, "):
        FaultPlan(1, 0.1, {"fire": 1})
    with pytest.raises(EdgeSastError, match=r"^fault kinds are \[\]; "):
        FaultPlan(1, 0.1, {})
