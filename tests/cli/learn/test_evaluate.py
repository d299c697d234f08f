"""`edge-sast evaluate` and `calibrate` as a user types them, on small trained runs."""

import json
import math
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.learn.evaluate_parts import Measure, Part
from edge_sast.cli.main import main, parse
from edge_sast.cli.options.recordings import data_options
from edge_sast.datasets.open import open_dataset
from edge_sast.errors import EdgeSastError
from edge_sast.model import modelfile
from edge_sast.report.figures import HEAD
from edge_sast.report.intervals import over_runs, wilson
from tests.cli.recordings import DT_US, STEPS, write_lines
from trainer.run import checkpoint
from trainer.run.one_pass import evaluate as evaluate_pass

TRAIN = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "6c5s2p2-or2-out", "--lr", "0.01", "--quiet"]
CLASSES = ["column", "diagonal", "row"]
FIRST = [*HEAD, "run", "seed", "recordings", "samples", "classes"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Data, three runs that differ in their seed, one trained with hard spikes, one on data without test and valid."""
    home = tmp_path_factory.mktemp("judged")
    write_lines(home / "data", {"train": 24, "test": 8})
    shutil.copytree(home / "data" / "train", home / "flat")
    short = ["--epochs", "6", "--qat-epochs", "0", "--batch-size", "12"]
    for seed in (0, 1, 2):
        train(home, "data", f"seed{seed}", *short, "--seed", str(seed), "--rho", "0.02")
    train(home, "data", "step", *short, "--method", "hard")
    train(home, "flat", "flat-run", *short, "--valid-fraction", "0.3")
    return home


def train(home, data, name, *more):
    cache = ["--cache-dir", str(home / "cache")]
    assert main(["train", "--data", str(home / data), "--out", str(home / name), *cache, *TRAIN, *more]) == 0


def judge(home, *words):
    """The JSON of `edge-sast evaluate`."""
    out = home / "out.json"
    runs = [str(home / word) if (home / word).exists() else word for word in words]
    assert main(["evaluate", *runs, "--cache-dir", str(home / "cache"), "--json", str(out)]) == 0
    return json.loads(out.read_text())


def refused(home, capsys, *words):
    runs = [str(home / word) if (home / word).exists() else word for word in words]
    assert main([*runs, "--cache-dir", str(home / "cache")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_early_answers(home, capsys):
    """Judged on test recordings, by a margin chosen on those that watched the training: what calibrate writes."""
    found = judge(home, "seed0", "--early", "10")
    printed = capsys.readouterr().out
    early = found["int8, early"]
    model = home / "early.safetensors"
    command = [
        "calibrate",
        str(home / "seed0"),
        "--early",
        "10",
        "--out",
        str(model),
        "--cache-dir",
        str(home / "cache"),
    ]
    assert main(command) == 0
    assert modelfile.load(model).early_margin == early["margin"]
    assert main(["run", str(model), "--data", str(home / "data"), "--json", str(home / "run.json")]) == 0
    run = json.loads((home / "run.json").read_text())
    assert (early["accuracy"], early["synops_per_sample"]) == (run["accuracy"], run["synops_per_sample"])
    assert early["steps"] == run["steps"]
    assert early["steps"]["mean"] < STEPS
    assert f"{early['steps']['mean']:.2f}" in printed.split("steps/sample")[1]
    several = judge(home, "seed0", "seed1", "--early", "10")["summary"]["int8, early"]["steps"]["mean"]
    assert several["low"] <= several["mean"] <= several["high"]


def test_early_answers_are_not_judged_by_what_chose_them(home, capsys):
    told = refused(home, capsys, "evaluate", "flat-run", "--early", "10")
    assert "is judged by the recordings that the margin is chosen on" in told
    assert refused(home, capsys, "evaluate", "seed0", "--early", "101").startswith(
        "edge-sast: --early is 101; it must be"
    )


def test_one_run(home, capsys):
    found = judge(home, "seed0")
    assert list(found) == [*FIRST, "surrogate", "hard", "int8", "int4", "int2"]
    assert found["classes"] == CLASSES
    for each in (found[name] for name in ("surrogate", "hard", "int8", "int4", "int2")):
        right = sum(each["confusion"][i][i] for i in range(len(CLASSES)))
        assert [len(row) for row in each["confusion"]] == [len(CLASSES)] * len(CLASSES)
        assert (sum(map(sum, each["confusion"])), right / 24) == (24, pytest.approx(each["accuracy"]))
    printed = capsys.readouterr().out
    assert "firing rate, %" in printed
    assert "rate_distances" not in found["hard"]
    (apart,) = found["int2"]["rate_distances"]
    rates = [found[name]["firing_rates"][0] for name in ("int2", "hard")]
    assert abs(rates[0] - rates[1]) - 1e-9 <= apart <= 1  # no distance of means is more
    assert "EMD of rates from hard, %" in printed
    assert f"{100 * apart:.2f}" in printed.split("EMD of rates")[1]
    for name in ("hard", "int8"):
        each = found[name]
        right = round(each["accuracy"] * found["samples"])
        assert each["accuracy_interval"] == pytest.approx(wilson(right, found["samples"]))
        assert "layer 1 (6c5s2p2)" in printed
        assert f"{100 * each['firing_rates'][0]:.2f}" in printed


def test_workers_measure_the_same_figures(home, capsys):
    words = ["seed0", "seed1", "--corruptions", "hot_pixels", "--severities", "5", "--gradients"]
    alone = judge(home, *words, "--threads", "1")
    printed = capsys.readouterr().out
    together = judge(home, *words, "--engine", "processes", "--jobs", "2")
    assert together | {"line": None} == alone | {"line": None}
    assert capsys.readouterr().out == printed


def test_recordings_that_cannot_be_read_are_left_out_where_that_is_asked(home, tmp_path, capsys):
    shutil.copytree(home / "data", tmp_path / "data")
    bad = tmp_path / "data" / "test" / "row" / "001.bin"
    bad.write_bytes(bad.read_bytes()[:-2])
    words = [
        "seed0",
        "seed1",
        "--data",
        str(tmp_path / "data"),
        "--corruptions",
        "dead_rows",
        "--severities",
        "1",
    ]
    assert refused(home, capsys, "evaluate", *words).startswith(f"edge-sast: {bad}: ends at byte ")
    out, cache = tmp_path / "out.json", ["--cache-dir", str(tmp_path / "cache")]
    runs = [str(home / word) for word in words[:2]]
    assert main(["evaluate", *runs, *words[2:], *cache, "--keep-going", "--json", str(out)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith(f"edge-sast: {bad}: ends at byte ")
    assert told[1:] == ["edge-sast: recordings that were left out: 1; the lines above say why"]
    left = json.loads(out.read_text())
    assert [f"edge-sast: {line}" for line in left.pop("left_out")] == told[:1]
    bad.unlink()
    assert judge(home, *words) | {"line": None} == left | {"line": None}


def test_a_worker_that_reads_fewer_recordings_says_so(home):
    args = parse(["evaluate", str(home / "seed0"), "--keep-going"])
    of_a_worker = pickle.dumps(Measure(tuple(args.runs), 1, data_options(args), args, sizes=(25,)))
    told = r"seed0: a worker could read 24 of the 25 recordings that the command read; look at the disk"
    with pytest.raises(EdgeSastError, match=told):
        pickle.loads(of_a_worker)(Part(0, "passes"))


def test_thresholds_of_each_step_are_judged_by_the_float_passes(home):
    more = ["--method", "hard", "--threshold", "adaptive-step", "--epochs", "1", "--qat-epochs", "0"]
    train(home, "data", "by-step", *more)
    found = judge(home, "by-step", "--corruptions", "hot_pixels", "--severities", "1")
    assert list(found) == [*FIRST, "surrogate", "hard", "corruptions"]
    assert found["corruptions"]["pass"] == "hard"


def test_runs_that_differ_in_their_seed(home, capsys):
    alone = [judge(home, f"seed{seed}") for seed in (0, 1, 2)]
    capsys.readouterr()
    found = judge(home, "seed0", "seed1", "seed2")
    assert [run["seed"] for run in found["runs"]] == [0, 1, 2]
    for own, run in zip(alone, found["runs"], strict=True):
        assert run == {name: value for name, value in own.items() if name not in HEAD}
    assert "confusion" not in found["summary"]["hard"]
    for name in ("surrogate", "hard", "int8"):
        for figure in ("accuracy", "synops_per_sample"):
            assert found["summary"][name][figure] == over_runs([each[name][figure] for each in alone])
    assert found["summary"]["samples"] == 24
    told = found["summary"]["hard"]["accuracy"]
    printed = capsys.readouterr().out
    assert "seeds 0, 1, 2: mean ± 95 %" in printed
    assert f"{100 * told['mean']:.2f} ± {50 * (told['high'] - told['low']):.2f}" in printed


def test_runs_of_other_settings_do_not_share_a_mean(home, capsys):
    assert "step: trained with --method hard, " in refused(home, capsys, "evaluate", "seed0", "step")
    assert "has --seed 0, as " in refused(home, capsys, "evaluate", "seed0", "seed0")


@pytest.mark.parametrize(("run", "held_out"), [("seed0", False), ("flat-run", True)])
@pytest.mark.parametrize("how", ["trained", "hard", "surrogate", "int2"])
def test_corruptions(home, run, held_out, how, capsys):
    """The clean accuracy is that of the same pass in the table above."""
    options = [
        "--corruptions",
        "polarity_flip",
        "hot_pixels",
        "--severities",
        "2",
        "5",
        "--corruption-pass",
        how,
    ]
    found = judge(home, run, *options)
    told = found["corruptions"]
    name = "int8" if how == "trained" else how
    assert told["pass"] == name
    assert told["clean"] == found[name]["accuracy"]
    assert list(told["kinds"]) == ["polarity_flip", "hot_pixels"]
    assert all(len(each["accuracy"]) == 2 for each in told["kinds"].values())
    assert "severity 2" in capsys.readouterr().out
    assert found["samples"] == (21 if held_out else 24)


def test_corrupted_accuracy_is_that_of_the_corrupted_files(home):
    """A run evaluated on files into which the same faults were written."""
    from edge_sast.evaluation.corrupt import corrupt
    from edge_sast.formats.atis import write_recording_atis

    kind, severity = "spatial_jitter", 5
    root = home / "jittered"
    refs = open_dataset(str(home / "data")).recordings("test")
    for i, ref in enumerate(refs):
        recording = ref.load()
        rng = np.random.default_rng((0xC0, 3, i))
        events = corrupt(recording.events, kind, severity, (recording.width, recording.height), rng)
        target = root / Path(ref.source).relative_to(home / "data")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write_recording_atis(events))
    options = ["--corruptions", kind, "--severities", str(severity), "--corruption-seed", "3"]
    for how in ("hard", "int8"):
        found = judge(home, "seed0", *options, "--corruption-pass", how)["corruptions"]
        there = judge(home, "seed0", "--data", str(root), "--split", "test")
        assert found["kinds"][kind]["accuracy"] == [there[how]["accuracy"]]


def test_inside_the_network(home, capsys):
    options = ["--sharpness", "--sharpness-recordings", "20", "--gradients", "--contraction"]
    found = judge(home, "seed0", *options)
    assert (found["sharpness"]["rho"], found["sharpness"]["recordings"]) == (0.02, 20)
    assert found["sharpness"]["gradient"] == "exact"
    first, last = found["sharpness"]["stable_ranks"]
    assert (first["layer"], first["largest"], last["largest"]) == ("layer 1 (6c5s2p2)", 6, 3)
    assert found["gradients"]["input"]["mean"] > 0
    assert [each["layer"] for each in found["contraction"]] == ["layer 1 (6c5s2p2)"]
    printed = capsys.readouterr().out
    for word in ("loss gap", "g is the gradient", "95 % quantile", "τ(1 + Uk)"):
        assert word in printed
    both = judge(home, "seed0", "seed1", *options)["summary"]
    assert both["sharpness"]["gap"].keys() == {"mean", "deviation", "low", "high"}
    assert math.isfinite(both["contraction"][0]["left_side"]["mean"])
    assert "±" in capsys.readouterr().out


def test_a_run_without_rho_wants_one(home, capsys):
    assert "was trained without a rho; give the radius with --rho" in refused(
        home, capsys, "evaluate", "step", "--sharpness"
    )
    found = judge(home, "step", "--sharpness", "--rho", "0.1", "--sharpness-recordings", "12")
    assert (found["sharpness"]["gradient"], found["sharpness"]["rho"]) == ("surrogate", 0.1)
    assert "surrogate gradient (hard spikes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--severities", "1"], "--severities has an effect only beside --corruptions"),
        (["--rho", "0.1"], "--rho has an effect only beside --sharpness"),
        (["--corruptions", "rain"], "--corruptions: 'rain' is unknown; choose from event_drop, "),
        (["--corruptions", "--severities", "6"], "--severities is 6; it must be 1 to 5"),
        (["--corruptions", "--corruption-seed", "-1"], "--corruption-seed is -1; it must be 0 or more"),
        (["--sharpness", "--rho", "nan"], "--rho is nan; it must be above 0"),
        (["--sharpness", "--sharpness-recordings", "0"], "--sharpness-recordings is 0; it must be 1 or more"),
    ],
)
def test_mistakes_are_one_line(home, capsys, words, message):
    assert refused(home, capsys, "evaluate", "seed0", *words).startswith(f"edge-sast: {message}")


def test_the_kinds_in_the_help_are_all(capsys):
    from edge_sast.evaluation.corrupt import CORRUPTIONS

    assert main(["evaluate", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert ", ".join(CORRUPTIONS) in told


def test_calibrate(home, capsys):
    out, figures = home / "balanced", home / "balance.json"
    words = ["--recordings", "20", "--cache-dir", str(home / "cache"), "--json", str(figures)]
    assert main(["calibrate", str(home / "seed0"), "--out", str(out), *words]) == 0
    printed = capsys.readouterr().out
    (layer,) = json.loads(figures.read_text())["layers"]
    written = {name: value for name, value in json.loads(figures.read_text()).items() if name not in HEAD}
    assert json.loads((out / "calibration.json").read_text()) == written
    assert f"{100 * layer['aim']:.3f}" in printed
    assert "thresholds from 20 training recordings" in printed
    assert abs(layer["after"] - layer["aim"]) <= abs(layer["before"] - layer["aim"])
    for name in ("config.json", "metrics.jsonl"):
        assert (out / name).read_bytes() == (home / "seed0" / name).read_bytes()
    before, after = (checkpoint.load(home / name) for name in ("seed0", "balanced"))
    changed = [name for name, tensor in before.tensors.items() if not tensor.equal(after.tensors[name])]
    assert changed == ["network.layers.0.neurons.threshold"]
    assert before.tensors.keys() == after.tensors.keys()
    found = judge(home, "balanced")
    assert found["hard"]["firing_rates"][0] != judge(home, "seed0")["hard"]["firing_rates"][0]
    model = home / "balanced.safetensors"
    assert main(["export", str(out), "--target", "model", "--no-data", "--out", str(model)]) == 0
    more = ["--epochs", "1", "--qat-epochs", "0", "--batch-size", "12", "--init", str(out)]
    train(home, "data", "from-balanced", *more)


def test_calibration_is_of_training_recordings_and_blind_to_labels(home):
    """The written rates are those of the run's own network on the training part."""
    from edge_sast.datasets.load import spread
    from trainer.data import recordings as datasets

    stored = checkpoint.load(home / "flat-run")
    cache = str(home / "cache")
    part = datasets.training_data(datasets.open_data(stored.config), stored.config, cache).train
    part = part.select(spread(part.labels, 15))
    smooth = evaluate_pass(stored.network(), part, stored.config.spike(hard=False)).firing_rates
    out = home / "balanced-flat"
    words = ["--recordings", "15", "--cache-dir", cache]
    assert main(["calibrate", str(home / "flat-run"), "--out", str(out), *words]) == 0
    told = json.loads((out / "calibration.json").read_text())
    assert [layer["aim"] for layer in told["layers"]] == pytest.approx(smooth, rel=1e-5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["step"], "was trained with hard spikes (--method hard): there is no smooth network to balance to"),
        (["seed0", "--recordings", "0"], "--recordings is 0; it must be 1 or more"),
    ],
)
def test_what_cannot_be_calibrated(home, capsys, words, message):
    assert message in refused(home, capsys, "calibrate", *words, "--out", str(home / "never"))
    assert not (home / "never").exists()
    assert "already holds a run" in refused(home, capsys, "calibrate", "seed1", "--out", str(home / "seed2"))


