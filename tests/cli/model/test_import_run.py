"""Another tool's network as a run, as typed: evaluated, finished in integers, exported and verified; and refusals."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("h5py", reason="NIR needs h5py: pip install 'edge-sast[hdf5]'")

from edge_sast.cli.main import main
from edge_sast.model import modelfile
from tests.cli.recordings import DT_US, SIDE, STEPS, write_lines
from tests.exchange.nir_files import write_nir

SIZE = SIDE // 2  # of the input: coordinates are halved
CACHE = "cache"
LEAKY = {"tau": 8e-4, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0}
WORDS = ["--from", "snntorch", "--shift", "1", "--sensor", f"{SIDE}x{SIDE}", "--dt-us", str(DT_US)]
WORDS += ["--steps", str(STEPS), "--classes", "column,diagonal,row"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Recordings, and a convolution that is reset to zero before a linear layer that subtracts, as snnTorch writes."""
    home = tmp_path_factory.mktemp("home")
    write_lines(home / "data", {"train": 12, "valid": 4, "test": 6})
    rng = np.random.default_rng(3)
    side = (SIZE - 5) // 2 + 1
    nodes = {
        "in": ("Input", {"shape": np.array([2, SIZE, SIZE])}),
        "a": (
            "Conv2d",
            {
                "weight": rng.normal(0.03, 0.15, (4, 2, 5, 5)).astype(np.float32),
                "bias": np.zeros(4, np.float32),
                **{"stride": 2, "padding": 0, "dilation": 1, "groups": 1},
            },
        ),
        "b": ("LIF", LEAKY),
        "c": ("Flatten", {"start_dim": 0, "end_dim": -1}),
        "d": ("Linear", {"weight": rng.normal(0, 0.1, (3, 4 * side * side)).astype(np.float32)}),
        "e": ("LIF", LEAKY),
        "out": ("Output", {"shape": np.array([3])}),
    }
    way = ["in", "a", "b", "c", "d", "e", "out"]
    write_nir(home / "net.nir", nodes, list(pairwise(way)))
    return home


def imported(home: Path, name: str, *more: str) -> int:
    return main(
        ["import", str(home / "net.nir"), *WORDS, "--reset", "zero", *more, "--out", str(home / name)]
    )


def figures(path: Path) -> dict:
    return json.loads(path.read_text())


def error(capsys) -> str:
    return capsys.readouterr().err


@pytest.mark.needs("gcc")
def test_from_another_tool_to_verified_c(home, capsys):
    """The finish knows the run's layers, time steps and recordings; it makes the network better."""
    cache = ["--cache-dir", str(home / CACHE)]
    assert imported(home, "a", "--data", str(home / "data")) == 0
    assert f"wrote {home / 'a'} (run, layers 4c5s2-count)\n" in capsys.readouterr().out
    assert main(["evaluate", str(home / "a"), *cache, "--json", str(home / "a.json")]) == 0
    assert f"{home / 'a'}: imported; 18 recordings of {home / 'data'} test\n" in capsys.readouterr().out
    finish = ["--epochs", "0", "--qat-epochs", "6", "--qat-lr", "0.01", "--batch-size", "12", "--quiet"]
    assert main(["train", "--from", str(home / "a"), *finish, "--out", str(home / "b"), *cache]) == 0
    config = figures(home / "b" / "config.json")
    assert (config["dt_us"], config["steps"], config["downscale"], config["norm"]) == (
        DT_US,
        STEPS,
        1,
        "none",
    )
    assert [(each["layer"], each["leak"], each["above"]) for each in config["layers"]] == [
        ("4c5s2", "3", True),
        ("count", "3", True),
    ]
    assert (
        main(["train", "--resume", "--out", str(home / "b"), "--quiet", *cache]) == 0
    )  # its layers are taken, too
    assert figures(home / "b" / "config.json") == config
    words = ["export", str(home / "b"), "--out", str(home / "build"), *cache, "--json", str(home / "e.json")]
    assert main(words) == 0
    assert figures(home / "e.json")["integer_accuracy"] > figures(home / "a.json")["hard"]["accuracy"]
    assert main(["verify", str(home / "build"), "--on", "host", "--json", str(home / "v.json")]) == 0
    assert figures(home / "v.json")["mismatches"] == 0


