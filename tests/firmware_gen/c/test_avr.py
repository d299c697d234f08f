"""Random models on an emulated ATmega1284P, whose `int` has 16 bits, tables in flash: as the runtime, bit for bit."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, Linear
from edge_sast.model.model import Model
from firmware_gen.c_plan.kernels import kernels, push_kernel
from firmware_gen.c_plan.layout import layout
from firmware_gen.c_plan.library import CORE
from firmware_gen.c_plan.plan import CPlan
from tests.firmware_gen.avr import (
    MCU,
    Machine,
    avr,
    check,
    computer,
    emulate,
    export_with_answers,
    fits,
    needs_avr,
    run,
)
from tests.firmware_gen.builds import (
    LIBRARY,
    PROGRAMS,
    everything_model,
    export,
    lif,
    weights,
    with_idle_cells,
)
from tests.strategies import random_model

FEW = (3, 7, 29, 121)
MANY = 240
MOST = 0.9  # of the random models fit
LEVELS = ("-Os", "-O0", "-O1", "-O2", "-O3")


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """The emulated AVR and this computer."""
    needs_avr()
    return avr(tmp_path_factory.mktemp("avr")), computer(tmp_path_factory.mktemp("computer"))


def wide_kernel() -> Model:
    """A spike that reaches twenty cells of a row, which no other has touched."""
    rng = np.random.default_rng(1)
    conv = Conv2d(weights(rng, 4, 1, 40, 2, 8), 4, lif(rng, 8, 30))
    last = Linear(weights(rng, 2, 328, 2), 2, Integrator([1, 0], [5, -5], (4,), 12))
    return Model(Binning(80, 1, 0, 1000, 4, 1), (conv, Flatten(), last), ("a", "b"))


def many_channels() -> Model:
    """More than 255 blocks of eight neurons in a cell."""
    rng = np.random.default_rng(2)
    hidden = Linear(weights(rng, 1, 2, 2100), 1, Lif([40] * 2100, [3] * 2100, [0] * 2100, (3,), "zero", 12))
    last = Linear(weights(rng, 1, 2100, 1), 1, Integrator([1], [5], (4,), 24))
    return Model(Binning(1, 1, 0, 1000, 2, 1), (Flatten(), hidden, last), ("a",))


def few_cells() -> Model:
    """A first layer of bytes, too small for idle cells: events go straight to it."""
    rng = np.random.default_rng(3)
    conv = Conv2d(weights(rng, 8, 2, 2, 2, 3), 8, lif(rng, 3, 100))
    last = Linear(weights(rng, 8, 12, 2), 8, Integrator([1, 0], [5, -5], (4,), 12))
    return Model(Binning(3, 3, 0, 1000, 4, 1), (conv, Flatten(), last), ("a", "b"))


DIRECTED = {
    "everything": everything_model,
    "wide kernel": wide_kernel,
    "many channels": many_channels,
    "few cells": few_cells,
}


@pytest.mark.parametrize("name", DIRECTED)
def test_the_corners(machines, tmp_path, monkeypatch, name):
    if name == "wide kernel":
        with_idle_cells(monkeypatch)
    model = DIRECTED[name]()
    check(export_with_answers(model, 0, tmp_path / "build"), *machines)


def test_the_directed_models_reach_their_corners(monkeypatch):
    with_idle_cells(monkeypatch)
    model = wide_kernel()
    form = layout(model.layers[0], *model.shapes()[:2])
    assert form.idle_words > 0
    assert model.layers[0].weight.shape[1] // form.cell >= 17
    model = many_channels()
    assert layout(model.layers[1], *model.shapes()[1:3]).cell_words // 4 > 255


def test_tables_beyond_the_first_64_kb_are_refused(machines, tmp_path):
    rng = np.random.default_rng(3)
    hidden = [Linear(weights(rng, 8, n, 150), 8, lif(rng, 150, 300)) for n in (2, 150, 150, 150)]
    last = Linear(weights(rng, 8, 150, 2), 8, Integrator([0, 0], [0, 0], (), 24))
    build = export(
        Model(Binning(1, 1, 0, 1000, 1, 1), (Flatten(), *hidden, last), ("a", "b")), tmp_path / "build"
    )
    command = [*machines[0].compiler, *machines[0].includes(build), "-c", str(build / "src" / "a_model.c")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert re.search(
        r"a: \d+ bytes of tables; an AVR reaches those in its first 64 KB of flash: use", done.stderr
    )


@pytest.mark.parametrize(("other_bytes", "status"), [(40_000, "0"), (65_000, "2"), (65_500, "2")])
def test_tables_behind_other_data_in_flash(machines, small, tmp_path, other_bytes, status):
    """Where they end, or begin, beyond the first 64 KB, sast_init says so: SAST_ERR_MODEL."""
    shutil.copytree(small, tmp_path / "build")
    source = tmp_path / "far_tables.c"
    source.write_text(f"#define OTHER_BYTES {other_bytes}\n" + (PROGRAMS / "far_tables.c").read_text())
    assert emulate(machines[0].program(tmp_path / "build", source)) == f"{status}\n"


def test_answers_beyond_the_largest_array_are_refused(machines, tmp_path):
    last = Linear(weights(np.random.default_rng(3), 1, 800, 1), 1, Integrator([0], [0], (), 24))
    build = export(Model(Binning(20, 20, 0, 1000, 20, 1), (Flatten(), last), ("a",)), tmp_path / "build")
    answers = build / "examples" / "a_known_answers.c"
    for compiler in (machines[0].compiler, ["avr-g++", f"-mmcu={MCU}", "-x", "c++"]):  # a sketch is C++
        command = [*compiler, *machines[0].includes(build), "-c", str(answers)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert re.search(
            r"a: \d+ bytes of known answers, avr-gcc takes 32767: export with --data and", done.stderr
        )


def test_strict_c_is_refused(machines, everything, tmp_path):
    command = [
        "avr-gcc",
        "-std=c99",
        *machines[0].includes(everything),
        "-c",
        str(everything / "src" / "a_model.c"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "compile with -std=gnu99 or later instead of -std=c99" in done.stderr


def test_tables_take_no_ram(machines, tmp_path):
    """What is left there: the model's sizes and hash, the names of its classes, and pointers to them."""
    build = export(everything_model(), tmp_path / "build")
    run(*machines[0].compiler, *machines[0].includes(build), "-c", build / "src" / "a_model.c", cwd=tmp_path)
    sizes = run("avr-size", "-A", "a_model.o", cwd=tmp_path)
    ram = sum(int(size) for size in re.findall(r"^\.(?:ro)?data\S*\s+(\d+)", sizes, re.MULTILINE))
    names = sum(len(name.encode()) + 1 for name in everything_model().classes)
    assert 0 < ram <= 130 + names + 2 * len(everything_model().classes)


