"""Text of events, beside a slow reader of lines in plain Python."""

import io
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.formats import contract
from edge_sast.formats.contract import Likeness, Reading, joined
from edge_sast.formats.defects import Defects, Kind, Policy
from edge_sast.formats.registry import format_of, read_bytes, read_stream
from edge_sast.formats.tables.text import TEXT, open_text, resume_text, sniff_text, write_text
from tests.formats.test_real_recordings import need

EXPONENTS = {"s": 6, "ms": 3, "us": 0, "ns": -3}
ROWS = [(1, 2, 3, 1), (5, 60000, 7, 0), (5, 0, 0, 1)]


def read(data: bytes, **said):
    """EVENT_DTYPE[n] of a text, and its header."""
    opened = open_text(io.BytesIO(data), "a.csv", Reading(**said))
    return joined(opened.chunks).tolist(), opened.header


def refused(data: bytes, **said) -> str:
    with pytest.raises(EdgeSastError) as caught:
        read(data, **said)
    return str(caught.value)


def slow(lines: list[str], order: str, unit: str):
    """Events of lines, number by number as exact fractions."""
    out = []
    for line in lines:
        row = dict(zip(order, (Fraction(word) for word in re.split(r"[,; \t]+", line.strip())), strict=True))
        t = round(row["t"] * Fraction(10) ** EXPONENTS[unit])  # Python rounds halves to even
        out.append((t, int(row["x"]), int(row["y"]), int(row["p"] > 0)))
    return out


@st.composite
def texts(draw):
    """(lines, order of columns, unit, bytes) of a text."""
    order = "".join(draw(st.permutations("txyp")))
    unit = draw(st.sampled_from(list(EXPONENTS)))
    between = draw(st.sampled_from([",", ";", "\t", " ", ", ", "  "]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    off = draw(st.sampled_from(["0", "-1"]))
    decimals = draw(st.integers(0, 12))
    lines = []
    for _ in range(draw(st.integers(0, 12))):
        t = str(draw(st.integers(0, 10**12)))
        if decimals:
            t += "." + "".join(
                draw(st.lists(st.sampled_from("0123456789"), min_size=decimals, max_size=decimals))
            )
        x, y = (str(draw(st.integers(0, 65535))) for _ in range(2))
        row = {"t": t, "x": x, "y": y, "p": draw(st.sampled_from([off, "1", "+1"]))}
        lines.append(between.join(row[field] for field in order))
    data = [f"{line}{end}" + draw(st.sampled_from(["", "", f"# said{end}", end])) for line in lines]
    return lines, order, unit, "".join(data).encode()


@given(texts(), st.integers(1, 100))
@settings(deadline=None, max_examples=200)
def test_any_order_of_columns_in_pieces_of_any_size(text, size):
    lines, order, unit, data = text
    usual = contract.CHUNK_BYTES
    try:
        contract.CHUNK_BYTES = size
        events, _ = read(data, columns=",".join(order), time_unit=unit)
    finally:
        contract.CHUNK_BYTES = usual
    assert events == slow(lines, order, unit)


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"t,x,y,p\n17,2,3,1\n", [(17, 2, 3, 1)]),
        (b"\xef\xbb\xbfTimestamp;X;Y;Polarity\r\n17;2;3;1\r\n", [(17, 2, 3, 1)]),
        (b"t,x@304,y@240,on\r\n17,2,3,0\r\n", [(17, 2, 3, 0)]),
        (b"% t0 1000\nt,x@304,y@240,on\r\n17,2,3,0\r\n", [(1017, 2, 3, 0)]),
        (b"%geometry:640,480\n2,3,1,17\n", [(17, 2, 3, 1)]),
        (b"# x y p t\n2 3 1 17\n", [(17, 2, 3, 1)]),
        (b"t_usec,x,y,p\n17,2,3,1\n", [(17, 2, 3, 1)]),
        (b"time (msec),x,y,p\n17,2,3,1\n", [(17_000, 2, 3, 1)]),
        (b"timestamp_nanoseconds,x,y,p\n17000,2,3,1\n", [(17, 2, 3, 1)]),
        (b",t [ns],x,label,y,p\n0,1500,2,cat,3,1\n1,2501,2,dog,3,-1\n", [(2, 2, 3, 1), (3, 2, 3, 0)]),
        (
            b"time_s\tx\ty\tpol\n1\t2\t3\tTrue\n1.0000015\t2\t3\tfalse\n",
            [(1_000_000, 2, 3, 1), (1_000_002, 2, 3, 0)],
        ),
        (b"17 2 3 1\n18 2 3 0", [(17, 2, 3, 1), (18, 2, 3, 0)]),
        (b"0.000017 2 3 1\n1 2 3 -1\n", [(17, 2, 3, 1), (1_000_000, 2, 3, 0)]),
        (b"17,2,3,1\nSent a total of 1 events\n", [(17, 2, 3, 1)]),
        (b"17,2,3,1\n\nSent a total of 1 eve", [(17, 2, 3, 1)]),
        (b"t,x,y,p\n", []),
        (b"# nothing\n", []),
        (b"", []),
    ],
)
def test_what_programs_write(data, events):
    for end in (b"", b"\n"):
        assert read(data + end)[0] == events