@pytest.mark.needs("gcc")
def test_a_convolution_that_subtracts_later_is_finished_and_verified(home, capsys):
    """By snnTorch's own default: T one step later, which the finished integers take off as T/decay at once."""
    cache = ["--cache-dir", str(home / CACHE)]
    words = [
        "import",
        str(home / "net.nir"),
        *WORDS,
        "--data",
        str(home / "data"),
        "--out",
        str(home / "later"),
    ]
    assert main(words) == 0
    config = figures(home / "later" / "config.json")
    assert [(each["layer"], each["reset"], each["later"]) for each in config["layers"]] == [
        ("4c5s2", "subtract", True),
        ("count", "subtract", True),
    ]
    finish = ["--epochs", "0", "--qat-epochs", "2", "--qat-lr", "0.01", "--batch-size", "12", "--quiet"]
    assert (
        main(["train", "--from", str(home / "later"), *finish, "--out", str(home / "finished"), *cache]) == 0
    )
    assert imported(home, "zero", "--data", str(home / "data")) == 0
    capsys.readouterr()
    other = ["train", "--from", str(home / "zero"), "--resume", "--out", str(home / "finished"), *cache]
    assert main(other) == 2
    assert "was begun with other layers, with rules of their own (--from" in error(capsys)
    build = home / "build_later"
    assert main(["export", str(home / "finished"), "--out", str(build), *cache]) == 0
    for _, layer in modelfile.load(build / "model.safetensors").weighted():
        cell = layer.neuron
        assert np.abs(cell.amount - cell.threshold * 8 / 7).max() <= 1.5  # each is rounded by itself
    assert main(["verify", str(build), "--on", "host", "--json", str(home / "vl.json")]) == 0
    assert figures(home / "vl.json")["mismatches"] == 0
    capsys.readouterr()
    assert main(["inspect", str(build / "model.safetensors")]) == 0
    assert "  amount\n" in capsys.readouterr().out


def test_a_run_that_names_no_recordings_asks_for_them(home, capsys):
    assert imported(home, "bare") == 0
    capsys.readouterr()
    missing = "edge-sast: --data is missing: "
    for words in (["evaluate", str(home / "bare")], ["evaluate", str(home / "bare"), "--split", "test"]):
        assert main(words) == 2
        assert error(capsys).startswith(
            f"{missing}the run was imported, and names no recordings; give it here"
        )
    assert main(["train", "--from", str(home / "bare"), "--out", str(home / "never")]) == 2
    assert (
        error(capsys) == f"{missing}{home / 'bare'} was imported, and names no recordings; give them here\n"
    )
    data = ["--data", str(home / "data"), "--cache-dir", str(home / CACHE)]
    assert main(["evaluate", str(home / "bare"), *data, "--json", str(home / "bare.json")]) == 0
    assert figures(home / "bare.json")["samples"] == 18
    capsys.readouterr()
    assert main(["calibrate", str(home / "bare"), "--out", str(home / "never")]) == 2
    assert "was imported: there is no smooth network to balance to; leave this step out" in error(capsys)


