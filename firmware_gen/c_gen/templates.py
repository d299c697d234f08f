"""Whole files of a build folder, filled in for one model."""

from __future__ import annotations

from importlib import resources
from string import Template

import edge_sast
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.model import table_bytes
from firmware_gen.c_gen.text import banner

FURTHEST_US = (1 << 31) - 1  # of sast_stream's times


def fill(template: str, model: Model, name: str, path: str = "", **values: str) -> str:
    """A file of c/templates with what stands behind its $names.

    path: where the file goes, for its banner. values: what this template uses besides what all may use.
    """
    text = (resources.files("firmware_gen") / "c" / "templates" / template).read_text("utf-8")
    return Template(text).substitute(_common(path.rpartition("/")[2], model, name) | values)


def _common(file_name: str, model: Model, name: str) -> dict[str, str]:
    grid = model.binning
    return {
        "name": name,
        "upper_name": name.upper(),
        "prefix": f"{name.upper()}_MODEL",
        "tool": f"edge-sast {edge_sast.__version__}",
        "model_hash": model_hash(model),
        "library_version": f"{edge_sast.__version__}+{model_hash(model)[:8]}",
        "banner": banner(file_name, "made for one model", model),
        "sensor_width": str(grid.sensor_width),
        "sensor_height": str(grid.sensor_height),
        "steps": str(grid.steps),
        "dt_us": str(grid.dt_us),
        "reach_us": str(min(grid.steps * grid.dt_us, FURTHEST_US)),
        "classes": str(len(model.classes)),
        "ram_bytes": f"{memory(model).bytes:,}",
        "table_bytes": f"{table_bytes(model):,}",
    }
