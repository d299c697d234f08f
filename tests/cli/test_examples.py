"""The README's first commands on what lies in examples/."""

from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.datasets.open import open_dataset
from edge_sast.formats.registry import read_file
from edge_sast.model import modelfile
from firmware_gen.toolchain.cross import missing

EXAMPLES = Path(__file__).parents[2] / "examples"
MODEL, DIGITS = EXAMPLES / "digits-int8.safetensors", (2, 3, 7)
RECORDINGS = [EXAMPLES / f"digit-{digit}.bin" for digit in DIGITS]


def test_recordings_are_the_first_test_digits_of_their_classes():
    refs = open_dataset("digits").recordings("test")
    for digit, path in zip(DIGITS, RECORDINGS, strict=True):
        wanted = next(ref for ref in refs if ref.label == digit).load()
        assert np.array_equal(read_file(path, (24, 24)).events, wanted.events)


def test_every_model_is_told_of():
    page = (EXAMPLES / "README.md").read_text("utf-8")
    for path in EXAMPLES.glob("*.safetensors"):
        assert f"`{path.name}`" in page, path.name


def test_the_model_that_answers_early_does():
    model = modelfile.load(EXAMPLES / "nmnist-early-int8.safetensors")
    assert (model.early_margin, model.binning.dt_us, model.binning.steps) == (541, 30_000, 10)


def test_the_model_is_small_enough_to_look_at():
    assert MODEL.stat().st_size <= 12 << 10


@pytest.mark.skipif(missing() is not None, reason=str(missing()))
def test_the_path_of_ten_seconds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", str(MODEL)]) == 0
    assert "10 steps of 30000 µs" in capsys.readouterr().out
    assert main(["run", str(MODEL), *map(str, RECORDINGS), "--sensor", "24x24"]) == 0
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert [int(line.split()[1]) for line in lines] == list(DIGITS)
    assert main(["export", str(MODEL), "--no-data"]) == 0
    assert capsys.readouterr().out.startswith("wrote build/digits-int8 ")
    assert main(["verify", "--on", "cortex-m"]) == 0
    assert "every membrane, spike, counter and CRC equal" in capsys.readouterr().out