def test_energy(home, capsys):
    """Counted on the recordings of the table: SynOps are those of the integer pass, and the file's prices count."""
    found = judge(home, "seed0", "--energy")
    printed = capsys.readouterr().out
    account = found["energy"]
    assert account["training"]["pass"] == "smooth"
    synops = sum(each["synops"] for each in account["inference_activity"])
    assert synops == pytest.approx(found["int8"]["synops_per_sample"])
    assert "training, backward" in printed
    assert "inference, int8" in printed
    assert "energies: 45 nm, 0.9 V, Horowitz 2014" in printed
    names = ("add_float32", "multiply_float32", "add_int32", "multiply_int8", "scratchpad", "buffer", "dram")
    table = home / "prices.toml"
    table.write_text('source = "one each"\n' + "".join(f"{n} = {int(n == 'add_int32')}\n" for n in names))
    priced = judge(home, "seed0", "seed1", "--energy", "--energy-table", str(table))["summary"]["energy"]
    assert priced["inference"]["picojoules"]["mean"] == pytest.approx(
        priced["inference"]["additions"]["mean"]
    )
    assert "energies: one each" in capsys.readouterr().out
    step = judge(home, "step", "--energy")["energy"]["training"]
    assert step["pass"] == "hard"
    assert step["forward"]["multiplications"] < account["training"]["forward"]["multiplications"]


def test_a_bad_energy_table_is_told_before_anything_is_measured(home, capsys):
    table = home / "wrong.json"
    table.write_text('{"source": "x", "dram": "much"}')
    told = refused(home, capsys, "evaluate", "seed0", "--energy", "--energy-table", str(table))
    assert "wrong.json: add_float32 is missing; give source, " in told
    told = refused(home, capsys, "evaluate", "seed0", "--energy-table", str(table))
    assert told == "edge-sast: --energy-table has an effect only beside --energy; add that one\n"
    assert "no-file.toml" in refused(
        home, capsys, "evaluate", "seed0", "--energy", "--energy-table", "no-file.toml"
    )
