"""--engine as a user types it: the same results whoever works, what is refused, and how a command ends."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile

import pytest

from edge_sast.cli.main import main
from tests.cli.models import save_line_model
from tests.cli.recordings import write_lines
from tests.programs import started

RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not RAY, reason="needs ray; pip install -e '.[ray]'")
ENGINES = ["processes", pytest.param("ray", marks=needs_ray)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A model, a data set, the same as an archive, and one with two recordings that are cut off."""
    folder = tmp_path_factory.mktemp("engines")
    save_line_model(folder)
    write_lines(folder / "data", {"test": 20, "train": 1})
    write_lines(folder / "bad", {"test": 8, "train": 1})
    for name in ("column/003", "row/001"):
        path = folder / "bad" / "test" / f"{name}.bin"
        path.write_bytes(path.read_bytes()[:-2])
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        for path in sorted((folder / "data").rglob("*.bin")):
            archive.write(path, path.relative_to(folder / "data"))
    return folder


def run(home, data, *words):
    """Exit code, figures without those of time, and each recording's prediction."""
    model, figures, predictions = (home / name for name in ("model.safetensors", "f.json", "p.json"))
    given = ["run", str(model), "--data", str(home / data), "--json", str(figures)]
    code = main([*given, "--predictions", str(predictions), *map(str, words)])
    if code == 2:
        return code, None, None
    found = json.loads(figures.read_text())
    times = ("line", "seconds", "samples_per_second", "synops_per_second", "engine", "jobs", "start_seconds")
    told = {name: value for name, value in found.items() if name not in times}
    return code, told, json.loads(predictions.read_text())


@pytest.mark.parametrize("engine", ENGINES)
def test_run_gives_the_same_on_every_engine(home, tmp_path, engine, capsys):
    alone = run(home, "data", "--cache-dir", tmp_path / "a")
    assert len(alone[2]) == 60
    words = ["--engine", engine, "--jobs", "2"]
    assert run(home, "data", *words, "--cache-dir", tmp_path / "b") == alone
    assert f"{engine}: 2 workers; the " in capsys.readouterr().out
    (first,), (second,) = ((tmp_path / name).iterdir() for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    if engine == "processes":
        code, told, of_zip = run(home, "data.zip", *words, "--cache-dir", tmp_path / "c")
        assert (code, told) == alone[:2]
        assert [each["prediction"] for each in of_zip] == [each["prediction"] for each in alone[2]]


@pytest.mark.parametrize("engine", ["serial", *ENGINES])
def test_a_recording_that_cannot_be_read_names_itself(home, tmp_path, engine, capsys):
    words = ["--engine", engine, *(["--jobs", "1"] if engine != "serial" else [])]
    cache = ["--cache-dir", tmp_path / "cache"]
    if engine != "ray":  # which takes seconds to begin
        assert run(home, "bad", *words, *cache)[0] == 2
        told = capsys.readouterr().err
        assert told.startswith(f"edge-sast: {home}/bad/test/column/003.bin: ends at byte ")
        assert told.count("\n") == 1
    # A second time, too: what lacks some recordings is not kept as the whole.
    for _ in range(2 if engine == "serial" else 1):
        code, figures, predictions = run(home, "bad", *words, *cache, "--keep-going")
        assert (code, figures["samples"], len(predictions)) == (1, 22, 22)
        lines = capsys.readouterr().err.splitlines()
        assert [line.partition(": ends at byte ")[0] for line in lines[:2]] == [
            f"edge-sast: {home}/bad/test/{name}.bin" for name in ("column/003", "row/001")
        ]
        assert lines[2:] == ["edge-sast: recordings that were left out: 2; the lines above say why"]
        assert [f"edge-sast: {line}" for line in figures["left_out"]] == lines[:2]


def test_files_that_cannot_be_read_are_left_out(home, tmp_path, capsys):
    model, out = home / "model.safetensors", tmp_path / "p.json"
    files = [home / "bad" / "test" / "row" / f"00{i}.bin" for i in range(3)]
    words = [
        "run",
        model,
        *files,
        "--engine",
        "processes",
        "--jobs",
        "1",
        "--keep-going",
        "--predictions",
        out,
    ]
    assert main([str(word) for word in words]) == 1
    assert [each["source"] for each in json.loads(out.read_text())] == [str(files[0]), str(files[2])]
    assert capsys.readouterr().err.startswith(f"edge-sast: {files[1]}: ends at byte ")
    assert main(["run", str(model), str(files[1]), "--keep-going"]) == 2
    assert "none of 1 files can be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "2"], "--jobs has an effect only beside --engine processes or ray; add that one"),
        (["--engine", "processes", "--jobs", "0"], "--jobs is 0; it must be 1 to 1024"),
        (["--ray-address", "auto"], "--ray-address has an effect only beside --engine ray; add that one"),
    ],
)
def test_options_without_an_effect_are_refused(home, words, message, capsys):
    assert run(home, "data", *words)[0] == 2
    assert capsys.readouterr().err.startswith(f"edge-sast: {message}")


