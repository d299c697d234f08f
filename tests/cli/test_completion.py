"""What `edge-sast completion` prints, asked by the shell itself."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from edge_sast.cli.completion import SHELLS
from edge_sast.cli.main import main
from tests.programs import LIMIT

ASK = """
source "$1"; shift
function="$(complete -p edge-sast | sed 's/.* -F \\([^ ]*\\) .*/\\1/')"
COMP_WORDS=(edge-sast "$@"); COMP_CWORD=$#; COMPREPLY=()
"$function" edge-sast "${!#}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def asked(tmp_path, monkeypatch, capsys):
    """What bash offers for the last of some words."""
    pytest.importorskip("shtab")
    if shutil.which("bash") is None:
        pytest.skip("asks bash")
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out, "utf-8")
    (tmp_path / "ask").write_text(ASK, "utf-8")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def ask(*words: str) -> list[str]:
        command = ["bash", str(tmp_path / "ask"), str(tmp_path / "script"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT)
        assert done.stderr == ""
        return sorted(done.stdout.split())

    return ask


def test_bash_completes_commands_options_values_and_files(asked, tmp_path):
    assert asked("ca") == ["calibrate"]
    assert asked("board", "b") == ["build"]
    assert asked("export", "--tar") == ["--target"]
    assert asked("data", "info", "--defects", "") == ["clip", "drop", "keep", "reject"]
    (tmp_path / "here" / "model.safetensors").touch()
    assert asked("inspect", "mod") == ["model.safetensors"]
    assert asked("export", "model.safetensors", "--out", "mod") == ["model.safetensors"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_it(shell, capsys):
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("compare-dense", "--augment-shift", "doctor"))


def test_without_shtab_it_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    message = "completion: the Python package shtab is not installed; pip install 'edge-sast[completion]'"
    assert capsys.readouterr() == ("", f"edge-sast: {message}\n")
