"""Builds of one run with more and with fewer bits, found among what `edge-sast report` is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from edge_sast.errors import EdgeSastError
from edge_sast.evaluation.integers import side_by_side
from edge_sast.report.page.inputs import Built

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from trainer.run.checkpoint import Checkpoint


def read_widths(networks: Mapping[str, Model], runs: Mapping[str, Checkpoint]) -> list[list[Built]]:
    """Groups of models that are one network at several widths; of each, which of the runs it was made of.

    networks, runs: by label, a run's own integer model among the networks.
    """
    groups = side_by_side(list(networks.items()))
    return [[_with_run(built, networks[built.label], runs) for built in group] for group in groups]


def _with_run(built: Built, model: Model, runs: Mapping[str, Checkpoint]) -> Built:
    for label, stored in runs.items():
        name = _name_in(stored, model)
        if name is not None:
            return replace(built, run=label, name=name)
    return built


def _name_in(stored: Checkpoint, model: Model) -> str | None:
    """What figures of a run call a model of it, such as int4; None where the run's integers are others."""
    from trainer.measure.figures import build_model
    from trainer.settings.bits import bits_name

    bits = tuple(layer.bits for _, layer in model.weighted())
    if len(bits) != len(stored.config.widths):
        return None
    try:
        own = build_model(stored.network(), stored, bits)
    except EdgeSastError:  # the run has no integers of these widths
        return None
    pairs = zip(own.weighted(), model.weighted(), strict=True)
    equal = all(np.array_equal(a.weight, b.weight) for (_, a), (_, b) in pairs)
    return bits_name(bits) if equal else None
