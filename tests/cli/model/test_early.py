"""`edge-sast run`, `inspect` and `export` of a model that answers early."""

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from edge_sast.cli.main import main
from edge_sast.datasets.selection import DataOptions, load_split
from edge_sast.model import modelfile
from edge_sast.runtime import Simulator

DIGITS = "examples/digits-int8.safetensors"
LIMIT = 40
DATA = ["--data", "digits", "--limit", str(LIMIT)]


@pytest.fixture(scope="module")
def early(tmp_path_factory):
    """A model file with a margin that ends about half of the recordings early."""
    path = tmp_path_factory.mktemp("early") / "early.safetensors"
    modelfile.save(replace(modelfile.load(DIGITS), early_margin=1200), path)
    return path


def steps_of_the_oracle(model) -> list[int]:
    """From the outputs after each step of whole recordings: the first whose two largest differ by the margin."""
    whole = Simulator(replace(model, early_margin=None))
    binned = load_split(model.binning, model.classes, DataOptions("digits", limit=LIMIT)).binned
    taken, last = [], whole.layers[-1]
    for i in range(len(binned)):
        second, best = np.sort(whole.trace(binned, i).membranes[:, last.start : last.stop], axis=1)[:, -2:].T
        reached = np.flatnonzero(best - second >= model.early_margin)
        taken.append(int(reached[0]) + 1 if len(reached) else model.binning.steps)
    return taken


