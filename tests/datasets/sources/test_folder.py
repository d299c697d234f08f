import os
import re
import zipfile

import pytest

from edge_sast.datasets.sources.folder import open_folder, sort_classes
from edge_sast.errors import EdgeSastError
from edge_sast.formats.atis import write_recording_atis
from tests.events.oracles import random_recording, write_classes, zip_folder

LAYOUT = "<class>/<recording> or <split>/<class>/<recording>"


def test_classes_at_the_top_are_one_split(tmp_path):
    write_classes(tmp_path, {"10": 1, "9": 2, "0": 1})
    (tmp_path / "README.md").write_text("about")
    (tmp_path / ".DS_Store").write_text("x")
    data = open_folder(tmp_path)
    assert data.splits == ("all",)
    assert data.classes == ("0", "9", "10")
    assert data.sensor == (34, 34)
    refs = data.recordings("all")
    assert [ref.label for ref in refs] == [0, 1, 1, 2]
    assert refs[1].source == str(tmp_path / "9" / "000.bin")
    assert (refs[0].load().events == random_recording(4).events).all()


def test_split_folders_and_names(tmp_path):
    for split in ("test", "extra", "train"):
        write_classes(tmp_path / split, {"b": 1, "a": 1})
    assert open_folder(tmp_path).splits == ("train", "test", "extra")
    assert open_folder(tmp_path).classes == ("a", "b")


@pytest.mark.parametrize("prefix", ["", "Train/"])
def test_zip_is_read_in_place(tmp_path, prefix):
    write_classes(tmp_path / "source", {"0": 2, "1": 1})
    (tmp_path / "data").mkdir()
    zip_folder(tmp_path / "source", tmp_path / "data" / "train.zip", prefix)
    data = open_folder(tmp_path / "data")
    assert data.splits == ("train",)
    refs = data.recordings("train")
    assert [ref.label for ref in refs] == [0, 0, 1]
    assert refs[2].source == f"{tmp_path}/data/train.zip:{prefix}1/000.bin"
    assert (refs[2].load().events == random_recording(3).events).all()


def test_a_zip_itself_and_zips_of_classes(tmp_path):
    write_classes(tmp_path / "source", {"0": 2, "1": 1})
    zip_folder(tmp_path / "source", tmp_path / "whole.zip")
    assert open_folder(tmp_path / "whole.zip").splits == ("all",)
    (tmp_path / "zips").mkdir()
    zip_folder(tmp_path / "source" / "0", tmp_path / "zips" / "zero.zip")
    data = open_folder(tmp_path / "zips")
    assert (data.splits, data.classes, len(data.recordings("all"))) == (("all",), ("zero",), 2)


def test_given_sensor_wins(tmp_path):
    write_classes(tmp_path, {"a": 1})
    data = open_folder(tmp_path, (64, 48))
    assert data.sensor == (64, 48)
    assert data.recordings("all")[0].load().width == 64


def test_unknown_class_is_an_error_of_its_split_only(tmp_path):
    write_classes(tmp_path / "train", {"a": 1, "b": 1})
    write_classes(tmp_path / "test", {"a": 1, "c": 1})
    data = open_folder(tmp_path)
    assert len(data.recordings("train")) == 2
    message = (
        f"{tmp_path}: unknown class folder 'c' in split 'test'; train has a, b: "
        "remove it, or add recordings of it to train"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        data.recordings("test")
    assert data.only("test").classes == ("a", "c")


def test_unknown_split_lists_the_known(tmp_path):
    write_classes(tmp_path, {"a": 1})
    message = f"{tmp_path}: no split 'train'; choose one of all"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path).recordings("train")


def test_missing_and_empty_folders(tmp_path):
    message = f"data '{tmp_path}/none' does not exist; give a folder {LAYOUT}"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path / "none")
    message = f"data '{tmp_path}' holds no recordings; put them into {LAYOUT}"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path)
    (tmp_path / "a.bin").write_bytes(b"")
    message = f"data '{tmp_path}/a.bin' is a file, not a folder or .zip; give a folder {LAYOUT}"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path / "a.bin")


def test_empty_class_folder_would_shift_the_labels(tmp_path):
    write_classes(tmp_path, {"a": 1})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / ".keep").write_text("")
    message = f"{tmp_path}/b: empty folder; put recordings into it, or remove it"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path)
    (tmp_path / "none").mkdir()
    zip_folder(tmp_path / "none", tmp_path / "train.zip")
    message = f"{tmp_path}/train.zip: empty zip archive; put recordings into it, or remove it"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path / "train.zip")


