"""Whole files of a build folder, filled in for one model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from string import Template

import edge_sast
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.text import banner
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan

FURTHEST_US = (1 << 31) - 1  # of sast_stream's times


def common_values(plan: CPlan, name: str) -> dict[str, str]:
    """What the templates of one export may all use."""
    model, grid = plan.model, plan.model.binning
    return {
        "name": name,
        "upper_name": name.upper(),
        "prefix": f"{name.upper()}_MODEL",
        "tool": f"edge-sast {edge_sast.__version__}",
        "model_hash": plan.model_hash,
        "library_version": f"{edge_sast.__version__}+{plan.model_hash[:8]}",
        "sensor_width": str(grid.sensor_width),
        "sensor_height": str(grid.sensor_height),
        "steps": str(grid.steps),
        "dt_us": str(grid.dt_us),
        "reach_us": str(min(grid.steps * grid.dt_us, FURTHEST_US)),
        "classes": str(len(model.classes)),
        "ram_bytes": f"{memory(plan).bytes:,}",
        "table_bytes": f"{footprint(plan).flash_bytes:,}",
    }


def fill(template: str, common: Mapping[str, str], path: str = "", **values: str) -> str:
    """A file of c/templates with what its $names stand for.

    common: see common_values. path: where the file goes, for its banner. values: what this template uses besides.
    """
    text = (resources.files("firmware_gen") / "c" / "templates" / template).read_text("utf-8")
    title = banner(path.rpartition("/")[2], "made for one model", common["model_hash"])
    return Template(text).substitute({"banner": title, **common, **values})
