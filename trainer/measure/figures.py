"""The figures of every forward pass of a trained network, and its integer model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import edge_sast
from edge_sast.errors import CheckFailedError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.report.confusion import KEY, confusion
from trainer.measure import firing
from trainer.network.network import Network
from trainer.network.to_integers import export as export_model
from trainer.run import checkpoint
from trainer.run.one_pass import Result
from trainer.run.one_pass import evaluate as evaluate_pass
from trainer.settings.bits import Bits, bits_name
from trainer.settings.config import TrainConfig
from trainer.settings.passes import Integer

EVALUATED_BITS = (8, 4, 2)


def build_model(network: Network, stored: checkpoint.Checkpoint, bits: Bits) -> Model:
    """The integer model of a checkpoint."""
    producer = f"edge-sast {edge_sast.__version__}"
    return export_model(network, stored.binning, stored.classes, bits, producer)


def trained_bits(config: TrainConfig) -> Bits:
    """Weight widths of the run's integer epochs; 8 where it has none."""
    return config.widths if config.qat_epochs else (8,) * len(config.widths)


def measure(
    network: Network,
    stored: checkpoint.Checkpoint,
    binned: BinnedEvents,
    widths: Sequence[Bits] | None = None,
) -> dict[str, Any]:
    """Figures of every forward pass, in the order and with the keys of `evaluate --json`.

    widths: weight widths of the integer rows; 8, 4, 2 and those trained where None. Thresholds that change within a
    recording have no such rows.
    The integer rows come from the runtime; the trainer's own integer pass must predict the same for every recording.
    Their rate_distances are, of each spiking layer, the earth mover's distance of its neurons' rates from those of the
    hard pass (firing.py). In the surrogate pass a spike is a number between 0 and 1: its spikes and SynOps are sums of
    those. Each pass has a `confusion`, whose rows are classes and whose columns are answers.
    """
    figures: dict[str, Any] = {"samples": len(binned), "classes": list(binned.classes)}
    for name, hard in (("surrogate", False), ("hard", True)):
        result = evaluate_pass(network, binned, stored.config.spike(hard))
        figures[name] = _float_figures(result, binned)
    trained = trained_bits(stored.config)
    if stored.config.threshold == "adaptive-step":
        return figures
    usual = [*((width,) * len(trained) for width in EVALUATED_BITS), trained]
    for bits in dict.fromkeys(usual if widths is None else widths):
        figures[bits_name(bits)] = _integer_figures(network, stored, binned, bits, result)
    return figures


def _float_figures(result: Result, binned: BinnedEvents) -> dict[str, Any]:
    return {
        "accuracy": result.accuracy,
        "synops_per_sample": result.synops_per_sample,
        "spikes_per_sample": result.spikes_per_sample,
        "firing_rates": list(result.firing_rates),
        KEY: confusion(binned.labels, result.predictions, len(binned.classes)),
    }


def _integer_figures(
    network: Network, stored: checkpoint.Checkpoint, binned: BinnedEvents, bits: Bits, hard: Result
) -> dict[str, Any]:
    """hard: what the float pass with hard spikes gave, from which the rates' distances are measured."""
    from edge_sast.runtime import Simulator

    run = Simulator(build_model(network, stored, bits)).run(binned, parallel=True)
    own = evaluate_pass(network, binned, Integer(bits, stored.config.spike(hard=True)))
    differing = int((own.predictions != run.predictions).sum())
    if differing:
        first = int((own.predictions != run.predictions).argmax())
        raise CheckFailedError(
            f"the trainer's {bits_name(bits)} pass and the runtime differ on {differing} recordings, first "
            f"{binned.sources[first]}; this is a defect of edge-sast"
        )
    return {
        "accuracy": run.accuracy,
        "synops_per_sample": float(run.synops.sum(1).mean()),
        "spikes_per_sample": float(run.spikes.sum(1).mean()),
        "firing_rates": list(own.firing_rates),
        KEY: confusion(binned.labels, run.predictions, len(binned.classes)),
        "rate_distances": firing.distances(own.neuron_rates, hard.neuron_rates),
        "trainer_runtime_differences": differing,
    }
