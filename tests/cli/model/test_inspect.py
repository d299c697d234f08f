"""`edge-sast inspect`: the figures a user decides on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from edge_sast.cli.main import main
from edge_sast.model.modelfile import model_hash
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from tests.cli.models import line_model, save_line_model
from tests.cli.recordings import write_lines
from tests.programs import started


def inspect(tmp_path, *arguments):
    out = tmp_path / "figures.json"
    assert main(["inspect", save_line_model(tmp_path), *map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text())


def test_figures(tmp_path, capsys):
    model = line_model()
    found = inspect(tmp_path)
    assert (found["format_version"], found["model_hash"]) == (1, model_hash(model))
    sizes = footprint(CPlan(model))
    assert (found["flash_bytes"], found["ram_bytes"]) == (sizes.flash_bytes, sizes.ram_bytes)
    assert [layer["kind"] for layer in found["layers"]] == ["conv2d", "or_pool", "flatten", "linear"]
    conv, pool, _, linear = found["layers"]
    # 3x3 kernels at stride 2, padding 1 on 34 pixels: the first output of each axis meets 2 pixels, the others 3.
    assert conv["max_synops_per_step"] == (3 * 17 - 1) ** 2 * 2 * 4
    assert (conv["weights"], conv["bits"], conv["threshold_low"], conv["threshold_high"]) == (72, 4, 9, 9)
    assert (conv["accumulator_bits"], conv["leak_shifts"], conv["neurons"]) == (16, [3], 17 * 17 * 4)
    assert pool["size"] == 4
    assert (linear["neuron"], linear["max_synops_per_step"]) == ("integrator", 64 * 3)
    assert found["max_synops_per_step"] == 20_000 + 192
    text = capsys.readouterr().out
    assert f"model {found['model_hash'][:16]}, format 1, by tests" in text
    assert f"{conv['accumulator_low']}..{conv['accumulator_high']}" in text
    assert f"flash {sizes.flash_bytes} bytes of tables, RAM {sizes.ram_bytes} bytes" in text


def test_measured_figures_agree_with_run(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"test": 2})
    options = ["--data", data, "--cache-dir", tmp_path / "cache"]
    found = inspect(tmp_path, *options)
    main(
        ["run", str(tmp_path / "model.safetensors"), *map(str, options), "--json", str(tmp_path / "run.json")]
    )
    run = json.loads((tmp_path / "run.json").read_text())
    for name in ("samples", "accuracy", "synops_per_sample"):
        assert found[name] == run[name]
    conv, pool, _, linear = found["layers"]
    assert conv["synops_per_sample"] + linear["synops_per_sample"] == found["synops_per_sample"]
    assert conv["firing_rate"] == conv["spikes_per_sample"] / (conv["neurons"] * 4)
    assert 0 < conv["firing_rate"] < 1
    assert (linear["firing_rate"], "firing_rate" in pool) == (0, False)
    assert "firing %" in capsys.readouterr().out


def test_what_rate_a_part_keeps(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"test": 2})
    options = ["--data", data, "--cache-dir", tmp_path / "cache", "--toolchain", "zig"]
    rate = inspect(tmp_path, "--on", "rp2040@125MHz", *options)["rate"]
    assert (rate["on"], rate["core"], rate["hz"], rate["toolchain"]) == ("rp2040", "cortex-m0", 125e6, "zig")
    assert (rate["flags"], rate["cycles_per_instruction"]) == (["-O2"], 1.5)
    costs = [step["instructions"] for step in rate["steps"]]
    assert costs == sorted(costs)
    assert all(
        step["instructions"] == step["push_instructions"] + step["step_instructions"]
        for step in rate["steps"]
    )
    recorded = rate["recordings"]
    assert (recorded["recordings"], recorded["steps"]) == (6, 6 * 4)
    assert recorded["mean_instructions"] <= recorded["most_instructions"]
    assert 0 < recorded["nearest_to_bound"] <= 1
    kept = rate["kept"]
    last = next(step for step in rate["steps"] if step["events"] == kept["events"])
    assert last["seconds"] <= rate["step_us"] / 1e6
    assert kept["latency_s"] < last["seconds"]
    text = capsys.readouterr().out
    assert "rp2040 at 125 MHz (cortex-m0, zig -O2): no step takes more instructions than this, proven" in text
    assert f"with up to {kept['events']:,} events each" in text
    assert "none above its bound" in text


def test_a_part_that_is_too_slow_and_options_alone(tmp_path, capsys):
    rate = inspect(tmp_path, "--on", "cortex-m4@1Hz", "--cycles-per-instruction", 3, "--flags=-Os")["rate"]
    assert (rate["kept"]["events"], rate["cycles_basis"], rate["flags"]) == (None, "given", ["-Os"])
    assert "it does not keep steps of" in capsys.readouterr().out
    model = save_line_model(tmp_path)
    for wrong, message in [
        (["--flags=-Os"], "--flags has an effect only beside --on; add that one, or leave it out"),
        (["--on", "cortex-m4@80"], "--on has the frequency '80'; give a number and Hz, kHz, MHz or GHz"),
        (["--on", "rv32@1MHz", "--toolchain", "tcc"], "--toolchain is 'tcc'; use gcc or zig"),
    ]:
        assert main(["inspect", model, *wrong]) == 2
        assert message in capsys.readouterr().err


COMPILES_LONG = "#!/bin/sh\necho > '{}'\nsleep 60 &\nwait\n"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    "words", [("inspect", "--on", "cortex-m4@80MHz"), ("board", "run", "--board", "qemu-mps2-an386")]
)
def test_a_kill_while_it_compiles_leaves_nothing(tmp_path, words, end):
    """As Ctrl-C, where the compiler is a stand-in that takes long."""
    tools, scratch, mark, build = (tmp_path / name for name in ("tools", "scratch", "mark", "build"))
    tools.mkdir()
    scratch.mkdir()
    (tools / "arm-none-eabi-gcc").write_text(COMPILES_LONG.format(mark))
    (tools / "arm-none-eabi-gcc").chmod(0o755)
    assert main(["export", save_line_model(tmp_path), "--no-data", "--out", str(build)]) == 0
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "edge_sast.cli.main", *words, str(build), "--toolchain", "gcc"]
    with started(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert mark.exists()
        process.send_signal(end)
        assert process.communicate(timeout=30)[1] == "edge-sast: interrupted\n"
        assert process.returncode == 130
    assert list(scratch.iterdir()) == []