def test_what_a_file_says_and_what_is_assumed():
    _, header = read(b"t,x@304,y@240,on\r\n17,2,3,0\r\n")
    assert (header.sensor, header.assumed) == ((304, 240), ())
    assert dict(header.said) == {"columns": "t,x,y,p", "time unit": "µs"}
    assert read(b"%geometry:640,480\n2,3,1,17\n")[1].sensor == (640, 480)
    assert "1000" in dict(read(b"% t0 1000\n17,2,3,0\n")[1].said)["begin"]
    columns, unit = read(b"17 2 3 1\n")[1].assumed
    assert columns.startswith("columns t,x,y,p: ")
    assert unit.startswith("times in µs: ")
    assert read(b"0.5 2 3 1\n")[1].assumed[1].startswith("times in seconds: ")
    assert read(b"0.5 2 3 1\n", columns="t,x,y,p", time_unit="ms")[0] == [(500, 2, 3, 1)]
    assert read(b"0.5 2 3 1\n", columns="t,x,y,p", time_unit="ms")[1].assumed == ()


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("timeUs,x,y,p", "t,x,y,p"),
        ("t,x,y", "t,x,y,p"),
        ("t,x,y,p,t", "t,x,y,p,_"),
        ("Zeit [µs];Spalte;Zeile;Vorzeichen", "t,x,y,p"),
    ],
)
def test_a_header_that_names_no_columns_asks_for_them(header, columns):
    """A file of a text's suffix is opened by --columns, and without them its message names the option."""
    row = b"17,2,3,1,5\n" if columns.endswith("_") else b"17,2,3,1\n"
    data = f"{header}\n".encode() + row
    with pytest.raises(EdgeSastError) as caught:
        read_bytes(data, "a.csv", (9, 9))
    assert str(caught.value).startswith(f"a.csv: line 1: '{header}' ")
    assert str(caught.value).endswith(
        "read as t,x,y,p; name the columns in order with --columns, such as x,y,p,t, and _ for one to leave out; "
        "leave out a file without events"
    )
    read = read_stream(io.BytesIO(data), "a.csv", (9, 9), Reading(columns=columns))
    assert read.events.tolist() == [(17, 2, 3, 1)]


@pytest.mark.parametrize("said", [{}, {"columns": "t,x,y,p"}])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("t,x,y,p\n17,2,3,1\n".encode("utf-16"), "a.csv: is text in UTF-16; save it as UTF-8"),
        (b"t,x,y,p\r17,2,3,1\r", "a.csv: its lines end in CR alone; save it with LF or CR LF"),
        (b"17,2,3,1\r18,2,3,1", "a.csv: its lines end in CR alone; save it with LF or CR LF"),
        (
            b"\x89PNG\r\n\x1a\n\0\0",
            "a.csv: is none of text by its first bytes; the file is damaged or of another format: convert it",
        ),
    ],
)
def test_what_is_no_line_of_text_is_told(data, message, said):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        read_stream(io.BytesIO(data), "a.csv", (9, 9), Reading(**said))


def test_columns_that_a_file_says_too_may_be_said_again():
    assert read(b"t,x,y,p\n17,2,3,1\n", columns="t,x,y,p")[0] == [(17, 2, 3, 1)]
    assert read(b"# x y p t\n2 3 1 17 9\n", columns="x,y,p,t,_")[0] == [(17, 2, 3, 1)]


