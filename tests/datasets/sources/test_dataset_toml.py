"""`dataset.toml`: read where it says something, refused where it says nonsense, never a class or a recording."""

import re

import pytest

from edge_sast.datasets.dataset import OwnTime
from edge_sast.datasets.sources.dataset_toml import parse_dataset_toml
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.sources.windows import WindowedDataset
from edge_sast.errors import EdgeSastError
from tests.events.oracles import write_classes, zip_folder

TEXT = 'dt_us = 15000\nsteps = 20\nsensor = "40x36"  # width, height\n'


def test_all_keys_and_none():
    found = parse_dataset_toml(TEXT.encode(), "here")
    assert (found.time, found.sensor) == (OwnTime(15000, 20), (40, 36))
    assert parse_dataset_toml(b"# nothing yet\n", "here").time == OwnTime()


@pytest.mark.parametrize("layout", ["classes", "splits"])
def test_it_lies_beside_the_folders_and_is_none_of_them(tmp_path, layout):
    for root in [tmp_path] if layout == "classes" else [tmp_path / "train", tmp_path / "test"]:
        write_classes(root, {"a": 2, "b": 1})
    without = open_folder(tmp_path)
    (tmp_path / "dataset.toml").write_text(TEXT)
    data = open_folder(tmp_path)
    assert (data.time, data.sensor) == (OwnTime(15000, 20), (40, 36))
    assert (data.classes, data.splits) == (without.classes, without.splits)
    sources = [ref.source for ref in data.recordings(data.splits[0])]
    assert sources == [ref.source for ref in without.recordings(data.splits[0])]
    assert data.recordings(data.splits[0])[0].load().width == 40
    assert open_folder(tmp_path, (64, 48)).sensor == (64, 48)  # what the user gives wins
    assert WindowedDataset(data, 30_000).time == OwnTime(duration_us=30_000)


@pytest.mark.parametrize("prefix", ["", "set/"])
def test_in_a_zip(tmp_path, prefix):
    for split in ("train", "test"):
        write_classes(tmp_path / "source" / split, {"0": 1, "1": 1})
    (tmp_path / "source" / "dataset.toml").write_text("steps = 7")
    zip_folder(tmp_path / "source", tmp_path / "set.zip", prefix)
    data = open_folder(tmp_path / "set.zip")
    assert (data.time, data.splits, data.classes) == (OwnTime(None, 7), ("train", "test"), ("0", "1"))


def test_in_a_zip_whose_classes_are_wrapped(tmp_path):
    """The leading folder is left out beside a dataset.toml as it is without one."""
    write_classes(tmp_path / "source" / "Train", {"0": 1, "1": 1})
    (tmp_path / "source" / "dataset.toml").write_text("steps = 7")
    zip_folder(tmp_path / "source", tmp_path / "set.zip")
    data = open_folder(tmp_path / "set.zip")
    assert (data.time.steps, data.splits, data.classes) == (7, ("all",), ("0", "1"))


def test_elsewhere_it_is_a_file_like_others(tmp_path):
    write_classes(tmp_path, {"a": 1})
    (tmp_path / "a" / "dataset.toml").write_text(TEXT)
    with pytest.raises(EdgeSastError, match=r"a/dataset\.toml: no reader for the suffix '\.toml'"):
        open_folder(tmp_path)


def test_alone_it_is_no_data_set(tmp_path):
    (tmp_path / "dataset.toml").write_text(TEXT)
    with pytest.raises(EdgeSastError, match="holds no recordings"):
        open_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dt_ms = 3", "here: key 'dt_ms' is unknown; it may hold dt_us, steps, sensor, parts"),
        ("dt_us = 0", "here: dt_us is 0; it must be a whole number 1 to 2147483647"),
        ("dt_us = 1.5", "here: dt_us is 1.5; it must be a whole number 1 to 2147483647"),
        ("steps = true", "here: steps is True; it must be a whole number 1 to 65535"),
        ("steps = 65536", "here: steps is 65536; it must be a whole number 1 to 65535"),
        (
            "sensor = [34, 34]",
            'here: sensor is [34, 34]; write "WIDTHxHEIGHT" in pixels, such as "34x34", sides 1 to 65536',
        ),
        (
            'sensor = "0x34"',
            'here: sensor is \'0x34\'; write "WIDTHxHEIGHT" in pixels, such as "34x34", sides 1 to 65536',
        ),
        (
            "steps 20",
            "here: is not TOML (Expected '=' after a key in a key/value pair (at line 1, column 7)); write lines such "
            "as dt_us = 15000",
        ),
        (
            "#" * 4_200_000,
            "here: has 4200000 bytes; it may have 4194304: keep to dt_us, steps, sensor, parts",
        ),
    ],
)
def test_nonsense_is_one_line(text, message):
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        parse_dataset_toml(text.encode(), "here")


def test_bytes_that_are_no_text():
    for data in (b"\xff\xfe", b"steps = " + b"[" * 60_000):
        with pytest.raises(EdgeSastError, match=r"^here: is not TOML "):
            parse_dataset_toml(data, "here")
