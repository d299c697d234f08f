"""examples/worked.py: how an example ends, and what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import worked

from edge_sast.errors import CheckFailedError, EdgeSastError


@pytest.mark.parametrize(("error", "code"), [(EdgeSastError, 2), (CheckFailedError, 1)])
def test_a_mistake_and_a_failed_check_are_one_line(error, code, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["examples/some.py"])

    def work(argv):
        assert argv is None
        raise error("field is 3; make it 2")

    assert worked.run(work) == code
    assert capsys.readouterr().err == "some.py: field is 3; make it 2\n"
    assert worked.run(lambda argv: None) == 0  # noqa: ARG005


def test_a_command_that_fails_ends_the_example(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        worked.edge_sast("inspect", tmp_path / "none.safetensors")
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == "\n$ edge-sast inspect none.safetensors\n"
    assert told.err.startswith("edge-sast: ")


def test_a_folder_is_new(tmp_path, monkeypatch):
    assert worked.new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(
            EdgeSastError, match=r"^--out \S+: there is something; name another folder, or delete it$"
        ):
            worked.new_folder(place)
    monkeypatch.setattr(worked, "find_spec", lambda _: None)
    with pytest.raises(
        EdgeSastError, match=r"^Matplotlib is not installed; pip install 'edge-sast\[plots\]'$"
    ):
        worked.new_folder(tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_data_set_has_a_folder_for_each_class(tmp_path):
    data = worked.data_set(tmp_path / "data")
    found = sorted(path.relative_to(data) for path in data.rglob("*.bin"))
    assert found == [Path("2/digit-2.bin"), Path("3/digit-3.bin"), Path("7/digit-7.bin")]
