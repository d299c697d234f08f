"""The prices of a model's work on a core, put together from fitted prices of its terms (costs.json).

costs.json is made by `python benchmarks/instruction_costs.py --write`, which counts the instructions of many networks
on the emulated core.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from importlib import resources

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.model.prices import LayerPrices, Prices
from firmware_gen.c_plan.layout import QUAD
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.estimate.counted import counted
from firmware_gen.estimate.work import LayerWork, work_of

FILE = "costs.json"
CORE = "cortex-m4"


@cache
def stored_costs() -> dict[str, float]:
    """Instructions of one unit of each term, as fitted for CORE with gcc -O2."""
    return dict(json.loads(resources.files(__package__).joinpath(FILE).read_text("utf-8"))["costs"])


def prices_of(model: Model, recordings: BinnedEvents) -> Prices:
    """Of a model on CORE.

    What spikes do not tell, how many blocks of membranes are not quiet though none fires, is counted on `recordings`
    and is part of what a step costs.

    Raises EdgeSastError for a layer whose sweep depends on where events have been, or on padding, and for work that was
    not in what the prices were fitted to.
    """
    plan = CPlan(model)
    _check(plan)
    works, costs = work_of(plan), stored_costs()
    found = counted(plan, recordings)
    untold = estimate(found.exact, costs) - estimate(found.by_spikes, costs)
    step = sum(estimate(work.step, costs) for work in works) + untold / (
        len(recordings) * model.binning.steps
    )
    return Prices(step, tuple(_of_layer(work, costs) for work in works))


def _of_layer(work: LayerWork, costs: dict[str, float]) -> LayerPrices:
    arrived = sum(
        (
            estimate(Counter({name: 1}), costs) * places
            for name, places in work.arrived.items()
            if places.any()
        ),
        np.zeros((1, 1)),
    )
    amounts = (work.fired, work.own, work.block)
    fired, own, block = (estimate(each, costs) for each in amounts)
    return LayerPrices(arrived, fired, own, block, work.lanes)


def estimate(amounts: Counter[str], costs: dict[str, float]) -> float:
    """Instructions of so much work. Raises EdgeSastError for a term without a price."""
    for name, amount in amounts.items():
        if amount and name not in costs:
            raise EdgeSastError(
                f"--instructions-target: no price is known of {name!r}, which the network's C would do; use --bits 8, "
                "or --synops-target"
            )
    return sum(costs[name] * amount for name, amount in amounts.items() if amount)


def _check(plan: CPlan) -> None:
    for layer in plan.weighted:
        if layer.form.narrow and layer.layer.bits == 1 and layer.out.channels % QUAD:
            raise EdgeSastError(
                f"--instructions-target: layer {layer.index + 1} has {layer.out.channels} channels of 1 bit, and what "
                "fills them up to a multiple of 4 costs what no price of a spike says; use a multiple of 4, or "
                "--synops-target"
            )
        if layer.form.idle_words:
            raise EdgeSastError(
                f"--instructions-target: layer {layer.index + 1} has {layer.out.height * layer.out.width} positions, "
                "of which those without events are not swept, so that no price of a spike says what a step costs; use "
                "a stride, --downscale, or --synops-target"
            )
