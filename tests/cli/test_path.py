"""The whole path as a user types it, on recordings in files: train, evaluate, export, run, inspect, verify."""

import json
import shutil

import pytest

from edge_sast.cli.main import main
from tests.cli.recordings import DT_US, STEPS, write_lines

TRAIN = ["--dt-us", str(DT_US), "--steps", str(STEPS), "--arch", "6c5s2p2-or2-out", "--lr", "0.01", "--quiet"]
needs_compiler = pytest.mark.needs("gcc")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with data, a trained run and its caches."""
    home = tmp_path_factory.mktemp("home")
    data = write_lines(home / "data", {"train": 30, "valid": 8, "test": 10})
    assert (
        main(
            train(
                home,
                data,
                "run",
                "--epochs",
                "10",
                "--qat-epochs",
                "1",
                "--rho",
                "0.02",
                "--batch-size",
                "16",
            )
        )
        == 0
    )
    return home


def train(home, data, name, *more):
    cache = str(home / "cache")
    return ["train", "--data", str(data), "--out", str(home / name), "--cache-dir", cache, *TRAIN, *more]


def figures(path):
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"Part1": 2, "Test": 1}, "has no split 'train', only test, Part1; rename or add one"),
        ({"test": 1}, "has no split 'train', only test; rename or add one"),
    ],
)
def test_a_split_of_another_name_is_not_trained_on(tmp_path, capsys, layout, message):
    assert main(train(tmp_path, write_lines(tmp_path / "data", layout), "out")) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_class_names_that_no_model_takes_are_told_before_training(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"train": 2})
    (data / "train" / "row").rename(data / "train" / "r\tow")
    assert main(train(tmp_path, data, "out")) == 2
    assert "class folder 'r\\tow' is not printable text" in capsys.readouterr().err


def test_batch_norm_of_a_single_value_is_one_line(tmp_path, capsys):
    data = write_lines(tmp_path / "data", {"train": 2})
    argv = train(tmp_path, data, "out", "--arch", "fc4-out", "--batch-size", "1", "--steps", "1")
    assert main(argv) == 2
    assert "--norm is 'batch', but a batch holds one value per channel" in capsys.readouterr().err


@pytest.mark.parametrize("threads", ["-1", "99999999999"])
def test_a_number_of_threads_out_of_range(home, capsys, threads):
    assert main(["evaluate", str(home / "run"), "--threads", threads]) == 2
    assert capsys.readouterr().err == f"edge-sast: --threads is {threads}; it must be 0 (all) to 1024\n"


def test_evaluate(home, capsys):
    out = home / "evaluate.json"
    assert main(["evaluate", str(home / "run"), "--cache-dir", str(home / "cache"), "--json", str(out)]) == 0
    printed = capsys.readouterr().out
    found = figures(out)
    assert found["samples"] == 30
    assert found["recordings"].endswith(" test")
    for name in ("surrogate", "hard", "int8", "int4"):
        assert found[name].keys() >= {"accuracy", "synops_per_sample", "spikes_per_sample"}
        assert f"{100 * found[name]['accuracy']:.2f}" in printed
    assert found["int8"]["accuracy"] > 0.9
    last = json.loads((home / "run" / "metrics.jsonl").read_text().splitlines()[-1])
    valid = home / "valid.json"
    main(
        [
            "evaluate",
            str(home / "run"),
            "--split",
            "valid",
            "--cache-dir",
            str(home / "cache"),
            "--json",
            str(valid),
        ]
    )
    assert figures(valid)["int8"]["accuracy"] == last["valid_accuracy"]


@needs_compiler
def test_export_run_inspect_verify(home, capsys):
    build = home / "build"
    cache = ["--cache-dir", str(home / "cache")]
    assert (
        main(["export", str(home / "run"), "--out", str(build), *cache, "--json", str(home / "e.json")]) == 0
    )
    exported = figures(home / "e.json")
    model = str(build / "model.safetensors")

    data = ["--data", str(home / "data"), "--split", "test", *cache]
    assert main(["run", model, *data, "--json", str(home / "r.json")]) == 0
    ran = figures(home / "r.json")
    assert ran["samples"] == 30
    assert ran["accuracy"] == exported["integer_accuracy"]
    assert ran.keys() >= {"synops_per_sample", "seconds", "samples_per_second", "synops_per_second"}

    assert main(["inspect", model, "--json", str(home / "i.json")]) == 0
    inspected = figures(home / "i.json")
    assert inspected["model_hash"] == exported["model_hash"]
    assert inspected["format_version"] == 1

    assert main(["verify", str(build), "--on", "host", *data, "--json", str(home / "v.json")]) == 0
    verified = figures(home / "v.json")
    assert verified["mismatches"] == 0
    assert verified["first_mismatch"] is None
    assert verified["samples"] >= 30
    assert verified["steps"] == verified["samples"] * STEPS
    capsys.readouterr()


def test_export_of_the_model_alone(home):
    target = home / "alone.safetensors"
    arguments = [
        "export",
        str(home / "run"),
        "--target",
        "model",
        "--bits",
        "4",
        "--no-data",
        "--out",
        str(target),
    ]
    assert main(arguments) == 0
    assert main(["inspect", str(target)]) == 0


def test_a_model_file_gives_the_same_c_as_its_training(home, capsys):
    cache = ["--cache-dir", str(home / "cache")]
    assert main(["export", str(home / "run"), "--out", str(home / "trained"), *cache]) == 0
    model = str(home / "trained" / "model.safetensors")
    data = ["--data", str(home / "data"), "--split", "test", *cache]
    assert (
        main(["export", model, "--out", str(home / "again"), *data, "--json", str(home / "again.json")]) == 0
    )
    # The manifest holds every file's checksum, the known answers' too.
    manifests = [(home / name / "manifest.json").read_bytes() for name in ("trained", "again")]
    assert manifests[0] == manifests[1]
    assert figures(home / "again.json")["samples"] == 30
    capsys.readouterr()
    for mistake in (["--bits", "4"], ["--target", "model"]):
        assert main(["export", model, "--out", str(home / "never"), *mistake]) == 2
        assert mistake[0] in capsys.readouterr().err
    assert not (home / "never").exists()


@needs_compiler
def test_widths_of_training_reach_the_device(home, capsys):
    options = ["--epochs", "1", "--qat-epochs", "1", "--bits", "1,4", "--limit", "24"]
    assert main(train(home, home / "data", "mixed", *options)) == 0
    metrics = (home / "mixed" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["valid_pass"] for line in metrics] == ["hard", "int1-4"]
    cache = ["--cache-dir", str(home / "cache")]
    assert main(["evaluate", str(home / "mixed"), *cache, "--json", str(home / "mixed.json")]) == 0
    assert {"int8", "int4", "int1-4"} <= figures(home / "mixed.json").keys()
    for bits, widths in ((None, [1, 4]), ("1", [1, 1])):
        build = home / f"mixed-{bits}"
        chosen = [] if bits is None else ["--bits", bits]
        assert main(["export", str(home / "mixed"), "--no-data", "--out", str(build), *chosen]) == 0
        assert main(["inspect", str(build / "model.safetensors"), "--json", str(home / "i.json")]) == 0
        assert [layer["bits"] for layer in figures(home / "i.json")["layers"] if "bits" in layer] == widths
        assert main(["verify", str(build), "--on", "host"]) == 0
    capsys.readouterr()


def test_resume_goes_on(home, capsys):
    data = home / "data"
    more = ["--epochs", "1", "--qat-epochs", "0", "--limit", "24"]
    assert main(train(home, data, "short", *more)) == 0
    assert main(train(home, data, "short", *more)) == 2
    assert (
        "already holds a run; add --resume to go on, or --overwrite to start anew" in capsys.readouterr().err
    )
    assert main(train(home, data, "short", "--resume", *more)) == 0
    assert main(train(home, data, "short", "--overwrite", *more)) == 0
    assert main(train(home, data, "other", "--resume", *more)) == 2
    assert "holds no checkpoint" in capsys.readouterr().err
    assert main(train(home, data, "short", "--resume", "--overwrite", *more)) == 2
    assert "--resume goes on, --overwrite starts anew; give one of them" in capsys.readouterr().err


def break_file(home, change):
    """A copy of the data set with one recording changed."""
    broken = home / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(home / "data", broken)
    file = broken / "train" / "row" / "003.bin"
    file.write_bytes(change(file.read_bytes()))
    return broken


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b[:-2], r"003.bin: ends at byte"),
        (lambda b: bytes([200]) + b[1:], r"003.bin: "),
        (lambda b: b[-5:] + b[5:], r"003.bin: "),
        (lambda _: b"", r"003.bin: 0 events; remove the file, or pass --skip-empty"),
    ],
    ids=["truncated", "outside the sensor", "time running backwards", "empty"],
)
def test_bad_recordings_are_one_line(home, capsys, change, message):
    broken = break_file(home, change)
    assert main(train(home, broken, "never", "--epochs", "1")) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (home / "never").exists()


SHORT = ["train", "--data", "DATA", "--out", "OUT", "--dt-us", "1", "--steps", "4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["export", "RUN", "--bits", "9", "--no-data", "--out", "OUT"],
            "--bits is 9; it must be 1 to 8, or 2 such widths, one per layer with weights",
        ),
        (
            [*SHORT, "--bits", "8,4"],
            "--bits is 8,4; it must be 1 to 8, or 3 such widths, one per layer with weights",
        ),
        (
            ["export", "RUN", "--target", "vhdl", "--no-data", "--out", "OUT"],
            "--target is 'vhdl'; this version writes",
        ),
        (
            ["export", "RUN", "--no-data", "--out", "OUT", "--flash", "1K", "--ram", "64K"],
            "--flash 1K --ram 64K: the model needs ",
        ),
        (["evaluate", "RUN", "--split", "holdout"], "holdout"),
        (["evaluate", "RUN", "--data", "digits"], "the model has no class '0', only column, diagonal, row"),
        (["verify", "RUN"], "has no manifest.json"),
        (["run", "RUN/metrics.jsonl", "x.bin"], "not a readable model file"),
        (
            ["train", "--data", "DATA", "--out", "OUT", "--dt-us", "0", "--steps", "4"],
            "--dt-us is 0; it must be 1 to 2147483647",
        ),
        (
            [*SHORT, "--device", "tpu"],
            "--device is",
        ),
        (
            [*SHORT, "--augment-shift", "34"],
            "--augment-shift is 34; the input has 34x34 pixels: choose 0 to 33",
        ),
        (
            [*SHORT, "--limit", "1"],
            "data: every recording to train on is of class 'column'; a classifier needs two classes or more",
        ),
        (
            [*SHORT, "--workers", "65"],
            "--workers is 65; of a --batch-size of 64 some would get no recording: choose at most 64",
        ),
        (
            [*SHORT, "--valid-fraction", "0.2"],
            "--valid-fraction is 0.2, but --data ",
        ),
        (
            ["export", "RUN", "--no-data", "--data", "DATA", "--out", "OUT"],
            "--data: --no-data reads no recordings; leave one of them out",
        ),
        (
            ["export", "RUN", "--no-data", "--limit", "0", "--out", "OUT"],
            "--limit: --no-data reads no recordings; leave one of them out",
        ),
        (
            ["export", "RUN", "--target", "model", "--name", "x", "--out", "OUT"],
            "--name is for the C; leave it out with --target model",
        ),
    ],
)
def test_mistakes_are_one_line(home, capsys, arguments, message):
    places = {"RUN": str(home / "run"), "OUT": str(home / "never"), "DATA": str(home / "data")}
    argv = [places.get(a, a.replace("RUN", places["RUN"])) for a in arguments]
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (home / "never").exists()


def test_one_class_is_nothing_to_train_on(home, capsys, tmp_path):
    for kind in ("row", "column"):
        shutil.copytree(home / "data" / "train" / kind, tmp_path / "data" / kind)
    for file in list((tmp_path / "data" / "column").iterdir())[1:]:
        file.unlink()
    assert main(train(home, tmp_path / "data", "never", "--epochs", "1")) == 2
    assert capsys.readouterr().err == (
        "edge-sast: validation split: class 'column' has 1 recording; add another one, or give a valid split\n"
    )
    shutil.rmtree(tmp_path / "data" / "column")
    assert main(train(home, tmp_path / "data", "never", "--epochs", "1")) == 2
    assert capsys.readouterr().err == (
        f"edge-sast: --data {tmp_path}/data: 'row' is its only class; a classifier needs two or more: add recordings "
        "of others\n"
    )
    assert not (home / "never").exists()


def test_a_damaged_model_is_refused(home, capsys):
    target = home / "damaged.safetensors"
    main(["export", str(home / "run"), "--target", "model", "--no-data", "--out", str(target)])
    data = bytearray(target.read_bytes())
    data[-3] ^= 1
    target.write_bytes(bytes(data))
    capsys.readouterr()
    assert main(["inspect", str(target)]) == 2
    assert "the file was changed or damaged; export the model again" in capsys.readouterr().err


def test_a_full_disk_leaves_nothing_behind(home, capsys, monkeypatch):
    """Writing stops with ENOSPC, as on a full disk."""
    import errno
    import os

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("edge_sast.files.os.fsync", full)
    target = home / "full" / "model.safetensors"
    assert main(["export", str(home / "run"), "--target", "model", "--no-data", "--out", str(target)]) == 2
    error = capsys.readouterr().err
    assert "No space left on device; free space or choose another folder" in error
    assert list(target.parent.iterdir()) == []


def test_evaluate_without_test_and_valid_splits_takes_what_training_held_out(home, capsys):
    flat = home / "flat"
    shutil.copytree(home / "data" / "train", flat)
    options = ["--epochs", "1", "--qat-epochs", "0", "--valid-fraction", "0.2"]
    assert main(train(home, flat, "flat-run", *options)) == 0
    out = home / "flat.json"
    assert (
        main(["evaluate", str(home / "flat-run"), "--cache-dir", str(home / "cache"), "--json", str(out)])
        == 0
    )
    assert figures(out)["samples"] == 18
    assert "held out of all" in figures(out)["recordings"]
    few = ["--limit", "6", "--json", str(home / "few.json"), "--cache-dir", str(home / "cache")]
    assert main(["evaluate", str(home / "flat-run"), *few]) == 0
    assert figures(home / "few.json")["samples"] == 6
    last = json.loads((home / "flat-run" / "metrics.jsonl").read_text().splitlines()[-1])
    assert figures(out)["hard"]["accuracy"] == last["valid_accuracy"]
    capsys.readouterr()
    for option, value in (("--window-us", "0"), ("--sensor", "50x50")):
        assert main(["evaluate", str(home / "flat-run"), option, value]) == 2
        head = f"edge-sast: {option} is {value}; what training held out is read as the run read it: "
        assert capsys.readouterr().err.startswith(head)


def test_data_with_some_of_the_classes_keeps_the_models_labels(home):
    some = home / "some"
    shutil.copytree(home / "data" / "test" / "row", some / "row")
    options = ["--data", str(some), "--split", "all", "--cache-dir", str(home / "cache")]
    assert main(["evaluate", str(home / "run"), *options, "--json", str(home / "some.json")]) == 0
    found = figures(home / "some.json")
    assert found["samples"] == 10
    assert found["int8"]["accuracy"] > 0.7
