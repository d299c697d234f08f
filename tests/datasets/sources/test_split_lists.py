"""Stored lists that divide a split: by every command's --data, once for all; bad ones are refused in a line."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from edge_sast.cli.main import main
from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.sources.split_lists import parse_split_lists
from edge_sast.datasets.sources.windows import WindowedDataset
from edge_sast.errors import EdgeSastError
from tests.events.oracles import write_classes

STORED = Path(__file__).parents[3] / "benchmarks" / "nmnist_split.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """train: a/000 to a/003, b/000 and b/001; valid: one of each."""
    write_classes(tmp_path / "set" / "train", {"a": 4, "b": 2})
    write_classes(tmp_path / "set" / "valid", {"a": 1, "b": 1}, seed=50)
    return tmp_path / "set"


def names(folder: Path, split: str) -> list[str]:
    return ["/".join(Path(ref.source).parts[-2:]) for ref in open_folder(folder).recordings(split)]


def test_what_a_list_holds_is_a_split_and_the_rest_stays(folder: Path) -> None:
    before = open_folder(folder)
    valid = before.fingerprint("valid")
    (folder / "dataset.toml").write_text(
        'steps = 3\n[parts]\nof = "train"\nrecordings = 6\n[parts.lists]\ntest = [5, 0]\nextra = [2]\n'
    )
    data = open_folder(folder)
    assert data.splits == ("train", "valid", "test", "extra")
    assert names(folder, "test") == ["a/000.bin", "b/001.bin"]
    assert names(folder, "extra") == ["a/002.bin"]
    assert names(folder, "train") == ["a/001.bin", "a/003.bin", "b/000.bin"]
    assert (data.time.steps, data.classes, data.fingerprint("valid")) == (3, ("a", "b"), valid)
    assert data.fingerprint("train") != before.fingerprint("train")
    assert WindowedDataset(data, 1000).splits == data.splits


def test_a_folder_without_splits_is_divided_whole(tmp_path: Path) -> None:
    write_classes(tmp_path / "set", {"a": 2, "b": 2})
    lists = '[parts]\nof = "all"\nrecordings = 4\n[parts.lists]\ntrain = [0, 2]\ntest = [1, 3]\n'
    (tmp_path / "set" / "dataset.toml").write_text(lists)
    assert open_folder(tmp_path / "set").splits == ("train", "test")


def test_names_tell_other_recordings(folder: Path) -> None:
    listed = "a/000.bin\na/001.bin\na/002.bin\na/003.bin\nb/000.bin\nb/001.bin\n"
    digest = hashlib.sha256(listed.encode()).hexdigest()
    text = f'[parts]\nof = "train"\nrecordings = 6\nnames_sha256 = "{digest}"\nlists = {{test = [1]}}\n'
    (folder / "dataset.toml").write_text(text)
    assert names(folder, "test") == ["a/001.bin"]
    (folder / "train" / "a" / "000.bin").rename(folder / "train" / "a" / "0.bin")
    with pytest.raises(
        EdgeSastError, match=r"dataset.toml: parts.names_sha256 is of other recordings than those"
    ):
        open_folder(folder)


@pytest.mark.parametrize(
    ("lists", "told"),
    [
        ("test = [6]", "parts.lists.test holds 6; places are whole numbers 0 to 5"),
        ("test = [-1]", "parts.lists.test holds -1; places are whole numbers 0 to 5"),
        ("test = [1.0]", "parts.lists.test holds 1.0; places are whole numbers 0 to 5"),
        ("test = [true]", "parts.lists.test holds True; places are whole numbers 0 to 5"),
        ("test = [1, 3, 1]", "parts.lists.test holds 1 twice; list each recording once"),
        (
            "test = [1]\nextra = [2, 1]",
            "1 is in parts.lists.test and in parts.lists.extra; a recording belongs to one part",
        ),
        ("valid = [1]", "parts.lists names 'valid', which is a split already; choose another name"),
        ("test = []", "parts.lists.test is []; list places, such as [3, 17]"),
        ("test = 3", "parts.lists.test is 3; list places, such as [3, 17]"),
    ],
)
def test_bad_lists(folder: Path, lists: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dataset.toml").write_text(f'[parts]\nof = "train"\nrecordings = 6\n[parts.lists]\n{lists}\n')
    assert main(["data", "info", str(folder)]) == 2
    assert capsys.readouterr().err == f"edge-sast: {folder}/dataset.toml: {told}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'of = "train"\nrecordings = 7',
            "parts.recordings is 7, but split 'train' holds 6; use the recordings that",
        ),
        ('of = "dev"\nrecordings = 6', "parts.of is 'dev'; the splits are train, valid"),
        ("recordings = 6", "parts.of is None; name the split that is divided"),
        ('of = "train"', "parts.recordings is None; say how many recordings split 'train' holds"),
        (
            'of = "train"\nrecordings = 6\nnames_sha256 = "AB"',
            "parts.names_sha256 is 'AB'; it must be 64 hex",
        ),
        ('of = "train"\nrecordings = 6\nseed = 1', "key parts.seed is unknown; it may hold of, recordings,"),
    ],
)
def test_a_table_that_says_nonsense(folder: Path, text: str, told: str) -> None:
    (folder / "dataset.toml").write_text(f"[parts]\n{text}\nlists = {{test = [1]}}\n")
    with pytest.raises(EdgeSastError) as caught:
        open_folder(folder)
    assert f"{folder}/dataset.toml: {told}" in str(caught.value)


def test_no_table_and_no_lists() -> None:
    with pytest.raises(EdgeSastError, match="here: parts is 3; write a table"):
        parse_split_lists(3, "here")
    with pytest.raises(EdgeSastError, match=r"here: parts\.lists is None; write lists such as"):
        parse_split_lists({"of": "train", "recordings": 3}, "here")


def test_the_stored_list_of_nmnist_sets_a_fifth_aside() -> None:
    found = parse_split_lists(tomllib.loads(STORED.read_text())["parts"], "stored")
    assert (found.of, found.recordings, {n: len(p) for n, p in found.lists.items()}) == (
        "train",
        10_000,
        {"test": 2000},
    )
    places = ",".join(map(str, found.lists["test"]))
    assert (
        hashlib.sha256(places.encode()).hexdigest()
        == "a155a55645c1dddff3ebe112d63c87718ab6c0c55d193ca2c8583fcf87791a3d"
    )
