"""The C of models that answer early: host program, self-test and emulated core end where runtime and oracle do."""

from __future__ import annotations

import json
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.parity.mismatch import Place
from edge_sast.parity.rows import compare_device
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build import known_answers
from firmware_gen.build.event_bytes import recording_bytes, step_bytes
from firmware_gen.build.opened import open_build
from firmware_gen.c_gen.target import generate
from firmware_gen.c_plan.library import sources
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.counts import count_steps
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.cores import find_core
from firmware_gen.verify.verify import verify_host
from tests import tools
from tests.early import random_early_model
from tests.firmware_gen.builds import SANITIZED, STRICT, compile_c, export, library_sources, small_model
from tests.firmware_gen.verify.test_parity import check_against_oracle, replay
from tests.oracle import oracle_run
from tests.strategies import binned

SEEDS = range(4)


def drawn(seed: int) -> tuple[Model, list[np.ndarray]]:
    return random_early_model(np.random.default_rng([seed, 3]))


def build_host(model: Model, scratch: Path) -> Path:
    folder = export(model, scratch / "build")
    written = [*(folder / "src").glob("*.c"), *(folder / "host").glob("*.c")]
    compile_c(SANITIZED, written, scratch / "host", folder / "include", folder / "host")
    return scratch / "host"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_host_program_ends_where_the_oracle_does(tmp_path, seed):
    model, dense = drawn(seed)
    recordings, simulator = binned(model, dense), Simulator(model)
    streams = [recording_bytes(step_bytes(recordings, i)) for i in range(len(dense))]
    for i, got in enumerate(replay(build_host(model, tmp_path), model, streams)):
        wanted = oracle_run(model, dense[i])
        assert len(got.trace.crcs) == len(wanted.steps)
        assert compare_device(model, simulator.trace(recordings, i), got, Place(i, "random")).first is None
        check_against_oracle(wanted, got)


def test_an_emulated_core_ends_there_too_and_only_computed_steps_are_counted(tmp_path):
    tools.require_compiler("zig", "cortex-m4")
    model, dense = drawn(1)
    build = open_build(export(model, tmp_path / "build"))
    core, simulator = find_core("cortex-m4"), Simulator(model)
    form = trace_format(model, simulator.layers)
    image = build_image(build.folder, list(build.manifest.files), "a", core, "zig", ["-O2"])
    network = EmulatedNetwork(image, core, model, form)
    recordings = binned(model, dense)
    for i in range(len(dense)):
        expected, got = simulator.trace(recordings, i), network.record(step_bytes(recordings, i))
        assert compare_device(model, expected, got, Place(i, "random")).first is None
        counts = count_steps(network, step_bytes(recordings, i))
        assert len(counts) == len(expected.crcs) == len(oracle_run(model, dense[i]).steps)
        assert all(step["sast_decided"] > 0 for step in counts)