def test_run_tells_how_many_steps(early, tmp_path, capsys):
    model = modelfile.load(early)
    taken = steps_of_the_oracle(model)
    assert 5 < sum(steps < model.binning.steps for steps in taken) < LIMIT
    told, crcs, layers = (tmp_path / name for name in ("run.json", "steps.jsonl", "layers.safetensors"))
    written = ["--json", str(told), "--crc", str(crcs), "--record", "0", "--record-out", str(layers)]
    assert main(["run", str(early), *DATA, *written]) == 0
    found = json.loads(told.read_text())
    assert found["early_margin"] == 1200
    assert found["steps"]["mean"] == pytest.approx(np.mean(taken))
    assert found["steps"]["histogram"] == [taken.count(n) for n in range(1, model.binning.steps + 1)]
    ordered = sorted(taken)
    assert [found["steps"][name] for name in ("p10", "p50", "p90", "max")] == [
        ordered[LIMIT // 10 - 1],
        ordered[LIMIT // 2 - 1],
        ordered[LIMIT * 9 // 10 - 1],
        ordered[-1],
    ]
    printed = capsys.readouterr().out
    assert f"answered after {np.mean(taken):.2f} of 10 steps in the mean: 10 % within" in printed
    assert f"wrote {crcs}: {len(taken)} recordings of up to 10 steps" in printed
    entries = [json.loads(line) for line in crcs.read_text().splitlines()][1:]
    assert [len(entry["crcs"]) for entry in entries] == taken
    assert [len(entry["synops"]) for entry in entries] == taken
    membranes = load_file(layers)["layers.0.membranes"]
    assert [int(np.flatnonzero(row.any(axis=(1, 2, 3)))[-1]) + 1 for row in membranes] == taken


def test_a_model_without_a_margin_says_nothing_of_steps(tmp_path, capsys):
    told = tmp_path / "run.json"
    assert main(["run", DIGITS, *DATA, "--json", str(told)]) == 0
    assert "answered after" not in capsys.readouterr().out
    assert not {"steps", "early_margin"} & set(json.loads(told.read_text()))


def test_inspect_tells_the_margin(early, tmp_path, capsys):
    assert main(["inspect", str(early), "--json", str(tmp_path / "inspect.json")]) == 0
    assert (
        "answers early: after the first step in which the largest output leads by 1200"
        in capsys.readouterr().out
    )
    assert json.loads((tmp_path / "inspect.json").read_text())["early_margin"] == 1200


def test_figures_say_that_sast_decided_is_not_in_them(early, tmp_path, capsys):
    """A proven number of instructions, and bytes, of sast_push and sast_step; the loop calls it after each."""
    on = ["--on", "cortex-m4@80MHz", "--toolchain", "zig"]
    assert main(["inspect", str(early), *on, "--json", str(tmp_path / "told.json")]) == 0
    assert capsys.readouterr().out.count("not included: sast_decided, your own code, observers") == 2
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["rate"]["not_included"].startswith("sast_decided, your own code")
    assert main(["inspect", DIGITS]) == 0
    assert "sast_decided" not in capsys.readouterr().out


def test_the_event_core_has_it(early, tmp_path, capsys):
    """Its tables give the model back with its margin, which is a constant of the core; --no-early leaves it out."""
    core = tmp_path / "core"
    command = ["export", str(early), "--no-data", "--target", "verilog"]
    assert main([*command, "--out", str(core)]) == 0
    assert "localparam MARGIN = 1200;" in (core / "rtl" / "sast_params.vh").read_text()
    assert "as soon" not in (core / "README.md").read_text()
    assert "the largest output leads by 1200" in (core / "README.md").read_text()
    (core / "model.safetensors").unlink()
    capsys.readouterr()
    assert main(["inspect", str(core / "tables"), "--json", str(tmp_path / "told.json")]) == 0
    assert (
        "answers early: after the first step in which the largest output leads by 1200"
        in capsys.readouterr().out
    )
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["early_margin"], told["model_hash"]) == (1200, modelfile.model_hash(modelfile.load(early)))
    assert "early" in json.loads((core / "tables" / "tables.json").read_text())["how_to_read"]
    whole = tmp_path / "whole"
    assert main([*command, "--no-early", "--out", str(whole)]) == 0
    written = modelfile.load(whole / "model.safetensors")
    assert modelfile.model_hash(written) == modelfile.model_hash(modelfile.load(DIGITS))
    assert "localparam MARGIN = 0;" in (whole / "rtl" / "sast_params.vh").read_text()
    assert "early" not in json.loads((whole / "tables" / "tables.json").read_text())["how_to_read"]


def test_a_core_in_running_state_is_without_it(early, tmp_path):
    """No recording ends there."""
    core = tmp_path / "core"
    command = ["export", str(early), "--no-data", "--target", "verilog", "--running", "--out", str(core)]
    assert main(command) == 0
    assert "localparam MARGIN = 0;" in (core / "rtl" / "sast_params.vh").read_text()
    assert modelfile.load(core / "model.safetensors").early_margin is None


def test_a_core_that_takes_other_models_refuses_it(early, tmp_path, capsys):
    command = [
        "export",
        str(early),
        "--no-data",
        "--target",
        "verilog",
        "--loadable",
        "--out",
        str(tmp_path / "core"),
    ]
    assert main(command) == 2
    assert capsys.readouterr().err.strip() == (
        "edge-sast: --loadable: the model answers early (margin 1200), and a core that takes other models computes "
        "all steps; add --no-early, which leaves the margin out, or leave --loadable out"
    )
    assert not (tmp_path / "core").exists()
    assert main([*command, "--no-early"]) == 0


def test_a_core_for_several_models_refuses_it(early, tmp_path, capsys):
    command = ["export", DIGITS, "--no-data", "--target", "verilog", "--loadable", "--fits", str(early)]
    assert main([*command, "--out", str(tmp_path / "core")]) == 2
    assert f"--fits {early}: the model answers early (margin 1200)" in capsys.readouterr().err


def test_a_core_takes_none_by_its_port(early, capsys):
    assert main(["fpga", "load", str(early), "--port", "socket://127.0.0.1:9"]) == 2
    assert f"{early}: the model answers early (margin 1200)" in capsys.readouterr().err


def test_the_margin_is_left_out_of_a_model_file(early, tmp_path):
    out = tmp_path / "whole.safetensors"
    assert (
        main(["export", str(early), "--no-data", "--target", "model", "--no-early", "--out", str(out)]) == 0
    )
    assert modelfile.dumps(modelfile.load(out)) == modelfile.dumps(modelfile.load(DIGITS))


def test_a_margin_that_is_not_there_cannot_be_left_out(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", DIGITS, "--no-data", "--no-early", "--out", str(out)]) == 2
    told = f"edge-sast: --no-early has no effect on {DIGITS}: the model has no margin; leave it out\n"
    assert capsys.readouterr().err == told
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoint.safetensors").touch()
    assert main(["export", str(run), "--no-data", "--no-early", "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"edge-sast: --no-early has no effect on {run}: a run has no margin, which 'edge-sast calibrate --early' gives "
        "to a model file; leave it out\n"
    )
    assert not out.exists()
