"""sast_params.vh says every constant once, and the same model gives the same bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_gen.rtl_gen.fields import Field, address_bits, bits_of, pack, signed_bits, width
from firmware_gen.rtl_gen.plan import RtlPlan
from tests.firmware_gen.builds import everything_model


def test_every_constant_stands_in_the_file():
    plan, again = RtlPlan(everything_model(), 8), RtlPlan(everything_model(), 8)
    text = plan.vh()
    assert text == again.vh()
    assert plan.images == again.images
    found = re.findall(r"^localparam (\w+) = (\d+); +// \S.*$", text, re.MULTILINE)
    assert dict((name, int(value)) for name, value in found) == plan.localparams
    assert len(found) == text.count("localparam")
    assert plan.model_hash in text
    assert max(map(len, text.splitlines())) <= 120


def test_constants_of_a_model():
    """8 lanes. Widths by hand: the layers are said in everything_model."""
    p = RtlPlan(everything_model(), 8).localparams
    grid = everything_model().binning
    assert (p["P"], p["G"], p["B"], p["LP"], p["LG"], p["LB"]) == (8, 4, 2, 3, 2, 1)
    assert (p["IN_W"], p["IN_H"]) == (grid.width, grid.height) == (11, 9)
    assert (p["COUNT_CAP"], p["STEPS"], p["STB"], p["CLASSES"], p["CLB"], p["LIF_OUT"]) == (3, 4, 2, 3, 2, 0)
    assert (p["COUNTED"], p["EDEPTH"], p["ODEPTH"]) == (
        5,
        6,
        7,
    )  # an or stage; a recurrent layer's own weights
    assert (p["WBITS"], p["WSHW"], p["WSHIFT"]) == (8, 4, 0)  # shifts 0, 1, 8
    assert (p["SMIN"], p["LEAKS"], p["LEAK_ONE"], p["SUBTRACT"], p["RECURRENT"]) == (12, 2, 0, 1, 1)
    assert p["OUTW"] == 24
    assert p["YB"] == 4  # 9 rows


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1 << 20)), max_size=8))
def test_fields(drawn):
    fields = [Field(f"f{i}", bits) for i, (bits, _) in enumerate(drawn)]
    values = {f"f{i}": value & ((1 << bits) - 1) for i, (bits, value) in enumerate(drawn)}
    word = pack(fields, values)
    assert word < 1 << width(fields)
    for name, bits in fields:
        assert word & ((1 << bits) - 1) == values[name]
        word >>= bits


def test_fields_take_no_more_than_they_hold():
    assert pack([Field("a", 3), Field("b", 2)], {"a": -1, "b": 2}) == 0b10111
    for value in (8, -5):
        with pytest.raises(ValueError, match=f"^a is {value}; its field has 3 bits$"):
            pack([Field("a", 3)], {"a": value})


@given(st.integers(-(1 << 40), 1 << 40), st.integers(-(1 << 40), 1 << 40))
def test_signed_bits(one, other):
    low, high = min(one, other), max(one, other)
    bits = signed_bits(low, high)
    assert -(1 << (bits - 1)) <= low
    assert high < 1 << (bits - 1)
    assert bits == 1 or not (-(1 << (bits - 2)) <= low and high < 1 << (bits - 2))


def test_bits():
    assert [bits_of(n) for n in (0, 1, 2, 3, 4, 255, 256)] == [1, 1, 2, 2, 3, 8, 9]
    assert [address_bits(n) for n in (1, 2, 3, 4, 5, 256, 257)] == [1, 1, 2, 2, 3, 8, 9]
