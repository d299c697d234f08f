"""What files say beside their events is told of a data set as of a file: once, summed, from the cache too."""

import json

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.datasets.files import read_events
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.remarks import Summed, summed
from edge_sast.events.binning import Binning
from edge_sast.events.remark import Remark
from edge_sast.formats.registry import read_bytes

SIDE = 24
BINNING = Binning(SIDE, SIDE, 0, 1000, 4, 1)
LOST = "events before the first time word, left out"


def evt3(lost, head="% evt 3.0\n% geometry 24x24\n% end\n"):
    """An EVT3 file that begins with `lost` events before its first time word."""
    found = [word for t in range(0, 4000, 100) for word in (0x6000 | t, 0x2003)]
    lead = [0x0002] * (lost > 0) + [0x2001] * lost
    return head.encode() + np.array([*lead, 0x8000, 0x6000, 0x0002, *found], "<u2").tobytes()


@pytest.fixture
def folder(tmp_path):
    """Of three recordings two begin with 2 and 1,500 such events; one says no version."""
    for name, data in {
        "train/a/0.raw": evt3(0),
        "train/a/1.raw": evt3(2),
        "train/b/2.raw": evt3(1500, "% geometry 24x24\n% end\n"),
        "test/a/3.raw": evt3(0),
    }.items():
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "set"


def told(folder):
    return (
        f"{folder} train: 1,502 {LOST} (2 recordings, first {folder}/train/a/1.raw); the header says no version: "
        f"words read as EVT3 ({folder}/train/b/2.raw)\n"
    )


def fresh(monkeypatch):
    monkeypatch.setattr("edge_sast.datasets.remarks._said", set())  # as in a new process


def test_a_recording_has_the_remarks_of_its_file():
    assert read_bytes(evt3(2), "a.raw").remarks == (Remark(LOST, 2),)
    assert read_bytes(evt3(0), "a.raw").remarks == ()


def test_a_split_says_them_once_and_from_the_cache_too(folder, tmp_path, capsys, monkeypatch):
    for cached in (True, True, False):
        for _ in range(2):
            binned = load_binned(
                open_dataset(folder), "train", BINNING, cache_dir=tmp_path / "cache", cached=cached
            )
            assert binned.counts.sum() == 3 * 4  # one pixel in each of 4 steps: none of those events
        assert capsys.readouterr().err == told(folder)
        assert len(list((tmp_path / "cache").iterdir())) == 1
        fresh(monkeypatch)
    load_binned(open_dataset(folder), "test", BINNING, cache_dir=tmp_path / "cache")
    assert capsys.readouterr().err == ""


def test_a_moved_folder_tells_its_new_names_from_the_cache(folder, tmp_path, capsys):
    load_binned(open_dataset(folder), "train", BINNING, cache_dir=tmp_path / "cache")
    moved = folder.rename(tmp_path / "moved")
    capsys.readouterr()
    load_binned(open_dataset(moved), "train", BINNING, cache_dir=tmp_path / "cache")
    assert capsys.readouterr().err == told(moved)


def test_a_recording_counts_once_of_all_its_windows(folder, tmp_path, capsys):
    dataset = open_dataset(folder, window_us=1000)
    load_binned(dataset, "train", BINNING, cache_dir=tmp_path / "cache")
    assert capsys.readouterr().err == told(folder)


def test_read_events(folder, capsys):
    files = [str(path) for path in sorted((folder / "train").rglob("*.raw"))]
    read_events(*files, binning=BINNING)
    assert capsys.readouterr().err == told(folder).replace(f"{folder} train", "3 files")
    read_events(files[0], binning=BINNING)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("engine", [[], ["--engine", "processes", "--jobs", "2"], ["--keep-going"]])
def test_run(folder, tmp_path, capsys, monkeypatch, engine):
    """Of data sets and of files, whoever reads them."""
    model = "examples/digits-int8.safetensors"
    fresh(monkeypatch)
    for name, number in (("train/a", "0"), ("train/b", "1"), ("test/a", "0")):
        (folder / name).rename((folder / name).with_name(number))  # classes of the model
    data = ["--data", str(folder), "--split", "train", "--cache-dir", str(tmp_path / "cache")]
    assert main(["run", model, *data, *engine]) == 0
    err = capsys.readouterr().err
    assert f"{folder} train: 1,502 {LOST} (2 recordings, first {folder}/train/0/1.raw); " in err
    assert err.count(LOST) == 1
    assert main(["run", model, f"{folder}/train/0/1.raw", *engine]) == 0
    assert f"1 files: 2 {LOST} ({folder}/train/0/1.raw)\n" in capsys.readouterr().err


def test_data_info_of_the_set(folder, tmp_path, capsys):
    assert main(["data", "info", str(folder), "--json", str(tmp_path / "i.json")]) == 0
    lost, assumed = told(folder).removeprefix(f"{folder} train: ").rstrip("\n").split("; ")
    out = capsys.readouterr().out
    assert f"train: {lost}\ntrain: {assumed}\n" in out
    splits = json.loads((tmp_path / "i.json").read_text())["splits"]
    assert (splits["train"]["left_out"], splits["train"]["assumed"]) == ([lost], [assumed])
    assert splits["test"]["left_out"] == splits["test"]["assumed"] == []


def test_sums():
    default, lost = Remark("times in µs"), Remark("events", 3)
    found = [(0, "a", (default,)), (2, "b", (default, lost)), (3, "b", (default, lost)), (5, "c", (lost,))]
    assert summed(found) == (Summed("events", 6, 2, 2), Summed("times in µs", None, 2, 0))
    assert summed([(0, "a", ())]) == ()
