"""`edge-sast train --from RUN --flash-target SIZE`: widths whose tables fit, told, trained and exported."""

from __future__ import annotations

import json
import re

import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.cli.main import main
from edge_sast.cli.options.flash_target import table_bytes
from edge_sast.model import modelfile
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from tests.cli.recordings import write_lines
from trainer.measure import widths
from trainer.measure.figures import build_model
from trainer.run import checkpoint


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run on recordings of lines, of three layers with weights and a pool."""
    folder = tmp_path_factory.mktemp("flash")
    write_lines(folder / "data", {"train": 12, "valid": 4})
    words = [
        "--data",
        folder / "data",
        "--dt-us",
        "1000",
        "--steps",
        "4",
        "--arch",
        "16c3s2p1-or2-24c3p1-out",
    ]
    words += [
        "--method",
        "hard",
        "--epochs",
        "2",
        "--qat-epochs",
        "0",
        "--batch-size",
        "6",
        "--out",
        folder / "run",
    ]
    assert train(*words) == 0
    return folder


def train(*words):
    return main(["train", *map(str, words), "--quiet"])


def finish(home, out, target, *more):
    words = ["--from", home / "run", "--epochs", "0", "--qat-epochs", "1", "--flash-target", target]
    return train(*words, "--out", out, *more)


def flash(model):
    return footprint(CPlan(model)).flash_bytes


@settings(max_examples=20)
@given(bits=st.lists(st.integers(1, 8), min_size=3, max_size=3))
def test_bytes_of_a_layer_do_not_depend_on_the_widths_of_others(home, bits):
    stored = checkpoint.load(home / "run")
    fixed, sizes = table_bytes(stored.network(), stored)
    whole = flash(build_model(stored.network(), stored, tuple(bits)))
    assert fixed + sum(of_layer[b - 1] for of_layer, b in zip(sizes, bits, strict=True)) == whole


def test_what_is_chosen_fits_and_is_what_is_trained_and_exported(home, tmp_path, capsys):
    stored = checkpoint.load(home / "run")
    fixed, sizes = table_bytes(stored.network(), stored)
    smallest, largest = (fixed + sum(pick(of_layer) for of_layer in sizes) for pick in (min, max))
    taken = []
    for target in (smallest, (smallest + largest) // 2, largest):
        out = tmp_path / str(target)
        assert finish(home, out, target) == 0
        told = re.search(
            r"--bits (\S+): tables of ([\d,]+) bytes; before the finish", capsys.readouterr().out
        )
        bits, size = told[1], int(told[2].replace(",", ""))
        assert json.loads((out / "config.json").read_text())["bits"] == bits
        assert main(["export", str(out), "--no-data", "--out", str(tmp_path / "build")]) == 0
        model = modelfile.load(tmp_path / "build" / "model.safetensors")
        assert flash(model) == size <= target
        taken.append(size)
        capsys.readouterr()
    assert taken == sorted(taken)
    assert taken[0] == smallest
    assert len(set(taken)) > 1


def test_widths_are_chosen_on_as_many_threads_as_are_given(home, tmp_path, monkeypatch):
    seen = []

    def losses(*rest):
        seen.append((torch.get_num_threads(), numba.get_num_threads()))
        return measured(*rest)

    measured = widths.losses_of_widths
    monkeypatch.setattr(widths, "losses_of_widths", losses)
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(2)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    try:
        assert finish(home, tmp_path / "out", "8K", "--threads", "1") == 0
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])
    assert seen == [(1, 1)]


def test_several_workers_train_what_was_chosen(home, tmp_path):
    assert finish(home, tmp_path / "one", "8K", "--threads", "1") == 0
    assert finish(home, tmp_path / "two", "8K", "--threads", "1", "--workers", "2") == 0
    one, two = (checkpoint.load(tmp_path / name) for name in ("one", "two"))
    assert one.config.bits == two.config.bits
    for name, tensor in one.network().state_dict().items():
        np.testing.assert_allclose(two.network().state_dict()[name], tensor, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--flash-target", "4K"], "--flash-target has an effect only beside --from RUN: "),
        (["--from", "RUN", "--flash-target", "4k2"], "--flash-target is '4k2'; give bytes, such as "),
        (
            ["--from", "RUN", "--flash-target", "4K", "--bits", "8"],
            "--flash-target chooses the widths, and --bits 8 says them; give one of them",
        ),
        (
            ["--from", "RUN", "--flash-target", "4K", "--qat-epochs", "0"],
            "--flash-target has an effect only with a finish in integers, and --qat-epochs is 0; give 1 or more",
        ),
        (["--from", "RUN", "--flash-target", "99"], "--flash-target is 99, but the tables of RUN take "),
    ],
)
def test_mistakes_are_one_line(home, tmp_path, words, message, capsys):
    out, run = tmp_path / "out", str(home / "run")
    assert train(*(run if word == "RUN" else word for word in words), "--out", out) == 2
    said = capsys.readouterr().err
    assert said.startswith("edge-sast: " + message.replace("RUN take", f"{run} take"))
    assert said.count("\n") == 1
    assert not out.exists()