def test_zip_unpacked_beside_itself(tmp_path):
    write_classes(tmp_path / "train", {"a": 1})
    zip_folder(tmp_path / "train", tmp_path / "train.zip")
    message = f"{tmp_path}/train.zip: lies beside 'train', which it stands for; move one of them away"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path)


def test_stray_files(tmp_path):
    write_classes(tmp_path, {"a": 1})
    stray = tmp_path / "labels.csv"
    stray.write_text("x")
    message = f"{stray}: stray file; recordings belong in {LAYOUT}: move it away"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path)
    stray.unlink()
    (tmp_path / "a" / "notes.md").write_text("x")
    with pytest.raises(
        EdgeSastError, match=r"notes\.md: no reader for the suffix '\.md'; known are \.bin, \.npy"
    ):
        open_folder(tmp_path)
    (tmp_path / "a" / "notes.md").rename(tmp_path / "a" / "notes.txt")  # which a recording may be called too
    notes = next(ref for ref in open_folder(tmp_path).recordings("all") if ref.source.endswith(".txt"))
    with pytest.raises(
        EdgeSastError, match=r"notes\.txt: line 1: 'x' has 1 columns, read as t,x,y,p; .*without events$"
    ):
        notes.load()


def test_a_pipe_is_not_waited_for(tmp_path):
    write_classes(tmp_path, {"a": 1})
    os.mkfifo(tmp_path / "a" / "x.bin")
    with pytest.raises(EdgeSastError, match=r"x.bin: is neither a file nor a folder; remove it$"):
        open_folder(tmp_path)


def test_a_link_to_its_own_parent_ends(tmp_path):
    write_classes(tmp_path, {"a": 1})
    (tmp_path / "a" / "up").symlink_to("..")
    with pytest.raises(EdgeSastError, match=r"cannot be listed \(.*\); check"):
        open_folder(tmp_path)


def test_mixed_layouts(tmp_path):
    write_classes(tmp_path, {"a": 1})
    write_classes(tmp_path / "train", {"a": 1})
    message = (
        f"{tmp_path}/a/000.bin: lies in <class>/<recording>, but other files in <split>/<class>/<recording>; "
        "use one layout for all"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path)


def test_damaged_zips(tmp_path):
    write_classes(tmp_path / "source", {"0": 3})
    zip_folder(tmp_path / "source", tmp_path / "train.zip")
    whole = (tmp_path / "train.zip").read_bytes()
    target = tmp_path / "cut" / "train.zip"
    target.parent.mkdir()
    target.write_bytes(whole[: len(whole) // 2])
    message = f"{target}: not a readable zip archive (File is not a zip file); copy it again"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(target.parent)
    flipped = bytearray(whole)
    flipped[100] ^= 0xFF  # inside the first member's compressed bytes
    target.write_bytes(flipped)
    with pytest.raises(
        EdgeSastError, match=r"train\.zip:0/000\.bin: cannot be unpacked \(.*\); the archive is damaged"
    ):
        open_folder(target.parent).recordings("train")[0].load()


def test_fingerprint_follows_contents_not_place(tmp_path):
    write_classes(tmp_path / "source", {"0": 2})
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        zip_folder(tmp_path / "source", tmp_path / place / "train.zip")
    first = open_folder(tmp_path / "a").fingerprint("train")
    assert open_folder(tmp_path / "b").fingerprint("train") == first
    (tmp_path / "source" / "0" / "000.bin").write_bytes(write_recording_atis(random_recording(99).events))
    zip_folder(tmp_path / "source", tmp_path / "b" / "train.zip")
    assert open_folder(tmp_path / "b").fingerprint("train") != first
    assert open_folder(tmp_path / "a", (40, 40)).fingerprint("train") != first


def test_class_order():
    assert sort_classes({"10", "9", "2"}) == ("2", "9", "10")
    assert sort_classes({"10", "9", "x"}) == ("10", "9", "x")


def test_a_zip_that_holds_a_recording_twice(tmp_path):
    write_classes(tmp_path / "source", {"0": 1})
    (tmp_path / "data").mkdir()
    zip_folder(tmp_path / "source", tmp_path / "data" / "train.zip")
    with (
        zipfile.ZipFile(tmp_path / "data" / "train.zip", "a") as archive,
        pytest.warns(UserWarning, match="Duplicate name"),
    ):
        archive.writestr("0/000.bin", b"")
    message = f"{tmp_path}/data/train.zip: holds 0/000.bin twice; pack it again with one of them"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        open_folder(tmp_path / "data")
