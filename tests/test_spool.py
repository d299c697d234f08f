"""Temporary files, and what is said where their folder is full."""

import os
import tempfile
import zipfile
from functools import partial

import pytest

from edge_sast import spool as module
from edge_sast.errors import EdgeSastError
from edge_sast.spool import Spool, buffered_spool
from tests.cli.data.files import run, write


def test_it_holds_what_it_was_given():
    with buffered_spool() as spool:
        spool.write(b"events")
        spool.seek(2)
        assert spool.read() == b"ents"
    with Spool() as spool:
        assert spool.write(b"events") == 6
        assert spool.truncate(3) == 3
        spool.seek(0)
        assert spool.read() == b"eve"


def test_where_no_temporary_file_can_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path / "none"))
    message = (
        f"^{tmp_path}/none: cannot hold a temporary file: No such file or directory; free space there, or set "
        "TMPDIR to another folder$"
    )
    with pytest.raises(EdgeSastError, match=message):
        Spool()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("archive", [False, True])
def test_a_full_temporary_folder_is_named_and_nothing_is_left(tmp_path, archive, monkeypatch, capsys):
    """Of the columns of an archive of arrays that is written, and of a packed recording that is read."""
    source, out = tmp_path / "cup.bin", tmp_path / "out"
    write(source, [(t, t % 30, t % 30, t % 2) for t in range(30_000)])
    if archive:
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed:
            packed.write(source, "cup/a.bin")
        source = tmp_path / "a.zip"
    monkeypatch.setattr(module, "TemporaryFile", partial(open, "/dev/full", "r+b"))
    assert run("convert", source, out, "--to", ".npz") == 2
    message = "cannot hold a temporary file: No space left on device; free space there, or set TMPDIR to another folder"
    assert capsys.readouterr().err == f"edge-sast: {tempfile.gettempdir()}: {message}\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path != source] == (
        [tmp_path / "cup.bin"] if archive else []
    )
