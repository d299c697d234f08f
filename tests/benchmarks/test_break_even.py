"""The table of rates in docs/method.md is what its command prints."""

import subprocess
import sys
from pathlib import Path

from tests.programs import LIMIT

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_the_docs_is_what_the_command_prints():
    printed = subprocess.run(
        [sys.executable, "benchmarks/break_even.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    ).stdout
    _, table = (ROOT / "docs" / "method.md").read_text().split("(`python benchmarks/break_even.py`):\n\n")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n\n")[0].splitlines()
    ]
    told = [line.split() for line in printed.splitlines()[2:]]
    assert [[*line[:3], " ".join(line[3:])] for line in told] == rows[2:]
    assert len(told) == 3
