import re
import sys

import numpy as np
import pytest

from edge_sast.datasets.open import open_dataset
from edge_sast.errors import EdgeSastError
from edge_sast.formats.atis import write_recording_atis
from tests.events.oracles import random_recording, write_classes


@pytest.fixture
def nmnist(tmp_path):
    """Tonic's layout of N-MNIST, with few recordings."""
    for folder, seed in (("Train", 0), ("Test", 100)):
        write_classes(tmp_path / "NMNIST" / folder, {"0": 2, "7": 1}, seed)
    return tmp_path


def test_path(tmp_path):
    write_classes(tmp_path, {"a": 1})
    assert open_dataset(str(tmp_path)).splits == ("all",)
    assert open_dataset(tmp_path, sensor=(50, 50)).sensor == (50, 50)


def test_unknown_name():
    message = "data 'nowhere' does not exist; give a folder, a .zip, or one of digits, nmnist, dvsgesture"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset("nowhere")


def test_digits_take_no_sensor():
    message = "--sensor 34x34: 'digits' has its own size 24x24; leave it out"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset("digits", sensor=(34, 34))
    assert open_dataset("digits", seed=5).name == "digits"


def test_nmnist_in_tonics_layout(nmnist, capsys):
    data = open_dataset("nmnist", download_dir=nmnist)
    assert (data.name, data.splits, data.sensor) == ("nmnist", ("train", "test"), (34, 34))
    assert data.classes == tuple("0123456789")  # labels are digits even where some are missing
    refs = data.recordings("test")
    assert [ref.label for ref in refs] == [0, 0, 7]
    assert (refs[2].load().events == random_recording(103).events).all()
    assert refs[2].source == f"{nmnist}/NMNIST/Test/7/000.bin"
    assert (
        f"warning: nmnist test: 3 recordings in {nmnist}/NMNIST/Test, a complete set has at least 10000; "
        "after an interrupted download remove this folder and start again\n"
    ) in capsys.readouterr().err


def test_nmnist_reads_what_tonic_reads(nmnist):
    tonic_io = pytest.importorskip("tonic.io", reason="tonic is not installed")
    (ref, *_) = open_dataset("nmnist", download_dir=nmnist).recordings("train")
    dtype = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])
    want = tonic_io.read_mnist_file(ref.source, dtype)
    got = ref.load().events
    for field in "xytp":
        assert np.array_equal(got[field], want[field])


def test_gestures_in_tonics_layout(tmp_path):
    rng = np.random.default_rng(0)
    for folder in ("ibmGestureTrain", "ibmGestureTest"):
        for user in ("user01_fluorescent", "user02_led"):
            (tmp_path / "DVSGesture" / folder / user).mkdir(parents=True)
            for gesture in (0, 10):
                columns = (
                    *rng.integers(0, 128, (2, 50)),
                    rng.integers(0, 2, 50),
                    np.sort(rng.integers(0, 900, 50)),
                )
                np.save(tmp_path / "DVSGesture" / folder / user / f"{gesture}.npy", np.stack(columns, axis=1))
    data = open_dataset("dvsgesture", download_dir=tmp_path)
    assert data.sensor == (128, 128)
    assert (data.classes[0], data.classes[10], len(data.classes)) == ("hand clapping", "other gestures", 11)
    refs = data.recordings("train")
    assert [ref.label for ref in refs] == [0, 0, 10, 10]
    table = np.load(tmp_path / "DVSGesture" / "ibmGestureTrain" / "user02_led" / "10.npy")
    events = refs[3].load().events
    assert np.array_equal(events["t"], table[:, 3] * 1000)
    assert np.array_equal(events["x"], table[:, 0])


def test_file_out_of_place(nmnist):
    stray = nmnist / "NMNIST" / "Train" / "stray"
    stray.mkdir()
    (stray / "0.bin").write_bytes(write_recording_atis(random_recording(1).events))
    message = (
        f"{stray}/0.bin: does not belong to nmnist; its files are "
        f"{nmnist}/NMNIST/Train/<digit>/<number>.bin: "
        "move it away"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset("nmnist", download_dir=nmnist)


def test_unpacked_folder_without_recordings(tmp_path):
    root = tmp_path / "NMNIST" / "Train"
    root.mkdir(parents=True)
    message = (
        f"nmnist: {root} holds 0 .bin files; put <digit>/<number>.bin there, or remove the folder to download"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset("nmnist", download_dir=tmp_path)


def test_missing_tonic_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic", None)
    monkeypatch.setitem(sys.modules, "tonic.datasets", None)
    root = tmp_path / "DVSGesture" / "ibmGestureTrain"
    message = (
        f"dvsgesture: not found in {root} and Tonic is not installed; run pip install 'edge-sast[tonic]', "
        f"or put the files there by hand as {root}/user<number>_<lighting>/<gesture 0..10>.npy"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_dataset("dvsgesture", download_dir=tmp_path)


@pytest.mark.filterwarnings("ignore")  # Tonic's own imports warn
def test_failed_download_is_one_line(tmp_path):
    pytest.importorskip("tonic", reason="tonic is not installed")
    (tmp_path / "NMNIST").write_text("a file where Tonic needs a folder")
    with pytest.raises(EdgeSastError) as caught:
        open_dataset("nmnist", download_dir=tmp_path)
    root = re.escape(str(tmp_path / "NMNIST"))
    assert re.fullmatch(
        rf"nmnist: download of train to {root} failed \(.*\); try again, or put the files there by hand as "
        rf"{root}/Train/<digit>/<number>\.bin",
        str(caught.value),
    )
