"""Networks and events that prices of instructions are fitted to and held against (instruction_costs.py)."""

from __future__ import annotations

import numpy as np
import torch

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.model.model import Model
from firmware_gen.c_plan.layout import QUAD
from firmware_gen.c_plan.plan import CPlan, WeightedPlan
from trainer.network.network import Network
from trainer.network.to_integers import export
from trainer.settings.network import NetworkSettings
from trainer.settings.neuron import NeuronSettings

STEPS = 5
RATES = (0.005, 0.02, 0.06, 0.15)  # of inputs with an event, one recording each
CLASSES = tuple("0123456789")


def drawn(seed: int) -> tuple[str, Model, BinnedEvents]:
    """Title, model and a recording at each rate; the same for the same seed. No layer has idle cells."""
    rng = np.random.default_rng(seed)
    while True:
        side, cap = int(rng.choice([16, 20, 24, 28, 34])), int(rng.choice([1, 1, 1, 3]))
        arch, bits = _arch(rng), int(rng.choice([8, 8, 8, 4, 2, 1]))
        leak = str(rng.choice(["3", "3", "3", "2", "5", "2,4", "none"]))
        reset = str(rng.choice(["zero", "zero", "zero", "subtract"]))
        try:
            settings = NetworkSettings(
                arch, len(CLASSES), side, side, STEPS, cap, neuron=NeuronSettings(reset, leak)
            )
            model = _model(rng, settings, bits)
        except EdgeSastError:  # layers that do not fit
            continue
        if not any(_is_apart(layer) for layer in CPlan(model).weighted):
            return f"{arch} {side}x{side} leak {leak} reset {reset} {bits} bits", model, _events(rng, model)


def _is_apart(layer: WeightedPlan) -> bool:
    """Whether it has no prices: firmware_gen/estimate/prices.py."""
    padded = layer.form.narrow and layer.layer.bits == 1 and layer.out.channels % QUAD > 0
    return padded or layer.form.idle_words > 0


def _arch(rng: np.random.Generator) -> str:
    """Convolutions and pools, or none, then perhaps a layer that is fully connected or recurrent, then a read-out."""
    pools = ["", "", "-or2", "-sum2"]
    first = ["8c3s2p1", "12c5s2p2", "16c5s2p2", "12c5s4p2", "16c4s4", "8c3s3", "20c5s3p1", "4c3s2p1", "6c3s2"]
    second = ["16c3p1", "24c3s2p1", "32c3p1", "48c3s2p1", "16c3p1g2", "10c3p1", "64c3p1", "32c5p2"]
    whole = ["", "", "", "-fc20", "-fc32", "-fc64", "-rec16", "-rec32"]
    if rng.random() < 0.2:
        return (
            str(rng.choice(["sum2-rec32", "fc40-fc20", "or2-fc32", "sum2-fc64", "or2-rec24", "or4-fc48"]))
            + "-out"
        )
    layers = str(rng.choice(first)) + str(rng.choice(pools))
    if rng.random() < 0.8:
        layers += "-" + str(rng.choice(second)) + str(rng.choice(pools))
    return layers + str(rng.choice(whole)) + str(rng.choice(["-out", "-out", "-out", "-count"]))


def _model(rng: np.random.Generator, settings: NetworkSettings, bits: int) -> Model:
    """Random weights, and batch norm of statistics and gains by which few or many neurons fire."""
    torch.manual_seed(int(rng.integers(1 << 31)))
    network, gain = Network(settings), float(rng.uniform(0.2, 1.2))
    with torch.no_grad():
        for layer in network.weighted():
            layer.weight.mul_(3.0)
            if layer.norm is not None:
                layer.norm.running_mean.normal_(0, 0.3)
                layer.norm.running_var.uniform_(0.5, 2.0)
                layer.norm.weight.uniform_(0.5 * gain, 1.5 * gain)
                layer.norm.bias.normal_(0.0, 0.2)
    grid = Binning(settings.width, settings.height, 0, 1000, settings.steps, settings.count_cap)
    return export(network.eval(), grid, CLASSES, (bits,) * len(network.weighted()), "drawn")


def _events(rng: np.random.Generator, model: Model) -> BinnedEvents:
    """Half of the rate everywhere, and a spot that moves with more."""
    grid, side = model.binning, model.binning.height
    rows, columns = np.mgrid[:side, :side]
    parts = []
    for rate in RATES:
        for _ in range(grid.steps):
            y, x = rng.uniform(0, side, 2)
            near = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (side / 5) ** 2))
            chance = np.repeat((rate * (0.5 + 2 * near))[:, :, None], 2, axis=2)
            counts = rng.integers(1, grid.count_cap, chance.shape, endpoint=True)
            parts.append((counts * (rng.random(chance.shape) < chance)).reshape(-1))
    dense = np.array(parts)
    return BinnedEvents(
        binning=grid,
        indices=np.nonzero(dense)[1].astype(np.int32),
        counts=dense[dense > 0].astype(np.uint8),
        step_ptr=np.concatenate([[0], np.cumsum((dense > 0).sum(1))]).astype(np.int64),
        labels=np.zeros(len(RATES), np.int64),
        classes=model.classes,
        sources=tuple(f"events at {100 * rate:g} %" for rate in RATES),
        dropped=np.zeros(len(RATES), np.int64),
    )
