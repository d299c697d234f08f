"""The tables that `edge-sast evaluate` prints: of one run's figures, or of the summary of several, shaped alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_sast.report.energy_table import show_energy
from edge_sast.report.steps import QUANTILES
from edge_sast.report.tables import print_table
from edge_sast.terminal import echo

Figures = dict[str, Any]


def show(figures: Figures, layers: Sequence[str]) -> None:
    """Print a table for everything measured. layers: names of the spiking ones."""
    passes = {
        name: each for name, each in figures.items() if isinstance(each, dict) and "synops_per_sample" in each
    }
    _passes(passes)
    if layers:
        _rates(passes, layers, "firing rate, %", "firing_rates")
        integer = {name: each for name, each in passes.items() if "rate_distances" in each}
        if integer:
            _rates(integer, layers, "EMD of rates from hard, %", "rate_distances")
    _early({name: each for name, each in passes.items() if "steps" in each})
    for name, table in (
        ("corruptions", _corruptions),
        ("sharpness", _sharpness),
        ("gradients", _gradients),
        ("contraction", _contraction),
        ("energy", _energy),
    ):
        if name in figures:
            table(figures[name])


def _cell(value: Any, form: str = ",.4g", scale: float = 1.0) -> str:
    """A number, or mean ± half the interval of several."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        half = (value["high"] - value["low"]) / 2
        return f"{scale * value['mean']:{form}} ± {scale * half:{form}}"
    return f"{scale * value:{form}}"


def _percent(value: Any) -> str:
    return _cell(value, ".2f", 100)


def _passes(passes: Figures) -> None:
    rows = []
    alone = all("accuracy_interval" in each for each in passes.values())
    for name, each in passes.items():
        row = [name, _percent(each["accuracy"])]
        if alone:
            row.append(" to ".join(_percent(limit) for limit in each["accuracy_interval"]))
        rows.append([*row, *(_cell(each[f"{what}_per_sample"], ",.0f") for what in ("synops", "spikes"))])
    print_table(
        rows,
        ["pass", "accuracy %", *(["95 % (Wilson)"] if alone else []), "SynOps/sample", "spikes/sample"],
    )


def _rates(passes: Figures, layers: Sequence[str], title: str, what: str) -> None:
    rows = [
        [layer, *(_percent(each[what][place]) for each in passes.values())]
        for place, layer in enumerate(layers)
    ]
    echo()
    print_table(rows, [title, *passes])


def _corruptions(figures: Figures) -> None:
    rows = [
        [kind, *(_percent(value) for value in (*each["accuracy"], each["mean"]))]
        for kind, each in figures["kinds"].items()
    ]
    blank = [""] * len(figures["severities"])
    rows.append(["mean", *blank, _percent(figures["mean"])])
    rows.append(["clean", *blank, _percent(figures["clean"])])
    echo()
    headers = [f"{figures['pass']} accuracy, %", *(f"severity {n}" for n in figures["severities"]), "mean"]
    print_table(rows, headers)


def _early(passes: Figures) -> None:
    if not passes:
        return
    rows = [
        [name, _cell(each["margin"], ",.0f"), _cell(each["steps"]["mean"], ".2f")]
        + [_cell(each["steps"][f"p{q}"], ".4g") for q in QUANTILES]
        for name, each in passes.items()
    ]
    echo()
    print_table(rows, ["pass", "margin", "steps/sample", *(f"{q} % within" for q in QUANTILES)])


def _sharpness(figures: Figures) -> None:
    exact = figures["gradient"] == "exact"
    echo()
    print_table(
        [
            [
                _cell(figures["rho"]),
                _cell(figures["loss"]),
                _cell(figures["gap"]),
                _cell(figures["gradient_norm"]),
                _cell(figures["top_eigenvalue"]),
                _cell(figures["eigenvalue_residual"], ".2g"),
            ]
        ],
        ["rho", "loss", "loss gap", "‖g‖", "top eigenvalue", "residual"],
    )
    what = (
        "gradient" if exact else "surrogate gradient (hard spikes: not the loss's gradient, and no Hessian)"
    )
    echo(f"{figures['pass']} pass, {figures['recordings']} training recordings; g is the {what}")
    _stable_ranks(figures["stable_ranks"])


def _stable_ranks(layers: Sequence[Figures]) -> None:
    columns = {
        "stable_rank": "‖W‖_F²/‖W‖₂²",
        "largest": "at most",
        "recurrent_stable_rank": "recurrent weights",
    }
    shown = [name for name in columns if any(name in each for each in layers)]
    echo()
    print_table(
        [[each["layer"], *(_cell(each.get(name)) for name in shown)] for each in layers],
        ["stable rank", *(columns[name] for name in shown)],
    )


def _gradients(figures: Figures) -> None:
    rows = [["input", *_norms(figures["input"])]]
    rows += [[each["layer"], *_norms(each)] for each in figures["layers"]]
    echo()
    print_table(rows, [f"‖gradient‖ per recording, {figures['pass']}", "mean", "95 % quantile"])


def _energy(figures: Figures) -> None:
    show_energy(figures, _cell)


def _norms(each: Figures) -> list[str]:
    return [_cell(each["mean"]), _cell(each["quantile_95"])]


def _contraction(layers: Sequence[Figures]) -> None:
    rows = [
        [
            each["layer"],
            _cell(each["tau"]),
            _cell(each["steepest"]),
            _cell(each["bound"]),
            _cell(each["left_side"]),
            {True: "yes", False: "no", None: "of some runs"}[each["holds"]],
            _cell(each["largest_seen"]),
            _cell(each["mean_seen"]),
        ]
        for each in layers
    ]
    echo()
    condition = {"zero": "τ(1 + Uk)", "subtract": "max(τ, ϑk − τ)"}[layers[0]["reset"]] if layers else ""
    headers = ["contraction", "τ", "slope k", "U", condition, "below 1", "largest |∂v/∂v₋| seen", "mean"]
    print_table(rows, headers)