def test_without_ray_the_remedy_is_told(home, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "edge_sast.bulk.ray_workers", raising=False)
    assert run(home, "data", "--engine", "ray")[0] == 2
    assert capsys.readouterr().err == (
        "edge-sast: --engine ray: Ray is not installed; run pip install -e '.[ray]' (of a release: 'edge-sast[ray]'), "
        "or use --engine processes\n"
    )


@needs_ray
def test_an_address_where_no_cluster_is_ends_soon(home, capsys, monkeypatch):
    from edge_sast.bulk import ray_workers

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert run(home, "data", "--engine", "ray", "--ray-address", f"127.0.0.1:{port}")[0] == 2
        assert capsys.readouterr().err == (
            f"edge-sast: --ray-address 127.0.0.1:{port}: no Ray cluster answers (Connection refused); start one with "
            "'ray start --head', or leave the option out for a Ray on this machine\n"
        )
        assert time.monotonic() - began < ray_workers.CONNECT_SECONDS + 5
        silent.listen()
        monkeypatch.setattr(ray_workers, "CLUSTER_SECONDS", 2.0)
        assert run(home, "data", "--engine", "ray", "--ray-address", f"127.0.0.1:{port}")[0] == 2
        assert "no Ray cluster answers (no answer within 2 s)" in capsys.readouterr().err
    for address in ("head", "head:0", "ray://head:10001"):
        assert run(home, "data", "--engine", "ray", "--ray-address", address)[0] == 2
        assert f"--ray-address is {address!r}; give HOST:PORT" in capsys.readouterr().err


LONG = """
import sys, time
from edge_sast.cli.main import exit_code
from edge_sast.cli.options.engine import workers
from edge_sast.bulk.choice import EngineChoice
from tests.bulk.jobs import Unfinished

if __name__ == "__main__":
    try:
        with workers(EngineChoice(sys.argv[1], 2), 1) as engine:
            for outcome in engine.map(Unfinished(sys.argv[2]), range(2)):
                outcome.get()
    except BaseException as error:
        sys.exit(exit_code(error))
"""


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_end_of_a_command_is_the_end_of_its_workers(tmp_path, engine, number):
    """Ctrl-C goes to the whole group, as from a terminal; unfinished files go with the workers."""
    script = tmp_path / "long.py"
    script.write_text(LONG)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([os.getcwd(), *filter(None, sys.path)])}
    with started(
        [sys.executable, str(script), engine, str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as command:
        until(lambda: len(list(tmp_path.glob("worker-*"))) == 2)
        pids = [int(path.name.partition("-")[2]) for path in tmp_path.glob("worker-*")]
        if number == signal.SIGINT:
            os.killpg(command.pid, number)
        else:
            command.send_signal(number)
        told = command.communicate(timeout=60)[1]
    assert command.returncode == (130 if number != signal.SIGKILL else -signal.SIGKILL)
    assert told == ("edge-sast: interrupted\n" if number != signal.SIGKILL else "")
    until(lambda: all(gone(pid) for pid in pids))
    if engine == "processes":
        assert not list(tmp_path.glob("out*"))


def until(met, seconds=60.0):
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end
        time.sleep(0.05)
