"""A picture by a name that is none is refused before the work, by every command that draws a PNG."""

from __future__ import annotations

import re

import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.report import pictures


def test_what_can_be_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "find_spec", lambda name: name)
    pictures.check_plot("--plot", None)
    pictures.check_plot("--plot", tmp_path / "a.PNG")
    (tmp_path / "a.png").mkdir()
    with pytest.raises(EdgeSastError, match=r"^--plot .*a\.png: is a folder; name a file$"):
        pictures.check_plot("--plot", tmp_path / "a.png")
    monkeypatch.setattr(pictures, "find_spec", lambda _: None)
    told = "--plot: Matplotlib is not installed; pip install 'edge-sast[plots]', or leave it out"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        pictures.check_plot("--plot", "b.png")


@pytest.mark.parametrize("name", ["a.txt", "a.svg", "a", "png"])
@pytest.mark.parametrize("words", [("fpga", "report", "build"), ("stream", "MODEL", "hours.raw")])
def test_a_name_that_is_no_picture(tmp_path, monkeypatch, capsys, words, name):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--plot", name]) == 2
    told = f"edge-sast: --plot {name}: is no picture by its ending; choose a name that ends in .png\n"
    assert capsys.readouterr().err == told
    assert not (tmp_path / name).exists()