def run_selftest(folder: Path, program: Path, flags: list[str]) -> subprocess.CompletedProcess[str]:
    written = [*(folder / "src").glob("*.c"), *(folder / "examples").glob("*.c")]
    compile_c(flags, written, program, folder / "include")
    return subprocess.run([program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("seed", [0, 5])
def test_the_selftest_of_a_device_passes(tmp_path, seed):
    folder = export(drawn(seed)[0], tmp_path / "build")
    found = run_selftest(folder, tmp_path / "selftest", [*STRICT, "-O1", "-fsanitize=address,undefined"])
    assert (found.returncode, found.stdout) == (0, "selftest: 3 recordings, every step agrees\n")


def test_the_selftest_sees_another_margin(tmp_path):
    """The tables decide a step later than the answers: nothing but sast_decided tells."""
    model = drawn(0)[0]
    folder = export(model, tmp_path / "build")
    source = folder / "src" / "a_model.c"
    text = source.read_text()
    assert f".margin = {model.early_margin}u" in text
    source.write_text(text.replace(f".margin = {model.early_margin}u", ".margin = 2147483647u"))
    found = run_selftest(folder, tmp_path / "selftest", ["-std=c99"])
    assert found.returncode == 1
    assert "sast_decided 0: expected 0x1, got 0x0" in found.stdout
    with pytest.raises(EdgeSastError, match="changed"):
        open_build(folder)
    report = verify_host(folder, edited=True)
    assert report.first_mismatch is not None
    assert report.first_mismatch.quantity == "steps"


@pytest.mark.parametrize("steps", [0, 99])
def test_answers_of_steps_that_cannot_be_are_damaged(tmp_path, steps):
    """Whole by their CRC, but a recording of no steps would pass without a check."""
    model = drawn(0)[0]
    folder = export(model, tmp_path / "build", count=1)
    data = bytearray((folder / "known_answers.bin").read_bytes())
    data[60:64] = steps.to_bytes(4, "little")
    data[-4:] = zlib.crc32(data[:-4]).to_bytes(4, "little")
    with pytest.raises(
        EdgeSastError, match=rf"file: a recording has {steps} steps, the model \d; export the build"
    ):
        known_answers.loads(model, bytes(data), "file")
    source = folder / "examples" / "a_known_answers.c"
    head = source.read_text().split("= {")[0]
    source.write_text(f"{head}= {{{', '.join(map(str, data))}}};\n")
    found = run_selftest(folder, tmp_path / "selftest", ["-std=c99"])
    assert found.returncode == 1
    assert "the known answers are damaged or belong to another model" in found.stdout


def test_known_answers_keep_the_steps_that_were_computed():
    model = drawn(0)[0]
    answers = known_answers.make_known_answers(model, None)
    data = known_answers.dumps(model, answers)
    assert data[8] == 2
    again = known_answers.loads(model, data, "file")
    taken = Simulator(model).run(answers.recordings).steps
    assert min(taken) < model.binning.steps
    assert [len(row) for row in again.crcs] == taken.tolist()
    assert [row.tolist() for row in again.crcs] == [row.tolist() for row in answers.crcs]
    rerun = Simulator(model).run(again.recordings)
    assert rerun.outputs.tolist() == answers.outputs.tolist()
    assert rerun.steps.tolist() == taken.tolist()


def test_verify_tells_how_many_steps(tmp_path, capsys):
    model = drawn(0)[0]
    folder = export(model, tmp_path / "build")
    taken = Simulator(model).run(known_answers.make_known_answers(model, None).recordings).steps
    assert main(["verify", str(folder), "--on", "host", "--json", str(tmp_path / "verify.json")]) == 0
    mean = f"{taken.mean():.2f} of {model.binning.steps} steps in the mean"
    assert f"3 recordings, {taken.sum()} steps" in capsys.readouterr().out.split(mean)[0]
    found = json.loads((tmp_path / "verify.json").read_text())
    assert (found["steps"], found["steps_per_sample"]["mean"]) == (taken.sum(), pytest.approx(taken.mean()))


def test_a_model_without_a_margin_has_nothing_of_it():
    """And one with a margin has no condition left in its C."""
    plain, early = (generate(replace(small_model(), early_margin=margin)) for margin in (None, 3))
    assert not [path for path, data in plain.items() if b"SAST_EARLY" in data or b"sast_decided" in data]
    assert {path for path in early if path not in plain} == {"src/sast_early.c"}
    assert not [path for path, data in early.items() if b"ifdef SAST_EARLY" in data]
    assert (
        b"#define A_MODEL_MARGIN 3"
        in generate(replace(small_model(), early_margin=3), name="a")["include/a_model.h"]
    )
    assert sources().keys() == sources(early=True).keys() - {"sast_early.c"}


def test_a_plain_model_runs_on_the_library_of_an_early_one(tmp_path):
    """Two models in one program share the library of the one that answers early."""
    early = export(replace(small_model(2), early_margin=1), tmp_path / "early", "b")
    plain = export(small_model(1), tmp_path / "plain", "a")
    written = [*library_sources(early), plain / "src" / "a_model.c", *(plain / "examples").glob("*.c")]
    compile_c([*STRICT, "-O1"], written, tmp_path / "selftest", early / "include", plain / "include")
    found = subprocess.run([tmp_path / "selftest"], capture_output=True, text=True, timeout=60)
    assert found.stdout == "selftest: 3 recordings, every step agrees\n"
