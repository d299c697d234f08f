#!/usr/bin/env bash
# NeuroBench: a metric that raises while a benchmark runs.
#
# Guess:   the benchmark stops, or its results say that this metric has none.
# Really:  it goes on, and the metric is reported as 0.0, as a good model's might be. The error is printed on stdout, and
#          with quiet=True nowhere. NeuronOperations raises for every snnTorch neuron that is no Leaky, Synaptic, Lapicque
#          or Alpha, and for these without a reset, such as an integrating read-out. A metric that is a mean over batches
#          begins anew at 0.0 where it raised in one batch: of four batches of 1.0 each, of which the third raised, it
#          reports 0.25.
# Versions: neurobench 2.3.0 with snntorch 1.0.0 and torch 2.13.0, all from PyPI, Python 3.11.
# Exit code: 0 where all of this is so, 1 where something has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet "neurobench==2.3.0" "snntorch==1.0.0" "torch==2.13.0"
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import io
import sys
from importlib.metadata import version

import snntorch
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.abstract import WorkloadMetric
from neurobench.metrics.workload import ActivationSparsity, NeuronOperations
from neurobench.models import SNNTorchModel
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self, reset):
        super().__init__()
        self.connection = nn.Linear(3, 2, bias=False)
        nn.init.ones_(self.connection.weight)
        self.neurons = snntorch.Leaky(0.5, init_hidden=True, output=True, reset_mechanism=reset)

    def forward(self, x):
        return self.neurons(self.connection(x))


class One(WorkloadMetric):
    """1.0 of every batch, but an error in the third."""

    def __init__(self):
        super().__init__()
        self.batches = 0

    def __call__(self, model, preds, data):
        self.batches += 1
        if self.batches == 3:
            raise ValueError("the third batch")
        return 1.0


def run(reset, metrics, quiet=True):
    """Results, and what was printed, of four recordings in batches of one."""
    data = DataLoader(TensorDataset(torch.ones(4, 1, 3), torch.zeros(4)), batch_size=1)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        results = Benchmark(SNNTorchModel(Net(reset)), data, [], [], [[], metrics]).run(quiet=quiet)
    return results, said.getvalue()


print(*(f"{name} {version(name)}" for name in ("neurobench", "snntorch", "torch")), "Python", sys.version.split()[0])
neurons = [ActivationSparsity, NeuronOperations]
resets = {reset: run(reset, neurons)[0]["NeuronOperations"] for reset in ("subtract", "none")}
told = "Error running workload metric 'NeuronOperations'" in run("none", neurons, quiet=False)[1]
quiet = run("none", neurons)[1]
mean = run("subtract", [One])[0]["One"]
print("NeuronOperations by reset:", resets)
print("printed:", told, "- with quiet=True:", repr(quiet))
print("mean of 1.0, 1.0, an error, 1.0:", mean)
expected = ({"subtract": {"Effective Neuron Ops": 8.0, "Neuron Dense Ops": 8.0}, "none": 0.0}, True, "", 0.25)
sys.exit(0 if (resets, told, quiet, mean) == expected else f"the behaviour has changed: it was {expected}")
PYTHON
