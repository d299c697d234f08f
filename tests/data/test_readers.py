import re

import pytest

from edge_sast.data.readers import read_bytes, read_file, reader_for
from edge_sast.data.readers.atis import write_recording_atis
from edge_sast.errors import EdgeSastError
from tests.data.oracles import random_recording


def test_suffix_chooses_the_reader():
    assert reader_for("x/00009.BIN").name == "ATIS (N-MNIST)"
    message = (
        "x.mp4: no reader for the suffix '.mp4'; known are .bin, .npy, .aedat: "
        "convert the file to one of these or remove it"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        reader_for("x.mp4")


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
        EdgeSastError, match=r"^a\.bin: event \d+: x=\d+ lies outside the 34x34 sensor; pass --sensor WxH"
    ):
        read_bytes(data, "a.bin")
    assert read_bytes(data, "a.bin", (40, 40)).width == 40


def test_missing_file_is_one_line(tmp_path):
    path = tmp_path / "none.bin"
    message = f"{path}: cannot be read (No such file or directory); check the path and its permissions"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        read_file(path)
