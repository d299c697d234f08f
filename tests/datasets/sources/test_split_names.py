import zipfile

import pytest

from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.sources.split_names import ALSO
from edge_sast.errors import EdgeSastError
from edge_sast.formats.atis import write_recording_atis
from tests.events.oracles import random_recording, write_classes, zip_folder

RECORDING = write_recording_atis(random_recording(1).events)


def write_zip(path, names):
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            # Not by writestr's own name: ZipInfo takes a separator of this system for "/".
            archive.writestr(zipfile.ZipInfo(name), RECORDING)


def refusal(place):
    with pytest.raises(EdgeSastError) as caught:
        open_dataset(place, window_us=1000)  # takes flat folders too
    return str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ("cat\\0.bin", "cat\\1.bin", "dog\\0.bin"),
        ("Train\\cat\\0.bin", "Train\\cat\\1.bin", "Train\\dog\\0.bin"),
        ("cat/0.bin", "cat\\1.bin", "./dog/0.bin"),
    ],
)
def test_a_backslash_in_a_zip_is_a_level(tmp_path, names):
    write_zip(tmp_path / "data" / "train.zip", ("cat\\", "__MACOSX\\x.bin", *names))
    write_zip(tmp_path / "data" / "test.zip", names)
    data = open_folder(tmp_path / "data")
    assert (data.splits, data.classes) == (("train", "test"), ("cat", "dog"))
    assert [ref.label for ref in data.recordings("train")] == [0, 0, 1]
    assert data.recordings("train")[0].source.endswith("cat/0.bin")
    assert len(data.recordings("test")[2].load()) == 200


def test_a_recording_under_both_separators_is_there_twice(tmp_path):
    write_zip(tmp_path / "all.zip", ("cat/0.bin", "cat\\0.bin"))
    assert (
        refusal(tmp_path / "all.zip")
        == f"{tmp_path}/all.zip: holds cat/0.bin twice; pack it again with one of them"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("test", "train"),
        ("Test", "Train"),
        ("TEST", "VALID", "train"),
        ("test", "train", "val"),
        ("test1", "train1"),
        ("dev", "eval", "training"),
        ("train",),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_splits_are_no_classes(tmp_path, names, packed):
    write_classes(tmp_path / "data", dict.fromkeys(names, 2))
    place = tmp_path / "data"
    if packed:
        zip_folder(place, tmp_path / "data.zip")
        place = tmp_path / "data.zip"
    assert refusal(place) == (
        f"data '{place}' holds {', '.join(names)} as classes: the level <class> between split and recordings is "
        f"missing; put recordings into {names[0]}/<class>/"
    )


def test_flat_files_and_flat_zips_named_as_splits(tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    zips = tmp_path / "zips"
    for name in ("train", "test"):
        (flat / f"{name}.bin").write_bytes(RECORDING)
        write_zip(zips / f"{name}.zip", ("0.bin", "1.bin"))
    for place in (flat, zips):
        assert "holds test, train as classes: the level <class> between split" in refusal(place)


def test_a_class_level_below_splits_that_repeats_them(tmp_path):
    for split in ("train", "test"):
        write_classes(tmp_path / split, {split: 1})
    assert "the level <class> between split and recordings is missing" in refusal(tmp_path)


def test_levels_the_wrong_way_round(tmp_path):
    for name in ("cat", "dog"):
        write_classes(tmp_path / name, {"train": 2, "test": 1})
    assert refusal(tmp_path) == (
        f"data '{tmp_path}' holds test, train as classes of the splits cat, dog: the levels <split> and <class> are "
        "exchanged; put recordings into test/cat/ and so on"
    )


def test_unpacked_with_backslashes_in_the_names(tmp_path):
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "cat\\0.bin").write_bytes(RECORDING)
    assert refusal(tmp_path) == (
        f"data '{tmp_path}' holds test, train as classes: the level <class> between split and recordings is missing; "
        "the file name 'cat\\0.bin' holds it before a '\\': give the .zip itself, or unpack it with a program "
        "that makes folders of that"
    )


@pytest.mark.parametrize(
    "names", [("bus", "car", "train"), ("pass", "test"), ("dev1", "dev2"), ("trainer", "tester")]
)
def test_classes_that_sound_like_splits(tmp_path, names):
    write_classes(tmp_path / "flat", dict.fromkeys(names, 1))
    assert open_folder(tmp_path / "flat").classes == tuple(sorted(names))
    for split in ("train", "test"):
        write_classes(tmp_path / "split" / split, dict.fromkeys(names, 1))
    data = open_folder(tmp_path / "split")
    assert (data.splits, data.classes) == (("train", "test"), tuple(sorted(names)))


@pytest.mark.parametrize("folder", [*ALSO, "Valid", "VAL", "Train", "TEST", "Testing"])
def test_usual_names_of_splits(tmp_path, capsys, folder):
    want = {"Valid": "valid", "VAL": "valid", "Train": "train", "TEST": "test", "Testing": "test"} | ALSO
    for split in {"train", "test", "valid"} - {want[folder]} | {folder, "extra"}:
        write_classes(tmp_path / split, {"a": 1, "b": 1})
    for _ in range(2):
        data = open_folder(tmp_path)
    assert data.splits == ("train", "valid", "test", "extra")
    assert data.recordings(want[folder])[0].source == f"{tmp_path}/{folder}/a/000.bin"
    line = f"{tmp_path}: '{folder}' is taken for the split '{want[folder]}'\n"
    assert capsys.readouterr().err == line  # once


def test_archives_with_a_capital_are_splits(tmp_path):
    write_classes(tmp_path / "source", {"0": 2, "1": 1})
    (tmp_path / "data").mkdir()
    for name in ("Train", "Test"):
        zip_folder(tmp_path / "source", tmp_path / "data" / f"{name}.zip", f"{name}/")
    assert open_folder(tmp_path / "data").splits == ("train", "test")


@pytest.mark.parametrize(("one", "other"), [("val", "valid"), ("Train", "train"), ("dev", "validation")])
def test_two_folders_of_one_split(tmp_path, one, other):
    for name in ("train", "test", one, other):
        if not (tmp_path / name).exists():
            write_classes(tmp_path / name, {"a": 1, "b": 1})
    split = {"val": "valid", "dev": "valid", "Train": "train"}[one]
    assert refusal(tmp_path) == (
        f"data '{tmp_path}' holds '{one}' and '{other}', which both stand for the split '{split}'; join them, or "
        "rename one"
    )
