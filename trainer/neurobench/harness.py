"""An integer model in NeuroBench's own harness (Yik et al. 2025, Nature Communications 16:1545; package neurobench)."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from typing import Any

from torch import Tensor

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.layers import Lif, Shape
from edge_sast.model.model import Model
from trainer.neurobench.account import batches
from trainer.neurobench.layers import IntegerLif
from trainer.neurobench.network import IntegerNetwork

try:
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics import static, workload
    from neurobench.models import NeuroBenchModel
    from snntorch import SpikingNeuron
except ImportError as error:
    raise EdgeSastError(
        f"NeuroBench is not installed, or not whole ({error}); pip install 'edge-sast[train,neurobench]'"
    ) from error

STATIC = (static.ParameterCount, static.Footprint, static.ConnectionSparsity)
# ActivationSparsityByLayer raises an AttributeError where no metric before it wants hooks, and so does not stand first.
WORKLOAD = (
    workload.ClassificationAccuracy,
    workload.ActivationSparsity,
    workload.ActivationSparsityByLayer,
    workload.SynapticOperations,
    workload.MembraneUpdates,
    workload.NeuronOperations,
)
FAILED = re.compile(r"^Error running (?:workload )?metric '(\w+)': (.*)$", re.MULTILINE)


class Leaky(IntegerLif, SpikingNeuron):
    """Spiking neurons as NeuroBench finds them: it takes membranes from a SpikingNeuron of snnTorch only, and looks up
    what an update costs by the name of the class; of its four, Leaky is what these are.
    """

    init_hidden, output = True, False  # called with the current alone, and gives the spikes alone

    def __init__(self, neuron: Lif, weight_shift: int, shape: Shape) -> None:
        super().__init__(neuron, weight_shift, shape)
        self._reset_mechanism = neuron.reset


class NeuroBenchInteger(NeuroBenchModel):
    """An integer model as a NeuroBenchModel: of counts [B, T, 2, H, W] the predicted classes, int64 [B].

    The connections are those of nn.Conv2d and nn.Linear, the spiking neurons activations. A read-out that integrates is
    none: it never spikes, and a reset of "none" would make an error of NeuronOperations, which is reported as 0.0.

    Raises:
        EdgeSastError: a model with a layer that has no PyTorch module; frames that the model does not take.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.add_activation_module(Leaky)
        self.net = IntegerNetwork(model, Leaky)

    def __call__(self, batch: Tensor) -> Tensor:
        return self.net(batch).argmax(1)  # of equals the lowest, as PyTorch promises

    def __net__(self) -> IntegerNetwork:
        return self.net


def run_harness(model: Model, binned: BinnedEvents, batch: int = 1) -> dict[str, Any]:
    """What Benchmark.run gives of all metrics in STATIC and WORKLOAD, by their names.

    Args:
        model: any integer model.
        binned: recordings, binned as it wants them and labelled by its classes.
        batch: recordings per batch, 1 where a model decides early. AC or MAC is decided for a whole batch.

    Raises:
        EdgeSastError: recordings, a batch or a model that cannot be.
        CheckFailedError: a metric raised in some batch, which NeuroBench prints and reports as a 0.0.
    """
    if binned.binning != model.binning:
        raise EdgeSastError(
            f"recordings: binning is {binned.binning}; the model wants {model.binning}: bin them anew"
        )
    benchmark = Benchmark(
        NeuroBenchInteger(model), batches(binned, batch), [], [], [list(STATIC), list(WORKLOAD)]
    )
    said = io.StringIO()
    bar = sys.stderr if sys.stderr.isatty() else io.StringIO()  # NeuroBench's own
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(bar):
        results = benchmark.run()
    if failed := FAILED.search(said.getvalue()):
        raise CheckFailedError(
            f"NeuroBench's {failed[1]} raised ({failed[2]}), which it reports as 0.0 or nothing"
        )
    return dict(results)
