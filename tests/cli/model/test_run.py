"""`edge-sast run` on real files, against the oracle."""

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from edge_sast.cli.main import main
from edge_sast.events.to_bins import bin_recording
from edge_sast.formats.registry import read_file
from edge_sast.model.modelfile import model_hash
from edge_sast.report.figures import HEAD
from tests.cli.models import CLASSES, line_model, save_line_model
from tests.cli.recordings import write_lines
from tests.oracle import oracle_run
from tests.strategies import as_counts

KEYS = ["samples", "accuracy", "synops_per_sample", "seconds", "samples_per_second", "synops_per_second"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_lines(folder / "data", {"test": 3, "train": 1})
    save_line_model(folder)
    return folder


@pytest.fixture(scope="module")
def expected(home):
    """What the oracle says of each recording of the test split, by path below the data folder."""
    model = line_model()
    results = {}
    for path in sorted((home / "data" / "test").glob("*/*.bin")):
        results[str(path)] = oracle_run(model, as_counts(read_file(path), model.binning))
    return results


def run(home, *arguments):
    return main(
        ["run", str(home / "model.safetensors"), *map(str, arguments), "--json", str(home / "figures.json")]
    )


def figures(home):
    return json.loads((home / "figures.json").read_text())


def synops(result):
    return sum(layer.synops for step in result.steps for layer in step.layers)


@pytest.mark.parametrize("threads", ["1", "0"])
def test_data_set(home, expected, capsys, threads):
    cache = ["--cache-dir", home / "cache"]
    predictions = home / "predictions.json"
    assert run(home, "--data", home / "data", *cache, "--threads", threads, "--predictions", predictions) == 0
    found = figures(home)
    assert list(found) == [*HEAD, *KEYS, "classes", "confusion"]
    assert sum(map(sum, found["confusion"])) == 9
    assert sum(found["confusion"][i][i] for i in range(len(CLASSES))) / 9 == found["accuracy"]
    right = [CLASSES[result.winner] == path.split("/")[-2] for path, result in expected.items()]
    assert found["samples"] == 9
    assert found["accuracy"] == np.mean(right)
    assert found["synops_per_sample"] == np.mean([synops(result) for result in expected.values()])
    assert found["samples_per_second"] == found["samples"] / found["seconds"] > 0
    assert f"{100 * found['accuracy']:.2f}" in capsys.readouterr().out
    for entry in json.loads(predictions.read_text()):
        assert entry["prediction"] == CLASSES[expected[entry["source"]].winner]
        assert entry["label"] == entry["source"].split("/")[-2]


def test_files(home, expected, capsys):
    paths = list(expected)[:2]
    assert run(home, *paths, "--predictions", home / "predictions.json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.split(r" {2,}", lines[0]) == [
        "recording",
        "prediction",
        "outputs",
        "SynOps",
        "spikes",
        "late events",
    ]
    for line, path in zip(lines[2:], paths, strict=True):
        result = expected[path]
        spikes = sum(layer.spike_count for step in result.steps for layer in step.layers)
        outputs = " ".join(map(str, result.outputs))
        cells = [path, CLASSES[result.winner], outputs, str(synops(result)), str(spikes), "0"]
        assert re.split(r" {2,}", line) == cells
    assert figures(home)["accuracy"] is None
    entries = json.loads((home / "predictions.json").read_text())
    assert [entry["label"] for entry in entries] == [None, None]


@pytest.mark.parametrize(
    ("options", "layers"),
    [
        (["--record", "0"], [0]),
        (["--record", "3,0"], [0, 3]),
        (["--record", "0", "--record", "3", "--record", "0"], [0, 3]),
    ],
)
def test_record(home, expected, capsys, options, layers):
    out = home / "layers.safetensors"
    assert run(home, *list(expected)[:2], *options, "--record-out", out) == 0
    told = capsys.readouterr().out
    tensors = load_file(out)
    shapes = {0: (2, 4, 17, 17, 4), 3: (2, 4, 1, 1, 3)}
    assert sorted(tensors) == [
        f"layers.{layer}.{name}" for layer in layers for name in ("membranes", "spikes")
    ]
    for layer in layers:
        for name, dtype in (("membranes", np.int32), ("spikes", np.uint8)):
            tensor = tensors[f"layers.{layer}.{name}"]
            assert (tensor.shape, tensor.dtype) == (shapes[layer], dtype)
            assert f"layers.{layer}.{name} {list(tensor.shape)}" in told
            for i, result in enumerate(list(expected.values())[:2]):
                place = [0, 3].index(layer)
                want = [getattr(step.layers[place], name) for step in result.steps]
                assert tensor[i].reshape(4, -1).tolist() == want


def steps_of(result):
    """What --crc is to say of a recording, by the oracle."""
    return {
        "crcs": [f"{step.crc:08x}" for step in result.steps],
        "synops": [[layer.synops for layer in step.layers] for step in result.steps],
        "spikes": [[layer.spike_count for layer in step.layers] for step in result.steps],
        "outputs": result.outputs,
        "prediction": CLASSES[result.winner],
    }


def test_crcs_and_counters_of_every_step(home, expected, capsys):
    out, paths = home / "steps.jsonl", list(expected)[:3]
    assert run(home, *paths, "--crc", out, "--json-steps") == 0
    assert capsys.readouterr().out.endswith(f"wrote {out}: 3 recordings of 4 steps\n")
    head, *entries = (json.loads(line) for line in out.read_text().splitlines())
    assert head == {
        "format": "edge-sast-steps",
        "format_version": 1,
        "model_hash": model_hash(line_model()),
        "layers": [0, 3],
        "classes": list(CLASSES),
        "steps": 4,
        "recordings": 3,
    }
    assert entries == [{"source": path} | steps_of(expected[path]) for path in paths]
    assert figures(home)["recordings"] == entries
    assert list(figures(home)) == [*HEAD, *KEYS, "recordings"]
    assert sum(map(sum, entries[0]["spikes"])) > 0


def test_steps_without_a_file_and_a_file_without_json(home, expected):
    path = next(iter(expected))
    assert run(home, path, "--json-steps") == 0
    assert figures(home)["recordings"] == [{"source": path} | steps_of(expected[path])]
    assert main(["run", str(home / "model.safetensors"), path, "--crc", str(home / "one.jsonl")]) == 0
    assert (home / "one.jsonl").read_text().splitlines()[1:] == [
        json.dumps({"source": path} | steps_of(expected[path]))
    ]


def test_the_known_answers_of_an_export_are_those_of_run(home):
    """known_answers.bin read as docs/firmware.md says, which the C must reproduce, beside --crc of the same data."""
    data, cache, build = ["--data", str(home / "data")], ["--cache-dir", str(home / "cache")], home / "build"
    model = str(home / "model.safetensors")
    assert main(["export", model, *data, *cache, "--out", str(build)]) == 0
    assert main(["run", model, *data, *cache, "--crc", str(home / "all.jsonl")]) == 0
    entries = [json.loads(line) for line in (home / "all.jsonl").read_text().splitlines()][1:]
    told = [
        (
            entry["crcs"],
            [[sum(of) for of in zip(*entry[name], strict=True)] for name in ("synops", "spikes")],
            entry["outputs"],
        )
        for entry in entries
    ]
    answers = known_answers((build / "known_answers.bin").read_bytes())
    assert len(answers) == 3
    assert all(answer in told for answer in answers)


def known_answers(data):
    """CRCs, [SynOps, spikes] of each layer and outputs of each recording."""
    n, steps, layers, classes = struct.unpack_from("<4I", data, 44)
    at, answers = 60, []
    for _ in range(n):
        crcs = []
        for _ in range(steps):
            at += 4 + 5 * struct.unpack_from("<I", data, at)[0]
            crcs.append(f"{struct.unpack_from('<I', data, at)[0]:08x}")
            at += 4
        totals = struct.unpack_from(f"<{2 * layers}Q", data, at)
        outputs = struct.unpack_from(f"<{classes}i", data, at + 16 * layers)
        at += 16 * layers + 4 * classes + 4
        answers.append((crcs, [list(totals[0::2]), list(totals[1::2])], list(outputs)))
    assert at == len(data) - 4
    return answers


def test_steps_too_many_are_told_before_the_work(home, expected, capsys, monkeypatch):
    monkeypatch.setattr(
        "edge_sast.cli.model.run_steps.STEPS_LIMIT", 4 * (24 + 2 * 2 * 16)
    )  # of one recording
    out, paths = home / "large.jsonl", list(expected)[:2]
    for options, name in ((["--crc", out], "--crc"), (["--json-steps"], "--json-steps")):
        assert run(home, *paths, *options) == 2
        want = rf"^edge-sast: {name}: takes about 704 bytes, more than 352; give fewer files$"
        assert re.search(want, capsys.readouterr().err)
    assert not out.exists()
    assert run(home, paths[0], "--crc", out) == 0


def test_a_recording_of_layers_too_large_is_told_before_the_work(home, expected, capsys, monkeypatch):
    out, predictions = home / "large.safetensors", home / "large.json"
    monkeypatch.setattr("edge_sast.cli.model.run_steps.TRACE_LIMIT", 5 * 4 * 17 * 17 * 4)  # of one recording
    options = ["--record", "0", "--record-out", out, "--predictions", predictions]
    paths = list(expected)[:2]
    for sources, remedy in ((paths, "give fewer files"), (["--data", home / "data"], "lower --limit")):
        assert run(home, *sources, *options) == 2
        assert re.search(
            rf"^edge-sast: --record 0: takes \d+ bytes, more than 23120; {remedy}$", capsys.readouterr().err
        )
        assert not predictions.exists()
    assert run(home, paths[0], *options) == 0


def test_an_empty_recording_is_run(home, capsys):
    empty = home / "empty.bin"
    empty.write_bytes(b"")
    assert bin_recording(read_file(empty), line_model().binning).step_ptr.tolist() == [0] * 5
    assert run(home, empty) == 0
    assert capsys.readouterr().out.split()[-5:] == ["0", "0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], r"give recording files or --data DATA \(such as digits\), one of the two"),
        (
            ["a.bin", "--data", "digits"],
            r"give recording files or --data DATA \(such as digits\), one of the two",
        ),
        (
            ["a.bin", "--record", "0"],
            "--record LAYER and --record-out FILE go together; give both or neither",
        ),
        (
            ["a.bin", "--record-out", "x"],
            "--record LAYER and --record-out FILE go together; give both or neither",
        ),
        (
            ["FILE", "--threads", "-1"],
            r"--threads is -1; it must be 0 \(all\) to \d+, the CPUs of this machine",
        ),
        (["FILE", "--record", "1", "--record-out", "x"], "--record is 1; the layers with membranes are 0, 3"),
        (
            ["FILE", "--record", "0,2", "--record-out", "x"],
            "--record is 2; the layers with membranes are 0, 3",
        ),
        (
            ["FILE", "--predictions", "a.json", "--crc", "./a.json"],
            "--crc ./a.json: is the file of --predictions too; name another one",
        ),
        (["FILE", "--limit", "1"], "--limit has an effect only beside --data; add that one, or leave it out"),
        (
            ["FILE", "--predictions", "a.json", "--record", "0", "--record-out", "./a.json"],
            "--record-out ./a.json: is the file of --predictions too; name another one",
        ),
        (
            ["FILE", "--predictions", "FILE/a"],
            r"--predictions \S*/a: \S* cannot be written; choose another folder",
        ),
        (["none.bin"], "none.bin: cannot be read .*; check the path and its permissions"),
        (["--data", "none"], "data 'none' does not exist; .*"),
        (
            ["--data", "OTHER"],
            r"--data \S*: the model has no class 'circle', only column, .*; use recordings of the model's classes",
        ),
        (
            ["--data", "SPLITS"],
            r"--data \S*: splits are train, more, neither test nor valid; name one with --split",
        ),
    ],
)
def test_mistakes_are_one_line(home, capsys, arguments, message):
    file = next((home / "data" / "test" / "row").iterdir())
    for name in ("OTHER/circle", "SPLITS/train/row", "SPLITS/more/row"):
        (home / name).mkdir(parents=True, exist_ok=True)
        (home / name / "0.bin").write_bytes(file.read_bytes())
    places = {
        "FILE": str(file),
        "FILE/a": f"{file}/a",
        "OTHER": str(home / "OTHER"),
        "SPLITS": str(home / "SPLITS"),
    }
    assert run(home, *(places.get(argument, argument) for argument in arguments)) == 2
    assert re.fullmatch(f"edge-sast: {message}\n", capsys.readouterr().err)


def test_a_subset_of_the_classes_will_do(home, expected):
    folder = home / "rows"
    (folder / "row").mkdir(parents=True)
    path = next(path for path in expected if "/row/" in path)
    (folder / "row" / "0.bin").write_bytes(Path(path).read_bytes())
    assert run(home, "--data", folder, "--cache-dir", home / "cache") == 0
    assert figures(home)["accuracy"] == float(CLASSES[expected[path].winner] == "row")


@pytest.mark.parametrize("text", ["conv", "0,", "-1", "0;3", "²", ""])
def test_a_layer_is_a_number(home, expected, capsys, text):
    assert run(home, next(iter(expected)), f"--record={text}", "--record-out", "x") == 2
    message = (
        f"edge-sast run: argument --record: {text!r} is no layer; give one or several, such as 0 or 0,3; see"
    )
    assert capsys.readouterr().err.startswith(message)


def test_steps_in_json_want_a_json(home, expected, capsys):
    assert main(["run", str(home / "model.safetensors"), next(iter(expected)), "--json-steps"]) == 2
    message = "edge-sast: --json-steps goes into --json FILE; add that one, or leave it out\n"
    assert capsys.readouterr().err == message
