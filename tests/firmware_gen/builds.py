"""Models, build folders and compiled programs for the tests of the C."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

import firmware_gen
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear, OrPool, RecurrentLinear, SumPool
from edge_sast.model.model import Model
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.library import write_headers, write_sources
from tests import tools

PROGRAMS = Path(__file__).parent / "programs"
C = Path(firmware_gen.__file__).parent / "c"
_SCRATCH = tempfile.TemporaryDirectory(prefix="edge-sast-library-")
LIBRARY = Path(_SCRATCH.name) / "src"  # every source of the library, as exports get them
write_sources(LIBRARY)
HEADERS = write_headers(LIBRARY.with_name("include"))
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
SANITIZED = ["-std=c99", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def lif(rng: np.random.Generator, channels: int, scale: int, leaks=(2,), reset="zero", state_bits=12) -> Lif:
    threshold = rng.integers(1, scale, channels, endpoint=True)
    bias = rng.integers(-scale // 4, scale // 4, channels, endpoint=True)
    return Lif(threshold, bias, rng.integers(-scale, scale, channels), leaks, reset, state_bits)


def weights(rng: np.random.Generator, bits: int, *shape: int) -> np.ndarray:
    if bits == 1:
        return rng.choice([-1, 1], shape)
    return rng.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1, shape, endpoint=True)


def everything_model() -> Model:
    """One of each layer kind, all containers, both membrane widths, both resets, groups, strides."""
    rng = np.random.default_rng(7)
    grid = Binning(21, 18, 1, 1000, 4, 3)
    return Model(
        grid,
        (
            Conv2d(weights(rng, 3, 3, 4, 2, 4), 3, lif(rng, 4, 6), 0, (1, 1), (1, 2), 1),
            OrPool(2),
            Conv2d(weights(rng, 2, 3, 3, 4, 3), 2, lif(rng, 6, 9, (), "subtract"), 1, (2, 1), (1, 1), 2),
            SumPool(2),
            Flatten(),
            RecurrentLinear(weights(rng, 8, 18, 9), weights(rng, 8, 9, 9), 8, lif(rng, 9, 200, (1, 3))),
            Linear(weights(rng, 5, 9, 5), 5, lif(rng, 5, 20, (3,), "subtract", 20), 8),
            Linear(weights(rng, 1, 5, 3), 1, Integrator([1, 0, -1], [5, 0, -5], (4,), 24)),
        ),
        ("zero", 'quote " and ?', "drei ß"),
    )


def with_idle_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers of any size keep idle cells: those of the tests are all below the size from which they pay."""
    monkeypatch.setattr("firmware_gen.c_plan.layout.MIN_IDLE_POSITIONS", 1)


def small_model(seed: int = 1) -> Model:
    rng = np.random.default_rng(seed)
    conv = Conv2d(weights(rng, 4, 2, 2, 2, 2), 4, lif(rng, 2, 8))
    last = Linear(weights(rng, 8, 18, 2), 8, lif(rng, 2, 150, (1,), "subtract", 16))
    return Model(Binning(4, 4, 0, 1000, 3, 1), (conv, Flatten(), last), ("a", "b"))


def smallest_read_out() -> Model:
    """Two classes behind spikes of one pixel: little memory lies behind the membranes of the read-out."""
    hidden = Linear(np.full((2, 4), 4, np.int8), 8, Lif([3] * 4, [0] * 4, [0] * 4, (), "zero", 8))
    last = Linear(np.ones((4, 2), np.int8), 8, Integrator([0, 0], [0, 0], (), 24))
    return Model(Binning(1, 1, 0, 1000, 3, 1), (Flatten(), hidden, last), ("a", "b"))


def export(model: Model, folder: Path, name: str = "a", count: int = 3) -> Path:
    write_folder(generate(model, None, name, count), folder)
    return folder


def compile_c(flags: list[str], sources: list[Path], program: Path, *includes: Path) -> None:
    """gcc must succeed and say nothing."""
    tools.require("gcc")
    command = ["gcc", *flags, *(f"-I{path}" for path in includes), *map(str, sources), "-o", str(program)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, ""), result.stderr


def library_sources(build: Path) -> list[Path]:
    return sorted((build / "src").glob("sast_*.c"))
