"""`edge-sast hil` and `verify --on PORT` as they are typed, on virtual boards of their own processes."""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import bad_lines
import numpy as np
import pytest

from edge_sast.cli.device import verify_port
from edge_sast.cli.main import main
from edge_sast.datasets.selection import DataOptions, load_sent
from edge_sast.events.recording import make_events
from edge_sast.formats.atis import write_recording_atis
from edge_sast.formats.registry import read_file
from edge_sast.link import line as lines
from edge_sast.link import ports
from edge_sast.model import modelfile
from edge_sast.model.modelfile import model_hash
from edge_sast.model.running import running_model
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.virtual.board import RX_BYTES, build_virtual_board, running
from firmware_gen.virtual.relay import RelaySettings
from tests.cli.models import line_model, save_line_model
from tests.cli.recordings import write_lines
from tests.link.test_line import losing
from tests.programs import started
from tests.strategies import as_counts, binned
from tests.streaming.sends import some_events

RECORDINGS = 12


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A model, recordings, its build folder, its board, and the board of a model with one weight changed."""
    folder = tmp_path_factory.mktemp("hil")
    write_lines(folder / "data", {"test": RECORDINGS // 3})
    save_line_model(folder)
    model = line_model()
    write_folder(generate(model), folder / "build")
    build_virtual_board(folder / "build", folder / "right")
    wrong = changed_model()
    write_folder(generate(wrong), folder / "wrong_build")
    tables = folder / "wrong_build" / "src" / "sast_model.c"
    hashes = [", ".join(map(str, bytes.fromhex(model_hash(m)))) for m in (wrong, model)]
    assert hashes[0] in tables.read_text()
    tables.write_text(tables.read_text().replace(*hashes))
    build_virtual_board(folder / "wrong_build", folder / "wrong")
    return folder


def changed_model():
    """line_model with another weight from input channel 0 to output channel 2."""
    model = line_model()
    weight = model.layers[0].weight.copy()
    weight[1, 1, 0, 2] += 3 if weight[1, 1, 0, 2] < 0 else -3
    return replace(model, layers=(replace(model.layers[0], weight=weight), *model.layers[1:]))


@contextmanager
def board(home: Path, program: str = "right", tcp: bool = True, baud: int = 0):
    with running(RelaySettings(str(home / program), RX_BYTES, tcp, baud)) as found:
        yield found


def words(home: Path, names: list[str], *more: object) -> list[str]:
    options = ["--data", home / "data", "--cache-dir", home / "cache", *more]
    options += [word for name in names for word in ("--port", name)]
    return ["hil", *map(str, [home / "model.safetensors", *options])]


def table(lines: list[str], first: str) -> list[list[str]]:
    """The cells of the table whose first header is `first`."""
    start = next(i for i, line in enumerate(lines) if line.startswith(first))
    rows = []
    for line in lines[start + 2 :]:
        if not line:
            break
        rows.append(re.split(r" {2,}", line.strip()))
    return rows


@pytest.mark.parametrize("tcp", [True, False], ids=["tcp", "pty"])
def test_a_board_that_agrees(home, tmp_path, capsys, tcp):
    figures = tmp_path / "figures.json"
    with board(home, tcp=tcp) as found:
        arguments = [
            "--json",
            figures,
            "--journal",
            tmp_path / "j.jsonl",
            "--wire-log",
            tmp_path / "wire.txt",
        ]
        assert main(words(home, [found.port], *arguments)) == 0
    model = line_model()
    paths = sorted((home / "data" / "test").glob("*/*.bin"))
    expected = Simulator(model).run(
        binned(model, [as_counts(read_file(path), model.binning) for path in paths])
    )
    right = [
        model.classes[p] == path.parent.name for p, path in zip(expected.predictions, paths, strict=True)
    ]
    found_figures = json.loads(figures.read_text())
    assert found_figures["accuracy"] == found_figures["runtime_accuracy"] == np.mean(right)
    pairs = [
        (path.parent.name, model.classes[p]) for p, path in zip(expected.predictions, paths, strict=True)
    ]
    taken = [[pairs.count((name, answer)) for answer in model.classes] for name in model.classes]
    assert (found_figures["classes"], found_figures["confusion"]) == (list(model.classes), taken)
    assert (found_figures["recordings"], found_figures["compared"], found_figures["mismatches"]) == (
        12,
        12,
        0,
    )
    assert (found_figures["complete"], found_figures["model_hash"]) == (True, model_hash(model))
    for i, layer in enumerate(found_figures["layers"]):
        assert layer["synops"] == layer["runtime_synops"] == expected.synops[:, i].sum()
        assert layer["spikes"] == layer["runtime_spikes"] == expected.spikes[:, i].sum()
        assert layer["equal"]
    for i, row in enumerate(found_figures["results"]):
        assert (row["source"], row["label"]) == (str(paths[i]), paths[i].parent.name)
        assert row["outputs"] == expected.outputs[i].tolist()
        assert len(row["ticks"]) == model.binning.steps
        assert len(row["unique_ticks"]) == (0 if i % 8 else model.binning.steps)
        assert row["ticks_total"] == sum(row["ticks"])
    (told,) = found_figures["boards"]
    for kind, recordings in (("", 12), ("unique_", 2)):
        ticks = [tick for row in found_figures["results"] for tick in row[f"{kind}ticks"]]
        assert told[f"{kind}ticks_recordings"] == recordings
        assert told[f"{kind}ticks_per_step"]["max"] == max(ticks)
        assert told[f"{kind}ticks_per_step"]["mean"] == pytest.approx(np.mean(ticks))
        assert told[f"{kind}ticks_per_step"]["p99"] == sorted(ticks)[int(np.ceil(0.99 * len(ticks))) - 1]
    assert (told["port"], told["clock"], told["clock_hz"]) == (found.port, "microseconds", 1_000_000)
    lines = capsys.readouterr().out.splitlines()
    percent = f"{100 * np.mean(right):.2f}"
    assert lines[0] == (
        f"{home / 'data'} test: 12 recordings, accuracy {percent} %, runtime {percent} %; 0 mismatches, checked: both"
    )
    assert table(lines, "port")[0][:3] == [found.port, "virtual", "12"]
    second = lines[lines.index("", lines.index("", 1) + 1) + 1 :]
    assert [row[:4] for row in table(second, "port")] == [
        [found.port, "microseconds at 1 MHz", *kind]
        for kind in (("as sent", "12"), ("those that count", "2"))
    ]
    assert [row[-1] for row in table(lines, "layer")] == ["equal", "equal"]
    assert len((tmp_path / "j.jsonl").read_text().splitlines()) == 13
    assert " > LOAD " in (tmp_path / "wire.txt").read_text()


def test_unique_events_give_the_same_answers_in_fewer_bytes(home, tmp_path, capsys):
    figures, journals = {}, {}
    for kind in ("sent", "unique"):
        options = ["--unique-events"] if kind == "unique" else []
        journals[kind] = tmp_path / f"{kind}.jsonl"
        more = ["--json", tmp_path / "f.json", "--journal", journals[kind], "--limit", 3, *options]
        with board(home) as found:
            assert main(words(home, [found.port], *more)) == 0
        figures[kind] = json.loads((tmp_path / "f.json").read_text())
        assert figures[kind]["events"] == kind
    rows = [figures[kind]["results"] for kind in ("sent", "unique")]
    all_repeats = 0
    for sent, unique in zip(*rows, strict=True):
        assert all(
            sent[name] == unique[name] for name in ("source", "prediction", "outputs", "synops", "spikes")
        )
        assert (sent["mismatch"], unique["mismatch"], unique["ticks"]) == (None, None, [])
        assert len(unique["unique_ticks"]) == 4
        events = read_file(Path(sent["source"])).events
        repeats = len(events) - int(as_counts(read_file(Path(sent["source"])), line_model().binning).sum())
        assert sent["wire_bytes"] >= unique["wire_bytes"] + repeats
        all_repeats += repeats
    assert all_repeats > 0
    told = figures["unique"]["boards"][0]
    assert (told["ticks_per_step"], told["ticks_recordings"], told["unique_ticks_recordings"]) == (None, 0, 3)
    capsys.readouterr()
    with board(home) as found:
        for kind, options in (("sent", ["--unique-events"]), ("unique", [])):
            resume = ["--resume", journals[kind], "--limit", 3, *options]
            assert main(words(home, [found.port], *resume)) == 2
            message = "; give --unique-events, or leave it out, as then, or start anew without --resume"
            assert message in capsys.readouterr().err


def test_more_events_than_can_be_counted_are_told(tmp_path, capsys):
    """300 of one pixel in a step: 255 are sent."""
    t = np.sort(np.random.default_rng(0).integers(0, 1000, 300))
    events = make_events(t - t[0], np.full(300, 5), np.full(300, 6), np.ones(300))
    for name in ("column", "diagonal", "row"):
        (tmp_path / "data" / "test" / name).mkdir(parents=True)
        (tmp_path / "data" / "test" / name / "a.bin").write_bytes(write_recording_atis(events))
    options = DataOptions(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))
    model = line_model()
    recordings, sent = load_sent(model.binning, model.classes, options)
    assert sent.counts.tolist() == [255] * 3
    assert recordings.binned.counts.tolist() == [1] * 3
    assert recordings.binned.binning == model.binning
    assert capsys.readouterr().err == (
        f"warning: {tmp_path / 'data'} test: 3 inputs have 255 events or more in a step; 255 of each are sent\n"
    )


def test_one_wrong_weight_is_named_on_one_of_two_boards(home, tmp_path, capsys):
    right, wrong, model = Simulator(line_model()), Simulator(changed_model()), line_model()
    with ExitStack() as stack:
        good, bad = (stack.enter_context(board(home, name, baud=230_400)) for name in ("right", "wrong"))
        assert main(words(home, [good.port, bad.port], "--json", tmp_path / "f.json")) == 1
    told = capsys.readouterr()
    figures = json.loads((tmp_path / "f.json").read_text())
    by_port = {name: [r for r in figures["results"] if r["port"] == name] for name in (good.port, bad.port)}
    assert all(by_port.values())
    assert all(row["mismatch"] is None for row in by_port[good.port])
    assert figures["mismatches"] == sum(row["mismatch"] is not None for row in by_port[bad.port]) > 0
    first = figures["first_mismatch"]
    assert figures["first_mismatch_located"]
    one = binned(model, [as_counts(read_file(Path(first["source"])), model.binning)])
    a, b = right.trace(one, 0), wrong.trace(one, 0)
    step, neuron = np.argwhere(a.membranes != b.membranes)[0]
    assert (first["step"], first["layer"], first["quantity"], first["neuron"]) == (
        step,
        0,
        "membrane",
        neuron,
    )
    assert (first["expected"], first["got"]) == (a.membranes[step, neuron], b.membranes[step, neuron])
    place = f"sample {first['sample']} ({first['source']}), step {step}, layer 0, neuron {neuron}: membrane"
    difference = f"{place} expected {first['expected']}, got {first['got']}"
    count = figures["mismatches"]
    assert told.err.splitlines() == [
        f"mismatch: {difference}",
        f"edge-sast: {count} of 12 recordings differ from the runtime, the first: {difference}",
    ]
    assert table(told.out.splitlines(), "layer")[0][-1] in ("equal", "MISMATCH")


def start(arguments: list[str]) -> AbstractContextManager[subprocess.Popen]:
    code = "import sys; from edge_sast.cli.main import main; sys.exit(main(sys.argv[1:]))"
    return started(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_lines(path: Path, count: int, process: subprocess.Popen) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.02)
    process.kill()
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_run_that_ended_early_goes_on(home, tmp_path, capsys, how):
    journal, figures = tmp_path / "j.jsonl", tmp_path / "f.json"
    with (
        board(home, baud=57_600) as found,
        start(words(home, [found.port], "--journal", journal)) as process,
    ):
        wait_for_lines(journal, 4, process)
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    kept = journal.read_bytes()
    done = kept.count(b"\n") - 1
    assert 3 <= done < RECORDINGS
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert said == (
            f"edge-sast: interrupted: {done} of 12 recordings are kept in {journal}; go on with --resume {journal}\n"
        )
    with board(home) as found:
        assert main(words(home, [found.port], "--resume", journal, "--json", figures)) == 0
    assert journal.read_bytes().startswith(kept[: kept.rindex(b"\n") + 1])
    told = json.loads(figures.read_text())
    assert (told["compared"], told["mismatches"], told["complete"]) == (12, 0, True)
    assert sorted(row["index"] for row in told["results"]) == list(range(12))
    assert sum(b["recordings"] for b in told["boards"] if b["port"] == found.port) == 12 - done
    capsys.readouterr()
    with board(home) as found:
        refused = [
            (["--limit", "6"], "its data is .*; give the same --data, --split, --limit"),
            (["--check", "crc"], "its check is both, here it is crc; give the same --check"),
        ]
        for options, message in refused:
            assert main(words(home, [found.port], "--resume", journal, *options)) == 2
            head = f"^edge-sast: --resume {journal}: belongs to another run: "
            assert re.search(head + message, capsys.readouterr().err)


def test_a_board_that_dies_for_good_ends_with_one_line(home, tmp_path, capsys):
    journal, figures = tmp_path / "j.jsonl", tmp_path / "f.json"
    with board(home, baud=57_600) as found:
        arguments = words(home, [found.port], "--journal", journal, "--retries", "1", "--json", figures)
        with start(arguments) as process:
            wait_for_lines(journal, 4, process)
            found.stop()
            out, said = process.communicate(timeout=120)
    assert process.returncode == 2
    told = json.loads(figures.read_text())
    done = told["compared"]
    assert 3 <= done < RECORDINGS
    assert (told["complete"], told["mismatches"]) == (False, 0)
    assert out.startswith(f"{home / 'data'} test: {done} of 12 recordings, accuracy ")
    failure = r"recording \d+ \(\S+\): board: the port failed \(.*\): plug the board in and run again"
    again = r"nothing answers there \(.*\); start what serves the board, and check host and port"
    line = (
        rf"edge-sast: --port {found.port}: given up: {failure}; 2 failures in a row, the last: {again}; {done} of 12 "
        rf"recordings are kept, go on with --resume {journal}"
    )
    assert re.fullmatch(line, said.splitlines()[-1])
    with board(home) as found:
        assert main(words(home, [found.port], "--resume", journal)) == 0
    assert "12 recordings" in capsys.readouterr().out


def test_the_journal_comes_before_a_dead_port_and_a_new_one_after_it(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    journal, dead, limit = tmp_path / "j.jsonl", "socket://127.0.0.1:1", ["--limit", 3]
    with board(home) as found:
        assert main(words(home, [found.port], "--journal", journal, *limit)) == 0
        assert main(words(home, [found.port], *limit)) == 0
    (kept,) = (tmp_path / "edge-sast" / "hil").iterdir()
    before = kept.read_bytes()
    capsys.readouterr()
    for options, message in (
        (["--resume", tmp_path / "gone"], f"--resume {tmp_path}/gone: does not exist; "),
        (
            ["--resume", journal, "--check", "crc"],
            f"--resume {journal}: belongs to another run: its check is ",
        ),
        (["--resume", journal], f"--port {dead}: nothing answers there "),
        (["--journal", tmp_path / "new"], f"--port {dead}: nothing answers there "),
        ([], f"--port {dead}: nothing answers there "),
    ):
        assert main(words(home, [dead], *options, *limit)) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {message}"), options
    assert not (tmp_path / "new").exists()
    assert kept.read_bytes() == before


def test_the_default_journal(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with board(home) as found:
        assert main(words(home, [found.port], "--resume")) == 2
        assert re.search(
            r"--resume \S+\.jsonl: does not exist; start without --resume", capsys.readouterr().err
        )
        assert main(words(home, [found.port], "--check", "result")) == 0
        (journal,) = (tmp_path / "edge-sast" / "hil").iterdir()
        before = journal.read_bytes()
        assert main(words(home, [found.port], "--check", "result", "--resume")) == 0
        assert journal.read_bytes() == before


def test_mistakes_are_one_line(home, tmp_path, capsys):
    (tmp_path / "there").touch()
    model = str(home / "model.safetensors")
    cases = [
        (
            ["hil", model],
            r"--port is missing; give one that 'edge-sast hil ports' shows, or socket://HOST:PORT",
        ),
        (
            ["hil", model, "--port", "x"],
            r"--data is missing; give the recordings to run: .*; or an event file by --stream",
        ),
        (["hil", model, "--port", "x", "--running"], "--running has an effect only beside --stream; .*"),
        (words(home, ["loop://"]), r"--port loop://: hears only what it says itself, .*"),
        (words(home, ["a", "a"]), r"--port a: is given twice; a board takes one recording at a time"),
        (words(home, ["/dev/ttyNONE"]), r"--port /dev/ttyNONE: no such port; .*"),
        (words(home, ["x"], "--check", "all"), r"--check is 'all'; choose both, crc, result"),
        (
            words(home, ["x"], "--check", "crc", "--unique-events"),
            r"--unique-events: observed runs get no other events; leave it out beside --check crc",
        ),
        (words(home, ["x"], "--baud", "0"), r"--baud is 0; it must be 1 or more, .*"),
        (words(home, ["x"], "--stall-s", "nan"), r"--stall-s is nan; give seconds above 0"),
        (words(home, ["x"], "--patience-s", "0"), r"--patience-s is 0.0; give seconds above 0"),
        (words(home, ["x"], "--retries", "-1"), r"--retries is -1; give 0 or more"),
        (words(home, ["x"], "--wire-log", tmp_path), r"--wire-log \S+: is a folder; name a file"),
        (
            words(home, ["x"], "--journal", "a", "--resume", "b"),
            r"--resume FILE and --journal FILE: give one of .*",
        ),
    ]
    for arguments, message in cases:
        assert main(arguments) == 2
        assert re.fullmatch(f"edge-sast: {message}\n", capsys.readouterr().err)
    with board(home) as found:
        assert main(words(home, [found.port], "--journal", tmp_path)) == 2
        assert capsys.readouterr().err == f"edge-sast: --journal {tmp_path}: is a folder; name a file\n"
        assert main(words(home, [found.port], "--journal", tmp_path / "there")) == 2
        assert "/there: exists; go on with it by --resume" in capsys.readouterr().err
        other = tmp_path / "other.safetensors"
        modelfile.save(
            replace(
                line_model(),
                classes=(
                    "column",
                    "diagonal",
                    "row",
                )[::-1],
            ),
            other,
        )
        assert main(["hil", str(other), *words(home, [found.port])[2:]]) == 2
        hashes = [model_hash(m)[:16] for m in (line_model(), modelfile.load(other))]
        assert capsys.readouterr().err == (
            f"edge-sast: --port {found.port}: the board (virtual) runs model {hashes[0]}, MODEL is {hashes[1]}; flash "
            "the build of MODEL, or give the model file of the build on the board\n"
        )


def test_the_list_of_ports(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        ports, "list_ports", lambda: [ports.PortInfo("/dev/ttyACM0", "ST-Link", "USB 0483:374B")]
    )
    assert main(["hil", "ports", "--json", str(tmp_path / "ports.json")]) == 0
    assert table(capsys.readouterr().out.splitlines(), "port") == [
        ["/dev/ttyACM0", "ST-Link", "USB 0483:374B"]
    ]
    expected = [{"device": "/dev/ttyACM0", "description": "ST-Link", "hardware": "USB 0483:374B"}]
    assert json.loads((tmp_path / "ports.json").read_text())["ports"] == expected
    monkeypatch.setattr(ports, "list_ports", lambda: [])
    assert main(["hil", "ports"]) == 0
    assert capsys.readouterr().out.startswith("no serial ports; plug a board in")


def test_verify_on_a_port(home, tmp_path, capsys):
    arguments = ["verify", str(home / "build"), "--json", str(tmp_path / "f.json"), "--on"]
    with board(home) as found:
        assert main([*arguments, found.port, "--data", str(home / "data")]) == 0
        assert capsys.readouterr().out == (
            f"{found.port} (virtual): 15 recordings, 60 steps, every output and counter equal without an observer, "
            "and with one every step's CRC of its membranes, spikes and counters\n"
        )
        figures = json.loads((tmp_path / "f.json").read_text())
        assert (figures["target"], figures["samples"], figures["mismatches"]) == (found.port, 15, 0)
        assert main([*arguments, found.port, "--toolchain", "gcc"]) == 2
        assert "--toolchain is 'gcc', which is for emulated cores" in capsys.readouterr().err
    assert main([*arguments, found.port]) == 2
    assert re.match(rf"edge-sast: --on {found.port}: nothing answers there \(", capsys.readouterr().err)


def test_verify_on_a_port_finds_a_wrong_weight(home, tmp_path, capsys):
    arguments = ["verify", str(home / "build"), "--json", str(tmp_path / "f.json"), "--on"]
    with board(home, "wrong", tcp=False) as found:
        assert main([*arguments, found.port]) == 1
    said = capsys.readouterr().err
    message = (
        rf"edge-sast: {found.port}: \d of 3 recordings differ from the runtime, the first: sample 0 \(.*\), "
    )
    assert re.search(message + r"step 0, layer 0, neuron \d+: membrane expected -?\d+, got -?\d+\n$", said)
    assert json.loads((tmp_path / "f.json").read_text())["first_mismatch"]["layer"] == 0


def test_verify_on_a_bad_line_speaks_of_its_own_options(home, monkeypatch, capsys):
    """No event arrives. It has --on and --baud, and neither --port nor --patience-s."""
    monkeypatch.setattr(lines, "TELL_S", 0.3)
    monkeypatch.setattr(verify_port, "PATIENCE_S", 1.0)
    with board(home) as found, losing(found.port, lambda frame: frame[1:2] == b"\3") as name:
        assert main(["verify", str(home / "build"), "--on", name]) == 2
    *told, last = capsys.readouterr().err.splitlines()
    assert len(told) >= 2
    head = rf"--on {name}: (given up: )?recording 0 \(.*\): board: the line loses \d+ % of the frames \(.*\)"
    assert all(re.match(head, line) for line in told)
    assert re.fullmatch(
        rf"edge-sast: {head}, which held up one recording for \d+ s, at the end with frames of \d+ bytes, one at a "
        r"time; check cable and ground, lower --baud, build the firmware with a larger receive buffer; 0 of 3 "
        r"recordings agree",
        last,
    )
    assert not re.search("--port|--patience", "".join([*told, last]))


@pytest.mark.parametrize(
    ("program", "code", "end"), [("right", 0, "every recording right"), ("wrong", 1, "code 1, ")]
)
def test_the_campaign_of_bad_lines_sees_what_a_run_came_to(home, tmp_path, program, code, end):
    """Seed 31 draws a line that loses little."""
    split = {"split": None, "limit": 3, "board_command": None}
    args = argparse.Namespace(model=str(home / "model.safetensors"), data=str(home / "data"), **split)
    row = bad_lines._run((args, str(home / program), str(tmp_path), 31))
    assert row["code"] == code
    assert row["end"].startswith(end)
    assert 0 < row["silence_s"] <= row["seconds"]
    figures = bad_lines.summary([row], row["silence_s"] / 2)
    assert (figures["runs"], figures["wrong"], figures["otherwise"], figures["silent"]) == (1, code, 0, 1)


@pytest.mark.parametrize("every", [None, 2])
def test_the_windows_of_a_stream(home, tmp_path, capsys, every):
    """A board is held to every whole window that `edge-sast stream` decides on, and finds a wrong one."""
    path, figures = tmp_path / "long.bin", tmp_path / "f.json"
    path.write_bytes(write_recording_atis(some_events(2000, 20_000, 300)))
    more = ["--every", str(every)] if every else []
    assert main(["stream", str(home / "model.safetensors"), str(path), "--complete", *more]) == 0
    wanted = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(wanted) == (9 if every else 5)
    arguments = ["hil", str(home / "model.safetensors"), "--stream", str(path), *more]
    with board(home) as found:
        journal = ["--journal", str(tmp_path / "j")]
        assert main([*arguments, "--port", found.port, "--json", str(figures), *journal]) == 0
    rows = json.loads(figures.read_text())["results"]
    assert [row["outputs"] for row in rows] == [row["outputs"] for row in wanted]
    assert [row["source"] for row in rows] == [f"{path} from {row['begin_us']} µs" for row in wanted]
    with board(home, "wrong") as found:
        journal = ["--journal", str(tmp_path / "k")]
        assert main([*arguments, "--port", found.port, "--limit", "2", *journal]) == 1


def test_windows_in_real_time(home, tmp_path, capsys):
    """No window is sent before its end, and what a slow line makes late is said."""
    path, figures = tmp_path / "long.bin", tmp_path / "f.json"
    path.write_bytes(write_recording_atis(some_events(2000, 400_000, 300)))
    model = modelfile.load(home / "model.safetensors")
    window_s = model.binning.steps * model.binning.dt_us * 1e-6
    arguments = [
        "hil",
        str(home / "model.safetensors"),
        "--stream",
        str(path),
        "--real-time",
        "--limit",
        "20",
    ]
    with board(home) as found:
        began = time.monotonic()
        words = [*arguments, "--port", found.port, "--check", "result", "--json", str(figures)]
        assert main([*words, "--journal", str(tmp_path / "j")]) == 0
        took = time.monotonic() - began
    written = json.loads(figures.read_text())
    assert written["compared"] == 20
    assert took >= 20 * window_s
    late = [row["late"] for row in written["results"]]
    assert all(value > 0 for value in late)
    assert written["late_s"]["max"] == max(late)
    assert written["behind"] == sum(value > window_s for value in late[:-1])
    assert "real time: answers came " in capsys.readouterr().out
    with board(home, baud=9600) as found:  # one byte a millisecond, and a window is 4 ms
        words = [*arguments, "--port", found.port, "--check", "result", "--json", str(figures)]
        assert main([*words, "--journal", str(tmp_path / "k")]) == 0
    slow = json.loads(figures.read_text())
    assert slow["mismatches"] == 0
    assert slow["behind"] > 15  # each waits for those before it
    assert slow["results"][-1]["late"] > 5 * window_s
    capsys.readouterr()
    assert main([*arguments, "--port", "socket://localhost:1"]) == 2
    message = "edge-sast: --real-time: --check both runs everything twice; choose result or crc\n"
    assert capsys.readouterr().err == message


def test_a_stream_in_running_state(home, tmp_path, capsys):
    """One recording, far longer than the model's; every decision is in the CRC of its step."""
    path, figures, build = tmp_path / "long.bin", tmp_path / "f.json", tmp_path / "build"
    path.write_bytes(write_recording_atis(some_events(2000, 20_500, 300)))
    assert (
        main(["export", str(home / "model.safetensors"), "--no-data", "--running", "--out", str(build)]) == 0
    )
    model = str(build / "model.safetensors")
    assert main(["stream", model, str(path), "--running"]) == 0
    wanted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert len(wanted) == 21
    build_virtual_board(build, tmp_path / "leaky")
    words = ["hil", model, "--stream", str(path), "--running", "--json", str(figures), "--journal"]
    with running(RelaySettings(str(tmp_path / "leaky"), RX_BYTES, True, 0)) as found:
        assert main([*words, str(tmp_path / "j"), "--port", found.port]) == 0
        (row,) = json.loads(figures.read_text())["results"]
        assert row["outputs"] == wanted[-1]["outputs"]
        assert len(row["ticks"]) == 21
        assert row["source"] == f"{path} from 300 µs"
        assert main([*words, str(tmp_path / "k"), "--port", found.port, "--limit", "7"]) == 0
        (row,) = json.loads(figures.read_text())["results"]
        assert row["outputs"] == wanted[6]["outputs"]
    capsys.readouterr()
    with board(home) as found:  # of the model as it was
        assert main([*words, str(tmp_path / "l"), "--port", found.port]) == 2
        assert "MODEL is" in capsys.readouterr().err


