"""The Verilog of an exported folder: its files, and whether its tables are as long as its constants say."""

from __future__ import annotations

import re
from pathlib import Path

from edge_sast.errors import EdgeSastError

FOLDER, PARAMETERS = "rtl", "sast_params.vh"
SUFFIXES = (".v", ".vh", ".mem")
# Tables and the constant that says how many words each has; weights are one table a bank.
_DEPTHS = {"params": "PDEPTH", "rows": "RDEPTH", "columns": "CDEPTH", "ops": "ODEPTH", "layers": "EDEPTH"}
_CONSTANT = re.compile(r"\blocalparam\b[^;=]*?\b(\w+)\s*=\s*(\d+)\s*;")


def source_files(folder: Path) -> list[Path]:
    """Modules, constants and tables, in order of their names. Raises EdgeSastError where there are none."""
    files = sorted(path for path in (folder / FOLDER).glob("*") if path.suffix in SUFFIXES)
    if not any(path.suffix == ".v" for path in files):
        raise EdgeSastError(
            f"{folder}: has no Verilog in {FOLDER}/; export again with --target verilog --overwrite"
        )
    return files


def constants(folder: Path) -> dict[str, int]:
    """Those of sast_params.vh that are plain numbers; none where the file is missing."""
    path = folder / FOLDER / PARAMETERS
    return {name: int(value) for name, value in _CONSTANT.findall(path.read_text())} if path.is_file() else {}


def check_tables(folder: Path, known: dict[str, int]) -> None:
    """Raises EdgeSastError for a table that has more or fewer words than it should: no tool says so."""
    for path in (path for path in source_files(folder) if path.suffix == ".mem"):
        stem = "weights" if re.fullmatch(r"weights_\d+", path.stem) else path.stem
        depth = known.get("UDEPTH" if stem == "weights" else _DEPTHS.get(stem, ""))
        words = len(path.read_bytes().split())
        if depth is not None and words != depth:
            raise EdgeSastError(
                f"{path}: has {words:,} words instead of {depth:,}; export again with --overwrite"
            )
