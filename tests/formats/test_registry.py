import io
import re
from pathlib import Path

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import formats_for, known_suffixes, read_bytes, read_file
from tests.events.oracles import random_recording


def test_suffix_chooses_the_reader():
    assert [of.name for of in formats_for("x/00009.BIN")] == ["ATIS (N-MNIST)"]
    assert {".bin", ".npy", ".aedat", ".csv", ".npz"} <= set(known_suffixes())
    message = (
        f"x.mp4: no reader for the suffix '.mp4'; known are {', '.join(known_suffixes())}: "
        "convert the file to one of these or remove it"
    )
    assert {".bin", ".npy", ".aedat", ".raw"} <= set(known_suffixes())
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        formats_for("x.mp4")


def test_file_on_disk(tmp_path):
    recording = random_recording(1)
    path = tmp_path / "a.bin"
    path.write_bytes(write_recording_atis(recording.events))
    read = read_file(path)
    assert (read.width, read.height, read.source) == (34, 34, str(path))
    assert (read.events == recording.events).all()


def test_larger_sensor_must_be_named():
    data = write_recording_atis(random_recording(1, width=40, height=40, events=2000).events)
    with pytest.raises(
        EdgeSastError,
        match=r"^a\.bin: event \d+ \(byte offset \d+\), t=\d+ µs: [xy]=\d+ lies "
        r"outside the 34x34 sensor; pass --sensor WxH",
    ):
        read_bytes(data, "a.bin")
    assert read_bytes(data, "a.bin", (40, 40)).width == 40


def test_missing_file_is_one_line(tmp_path):
    path = tmp_path / "none.bin"
    message = f"{path}: cannot be read (No such file or directory); check the path and its permissions"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        read_file(path)


PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
BYTES = re.findall(r"^\| `(\.\w+)` \| ((?:`[0-9A-F ]+` ?)+)\| ((?:\([\d, ]+\) ?)+)\|$", PAGE, re.MULTILINE)


def test_the_bytes_of_the_page():
    """docs/data.md's examples: what is written there is what the readers make of it, and where time begins."""
    assert [suffix for suffix, _, _ in BYTES] == [".bin", ".aedat"]
    for suffix, data, events in BYTES:
        want = [tuple(map(int, event.split(","))) for event in re.findall(r"\(([^)]*)\)", events)]
        read = read_bytes(bytes.fromhex(data.replace("`", "")), f"a{suffix}", (128, 128))
        assert read.events.tolist() == want
        assert int(read.events["t"][0]) == 100


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f8", "<i2", ">u8", "?"])
def test_times_of_an_array(dtype, order):
    """Milliseconds to microseconds as the page says: exact for integers, halves to even for floats."""
    table = np.array([[1, 0, 1, 0], [1, 1, 0, 1]]).astype(dtype, order=order)
    file = io.BytesIO()
    np.save(file, table)
    assert read_bytes(file.getvalue(), "a.npy").events.tolist() == [(0, 1, 0, 1), (1000, 1, 1, 0)]


def test_halves_of_a_microsecond_go_to_the_even_one():
    file = io.BytesIO()
    np.save(file, np.array([[0, 0, 0, t] for t in (0.0005, 0.0015, 0.0026)]))
    assert [event[0] for event in read_bytes(file.getvalue(), "a.npy").events.tolist()] == [0, 2, 3]


@pytest.mark.parametrize("suffix", [".raw", ".aedat", ".npy"])
def test_an_empty_file_is_called_empty(suffix):
    with pytest.raises(EdgeSastError, match=r"^camera\.\w+: is empty, 0 bytes; record"):
        read_bytes(b"", f"camera{suffix}")