def test_options_that_do_not_go_together(home, capsys):
    assert imported(home, "once") == 0
    capsys.readouterr()
    for more, told in (
        ([], f"--out {home / 'once'} already holds a run; choose another folder"),
        (
            ["--bits", "4"],
            f"--bits is 4, but --out {home / 'once'} is a run, whose weights are floats; leave it out",
        ),
    ):
        assert imported(home, "once", *more) == 2
        assert error(capsys).startswith(f"edge-sast: {told}")
    assert imported(home, "m.safetensors", "--data", str(home / "data")) == 2
    assert error(capsys).startswith(
        f"edge-sast: --data is '{home / 'data'}', but --out {home / 'm.safetensors'} is a mo"
    )
    train = [
        "train",
        "--from",
        str(home / "once"),
        "--data",
        str(home / "data"),
        "--out",
        str(home / "never"),
    ]
    for more, told in (
        (["--arch", "fc4-out"], "--arch is fc4-out, but the layers of --from"),
        (["--leak", "2"], "--leak is 2, but the layers of --from"),
        (["--init", "x"], "--init and --from both name a run to start from; give one of them"),
        (
            ["--norm", "batch"],
            f"--init {home / 'once' / 'checkpoint.safetensors'}: was trained with --norm none, this",
        ),
    ):
        assert main([*train, "--epochs", "0", *more]) == 2
        assert error(capsys).startswith(f"edge-sast: {told}")
    assert not (home / "never").exists()


def test_what_edge_sast_wrote_itself_has_no_float_weights(home, capsys):
    model = Path(__file__).parents[3] / "examples" / "digits-int8.safetensors"
    nir = home / "own.nir"
    assert main(["export", str(model), "--no-data", "--target", "nir", "--out", str(nir)]) == 0
    capsys.readouterr()
    assert main(["import", str(nir), "--out", str(home / "own")]) == 2
    assert error(capsys).startswith(
        f"edge-sast: {nir}: was written by edge-sast, of integers without float weights;"
    )
    assert not (home / "own").exists()


def test_from_a_run_of_our_own_takes_its_network(home):
    """Not only imported ones: layers, leak and recordings are the run's, and the first epoch begins at its weights."""
    cache = ["--cache-dir", str(home / CACHE), "--quiet"]
    first = [
        "--dt-us",
        str(DT_US),
        "--steps",
        str(STEPS),
        "--arch",
        "fc6-out",
        "--leak",
        "2",
        "--norm",
        "none",
    ]
    first += ["--method", "hard", "--epochs", "1", "--qat-epochs", "0"]
    assert main(["train", "--data", str(home / "data"), *first, "--out", str(home / "own"), *cache]) == 0
    more = ["--epochs", "0", "--qat-epochs", "1", "--out", str(home / "own2")]
    assert main(["train", "--from", str(home / "own"), *more, *cache]) == 0
    config = figures(home / "own2" / "config.json")
    assert (config["arch"], config["leak"], config["norm"], config["layers"]) == (
        "fc6-out",
        "2",
        "none",
        None,
    )
    assert config["init"] == str(home / "own")


def test_an_imported_run_answers_early(home, capsys):
    """By recordings that nothing was trained on here; where no output ever leads, that is said."""
    path, out, told = home / "watched", home / "early.safetensors", home / "early.json"
    assert imported(home, path.name, "--data", str(home / "data")) == 0
    words = ["--early", "50", "--cache-dir", str(home / CACHE), "--out", str(out), "--json", str(told)]
    capsys.readouterr()
    assert main(["calibrate", str(path), *words]) == 2
    assert error(capsys) == (
        "edge-sast: --early 50: no output leads before the last step in any of 12 recordings of "
        f"{home / 'data'}, held out; train the network first, or use more or longer --steps\n"
    )
    assert not out.exists()
    louder = ["--nir-dt", "4e-4"]  # a step four times as long: a gain of 4, and half of the membrane lost
    assert imported(home, "louder", "--data", str(home / "data"), *louder) == 0
    assert main(["calibrate", str(home / "louder"), *words]) == 0
    found = figures(told)
    assert found["recordings"] == f"{home / 'data'}, held out"
    assert modelfile.load(out).early_margin == found["margin"] > 0
    assert found["early"]["steps_per_sample"] < STEPS


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--classes", "row,row,column"], "--classes has a name twice"),
        (["--data", "nowhere"], "data 'nowhere' does not exist; give a folder, a .zip, or one of digits"),
    ],
)
def test_what_no_command_could_go_on_with_is_not_written(home, more, told, capsys):
    assert imported(home, "never", *more) == 2
    assert told in capsys.readouterr().err
    assert not (home / "never").exists()
