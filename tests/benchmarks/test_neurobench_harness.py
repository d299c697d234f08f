"""The command that runs a model in NeuroBench's harness."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import neurobench_harness
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODEL = "examples/digits-int8.safetensors"
WITHOUT = (
    "import runpy, sys; sys.modules['neurobench'] = None; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def told(cell: str) -> list[str]:
    """Cells of a row of the page's table, without its first."""
    return [each.strip() for each in cell.strip().strip("|").split("|")]


def test_it_prints_the_page_s_figures_and_why(monkeypatch, capsys, tmp_path):
    pytest.importorskip("neurobench", reason="NeuroBench is not installed: pip install -e '.[neurobench]'")
    monkeypatch.chdir(ROOT)
    written = tmp_path / "figures.json"
    words = ["neurobench_harness.py", MODEL, "--data", "digits", "--json", str(written)]
    monkeypatch.setattr(sys, "argv", words)
    assert neurobench_harness.main() == 0
    figures = json.loads(written.read_text())
    said = capsys.readouterr().out
    assert said.startswith("digits test, 359 recordings in batches of 1; neurobench 2.3")
    for row in figures["rows"]:
        assert row["neurobench"] == pytest.approx(row["account"], abs=1e-4)
        assert f"\n{row['metric']}: {row['why']}." in said
    page = (ROOT / "docs" / "neurobench.md").read_text("utf-8")
    rows = [told(line) for line in page.split("\n") if line.startswith("| ") and line.count("|") == 6][1:]
    table = [line.rsplit(maxsplit=2) for line in said.split("\n\n")[0].split("\n")[3:]]
    assert [row[:3] for row in rows] == table


def test_without_neurobench_it_says_what_to_install():
    code = WITHOUT.replace("sys.argv[0]", "'benchmarks/neurobench_harness.py'")
    words = [sys.executable, "-c", f"import sys; sys.path.insert(0, 'benchmarks'); {code}", MODEL]
    done = subprocess.run([*words, "--data", "digits"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith("neurobench_harness: NeuroBench is not installed")
    assert done.stderr.count("\n") == 1
    assert "pip install 'edge-sast[train,neurobench]'" in done.stderr
