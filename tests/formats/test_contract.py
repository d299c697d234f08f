"""Files are read in pieces: wherever a piece ends, the events are the same, and so is what is told of a damaged one."""

import ast
import io
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import make_events
from edge_sast.formats import contract, registry
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.contract import Format, Header, Likeness, Opened, Reading, joined, records
from edge_sast.formats.defects import Defects, cleaned
from tests.events.oracles import random_recording
from tests.formats.aedat.test_aedat2 import aedat2
from tests.programs import LIMIT


def _atis() -> bytes:
    events = random_recording(3, events=400).events.copy()
    events["t"] = np.sort(np.random.default_rng(0).integers(0, 1 << 25, len(events)))  # with overflow events
    return write_recording_atis(events)


FILES = {
    "a.bin": _atis(),
    "a.aedat": aedat2([(t, t % 128, t % 127, t % 2) for t in range(0, 3000, 7)]),
}


@pytest.mark.parametrize("size", [1, 3, 5, 7, 8, 64, 1000])
@pytest.mark.parametrize("name", FILES)
def test_pieces_of_any_size_give_the_same_events(name, size, monkeypatch):
    whole = registry.read_bytes(FILES[name], name)
    monkeypatch.setattr(contract, "CHUNK_BYTES", size)
    assert np.array_equal(registry.read_bytes(FILES[name], name).events, whole.events)
    assert len(whole) > 300


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_told_alike_wherever_a_piece_ends(name, monkeypatch):
    def told() -> str:
        with pytest.raises(EdgeSastError) as caught:
            registry.read_bytes(FILES[name][:-2], name)
        return str(caught.value)

    whole = told()
    assert f"{name}: ends at byte {len(FILES[name]) - 2}, " in whole
    for size in (1, 7, 100):
        monkeypatch.setattr(contract, "CHUNK_BYTES", size)
        assert told() == whole


def test_time_that_runs_backwards_between_pieces(monkeypatch):
    data = aedat2([(5, 0, 0, 0), (9, 0, 0, 0), (8, 0, 0, 0)])
    for size in (8, 1 << 20):
        monkeypatch.setattr(contract, "CHUNK_BYTES", size)
        with pytest.raises(
            EdgeSastError,
            match=r"^a\.aedat: event 2 \(byte offset 111\): time runs backwards, from 9 µs to 8 µs; ",
        ):
            registry.read_bytes(data, "a.aedat")
    chunks = [make_events(*(np.array([n]) for n in (t, 0, 0, 0))) for t in (4, 3)]
    with pytest.raises(EdgeSastError, match=r"^a: event 1: time runs backwards, from 4 µs to 3 µs; "):
        joined(cleaned(iter(chunks), "a", None, Defects()))


def test_nothing_is_an_empty_recording():
    assert len(joined([])) == 0
    assert len(registry.read_bytes(b"", "a.bin")) == 0


def test_records_know_their_places(monkeypatch):
    monkeypatch.setattr(contract, "CHUNK_BYTES", 4)
    found = list(records(io.BytesIO(b"bcdefghijk"), 3, done=100, begin=b"a"))
    assert b"".join(data for _, data in found) == b"abcdefghijk"
    assert all(offset == 100 + b"abcdefghijk".index(data) for offset, data in found)
    assert all(len(data) % 3 == 0 for _, data in found[:-1])
    assert found[-1] == (109, b"jk")


@dataclass(frozen=True)
class _Given(registry.Listed):
    """A format that stands in no module."""

    format: Format | None = None

    def load(self) -> Format:
        assert self.format is not None
        return self.format


def test_formats_of_one_suffix_are_told_apart_by_their_first_bytes(monkeypatch):
    def of(name: str, mark: bytes, sensor) -> _Given:
        chunk = make_events(*(np.array([n]) for n in (0, 1, 1, 0)))
        given = Format(
            name,
            name,
            (".raw",),
            lambda first: Likeness.CERTAIN if first.startswith(mark) else Likeness.NOT,
            lambda *_: Opened(Header(sensor), iter([chunk])),
        )
        return _Given(name, (".raw",), "", "", format=given)

    monkeypatch.setattr(registry, "FORMATS", (of("one", b"1", (20, 10)), of("two", b"2", None)))
    assert registry.format_of("a.raw", b"2...").name == "two"
    read = registry.read_bytes(b"1...", "a.raw")
    assert (read.width, read.height) == (20, 10)  # the file says it
    assert registry.read_bytes(b"1...", "a.raw", (30, 30)).width == 30  # the user wins
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: two files do not say their sensor size; pass --sensor WxH$"
    ):
        registry.read_bytes(b"2...", "a.raw")
    with pytest.raises(
        EdgeSastError, match=r"^a\.raw: is none of one, two by its first bytes; the file is damaged"
    ):
        registry.read_bytes(b"3...", "a.raw")


@pytest.mark.parametrize("listed", registry.FORMATS, ids=lambda of: of.key)
def test_the_list_says_what_the_formats_say(listed):
    found = listed.load()
    assert (found.key, found.suffixes, found.write is not None) == (
        listed.key,
        listed.suffixes,
        listed.written,
    )
    if listed.marks:
        assert found.sniff(b"\x01\x02\x03" * 400) is not Likeness.CERTAIN


def test_only_what_is_needed_is_imported():
    code = (
        "import sys; from edge_sast.formats.registry import read_bytes; read_bytes(bytes(5), 'a.bin');"
        "print(sorted(name for name in sys.modules if name.startswith('edge_sast.formats.')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=LIMIT
    ).stdout
    assert ast.literal_eval(told) == [
        f"edge_sast.formats.{name}" for name in ("atis", "contract", "defects", "fits", "registry")
    ]


class _Slow(io.BytesIO):
    """A pipe that gives a byte at a time."""

    def read(self, size=-1):
        return super().read(min(size, 1) if size >= 0 else 1)


@pytest.mark.parametrize("key", ["atis", "es", "aedat4", "evt3", "text"])
def test_a_pipe_that_gives_a_byte_at_a_time(key):
    of = registry.format_called(key)
    events, file = random_recording(4, events=50).events, io.BytesIO()
    of.write(file, (34, 34), iter([events]))
    for stream in (io.BytesIO(file.getvalue()), _Slow(file.getvalue())):
        assert np.array_equal(joined(of.open(stream, "a", Reading()).chunks), events)
