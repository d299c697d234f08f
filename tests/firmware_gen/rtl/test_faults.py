"""Tests of the core find what they should: each of many faults, planted in its Verilog, makes one of them fail."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.model.running import running_model
from firmware_gen.fpga.simulate import ICARUS, simulation
from firmware_gen.fpga.tables import parameter
from firmware_gen.verify.core import Core, compare_core, twice
from firmware_gen.verify.verify import Tally
from tests.firmware_gen.fpga.cores import export_core, make_inputs
from tests.firmware_gen.fpga.test_core_parity import LANES, RUNNING, SEEDS, SHAPES
from tests.firmware_gen.rtl.faults import FAULTS, RTL, Fault
from tests.firmware_gen.rtl.faults_early import EARLY_FAULTS
from tests.strategies import binned, random_model

PATIENCE = 20_000  # clocks without progress: these models are small
ALONE = (
    "axi_lite",
    "bank",
    "core",
    "counters",
    "crc",
    "events",
    "loader",
    "neuron",
    "readout",
    "registers",
    "rom",
    "runs",
    "spikes",
    "walk",
)
TESTS: dict[str, tuple[str, ...]] = {name: (f"tests.firmware_gen.rtl.test_{name}",) for name in ALONE}
TESTS["core"] += ("tests.firmware_gen.rtl.test_core_streams",)
TESTS |= {"membranes": TESTS["bank"], "dispatch": TESTS["core"], "spike_stream": TESTS["core"]}
OTHERS = {"uart", "link", "uart_top", "spram"}  # the last is held to the vendor's primitive by test_spram.py

ALL = [*FAULTS, *EARLY_FAULTS]
Simulated = tuple[Path, Model, BinnedEvents]


def test_texts_still_stand_once():
    texts = {name: (RTL / f"sast_{name}.v").read_text() for name in {fault.module for fault in ALL}}
    assert [fault for fault in ALL if texts[fault.module].count(fault.text) != 1] == []
    assert all(fault.text != fault.instead for fault in ALL)


def test_every_module_has_faults():
    modules = {path.stem.removeprefix("sast_") for path in RTL.glob("*.v")}
    assert modules - {fault.module for fault in ALL} == OTHERS


@pytest.fixture(scope="module")
def cores(tmp_path_factory) -> Callable[[], Iterator[Simulated]]:
    """The folders that test_core_parity.py simulates, each made when it is first asked for."""
    drawn = zip(SEEDS, LANES * 2, strict=True)
    models = [
        *((*shape, False) for shape in SHAPES.values()),
        *((random_model(np.random.default_rng(seed)), lanes, False) for seed, lanes in drawn),
        *(
            (running_model(random_model(np.random.default_rng(seed)), leak), lanes, True)
            for seed, lanes, leak in RUNNING
        ),
    ]
    made: list[Simulated] = []

    def each() -> Iterator[Simulated]:
        for number, (model, lanes, running) in enumerate(models):
            if number == len(made):
                folder = tmp_path_factory.mktemp("core") / "build"
                build = export_core(model, folder, lanes, count=1, running=running)
                recordings = binned(model, make_inputs(model, 1, 1, most=100))
                made.append((build, model, twice(recordings) if running else recordings))
            yield made[number]

    return each


def found_in_core(fault: Fault, build: Path, model: Model, recordings: BinnedEvents) -> bool:
    """As test_core_parity.py would. Verilog that cannot be compiled is an error, and no find."""
    rtl, tally = build / "rtl", Tally()
    model, running = replace(model, binning=recordings.binning), parameter(rtl, "RUNNING") != 0
    fault.plant(rtl)
    try:
        with simulation(rtl, ICARUS) as simulated:
            compare_core(Core.of(simulated, ICARUS, model, running), recordings, tally)
    except CheckFailedError:
        return True
    finally:
        shutil.copy(RTL / fault.file, rtl)
    return tally.first is not None


def found_alone(fault: Fault, folder: Path) -> bool:
    """By the tests of its block."""
    rtl = fault.copy(folder / "rtl")
    for name in TESTS[fault.module]:
        tests = importlib.import_module(name)
        for number, case in enumerate(tests.CASES):
            block = case() if callable(case) else case
            try:
                tests.run_block(block, name, folder / name / str(number), rtl)
            except AssertionError:
                return True
    return False


@pytest.mark.quality
@pytest.mark.needs("iverilog")
@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_it_is_found(fault, cores, tmp_path, monkeypatch):
    pytest.importorskip("cocotb", reason="cocotb is not installed: pip install 'edge-sast[dev]'")
    monkeypatch.setattr("firmware_gen.verify.core.PATIENCE", PATIENCE)
    alone = fault.module in TESTS and found_alone(fault, tmp_path)
    assert alone or any(found_in_core(fault, *core) for core in cores())
