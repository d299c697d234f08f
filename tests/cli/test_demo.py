"""The demo, shortened: same data, same steps, a network that is not trained to the end."""

import json
import shutil
from dataclasses import replace

import pytest

from edge_sast.cli.main import main


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler on this machine")
def test_demo_runs_the_whole_path(tmp_path, monkeypatch, capsys):
    from trainer import demo

    monkeypatch.setattr(demo, "SETTINGS", replace(demo.SETTINGS, epochs=2, qat_epochs=1, limit=400))
    assert main(["demo", "--out", str(tmp_path / "demo"), "--json", str(tmp_path / "demo.json")]) == 0
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert figures["mismatches"] == 0
    assert figures["compared_steps"] > 3000
    assert figures["int8"]["accuracy"] > 0.5
    printed = capsys.readouterr().out
    for part in ("surrogate", "hard", "INT8", "INT4", "SynOps", "flash", "RAM", "0 mismatches"):
        assert part in printed
