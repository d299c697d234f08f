"""NeuroBench's own harness on integer models: each of its figures is what the account says of its definition."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_sast import Simulator, load, read_events
from edge_sast.errors import CheckFailedError, EdgeSastError
from tests.early import random_early_model
from tests.strategies import binned
from tests.trainer.neurobench.recordings import frames, random_case
from trainer.neurobench.account import take_account
from trainer.neurobench.table import DeviceBytes, compare

ROOT = Path(__file__).parents[3]
DEVICE = DeviceBytes("cortex-m4", 0, 0, 0)


@pytest.fixture(scope="module")
def harness():
    pytest.importorskip("neurobench", reason="NeuroBench is not installed: pip install -e '.[neurobench]'")
    return importlib.import_module("trainer.neurobench.harness")


def test_without_neurobench_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "neurobench", None)
    monkeypatch.delitem(sys.modules, "trainer.neurobench.harness", raising=False)
    for name in [name for name in sys.modules if name.startswith("neurobench.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(EdgeSastError, match=r"^NeuroBench is not installed, or not whole .* pip install "):
        importlib.import_module("trainer.neurobench.harness")


@pytest.mark.parametrize("batch", [1, 2])
def test_its_figures_are_explained_whatever_the_model(harness, batch):
    for seed in range(25):
        model, events = random_case(seed)
        account = take_account(model, events, batch)
        assert len(compare(harness.run_harness(model, events, batch), account, DEVICE)) > 9


def test_its_figures_are_explained_where_recordings_end_early(harness):
    model, dense = random_early_model(np.random.default_rng(8))
    events = binned(model, dense)
    assert compare(harness.run_harness(model, events), take_account(model, events), DEVICE)


def test_predictions_are_those_of_the_runtime(harness):
    for seed in range(10):
        model, events = random_case(seed)
        predicted = harness.NeuroBenchInteger(model)(frames(events))
        assert predicted.tolist() == Simulator(model).run(events).predictions.tolist()


def test_a_metric_that_raises_is_told_and_not_reported_as_zero(harness, monkeypatch):
    """As NeuronOperations does with neurons of a reset that its table does not have."""
    model, events = random_case(3)
    init = harness.Leaky.__init__

    def without_reset(self, *given):
        init(self, *given)
        self._reset_mechanism = "none"

    monkeypatch.setattr(harness.Leaky, "__init__", without_reset)
    message = "NeuroBench's NeuronOperations raised ('none'), which it reports as 0.0 or nothing"
    with pytest.raises(CheckFailedError, match=f"^{re.escape(message)}$"):
        harness.run_harness(model, events)


def test_recordings_binned_in_another_way_are_refused(harness):
    model = load(ROOT / "examples" / "digits-int8.safetensors")
    other = load(ROOT / "examples" / "nmnist-int8.safetensors")
    file = ROOT / "examples" / "digit-3.bin"
    events = read_events(file, binning=other.binning, sensor=(34, 34))
    with pytest.raises(
        EdgeSastError, match=r"^recordings: binning is .*; the model wants .*: bin them anew$"
    ):
        harness.run_harness(model, events)


def test_the_footprint_grows_with_the_batch_that_ran_last(harness):
    model, events = random_case(3)
    wrapped = harness.NeuroBenchInteger(model)
    before = harness.static.Footprint()(wrapped)
    wrapped(frames(events)[:1])
    assert harness.static.Footprint()(wrapped) == before
    wrapped(frames(events))
    membranes = sum(each.mem[0].numel() for each in wrapped.net.neurons().values())
    assert harness.static.Footprint()(wrapped) == before + 2 * 4 * membranes


@pytest.mark.usefixtures("harness")
def test_the_python_of_the_page(monkeypatch, tmp_path):
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "neurobench.md").read_text("utf-8"), re.DOTALL
    )
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    names: dict = {}
    exec(code.replace("print(Benchmark", "results = (Benchmark"), names)
    account = take_account(names["model"], names["recordings"])
    assert names["results"]["SynapticOperations"]["Effective_ACs"] == account.operations.acs / 20
