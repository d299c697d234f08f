"""`edge-sast compare-dense` on a model file and on a run, with recordings of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_sast.cli.dense import run as dense_run
from edge_sast.cli.dense.recordings import Spiking, judged, training_frames
from edge_sast.cli.main import main
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.selection import DataOptions, load_split
from edge_sast.dense import densefile
from edge_sast.dense.frames import frames_of
from edge_sast.model import modelfile
from edge_sast.runtime import Simulator
from tests.cli.models import save_line_model
from tests.cli.recordings import write_lines
from trainer.data.recordings import open_data, training_data

ARCH = ["--arch", "4c3s4p1-or2-out", "--epochs", "1", "--qat-epochs", "1", "--quiet", "--threads", "1"]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of three classes, of which the CNN's last layer gets a fourth output for the kernels."""
    return write_lines(tmp_path_factory.mktemp("lines"), {"train": 30, "test": 4})


@pytest.fixture(scope="module")
def made(lines: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, the CNN that was trained for it, and the figures of both."""
    folder = tmp_path_factory.mktemp("made")
    model = save_line_model(folder)
    words = ["--out", str(folder / "dense"), "--json", str(folder / "told.json"), "--counted", "2"]
    assert main(["compare-dense", model, "--data", str(lines), *ARCH, *words]) == 0
    return folder


def test_a_model_file(lines: Path, made: Path) -> None:
    told = json.loads((made / "told.json").read_text())
    model, dense = modelfile.load(made / "model.safetensors"), densefile.load(made / "dense")
    binned = load_split(model.binning, model.classes, DataOptions(str(lines), "test")).binned
    frames = load_binned(open_dataset(lines), "test", dense.binning)
    assert (told["samples"], told["counted"], told["on"], told["hz"]) == (12, 2, "cortex-m4", 64e6)
    assert told["spiking"]["accuracy"] == Simulator(model).run(binned).accuracy
    assert dense.classes == model.classes == tuple(frames.classes)
    assert told["dense"]["accuracy"] == (dense.predict(frames_of(frames)) == frames.labels).mean()
    assert told["spiking"]["steps"]["mean"] == 4
    assert told["dense"]["macs"] == dense.network.macs() == 9 * 9 * 4 * 18 + 64 * 3
    assert told["dense"]["trained"]["recordings"] == 90
    assert 4.0 < told["spiking"]["latency_ms"] < 4.5
    assert 4.0 < told["dense"]["latency_ms"] < 6  # a recording of not quite 4 ms, then the whole network
    for side in ("spiking", "dense"):
        costs = told[side]["instructions"]
        assert costs["answer"] < costs["direct"] < costs["stream"]
        assert costs["direct"] < told[side]["cycles"]["cortex-m4"]["direct"] < 3 * costs["direct"]
    assert told["dense"]["instructions"]["direct"] > told["dense"]["instructions"]["answer"] + 10 * 150


def test_a_stored_cnn_is_compared_again_on_another_core(
    lines: Path, made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(lines), "--dense", str(made / "dense"), "--counted", "1", "--limit", "6"]
    told = made / "again.json"
    assert (
        main(
            [
                "compare-dense",
                str(made / "model.safetensors"),
                *words,
                "--on",
                "cortex-m0",
                "--json",
                str(told),
            ]
        )
        == 0
    )
    found, printed = json.loads(told.read_text()), capsys.readouterr().out
    assert (found["samples"], found["on"]) == (6, "cortex-m0")
    assert set(found["dense"]["cycles"]) == {"cortex-m0", "cortex-m0plus"}
    assert "6 recordings of" in printed
    assert found["verdict"] in printed
    assert {row["winner"] for row in found["rows"]} <= {"spiking", "dense", None}
    assert "training" not in printed


def test_a_run_gives_its_settings_to_the_cnn(
    lines: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = [
        "--data",
        str(lines),
        "--dt-us",
        "1000",
        "--steps",
        "4",
        "--arch",
        "4c3s4p1-or2-out",
        "--seed",
        "3",
    ]
    quick = ["--epochs", "2", "--qat-epochs", "1", "--batch-size", "16", "--quiet", "--threads", "1"]
    run = str(tmp_path / "run")
    assert main(["train", *train, *quick, "--out", run]) == 0
    told = tmp_path / "told.json"
    assert (
        main(["compare-dense", run, "--counted", "1", "--threads", "1", "--quiet", "--json", str(told)]) == 0
    )
    trained = json.loads(told.read_text())["dense"]["trained"]
    assert {name: trained[name] for name in ("epochs", "qat_epochs", "batch_size", "seed")} == {
        "epochs": 2,
        "qat_epochs": 1,
        "batch_size": 16,
        "seed": 3,
    }
    assert trained["recordings"] == 81  # what the run itself was trained on, without what it held out
    assert "2 float and 1 int8 epochs, seed 3" in capsys.readouterr().out
    spiking, options = Spiking.load(run), DataOptions(limit=5)
    found = judged(spiking, options)
    trained_on = training_data(open_data(spiking.run.config), spiking.run.config).train
    frames = training_frames(spiking, found, options)
    for same, binned in ((found.frames, found.binned), (frames, trained_on)):
        assert same.sources == binned.sources
        assert same.labels.tolist() == binned.labels.tolist()
    assert len(found.binned) == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            "--on cortex-m0plus",
            "--on is 'cortex-m0plus'; use one of cortex-m0, cortex-m3, cortex-m4, cortex-m7, ",
        ),
        ("--mhz 0", "--mhz is 0; it must be above 0, and at most 1000000"),
        ("--counted 0", "--counted is 0; it must be 1 or more"),
        ("--epochs 0", "--epochs is 0; it must be 1 or more"),
        ("--toolchain tcc", "--toolchain is 'tcc'; use gcc or zig"),
        ("--arch 4c3-sum2-out", "--arch: token 'sum2' is a layer that the dense kernels lack; use NcK"),
        (
            "",
            "layers[1]: is or_pool of 4, which the dense kernels lack (they pool 2x2); give the CNN layers of",
        ),
        (
            "--arch 4c3-out --split train",
            "has no split 'train' beside the one to judge by, to train the CNN on;",
        ),
        ("--dense DENSE --epochs 3", "--epochs is for a CNN that is trained here; leave it out, or --dense"),
        ("--dense DENSE --data digits", "the model has no class '0', only"),
        ("--dense MODEL", "not a dense network of edge-sast; make one with"),
    ],
)
def test_bad_input(
    made: Path, lines: Path, words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"DENSE": str(made / "dense"), "MODEL": str(made / "model.safetensors")}
    given = [names.get(word, word) for word in words.split()]
    command = ["compare-dense", names["MODEL"], "--data", str(lines), *given]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("edge-sast: ")
    assert captured.err.count("\n") == 1
    assert told in captured.err
    assert not captured.out


def test_a_cnn_of_other_recordings_is_refused(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = save_line_model(folder, ("x", "y", "z"))
    command = ["compare-dense", other, "--dense", str(made / "dense"), "--data", "nowhere"]
    assert main(command) == 2
    assert "knows the classes column, diagonal, row, the spiking network x, y, z" in capsys.readouterr().err
    digits = ["compare-dense", "examples/digits-int8.safetensors", "--dense", str(made / "dense")]
    assert main(digits) == 2
    assert "knows the classes" in capsys.readouterr().err


def test_without_the_extra(
    made: Path, lines: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = "the Python package unicorn is missing; pip install 'edge-sast[emulator]'"
    monkeypatch.setattr(dense_run, "missing", lambda: lacking)
    assert main(["compare-dense", str(made / "model.safetensors"), "--data", str(lines)]) == 2
    assert (
        capsys.readouterr().err
        == f"edge-sast: compare-dense runs both networks on an emulated core: {lacking}\n"
    )
