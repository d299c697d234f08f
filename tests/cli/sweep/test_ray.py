"""A sweep on Ray's workers: the same trainings, also where a worker is killed amid one."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'edge-sast[sweep]'")
pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")

from edge_sast.cli.main import main
from tests.cli.recordings import write_lines

WORDS = ["--dt-us", "1000", "--steps", "2", "--augment-shift", "0", "--threads", "1", "--device", "cpu"]
WORDS += ["--arch", "or4-out", "--downscale", "2", "--epochs", "1", "--grid", "seed=0"]


def kill_the_worker_of_a_trial(out, killed):
    """The parent of the first process that trains there."""
    end = time.monotonic() + 500
    while not killed and time.monotonic() < end:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if "edge_sast.cli.sweep.trial" not in words or not any(str(out) in word for word in words):
                    continue
                killed.append(int((process / "stat").read_text().rpartition(")")[2].split()[1]))
            except OSError:  # gone by now
                continue
            os.kill(killed[0], signal.SIGKILL)
            return
        time.sleep(0.05)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_killed_worker_changes_no_figure(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = str(write_lines(tmp_path / "data", {"train": 4, "valid": 2}))
    killed, found = [], []
    for engine in ("processes", "ray"):
        out = tmp_path / engine
        watch = threading.Thread(target=kill_the_worker_of_a_trial, args=(out, killed), daemon=True)
        if engine == "ray":
            watch.start()
        words = ["sweep", "--data", data, "--out", str(out), *WORDS, "--engine", engine, "--jobs", "1"]
        assert main([*words, "--json", str(tmp_path / "f.json")]) == 0
        trials = json.loads((tmp_path / "f.json").read_text())["trials"]
        found.append([{k: v for k, v in t.items() if k not in ("folder", "seconds")} for t in trials])
    assert killed
    assert found[1] == found[0]
    assert [trial["state"] for trial in found[1]] == ["complete"]
