"""Which of the library's kernels a layer runs."""

from __future__ import annotations

from edge_sast.model.layers import (
    Conv2d,
    Lif,
    OrPool,
    RecurrentLinear,
    Weighted,
)
from edge_sast.model.modelfile import layer_name
from firmware_gen.c_plan.lanes import narrow_shifts
from firmware_gen.c_plan.layout import Layout, in_chain, is_joined
from firmware_gen.c_plan.plan import CPlan, LayerPlan, WeightedPlan


def kernels(plan: LayerPlan) -> dict[str, str]:
    """Function of the library behind each of the descriptor's pointers; its file has the same name."""
    if not isinstance(plan, WeightedPlan):
        noted = isinstance(plan.layer, OrPool) and plan.target is not None
        return {"receive": f"sast_{layer_name(plan.layer)}{'_noted' if noted else ''}"}
    layer, form = plan.layer, plan.form
    if form.packed:
        return {"receive": "sast_linear_packed", "sweep": "sast_sweep_wide"}
    names = {"receive": "sast_linear"}
    if isinstance(layer, Conv2d):
        names["receive"] = _conv(layer, form)
    names["add"] = _add(layer, form)
    if plan.source is not None:
        bytes_of = names["add"] == "sast_add_wide_8"
        names |= {"receive": "sast_note", "inputs": f"sast_linear_noted{'_8' if bytes_of else ''}"}
        names |= {"adds": "sast_add_set_8"} if bytes_of else {}
    if isinstance(layer, RecurrentLinear):
        names["own_spikes"] = "sast_recurrent_add"
    if not form.narrow:
        return names | {"sweep": "sast_sweep_wide"}
    if not isinstance(layer.neuron, Lif):
        return names | {"sweep": "sast_sweep_integrator"}
    known = plan.lanes is not None and plan.lanes.known
    names["fire"] = f"sast_fire_k{narrow_shifts(layer.neuron)[0]}" if known else _fire(layer.neuron)
    if form.idle_words:
        idle = {"receive": "sast_conv2d_idle", "reach": names["receive"]}
        return names | idle | {"sweep": "sast_sweep_idle", "cells": "sast_sweep", "touch": "sast_touch"}
    return names | {"sweep": "sast_sweep"}


def push_kernel(plan: CPlan) -> str:
    """Function of the library that takes the model's events; its file has the same name."""
    grid = plan.model.binning
    if grid.count_cap > 1:
        return "sast_push_counts"
    first = kernels(plan.layers[0])["receive"]
    return "sast_push_conv2d_8" if first == "sast_conv2d_8" and grid.shift == 0 else "sast_push_once"


def _conv(layer: Conv2d, form: Layout) -> str:
    if in_chain(layer, form):
        return "sast_conv2d_8"
    return "sast_conv2d_joined" if is_joined(layer, form) else "sast_conv2d"


def _add(layer: Weighted, form: Layout) -> str:
    if form.narrow:
        return f"sast_add_{form.container}"
    return "sast_add_wide_8" if (form.container, layer.weight_shift) == (8, 0) else "sast_add_wide"


def _fire(neuron: Lif) -> str:
    return f"sast_fire_{max(1, len(neuron.leak_shifts))}"