def check_seed(
    seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch, emulated: Machine, host: Machine
) -> bool:
    """Of random model `seed`; False where it does not fit the AVR."""
    with monkeypatch.context() as patch:
        if seed % 2:
            with_idle_cells(patch)
        model = random_model(np.random.default_rng(seed))
        if not fits(model):
            return False
        check(export_with_answers(model, seed, folder / f"build{seed}"), emulated, host)
    return True


def test_the_few_run_every_kernel(monkeypatch):
    """But for leak shifts that are one number in the same code."""
    with_idle_cells(monkeypatch)
    models = [model() for model in DIRECTED.values()]
    models += [random_model(np.random.default_rng(seed)) for seed in FEW]
    plans = [CPlan(model) for model in models]
    used = {name for plan in plans for layer in plan.layers for name in kernels(layer).values()}
    used |= {push_kernel(plan) for plan in plans}
    every = {path.stem for path in LIBRARY.glob("*.c")} - {f"sast_{name}" for name in CORE}
    assert {name for name in every - used if not name.startswith("sast_fire_k")} == set()


@pytest.mark.parametrize("seed", FEW)
def test_random_models(machines, tmp_path, monkeypatch, seed):
    assert check_seed(seed, tmp_path, monkeypatch, *machines)


@pytest.mark.quality
@pytest.mark.parametrize("level", LEVELS)
def test_many_random_models(machines, tmp_path, monkeypatch, level):
    """MANY in all, a share of them for each way of optimising."""
    (tmp_path / "avr").mkdir()
    seeds = range(1000 + LEVELS.index(level), 1000 + MANY, len(LEVELS))
    done = [
        check_seed(seed, tmp_path, monkeypatch, avr(tmp_path / "avr", level), machines[1]) for seed in seeds
    ]
    assert sum(done) >= MOST * len(done)
