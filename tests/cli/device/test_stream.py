"""`edge-sast stream`: what it writes, says, counts and refuses, and how it ends."""

import csv
import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.formats.atis import write_recording_atis
from tests import programs
from tests.cli.models import CLASSES, save_line_model
from tests.cli.recordings import DT_US, STEPS, line_events
from tests.programs import LIMIT
from tests.streaming.sends import some_events
from tests.streaming.test_packets import faery_packet

WINDOW_US = DT_US * STEPS
COMMAND = (sys.executable, "-m", "edge_sast.cli.main", "stream")


@pytest.fixture
def model(tmp_path):
    return save_line_model(tmp_path)


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "three windows.bin"
    path.write_bytes(write_recording_atis(some_events(3000, 3 * WINDOW_US - 1)))
    return str(path)


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_without_events_is_no_stream(tmp_path, model, capsys):
    path = tmp_path / "none.csv"
    path.write_text("t,x,y,p\n")
    figures = tmp_path / "f.json"
    assert main(["stream", model, str(path), "--json", str(figures)]) == 2
    assert not figures.exists()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == f"edge-sast: {path}: holds no event; record it again"


def test_a_file_gives_the_final_decision_of_run(tmp_path, model, capsys):
    files = [tmp_path / f"{kind}.bin" for kind in range(3)]
    for kind, path in enumerate(files):
        path.write_bytes(write_recording_atis(line_events(np.random.default_rng(kind), kind)))
    assert main(["run", model, *map(str, files), "--predictions", str(tmp_path / "p.json")]) == 0
    wanted = [row["prediction"] for row in json.loads((tmp_path / "p.json").read_text())]
    capsys.readouterr()
    got = []
    for path in files:
        assert main(["stream", model, str(path), "--complete"]) == 0
        out, err = capsys.readouterr()
        (row,) = rows(out)
        assert (row["begin_us"], row["end_us"], row["answer"]) == (0, WINDOW_US, row["class"])
        assert err.splitlines()[0].endswith(".bin: ATIS (N-MNIST)")
        got.append(row["class"])
    assert got == wanted


