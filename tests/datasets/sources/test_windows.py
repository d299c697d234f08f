import re
from itertools import pairwise

import numpy as np
import pytest

from edge_sast.cli import main as cli
from edge_sast.datasets.dataset import OwnTime
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.windows import MIN_WINDOWS, WindowedDataset, split_by_time
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.recording import Recording, make_events
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import read_file
from tests.events.oracles import random_recording, write_classes
from tests.formats.test_real_recordings import need

WINDOW = 9_000  # of recordings of about 90 ms


@pytest.fixture
def flat(tmp_path):
    """One recording per class, without folders."""
    (tmp_path / "set").mkdir()
    for seed, name in enumerate(("mug", "mouse")):
        (tmp_path / "set" / f"{name}.bin").write_bytes(write_recording_atis(random_recording(seed).events))
    return tmp_path / "set"


def slow_windows(recording, window_us):
    """Windows as lists of events, event by event; the last, incomplete one left out."""
    found = {}
    first = int(recording.events["t"][0])
    for event in recording.events.tolist():
        found.setdefault((event[0] - first) // window_us, []).append(event)
    whole = (int(recording.events["t"][-1]) - first + 1) // window_us
    return [found.get(k, []) for k in range(whole)]


def test_parts_of_any_number_of_windows():
    for windows in range(MIN_WINDOWS, 500):
        parts = split_by_time(windows)
        train, valid, test = parts["train"], parts["valid"], parts["test"]
        assert list(parts) == ["train", "valid", "test"]
        assert min(map(len, parts.values())) >= 1
        assert train[0] == 0
        assert valid[0] == train[-1] + 2
        assert test[0] == valid[-1] + 2
        assert test[-1] == windows - 1
        assert abs(len(train) - 0.6 * windows) < 1
        assert abs(len(valid) + 1 - 0.2 * windows) < 1
    with pytest.raises(EdgeSastError, match=r"^7 windows cannot be split by time; it takes 8 or more$"):
        split_by_time(7)


def test_a_flat_folder_is_a_class_a_file(flat):
    data = open_dataset(flat, window_us=WINDOW)
    assert (data.splits, data.classes, data.sensor) == (
        ("train", "valid", "test"),
        ("mouse", "mug"),
        (34, 34),
    )
    assert (data.name, data.time) == (str(flat), OwnTime(duration_us=WINDOW))
    refs = data.recordings("valid")
    assert [ref.label for ref in refs] == [0, 1]
    assert refs[0].source == f"{flat}/mouse.bin@0.054s"  # 9 windows: train 0..4, valid 6, test 8


def test_windows_equal_the_oracle(flat):
    data = open_dataset(flat, window_us=WINDOW)
    for label, name in enumerate(data.classes):
        whole = read_file(flat / f"{name}.bin")
        want = slow_windows(whole, WINDOW)
        parts = split_by_time(len(want))
        for split in data.splits:
            got = [ref.load() for ref in data.recordings(split) if ref.label == label]
            assert [recording.events.tolist() for recording in got] == [want[k] for k in parts[split]]
            assert {recording.width for recording in got} <= {34}


def test_no_event_of_one_split_is_near_another(flat):
    data = open_dataset(flat, window_us=WINDOW)
    spans = []
    for split in data.splits:
        t = np.concatenate([ref.load().events["t"] for ref in data.recordings(split) if ref.label == 0])
        spans.append((t.min(), t.max()))
    for (_, end), (start, _) in pairwise(spans):
        assert start - end > WINDOW


def test_class_folders_are_split_by_time_and_split_folders_are_not(tmp_path):
    write_classes(tmp_path / "classes", {"a": 2, "b": 1})
    data = open_dataset(tmp_path / "classes", window_us=WINDOW)
    assert data.splits == ("train", "valid", "test")
    assert [ref.label for ref in data.recordings("test")] == [0, 0, 1]
    write_classes(tmp_path / "splits" / "train", {"a": 2, "b": 1})
    write_classes(tmp_path / "splits" / "extra", {"a": 1})
    data = open_dataset(tmp_path / "splits", window_us=WINDOW)
    assert data.splits == ("train", "extra")
    assert len(data.recordings("train")) == 3 * len(data.recordings("extra"))
    assert data.only("extra").classes == ("a",)
    assert data.only("extra").splits == ("extra",)


def test_only_one_split(flat):
    data = open_dataset(flat, window_us=WINDOW)
    only = data.only("valid")
    assert only.splits == ("valid",)
    assert [ref.source for ref in only.recordings("valid")] == [
        ref.source for ref in data.recordings("valid")
    ]
    message = f"{flat}: no split 'train'; choose one of valid"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        only.recordings("train")


def test_names_stay_apart_for_short_windows(flat):
    for window_us, example in ((10_000, "@0.01s"), (1_000, "@0.001s"), (333, "@0.000333s")):
        sources = [ref.source for ref in open_dataset(flat, window_us=window_us).recordings("train")]
        assert len(set(sources)) == len(sources)
        assert sources[1].endswith(example)


def test_binned_windows_and_their_cache(flat, tmp_path):
    binning = Binning(34, 34, 2, 1_000, 9, 1)

    def load(window_us, split):
        data = open_dataset(flat, window_us=window_us)
        return load_binned(data, split, binning, cache_dir=tmp_path / "cache")

    first = load(WINDOW, "train")
    refs = open_dataset(flat, window_us=WINDOW).recordings("train")
    for i in range(len(refs)):
        row = bin_recording(refs[i].load(), binning)
        assert np.array_equal(first.select([i]).indices, row.indices)
    assert load(WINDOW, "train").digest() == first.digest()
    assert len(list((tmp_path / "cache").iterdir())) == 1
    assert load(WINDOW, "test").digest() != first.digest()
    assert load(WINDOW - 1000, "train").digest() != first.digest()
    load(WINDOW - 1, "train")
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_windows_without_events_are_left_out_on_demand(tmp_path, capsys):
    t = np.concatenate([np.arange(0, 20_000, 100), np.arange(40_000, 100_000, 100)])
    zeros = np.zeros(len(t), np.int64)
    (tmp_path / "set").mkdir()
    recording = Recording(make_events(t, zeros, zeros, zeros), 34, 34, "gap")
    (tmp_path / "set" / "gap.bin").write_bytes(write_recording_atis(recording.events))
    data = open_dataset(tmp_path / "set", window_us=10_000)
    binning = Binning(34, 34, 0, 1_000, 10, 1)
    with pytest.raises(
        EdgeSastError, match=r"gap\.bin@0\.02s: 0 events; remove the file, or pass --skip-empty"
    ):
        load_binned(data, "train", binning, cache_dir=tmp_path / "cache")
    kept = load_binned(data, "train", binning, cache_dir=tmp_path / "cache", skip_empty=True)
    assert [source.rpartition("@")[2] for source in kept.sources] == ["0.00s", "0.01s", "0.04s"]
    assert "2 recordings with 0 events left out" in capsys.readouterr().err


def test_mistakes_are_one_line(flat):
    message = (
        f"data '{flat}' holds 2 recordings without class folders; put them into <class>/<recording> or "
        "<split>/<class>/<recording>, or cut long recordings, one file per class, into windows with --window-us N"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset(flat)
    for bad in (0, -1, 1 << 31):
        message = f"--window-us {bad} is out of range; choose whole microseconds 1..2147483647"
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            open_dataset(flat, window_us=bad)
    with pytest.raises(
        EdgeSastError,
        match=r"mouse\.bin: lasts 0\.0\d\d s, 4 windows of --window-us 20000; 8 are needed: choose a smaller "
        r"--window-us, or remove the file$",
    ):
        open_dataset(flat, window_us=20_000).recordings("train")
    (flat / "mug.bin").write_bytes(b"")
    with pytest.raises(EdgeSastError, match=r"mug\.bin: lasts 0\.000 s, 0 windows"):
        open_dataset(flat, window_us=WINDOW).recordings("train")


def test_real_objects(tmp_path, capsys):
    folder = need("dvs128_objects")
    data = open_dataset(folder, window_us=300_000)
    assert data.classes == ("Caixa", "Caneca", "Celular", "Estilete", "Lapiseira", "Mouse", "Tesoura")
    assert data.sensor == (128, 128)
    assert [len(data.recordings(split)) for split in data.splits] == [255, 78, 84]
    assert data.recordings("train")[4].source == f"{folder}/Caixa.aedat@1.20s"
    binning = Binning(128, 128, 2, 30_000, 10, 1)
    binned = load_binned(data, "valid", binning, cache_dir=tmp_path / "cache")
    assert binned.dense([0]).shape == (1, 10, 32, 32, 2)
    assert binned.dropped.max() == 0
    assert cli.main(["data", "info", str(folder), "--window-us", "300000", "--split", "test"]) == 0
    out = capsys.readouterr().out
    assert "7 classes, sensor 128x128" in out
    assert "Mouse: 12" in out


def test_works_on_any_data_set():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    data = WindowedDataset(open_dataset("digits"), 150_000)
    assert data.splits == ("train", "test")
    assert data.fingerprint("test") != open_dataset("digits").fingerprint("test")