TAIL = "; the file is damaged or of another format: copy it again, or pass --defects drop to skip such words"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("18,2,3", "has too few columns"),
        ("18,2,3,1,5", "has too many columns"),
        ("18,2,3,1,", "has too many columns"),
        ("18,,3,1", "has something that is no number"),
        ("18,2,0x3,1", "has something that is no number"),
        ("18,2.5,3,1", "has a fraction where a whole number belongs"),
        ("18,2,65536,1", "has a number out of range (x and y: 0..65535, t: below 2^62 µs)"),
        ("18,-1,3,1", "has a number out of range (x and y: 0..65535, t: below 2^62 µs)"),
        ("4611686018427387904,2,3,1", "has a number out of range (x and y: 0..65535, t: below 2^62 µs)"),
        ("99999999999999999999,2,3,1", "has a number out of range (x and y: 0..65535, t: below 2^62 µs)"),
        ("18,2,3,2", "has a polarity that is none of 0, 1 and -1"),
        ("18,2,3,-1", "has 0 or -1 for OFF, and the lines before have the other"),
        (
            "18.5,2,3,1",
            "has a time with a decimal point, and the first time has none (--time-unit says the unit)",
        ),
        ("Lost 5 packets", "is words"),
    ],
)
def test_a_line_that_is_no_event_is_told_or_skipped(line, why):
    data = f"t,x,y,p\n17,2,3,0\n{line}\n19,4,5,1\n".encode()
    place = f"a.csv: line 3 (byte offset 17), event 1, after t=17 µs: '{line}' {why} (columns t,x,y,p)"
    assert refused(data) == place + TAIL
    defects = Defects(Policy.DROP)
    assert read(data, defects=defects)[0] == [(17, 2, 3, 0), (19, 4, 5, 1)]
    assert defects.counts[Kind.UNKNOWN_WORD] == defects.total == 1
    assert defects.first[Kind.UNKNOWN_WORD] == place


def test_a_cut_last_line_is_a_truncated_end():
    assert refused(b"t,x,y,p\n17,2,3,0\n18,2").startswith(
        "a.csv: line 3 (byte offset 17), event 1, after t=17 µs: '18,2' has too few columns (columns t,x,y,p); the "
        "file is truncated"
    )
    defects = Defects(Policy.KEEP)
    assert read(b"t,x,y,p\n17,2,3,0\n18,2", defects=defects)[0] == [(17, 2, 3, 0)]
    assert defects.counts[Kind.TRUNCATED] == 1


@pytest.mark.parametrize(
    ("data", "said", "message"),
    [
        (
            b"2,3,1,17\n",
            {},
            r"line 1: '2,3,1,17' has a polarity that is none of 0, 1 and -1, read as t,x,y,p; name .*",
        ),
        (
            b"2,3,1\n",
            {},
            r"line 1: '2,3,1' has 3 columns, read as t,x,y,p; name the columns in order with --columns.*",
        ),
        (b"hello\n1,2,3,1\n", {}, r"line 1: 'hello' has 1 columns, read as t,x,y,p; .*"),
        (
            b"1e3,2,3,1\n",
            {},
            r"line 1: .* exponent, which does not tell its unit; say it with --time-unit s, ms, us .*",
        ),
        (
            b"t_us,x,y,p\n1,2,3,1\n",
            {"time_unit": "s"},
            r".*--time-unit s, but the file says us; leave --time-unit out",
        ),
        (
            b"t,x,y,p\n1,0,1,1\n",
            {"columns": "x,y,p,t"},
            r"--columns x,y,p,t, but the file says t,x,y,p; leave --columns out",
        ),
        (
            b"# t x y p\n1 0 1 1\n",
            {"columns": "t,y,x,p"},
            r"--columns t,y,x,p, but the file says t,x,y,p; leave --columns out",
        ),
        (
            b"%geometry:640,480\n5,2,1,100\n",
            {"columns": "t,x,y,p"},
            r"--columns t,x,y,p, but the file says x,y,p,t; leave --columns out",
        ),
        (b"1,2,3,1\n", {"time_unit": "h"}, None),
        (b"1,2,3,1\n", {"columns": "t,x,y"}, None),
        (b"1,2,3,1\n", {"columns": "t,x,y,p,z"}, None),
        (
            b"1,2,3,1\n" + b"1" * 70000,
            {},
            r"line 2 is longer than 65536 bytes; it is no text of events: convert it",
        ),
        (
            b"#\n" * 40_000,
            {},
            r"has no event in its first 65536 bytes; it is no text of events: convert it",
        ),
    ],
)
def test_what_cannot_be_known_is_refused(data, said, message):
    text = refused(data, **said)
    assert "\n" not in text
    if message:
        assert re.fullmatch(f"a.csv: {message}", text)
    else:
        assert text.startswith("--")


def test_data_without_one_event_is_an_error_whatever_the_policy():
    message = refused(b"t,x,y,p\n1,2,3,7\n1,2,3,8\n", defects=Defects(Policy.DROP))
    assert message.endswith("and no other line is an event; say the columns with --columns")


def test_a_text_is_known_by_its_columns():
    assert sniff_text(b"t,x,y,p\n1,2,3,1\n") is Likeness.CERTAIN
    assert sniff_text(b"%geometry:640,480\n2,3,1,17\n") is Likeness.CERTAIN
    assert sniff_text(b"1 2 3 1\n" * 600) is Likeness.POSSIBLE
    for other in (
        b"% evt 3.0\n% end\n\x00\x80",
        b"#!AER-DAT2.0\r\n",
        b"name,label\na,1\n",
        b"",
        b"1 2 3 1\n\x00",
    ):
        assert sniff_text(other) is Likeness.NOT
    assert format_of("a.dat", b"t,x,y,p\n1,2,3,1\n") is TEXT