def test_json_lines_and_csv_say_the_same(tmp_path, model, recording, capsys):
    assert main(["stream", model, recording, "--every", "2", "--json", str(tmp_path / "f.json")]) == 0
    lines = rows(capsys.readouterr().out)
    out = tmp_path / "d.csv"
    assert main(["stream", model, recording, "--every", "2", "--form", "csv", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    table = list(csv.reader(io.StringIO(out.read_text())))
    columns = ["end_us", "begin_us", "steps", "complete", "class", "answer", "margin", "events", "synops"]
    assert table[0] == [*columns, *CLASSES]
    assert len(lines) == len(table) - 1 == 3 * STEPS
    for line, cells in zip(lines, table[1:], strict=True):
        assert cells == [
            *(str(int(v) if isinstance(v, bool) else v) for v in (line[c] for c in columns)),
            *map(str, line["outputs"]),
        ]
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["events"] == sum(line["events"] for line in lines) == 3000
    assert figures["windows"] == sum(line["complete"] for line in lines) == 5
    assert figures["synops"] == sum(line["synops"] for line in lines)


def test_answers_by_margin_and_hold(model, recording, capsys):
    assert main(["stream", model, recording, "--margin", "100000", "--form", "csv"]) == 0
    out = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert out
    assert all(row["answer"] == "" and row["class"] in CLASSES for row in out)
    assert main(["stream", model, recording, "--hold", "2"]) == 0
    lines, answer = rows(capsys.readouterr().out), None
    for before, line in zip([{"class": None}, *lines], lines, strict=False):
        answer = line["class"] if line["class"] == before["class"] else answer
        assert line["answer"] == answer


def test_running_state_decides_at_every_step(tmp_path, model, recording, capsys):
    """As the exported model does, whose leak is its own; told on standard error."""
    figures, leaky = tmp_path / "f.json", tmp_path / "leaky.safetensors"
    assert main(["stream", model, recording, "--running", "--complete", "--json", str(figures)]) == 0
    out, err = capsys.readouterr()
    lines = rows(out)
    assert [line["steps"] for line in lines] == list(range(1, 3 * STEPS + 1))
    assert all(line["begin_us"] == 0 and line["complete"] for line in lines)
    assert err.startswith("running state: the read-out loses 1/2 of itself each step (leak 1)\n")
    assert re.search(r"^12 steps, 3,000 events in ", err, re.MULTILINE)
    assert json.loads(figures.read_text())["windows"] is None
    for leak in ((), ("--leak", "1"), ("--leak", "3")):
        assert main(["export", model, "--running", *leak, "--target", "model", "--out", str(leaky)]) == 0
        capsys.readouterr()
        outputs = []
        for path, more in ((leaky, ()), (model, leak)):
            assert main(["stream", str(path), recording, "--running", *more]) == 0
            outputs.append(capsys.readouterr().out)
        assert outputs[0] == outputs[1]
        assert (outputs[0] == out) == (leak != ("--leak", "3"))


def test_a_build_folder_stands_for_its_model(tmp_path, model, recording, capsys):
    build = tmp_path / "a build"
    assert main(["export", model, "--no-data", "--out", str(build)]) == 0
    capsys.readouterr()
    outputs = []
    for named in (model, str(build)):
        assert main(["stream", named, recording]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != ""
    arguments = ["--target", "verilog", "--loadable", "--fits", str(build), "--out", str(tmp_path / "core")]
    assert main(["export", model, "--no-data", *arguments]) == 0
    page = tmp_path / "page.html"
    assert main(["data", "view", recording, "--model", str(build), "--out", str(page)]) == 0
    assert page.stat().st_size > 0


def test_a_plot(tmp_path, model, recording):
    pytest.importorskip("matplotlib")
    path = tmp_path / "p.png"
    assert main(["stream", model, recording, "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def started(*words, **also):
    return programs.started([*COMMAND, *words], stderr=subprocess.PIPE, text=True, **also)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send_for(process, port, count):
    """Packets of 30 events, 1 ms of time each, until `count` were sent behind the line that says it listens."""
    assert "lost packets cannot be seen" in process.stderr.readline()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for i in range(count):
            sender.sendto(faery_packet(some_events(30, DT_US, DT_US * i).tolist()), ("127.0.0.1", port))
            time.sleep(0.001)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_live_source_with_the_figures(tmp_path, model, number):
    port, figures = free_port(), tmp_path / "f.json"
    words = (model, f"udp://127.0.0.1:{port}", "--packets", "faery", "--json", str(figures))
    with started(*words, stdout=subprocess.PIPE) as process:
        send_for(process, port, 40)
        time.sleep(0.3)  # quiet: the steps that are begun are ended by the clock
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    told = json.loads(figures.read_text())
    assert (
        told["events"] + told["late"] == 1200
    )  # on a machine that has no time for the sender some come too late
    assert re.search(rf"^\d+ windows, \d+ steps, {told['events']:,} events in ", err, re.MULTILINE)
    lines = rows(out)
    assert sum(line["events"] for line in lines) == told["events"] > 0
    assert len(lines) > 40


def test_idle_time_ends_a_live_source(model):
    port = free_port()
    words = (model, f"udp://127.0.0.1:{port}", "--packets", "faery", "--idle-s", "1.5")
    with started(*words, stdout=subprocess.PIPE) as process:
        send_for(process, port, 20)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert sum(line["events"] for line in rows(out)) == int(re.search(r", (\d+) events in ", err)[1]) > 0


def test_a_kill_leaves_whole_lines(tmp_path, model):
    port, out = free_port(), tmp_path / "d.jsonl"
    words = (model, f"udp://127.0.0.1:{port}", "--packets", "faery", "--out", str(out))
    with started(*words) as process:
        send_for(process, port, 40)
        time.sleep(0.3)
        process.kill()
        process.communicate(timeout=60)
    lines = rows(out.read_text())
    assert 0 < sum(line["events"] for line in lines) <= 1200  # see above


def test_a_pipe_in_and_a_closed_pipe_out(model):
    text = "".join(f"{t},{x},{y},{p}\n" for t, x, y, p in some_events(3000, 100 * WINDOW_US).tolist())
    words = [*COMMAND, model, "-"]
    whole = subprocess.run(
        words, input=text + "Sent a total of 3000 events\n", text=True, capture_output=True, timeout=LIMIT
    )
    assert whole.returncode == 0
    assert len(rows(whole.stdout)) == 100 * STEPS
    assert whole.stderr.startswith("standard input: text\n")
    assert "3,000 events in" in whole.stderr
    cut = subprocess.run(words, input=text + "99", text=True, capture_output=True, timeout=LIMIT)
    assert cut.returncode == 0
    assert cut.stdout == whole.stdout
    assert cut.stderr.endswith("(1 x truncated end)\n")
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(words, input=text, text=True, stdout=writing, stderr=subprocess.PIPE, timeout=LIMIT)
    os.close(writing)
    assert gone.returncode == 141
    assert "Traceback" not in gone.stderr


def test_a_broken_line_is_told_behind_what_was_decided(tmp_path, model, capsys):
    path = tmp_path / "a.csv"
    path.write_text("".join(f"{1000 * i},1,1,1\n" for i in range(9)) + "1,2\n9999,1,1,1\n")
    assert main(["stream", model, str(path), "--defects", "reject"]) == 2
    out, err = capsys.readouterr()
    assert "windows" in err
    assert err.splitlines()[-1].startswith(f"edge-sast: {path}: line 10 ")
    assert main(["stream", model, str(path)]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].endswith("(1 x unknown word)")
    assert len(rows(out)) == 12


def test_the_live_view_is_one_line_of_a_terminal(model, recording):
    near, far = pty.openpty()
    with started(model, recording, "--real-time", stdout=far) as process:
        os.close(far)
        text = b""
        try:
            while data := os.read(near, 4096):
                text += data
        except OSError:  # the terminal's other end is closed
            pass
        os.close(near)
        assert process.wait(timeout=60) == 0
        process.stderr.read()
    drawn = text.decode().split("\r")
    shown = [line.removesuffix("\x1b[K\n").removesuffix("\x1b[K") for line in drawn if "margin" in line]
    assert shown
    assert all(len(line) < 100 for line in shown)
    assert re.match(r" +0\.012 s  (row|column|diagonal) +margin +\d+  \|█* *\|  +\d+ events$", shown[-1])
    assert text.endswith(b"\n")
    assert text.count(b"\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--idle-s", "0"], "--idle-s 0.0 is out of range; choose a number above 0 and up to 1e9"),
        (["--room", "-1"], "--room -1 is out of range; choose a number above 0 and up to 1e9"),
        (["--slack-ms", "nan"], "--slack-ms nan is out of range; choose a number above 0 and up to 1e9"),
        (["--every", "3"], "--every 3 does not divide the model's 4 steps; choose 1, 2, 4"),
        (["--every", "2", "--on-event"], "--every 2 and --on-event do not go together; leave one out"),
        (["--every", "2", "--running"], "--running and --every 2 do not go together; leave one out"),
        (["--on-event", "--running"], "--running and --on-event do not go together; leave one out"),
        (["--leak", "3"], "--leak has an effect only beside --running; add that one, or leave it out"),
        (["--leak", "15", "--running"], "--leak 15 is out of range; choose 1 to 14"),
        (["--reach-ms", "0.5"], "--reach-ms 0.5 is out of range; choose from a step's 1 ms to 2147483"),
        (["--hold", "0"], "--hold 0 is out of range; choose 1 or more decisions"),
        (
            ["--sensor", "35x34"],
            "sensor 35x34 is not the model's 34x34; where that is wrong, pass --sensor 34x34",
        ),
        (
            ["--form", "live", "--out", "x"],
            "--form live: is for a terminal, and --out x is none; choose jsonl or csv",
        ),
        (
            ["--out", "model.safetensors/x"],
            "/model.safetensors cannot be written; choose another folder",
        ),
        (["--packets", "spif"], "is none; leave it out"),
    ],
)
def test_mistakes_are_one_line(tmp_path, model, recording, capsys, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(["stream", model, recording, *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("edge-sast: ")
    assert message in err


def test_a_named_output_that_is_a_pipe_may_be_closed_too(model):
    text = "".join(f"{t},{x},{y},{p}\n" for t, x, y, p in some_events(3000, 100 * WINDOW_US).tolist())
    half = text.index("\n", len(text) // 2) + 1
    with started(
        model, "-", "--out", "/dev/stdout", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdin.write(text[:half])
        process.stdin.flush()
        assert process.stdout.readline().startswith("{")
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.write(text[half:])
            process.stdin.close()
        said = process.stderr.read()
    assert process.returncode == 141
    assert "Broken pipe" not in said


def test_real_time_is_not_for_what_is_live(model, capsys):
    assert main(["stream", model, "udp://localhost:5", "--packets", "spif", "--real-time"]) == 2
    message = (
        "--real-time: is for files and pipes, and udp://localhost:5 gives events as they come; leave it out"
    )
    assert capsys.readouterr().err == f"edge-sast: {message}\n"


def test_a_full_disk_names_the_file(model, recording, capsys):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    assert main(["stream", model, recording, "--out", "/dev/full"]) == 2
    message = "edge-sast: --out /dev/full: cannot be written (No space left on device); choose another file"
    assert capsys.readouterr().err.splitlines()[-1] == message
