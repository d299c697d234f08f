import json
import re

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.build.folder import MANIFEST, changed_files, read_manifest, with_manifest, write_folder

FILES = with_manifest({"src/b.c": b"two", "a.txt": b"one"}, "c", "x", "00")


@pytest.fixture
def folder(tmp_path):
    write_folder(FILES, tmp_path / "build")
    return tmp_path / "build"


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_writes_exactly_the_files(folder):
    assert contents(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["build"]
    assert changed_files(folder, read_manifest(folder)) == []


def test_replaces_an_earlier_export_and_keeps_what_is_not_its_own(folder):
    (folder / "out").mkdir()
    (folder / "out" / "program").write_bytes(b"mine")
    newer = with_manifest({"c.txt": b"three"}, "c", "x", "01")
    write_folder(newer, folder)
    assert contents(folder) == {**newer, "out/program": b"mine"}


def test_does_not_replace_edited_files(folder):
    (folder / "src" / "b.c").write_bytes(b"tuned by hand")
    message = (
        f"{folder}: src/b.c was edited or damaged since it was exported (such files: 1); 'edge-sast export' with "
        "--overwrite writes it anew, or choose another --out"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        write_folder(FILES, folder)
    assert (folder / "src" / "b.c").read_bytes() == b"tuned by hand"


def test_replaces_edited_files_where_that_is_asked(folder):
    (folder / "src" / "b.c").write_bytes(b"tw")
    (folder / "notes").write_bytes(b"mine")
    write_folder(FILES, folder, overwrite=True)
    assert contents(folder) == {**FILES, "notes": b"mine"}


def test_overwrite_replaces_nothing_but_exports(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(EdgeSastError, match="is not empty and not an earlier export; choose a new folder"):
        write_folder(FILES, tmp_path, overwrite=True)


def test_does_not_replace_what_is_not_an_export(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(EdgeSastError, match="is not empty and not an earlier export; choose a new folder"):
        write_folder(FILES, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_its_place(tmp_path):
    (tmp_path / "build").write_text("")
    with pytest.raises(EdgeSastError, match="build: is a file; choose a folder"):
        write_folder(FILES, tmp_path / "build")


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "build").mkdir()
    write_folder(FILES, tmp_path / "build")
    assert contents(tmp_path / "build") == FILES


def test_changed_and_missing_files(folder):
    (folder / "a.txt").write_bytes(b"other")
    (folder / "src" / "b.c").unlink()
    assert changed_files(folder, read_manifest(folder)) == ["a.txt", "src/b.c"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "format is not 'edge-sast-firmware'"),
        (
            {"format_version": 2},
            "format_version is 2; this edge-sast reads 1; export again to another folder",
        ),
        ({"format_version": True}, "format_version is True"),
        ({"name": None}, "name is None; it must be a text"),
        ({"files": {"../up": "00"}}, "files is not a list of paths inside the folder"),
        ({"files": {"/etc/x": "00"}}, "files is not a list of paths inside the folder"),
        ({"files": {"a": 1}}, "files is not a list of paths inside the folder"),
        ({"files": 3}, "files is not a list of paths inside the folder"),
    ],
)
def test_manifests_that_cannot_be_trusted(folder, change, message):
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**document, **change}))
    with pytest.raises(EdgeSastError, match=re.escape(message)):
        read_manifest(folder)


@pytest.mark.parametrize(
    "data",
    [b"{\xff", b"[" * 100_000, FILES[MANIFEST].replace(b'"tool"', b'"name"')],
    ids=["no text", "too deep", "a name twice"],
)
def test_a_manifest_that_is_not_json(folder, data):
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(EdgeSastError, match="is not JSON"):
        read_manifest(folder)


def test_no_manifest(tmp_path):
    with pytest.raises(
        EdgeSastError, match=r"has no manifest.json; give a folder that 'edge-sast export' wrote"
    ):
        read_manifest(tmp_path)
    with pytest.raises(
        EdgeSastError, match=r"away: does not exist; give a folder that 'edge-sast export' wrote"
    ):
        read_manifest(tmp_path / "away")


def test_the_current_folder_is_not_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        EdgeSastError, match=r"^\.: is the current folder, which cannot be replaced; name a folder in it$"
    ):
        write_folder({}, ".")