@pytest.mark.parametrize("size", [1, 7, 30])
def test_reading_goes_on_behind_any_chunk(size, monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", size)
    data = b"t,x,y,p\n" + b"".join(b"%d,%d,2,%d\n" % (t, t % 9, -1 if t % 2 else 1) for t in range(30))
    data += b"Sent a total of 30 events\n"
    stream = io.BytesIO(data)
    opened = open_text(stream, "a.csv", Reading())
    states, chunks, places = [], [], []
    for chunk in opened.chunks:
        chunks.append(chunk)
        states.append(opened.state())
        places += [(opened.offset_of(i), int(t)) for i, t in enumerate(chunk["t"])]
    whole = joined(chunks)
    assert len(whole) == 30
    assert all(data[place:].startswith(b"%d," % t) for place, t in places)
    done = np.cumsum([len(chunk) for chunk in chunks])
    for state, before in zip(states, done, strict=True):
        rest = joined(resume_text(io.BytesIO(data), "a.csv", Reading(), state).chunks)
        assert np.array_equal(rest, whole[before:])


class Pipe(io.RawIOBase):
    """Gives a few bytes at once, and cannot be sought."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def read(self, size: int = -1) -> bytes:
        size = min(size, 11)
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


def test_a_pipe_is_read_forward_only():
    data = b"t,x@640,y@480,on\r\n" + b"".join(b"%d,%d,2,1\r\n" % (t, t) for t in range(40))
    opened = open_text(Pipe(data), "a", Reading())
    assert joined(opened.chunks).tolist() == [(t, t, 2, 1) for t in range(40)]
    assert opened.header.sensor == (640, 480)


def test_a_defect_of_time_names_the_byte():
    with pytest.raises(
        EdgeSastError, match=r"^a\.csv: event 2 \(byte offset 26\): time runs backwards, from 9 µs to 8"
    ):
        read_bytes(b"t,x,y,p\n5,0,0,0\n9,0,0,0\n\n8,0,0,0\n".replace(b"\n\n", b"\n#\n"), "a.csv", (3, 3))


@given(
    st.lists(
        st.tuples(st.integers(0, (1 << 62) - 1), *[st.integers(0, 65535)] * 2, st.integers(0, 1)), max_size=30
    )
)
@settings(deadline=None, max_examples=100)
def test_what_is_written_is_read_back(rows):
    events = np.array(rows, EVENT_DTYPE)
    out = io.BytesIO()
    write_text(out, (640, 480), [events[:3], events[3:]])
    lines = ["t,x,y,p", *(",".join(map(str, row)) for row in rows)]
    assert out.getvalue().decode() == "".join(f"{line}\n" for line in lines)
    assert read(out.getvalue())[0] == rows


@pytest.mark.parametrize("name", ["events.csv", "seconds.txt", "prophesee.csv"])
def test_the_made_files_are_the_truth(name):
    folder = need("formats/made")
    truth = [tuple(map(int, line.split(","))) for line in (folder / "events.csv").read_text().split()[1:]]
    assert read((folder / name).read_bytes())[0] == truth


def outcome(data: bytes, policy: Policy) -> str:
    """ "" where the text can be read, else the error's text; any other exception fails the test."""
    try:
        read(data, defects=Defects(policy))
    except EdgeSastError as error:
        return str(error)
    return ""


@given(st.binary(max_size=120), st.integers(0, 60))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_or_refused_in_one_line(noise, cut):
    whole = b"t,x,y,p\n17,2,3,0\n18,4,5,1\nSent a total of 2 events\n"
    for data in (noise, whole[:cut] + noise + whole[cut:]):
        for policy in (Policy.REJECT, Policy.DROP):
            assert "\n" not in outcome(data, policy)


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        ("461168601843.0000001", 461168601843000000),
        ("461168601843.0000005", 461168601843000000),
        ("461168601843.00000050", 461168601843000000),
        ("461168601843.00000051", 461168601843000001),
        ("461168601843.0000015", 461168601843000002),
        ("999999999999.9999996", 1000000000000000000),
        ("4611686018427.387903", 4611686018427387903),
    ],
)
def test_seconds_of_more_digits_than_a_word_holds(seconds, want):
    """Rounded by the digits that are left out, halves to even."""
    read = read_bytes(f"t,x,y,p\n{seconds},1,2,1\n".encode(), "a.csv", (9, 9))
    assert read.events.tolist() == [(want, 1, 2, 1)]