def test_a_running_state_that_a_board_cannot_be_given(home, tmp_path, capsys):
    """Each is told before a port is opened."""
    leaky, path = tmp_path / "leaky.safetensors", tmp_path / "long.bin"
    modelfile.save(running_model(line_model()), leaky)
    jump = [some_events(50, 3000), some_events(50, 3000, 5_000_000)]
    path.write_bytes(write_recording_atis(np.concatenate(jump)))
    words = ["--port", "socket://localhost:1", "--stream", str(path), "--running"]
    for model, more, message in (
        (
            home / "model.safetensors",
            [],
            "--running: the model's read-out never forgets; export the model with --running",
        ),
        (
            leaky,
            [],
            f"{path}: time jumps, at which the network begins anew, after 2 steps; take these with --limit",
        ),
        (leaky, ["--limit", "0"], "--limit 0 is out of range; choose 1 or more steps"),
        (
            leaky,
            ["--limit", "65536"],
            "--limit 65536 is out of range; in running state choose 1 to 65535 steps",
        ),
        (leaky, ["--every", "2"], "--running and --every 2 do not go together; leave one out"),
    ):
        assert main(["hil", str(model), *words, *more]) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {message}")
    assert main(["hil", str(leaky), *words[:2], "--data", "digits", "--running"]) == 2
    assert capsys.readouterr().err.startswith("edge-sast: --running has an effect only beside --stream; ")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--data", "digits"], "--stream and --data do not go together; leave one out"),
        (["--split", "test"], "--stream and --split do not go together; leave one out"),
        (["--limit", "0"], "--limit 0 is out of range; choose 1 or more windows"),
        (["--real-time", "--running"], "--real-time and --running do not go together; leave one out"),
        (["--real-time", "--resume"], "--real-time and --resume do not go together; leave one out"),
        (["--every", "3"], "--every 3 does not divide the model's 4 steps; choose 1, 2, 4"),
    ],
)
def test_options_that_are_not_of_a_stream(home, tmp_path, capsys, more, message):
    path = tmp_path / "long.bin"
    path.write_bytes(write_recording_atis(some_events(20, 2000)))
    words = ["hil", str(home / "model.safetensors"), "--port", "socket://localhost:1", "--stream", str(path)]
    assert main([*words, *more]) == 2
    assert capsys.readouterr().err == f"edge-sast: {message}\n"
    assert main([*words[:4], "--data", "digits", "--every", "2"]) == 2
    assert capsys.readouterr().err.startswith("edge-sast: --every has an effect only beside --stream; ")
