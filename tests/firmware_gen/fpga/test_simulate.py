"""A simulated core that is damaged, or cannot be simulated: said in one line, and never taken for an answer."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from edge_sast.cli.device import verify as command
from edge_sast.cli.main import parse as parse_words
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model.modelfile import model_hash
from firmware_gen.fpga.runs import NO_EVENT, Disturbance, run_bytes, step_beats
from firmware_gen.fpga.simulate import ICARUS, VERILATOR, simulation
from firmware_gen.fpga.tables import parameter
from firmware_gen.verify.core import Core, verify_core
from tests.firmware_gen.builds import small_model
from tests.firmware_gen.fpga.cores import export_core
from tests.strategies import binned

pytestmark = pytest.mark.needs("iverilog")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_core(small_model(), tmp_path_factory.mktemp("core") / "build", 2)


@pytest.fixture
def build(exported, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(exported, tmp_path / "build")
    return tmp_path / "build"


def parse(*arguments):
    return parse_words(["verify", *map(str, arguments)])


def edit(path, pattern, replacement):
    text = path.read_text()
    changed = re.sub(pattern, replacement, text, count=1)
    assert changed != text
    path.write_text(changed)


def test_agrees(exported):
    report = verify_core(exported, on=ICARUS)
    assert (report.target, report.samples, report.steps, report.mismatches) == ("icarus", 3, 9, 0)
    assert 0 < report.cycles < report.clocks
    assert (report.model_hash, report.lanes) == (model_hash(small_model()), 2)


def test_the_command(exported, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    arguments = ["--on", ICARUS, "--seed", "7", "--json", figures]
    assert command.run(parse(exported, *arguments)) == 0
    assert capsys.readouterr().out.startswith(
        "icarus: 3 recordings, 9 steps, every membrane, spike, counter and CRC equal, undisturbed and with gaps, "
        "back-pressure, clears and resets; "
    )
    found = json.loads(figures.read_text())
    assert {name: found[name] for name in ("target", "samples", "steps", "mismatches", "first_mismatch")} == {
        "target": "icarus",
        "samples": 3,
        "steps": 9,
        "mismatches": 0,
        "first_mismatch": None,
    }
    assert 0 < found["cycles"] < found["clocks"]


@pytest.mark.parametrize("arguments", [["--seed", "3"], ["--on", ICARUS, "--seed", "-1"]])
def test_a_seed_for_nothing_or_below_nothing(exported, arguments):
    with pytest.raises(
        EdgeSastError, match=rf"--seed is {arguments[-1]}, which is 0 or more and for simulated cores"
    ):
        command.run(parse(exported, *arguments))


def test_cycles_do_not_depend_on_what_came_before(exported):
    """Nor on a receiver that took its time over the last answer."""
    model = small_model()
    steps = step_beats(binned(model, [np.ones((3, 4, 4, 2), np.uint8)]), 0)
    with simulation(exported / "rtl", ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model)
        runs = [run_bytes(core.form, steps, Disturbance(gaps)) for gaps in (0, 0, 5, 0, 6, 0)]
        _, second, _, third, _, fourth = core.run(iter(runs), list("abcdef"))
    assert third.cycles.tolist() == fourth.cycles.tolist() == second.cycles.tolist()


@pytest.mark.parametrize("simulator", [ICARUS, VERILATOR])
def test_no_simulator(exported, monkeypatch, simulator):
    monkeypatch.setenv("PATH", "")
    program = {ICARUS: "iverilog", VERILATOR: "verilator"}[simulator]
    message = f"{program} is not installed; sudo apt-get install --no-install-recommends {program}"
    with pytest.raises(EdgeSastError, match=f"^{message}$"):
        verify_core(exported, on=simulator)


def test_a_table_that_is_missing(build):
    (build / "rtl" / "rows.mem").unlink()
    depth = parameter(build / "rtl", "RDEPTH")
    with pytest.raises(
        EdgeSastError, match=rf"rows.mem: holds 0 words, and sast_params.vh says RDEPTH = {depth}; "
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_a_table_that_is_short(build):
    table = build / "rtl" / "weights_0.mem"
    words = table.read_text().splitlines()
    table.write_text("\n".join(words[:-1]))
    with pytest.raises(
        EdgeSastError, match=rf"weights_0.mem: holds {len(words) - 1} words, .* ULOW = {len(words)};"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_what_a_simulator_complains_of_is_a_failure(build):
    """A table under a name that nobody looks for: Icarus says so, goes on, and exits with 0."""
    edit(build / "rtl" / "sast_runs.v", r'"rows\.mem"', '"row.mem"')
    with pytest.raises(CheckFailedError, match=r"icarus: complains at its start: .*row\.mem"):
        verify_core(build, on=ICARUS, edited=True)


def test_a_folder_without_a_core(build):
    (build / "rtl" / "sast_core.v").unlink()
    with pytest.raises(
        EdgeSastError, match=r"rtl: has no sast_core.v; export it again with --target verilog"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_constants_without_a_name(build):
    edit(build / "rtl" / "sast_params.vh", r"\bRDEPTH\b", "RDEEP")
    with pytest.raises(
        EdgeSastError, match=r"sast_params.vh: has no RDEPTH; export again with --target verilog"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_verilog_that_is_none(build):
    edit(build / "rtl" / "sast_core.v", r"assign ready = ", "assign ready == ")
    with pytest.raises(
        EdgeSastError, match=r"iverilog failed with exit code \d+: .*sast_core.v:\d+: (syntax )?error"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_a_changed_weight_is_found(build):
    """The first weight of the last layer: nothing before its membranes differs."""
    table = build / "rtl" / "params.mem"
    words = table.read_text().splitlines()
    words[0] = f"{int(words[0], 16) ^ 2:0{len(words[0])}x}"  # the lowest bit of lane 0's threshold
    table.write_text("\n".join(words) + "\n")
    report = verify_core(build, on=ICARUS, edited=True)
    assert report.mismatches > 0
    assert report.first_mismatch is not None
    assert (report.first_mismatch.layer, report.first_mismatch.quantity) == (0, "membrane")


def test_a_core_that_forgets_a_part_at_a_clear_is_found(build):
    """Undisturbed it agrees: only the attempts before the disturbed runs find it."""
    edit(build / "rtl" / "sast_core.v", r"restart <= rst \|\| clear;", "restart <= rst;")
    with pytest.raises(
        CheckFailedError, match=r"icarus: .* at known answer 2, disturbed: error: sast_bench: the layers"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_a_core_that_stands_still(build, monkeypatch):
    monkeypatch.setattr("firmware_gen.verify.core.PATIENCE", 2000)
    edit(build / "rtl" / "sast_core.v", r"assign st_tvalid = [^;]*;", "assign st_tvalid = 1'b0;")
    with pytest.raises(
        CheckFailedError, match=r"at known answer 0: error: sast_bench: the core stands still"
    ):
        verify_core(build, on=ICARUS, edited=True)


def test_a_beat_that_is_taken_back(build):
    edit(build / "rtl" / "sast_core.v", r"assign st_tdata = ", "assign st_tdata = st_tready ? 32'd0 : ")
    with pytest.raises(
        CheckFailedError,
        match=r"at known answer 0, disturbed: error: sast_bench: st_tdata changed before it was taken",
    ):
        verify_core(build, on=ICARUS, edited=True)


@pytest.mark.parametrize(
    "beats",
    [[1 << 16, 0], [0, 2, 0], [4 << 16], [4 << 1]],
    ids=["row backwards", "column backwards", "below the grid", "right of the grid"],
)
def test_events_that_the_core_refuses(exported, beats):
    """It says so, and goes on; a clear forgives it."""
    model = small_model()
    steps = [np.array(beats, np.uint32), *[np.array([NO_EVENT])] * 2]
    with simulation(exported / "rtl", ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model)
        (got,) = core.run(iter([run_bytes(core.form, steps)]), ["refused"])
    assert got.error


def test_events_beyond_the_cap(exported):
    """count_cap is 1: what comes twice counts once."""
    model = small_model()
    counts = np.ones((3, 4, 4, 2), np.uint8)
    steps = step_beats(binned(model, [counts]), 0)
    with simulation(exported / "rtl", ICARUS) as simulated:
        core = Core.of(simulated, ICARUS, model)
        twice = run_bytes(core.form, [np.repeat(beats, 2) for beats in steps])
        once, again = core.run(iter([run_bytes(core.form, steps), twice]), ["once", "twice"])
    assert once.device.trace.crcs.tolist() == again.device.trace.crcs.tolist()
    assert not again.error
