"""The Python of docs/python.md and README.md, run as it stands there, and the names that it imports."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edge_sast
import trainer
from edge_sast import Simulator, load, read_events
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.selection import DataOptions
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.recording import Recording
from edge_sast.events.to_bins import bin_recording
from tests.programs import LIMIT
from trainer import TrainConfig

ROOT = Path(__file__).parent.parent
README = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
RUNNING, STREAMING, TRAINING = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(), re.DOTALL
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder in which the page's paths lead somewhere."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.usefixtures("home")
def test_the_readme(capsys):
    (code,) = README
    exec(code, {})
    assert capsys.readouterr().out.startswith("['3', '7'] [137228 134536]\n(10, 1882) 2473 ")


@pytest.mark.usefixtures("home")
def test_running(capsys):
    names = {}
    exec(RUNNING, names)
    assert capsys.readouterr().out.startswith("['2', '3', '7'] [")
    model, trace = names["model"], names["trace"]
    assert names["membranes"].shape == (10, 12 * 12 * 8)
    assert np.array_equal(names["result"].outputs[0], trace.outputs)
    first = next(ref for ref in open_dataset("digits").recordings("test") if ref.label == 2).load()
    row = bin_recording(first, model.binning)
    assert np.array_equal(names["recordings"].select([0]).indices, row.indices)


def test_a_stream(capsys):
    model = load(ROOT / "examples" / "digits-int8.safetensors")
    names = {"model": model}
    exec(STREAMING, names)
    decisions = names["decisions"]
    assert capsys.readouterr().out.startswith("[30000] [")  # the event at 31 ms is the next step's
    assert decisions.end_us.tolist() == [30_000 * step for step in range(2, 11)]
    assert decisions.complete.tolist() == [False] * 8 + [True]
    assert (names["stream"].counts.events, names["stream"].counts.decisions) == (3, 1)
    recording = bin_recording(Recording(names["events"], 24, 24, "three"), model.binning)
    row = BinnedEvents.of_rows(model.binning, [recording], np.zeros(1, np.int64), model.classes, ["three"])
    assert np.array_equal(Simulator(model).run(row).outputs[0], decisions.outputs[-1])


def test_training(home, capsys):
    names = {}
    exec(TRAINING, names)
    assert capsys.readouterr().out.startswith("digits test 0.")
    run, figures, config = names["run"], names["figures"], names["config"]
    assert (figures["samples"], run.epoch) == (359, 3)
    again = trainer.load_run(home / "runs" / "mine")
    some = trainer.evaluate(again, DataOptions(split="train", limit=20))
    assert (some["samples"], some["recordings"]) == (20, "digits train")
    test = read_split(names["model"])
    assert Simulator(names["model"]).run(test).accuracy == figures["int8"]["accuracy"]
    with pytest.raises(
        EdgeSastError, match=r"^runs/mine: already holds a run; name another folder, or read it with"
    ):
        trainer.train(config, "runs/mine")
    with pytest.raises(EdgeSastError, match=r"^--bits is 9; it must be 1 to 8"):
        trainer.export(run, "9")


def read_split(model):
    from edge_sast.datasets.selection import load_split

    return load_split(model.binning, model.classes, DataOptions(data="digits")).binned


def test_mistakes():
    with pytest.raises(EdgeSastError, match=r"^read_events: no file is named; give one or more$"):
        read_events(binning=load(ROOT / "examples" / "digits-int8.safetensors").binning)
    with pytest.raises(EdgeSastError, match=r"^--steps is 0; it must be 1 to 65535$"):
        TrainConfig.of("hard", data="digits", dt_us=1, steps=0, arch="tiny")
    with pytest.raises(AttributeError, match=r"^module 'edge_sast' has no attribute 'nothing'$"):
        _ = edge_sast.nothing
    with pytest.raises(AttributeError, match=r"^module 'trainer' has no attribute 'nothing'$"):
        _ = trainer.nothing


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import edge_sast", ("numpy", "numba", "safetensors", "importlib.metadata")),
        ("from edge_sast import Simulator, load, read_events", ("torch", "trainer")),
        ("from trainer import TrainConfig", ("torch",)),
    ],
)
def test_names_are_imported_when_asked_for(code, unwanted):
    code += f"; import sys; sys.exit(repr([name for name in {unwanted} if name in sys.modules] or ''))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.stderr == "''\n"
