"""Running cppcheck with its MISRA addon, and the deviations that docs/misra.md allows."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "misra.md"
CHECKS = "warning,style,performance,portability"
TEMPLATE = "{file}\t{line}\t{id}\t{message}"


@dataclass(frozen=True)
class Finding:
    """One message. rule: cppcheck's name of it, such as misra-c2012-15.5."""

    file: str
    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class Deviation:
    """A rule that may be broken, in files of these names (patterns)."""

    rule: str
    files: tuple[str, ...]
    reason: str

    def allows(self, finding: Finding) -> bool:
        name = Path(finding.file).name
        return self.rule == finding.rule and any(fnmatch.fnmatch(name, pattern) for pattern in self.files)


def deviations(text: str) -> list[Deviation]:
    """The rows of the document's tables: | rule | why | or | rule | files | why |."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) in (2, 3) and cells[0] != "rule":
            files = tuple(re.findall(r"`([^`]+)`", cells[1])) if len(cells) == 3 else ("*",)
            found.append(Deviation(cells[0], files, cells[-1]))
    return found


def analyse(sources: Sequence[Path], includes: Sequence[Path], folder: Path, misra: bool) -> list[Finding]:
    """What cppcheck says of these files and the headers they include, each finding once. folder: for scratch files."""
    command = [
        "cppcheck",
        "-q",
        f"--enable={CHECKS}",
        "--inconclusive",
        "--std=c99",
        f"--template={TEMPLATE}",
    ]
    command += ["--suppress=missingIncludeSystem", "--error-exitcode=0", *(f"-I{path}" for path in includes)]
    # An AVR differs by one word alone, which cppcheck does not know: every file thrice would be three times as long.
    command += [f"-U{name}" for name in ("__AVR__", "__AVR_TINY__", "__STRICT_ANSI__")]
    if misra:
        addon = folder / "misra.json"
        addon.write_text(json.dumps({"script": "misra.py", "args": []}))
        # Once for each file: a `python3` that is a script of a version manager takes longer to start than to check.
        command += [f"--addon={addon}", f"--addon-python={sys.executable}"]
    result = subprocess.run(
        [*command, *map(str, sources)], capture_output=True, text=True, timeout=300, check=True, cwd=folder
    )
    rows = [line.split("\t", 3) for line in result.stderr.splitlines()]
    assert all(len(row) == 4 for row in rows), result.stderr
    return sorted(
        {Finding(row[0], int(row[1]), row[2], row[3]) for row in rows}, key=lambda f: (f.file, f.line, f.rule)
    )
