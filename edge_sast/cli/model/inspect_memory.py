"""Flash, RAM and stack of a model's firmware on one core, as `edge-sast inspect` shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.model.model import Model

HEADERS = ("layer", "kind", "tables B", "code B", "state B", "stack B")


def memory_figures(model: Model, core: str | None) -> dict[str, Any]:
    """What prediction.predict says, for --json; None is the usual core. Raises EdgeSastError for an unknown core."""
    from firmware_gen.c_plan.plan import CPlan
    from firmware_gen.sizes.code_sizes import DEFAULT_CORE
    from firmware_gen.sizes.prediction import not_included, predict

    found = predict(CPlan(model), core or DEFAULT_CORE)
    figures = asdict(found)
    layers = [{f"{key}_bytes": value for key, value in layer.items()} for layer in figures["layers"]]
    sizes = ("tables", "descriptors", "code", "flash", "state", "context", "stack", "observed_stack", "ram")
    return {
        "core": found.core,
        "compiler": found.compiler,
        **{f"{name}_bytes": getattr(found, name) for name in sizes},
        "stack_path": list(found.stack_path),
        "layers": layers,
        "not_included": not_included(model),
    }


def print_memory(figures: dict[str, Any], kinds: list[str]) -> None:
    """The same as a table. kinds: of the layers."""
    from edge_sast.report.tables import print_table

    f = figures
    echo("", f"memory on {f['core']} ({f['compiler']} -Os), predicted:")
    keys = ("tables_bytes", "code_bytes", "state_bytes", "stack_bytes")
    rows = [
        [str(i), kind, *(str(layer[key]) for key in keys)]
        for i, (kind, layer) in enumerate(zip(kinds, f["layers"], strict=True))
    ]
    print_table(rows, HEADERS)
    echo(
        f"flash {f['flash_bytes']} bytes: tables {f['tables_bytes']}, descriptors {f['descriptors_bytes']}, "
        f"code {f['code_bytes']} (what layers share, once)"
    )
    echo(
        f"RAM {f['ram_bytes']} bytes: state {f['state_bytes']}, context {f['context_bytes']}, "
        f"worst stack {f['stack_bytes']} ({' → '.join(f['stack_path'])})"
    )
    echo(f"not included: {f['not_included']}")
