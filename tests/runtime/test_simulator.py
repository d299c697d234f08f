"""What the simulator refuses, and what surrounds the arithmetic."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.runtime import RunResult, Simulator
from tests.programs import LIMIT
from tests.strategies import binned, random_input, random_model

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def model():
    return random_model(np.random.default_rng(3))


@pytest.fixture
def events(model):
    rng = np.random.default_rng(4)
    return binned(model, [random_input(rng, model) for _ in range(5)])


def test_refuses_other_binning(model, events):
    other = replace(model.binning, dt_us=model.binning.dt_us + 1)
    with pytest.raises(
        EdgeSastError, match=r"^recordings: binning is Binning\(.*\); the model wants .*: bin them anew$"
    ):
        Simulator(model).run(replace(events, binning=other))


@pytest.mark.parametrize("i", [-1, 5])
def test_refuses_recordings_that_are_not_there(model, events, i):
    with pytest.raises(EdgeSastError, match=rf"^recording is {i}; it must be 0 to 4$"):
        Simulator(model).trace(events, i)


@pytest.mark.parametrize("parallel", [False, True])
def test_no_recordings(model, events, parallel):
    result = Simulator(model).run(events.select([]), parallel=parallel)
    assert result.outputs.shape == (0, len(model.classes))
    assert result.predictions.shape == (0,)
    assert np.isnan(result.accuracy)


def test_recordings_do_not_see_each_other(model, events):
    simulator = Simulator(model)
    together, last = simulator.run(events), simulator.run(events.select([4]))
    assert together.outputs[4].tolist() == last.outputs[0].tolist()
    assert together.synops[4].tolist() == last.synops[0].tolist()


def test_labels_are_matched_by_name(model, events):
    classes = ("not of the model", model.classes[0])
    labels = np.array([1, 0, 1, 0, 1])
    result = Simulator(model).run(replace(events, classes=classes, labels=labels))
    assert result.labels.tolist() == [0, -1, 0, -1, 0]
    assert result.accuracy == np.mean(result.predictions[::2] == 0) * 3 / 5


def test_results_concatenate(model, events):
    simulator = Simulator(model)
    parts = [simulator.run(events.select([0, 1])), simulator.run(events.select([2, 3, 4]))]
    joined, whole = RunResult.concatenate(parts), simulator.run(events)
    for name in ("outputs", "predictions", "labels", "synops", "spikes"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name))


def many(events):
    """More than a few, which are run one by one."""
    return events.select(np.arange(20) % len(events))


def test_read_only_and_writable_arrays_share_one_compilation(model, events):
    from edge_sast.runtime.run import run_range_jit

    events = many(events)
    Simulator(model).run(events)
    compiled = len(run_range_jit.signatures)
    frozen = events.indices.copy()
    frozen.flags.writeable = False
    Simulator(model).run(replace(events, indices=frozen))
    assert len(run_range_jit.signatures) == compiled == 1


def test_a_few_recordings_are_run_as_many_are(model, events):
    simulator = Simulator(model)
    few, whole = simulator.run(events), simulator.run(many(events))
    for name in ("outputs", "predictions", "labels", "synops", "spikes"):
        assert np.array_equal(getattr(few, name), getattr(whole, name)[: len(events)])


def test_a_few_recordings_compile_one_form_without_texts(tmp_path):
    """What a first `run` waits for. Assignments to slices would bring Numba's message, and all that makes texts."""
    words = [
        "run",
        str(EXAMPLES / "digits-int8.safetensors"),
        str(EXAMPLES / "digit-2.bin"),
        "--sensor",
        "24x24",
    ]
    code = f"""
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, event):
        compiled.append(event.data["dispatcher"].py_func.__qualname__)
    def on_end(self, event):
        pass
event.register("numba:compile", Listener())
from edge_sast.cli.main import main
assert main({words}) == 0
own = [name.rsplit("_", 2)[0] for name in compiled if "_called" in name or "_inner" in name]
assert {{"run_recording", "_bin_events", "add_piece"}} <= set(own), own
assert not {{"run_range", "new_state"}} & set(own), own
widths = {{"leak_all", "add_piece", "add_form", "scatter", "scatter_own", "fire", "take_rest"}}  # of 16 and 32 bits
again = [name for name in set(own) if own.count(name) > 1]
assert set(again) == widths and all(own.count(name) == 2 for name in again), sorted(own)
assert not [name for name in compiled if "unicode" in name or "integer_str" in name], compiled
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr


def test_layers_of_a_trace_cover_all_neurons(model):
    shapes = model.shapes()
    layers = Simulator(model).layers
    assert [layer.index for layer in layers] == [index for index, _ in model.weighted()]
    assert [layer.stop - layer.start for layer in layers] == [
        shapes[layer.index + 1].neurons for layer in layers
    ]
