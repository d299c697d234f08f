"""Real N-MNIST recordings; see docs/data.md for where they are looked for."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.split import stratified_split
from edge_sast.datasets.summary import summarise
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import read_file
from tests.events.oracles import slow_bins

DATA = Path(os.environ.get("EDGE_SAST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def need(name):
    if not (DATA / name).exists():
        pytest.skip(f"no recordings in {DATA / name}; set EDGE_SAST_DATA to a folder that holds {name}")
    return DATA / name


def test_one_recording_survives_the_round_trip():
    path = need("formats/sample_nmnist.bin")
    recording = read_file(path)
    assert len(recording) == path.stat().st_size // 5
    assert 250_000 < recording.duration_us < 350_000
    assert write_recording_atis(recording.events) == path.read_bytes()


def test_zips_are_the_splits():
    data = open_folder(need("nmnist"))
    assert data.splits == ("train", "valid", "raw1000")
    assert data.classes == tuple("01234567")
    assert [len(data.only(split).recordings(split)) for split in data.splits] == [10_000, 2_000, 1_000]


def test_ten_raw_digits_are_a_set_of_their_own_and_a_split_that_eight_classes_refuse():
    alone = open_folder(need("nmnist/raw1000.zip"))
    assert (alone.splits, alone.classes) == (("all",), tuple("0123456789"))
    labels = np.array([ref.label for ref in alone.recordings("all")])
    kept, held_out = stratified_split(labels, 0.1, seed=0)
    assert (len(kept), len(held_out)) == (900, 100)
    assert set(labels[held_out]) == set(range(10))
    with pytest.raises(
        EdgeSastError, match=r"unknown class folder '8' in split 'raw1000'; train has 0, 1, 2, 3, 4, 5,"
    ):
        open_folder(need("nmnist")).recordings("raw1000")


@pytest.mark.parametrize(("shift", "dt_us", "cap"), [(0, 30_000, 1), (1, 5_000, 15), (2, 1_000, 3)])
def test_binning_equals_the_oracle(shift, dt_us, cap):
    data = open_folder(need("nmnist")).only("raw1000")
    for ref in data.recordings("raw1000")[::250]:
        recording = ref.load()
        binning = Binning(34, 34, shift, dt_us, 20, cap)
        got = bin_recording(recording, binning)
        want, dropped = slow_bins(recording, binning)
        flat = [pair for cells in want for pair in sorted(cells.items())]
        assert list(zip(got.indices.tolist(), got.counts.tolist(), strict=True)) == flat
        assert np.array_equal(np.diff(got.step_ptr), [len(cells) for cells in want])
        assert got.dropped == dropped


def test_every_raw_recording_is_sound():
    summary = summarise(open_folder(need("nmnist")), "raw1000", progress=False)
    assert summary.recordings == 1000
    assert summary.bad == ()
    assert summary.empty == ()
    assert set(summary.per_class) == set("0123456789")


def test_loading_by_zip_and_by_folder_agree(tmp_path):
    archive = need("nmnist/valid.zip")
    with zipfile.ZipFile(archive) as members:
        names = [name for name in members.namelist() if name.endswith("bin")][::200]
        members.extractall(tmp_path / "folder", names)
    binning = Binning(34, 34, 0, 30_000, 10, 1)
    from_folder = load_binned(open_folder(tmp_path / "folder"), "all", binning, cache_dir=tmp_path / "cache")
    whole = load_binned(open_folder(archive), "all", binning, cache_dir=tmp_path / "cache")
    chosen = [source.split(":")[-1] in names for source in whole.sources]
    picked = whole.select(np.flatnonzero(chosen))
    assert np.array_equal(from_folder.indices, picked.indices)
    assert np.array_equal(from_folder.step_ptr, picked.step_ptr)
