"""Whether a model fits into the sizes of a core that is there: what does not is named, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Weighted
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.fields import bits_of
from firmware_gen.rtl_gen.layout.engine import Connection
from firmware_gen.rtl_gen.link.layout import layout
from firmware_gen.rtl_gen.link.program import LinkParts
from firmware_gen.rtl_gen.loading.sizes import NAMES, Sizes
from firmware_gen.rtl_gen.params_vh import LOCALPARAMS
from firmware_gen.rtl_gen.plan import RtlPlan

OTHER_CORE = "synthesise one with 'edge-sast export --target verilog --loadable --fits MODEL'"
# What would make it fit, by constant; where nothing stands, only another core.
_REMEDIES = {
    "MW": "use fewer weight bits or a smaller weight_shift",
    "WBITS": "use fewer bits",
    "WSHW": "use a smaller weight_shift",
    "TB": "use smaller thresholds, that is fewer weight bits",
    "AMB": "let a spike take off the threshold, or reset to zero",
    "BB": "use smaller biases, that is fewer weight bits",
    "SB": "use smaller biases and initial values, that is fewer weight bits",
    "SMIN": "use more state_bits",
    "MDEPTH": "use fewer channels, or pool more",
    "UDEPTH": "use fewer channels or smaller kernels",
    "PDEPTH": "use fewer channels or layers",
    "RDEPTH": "use fewer rows, that is a larger shift or more pooling",
    "CDEPTH": "use fewer columns or channels, that is a larger shift or more pooling",
    "ODEPTH": "use fewer layers",
    "EDEPTH": "use fewer layers",
    "COUNTED": "use fewer layers",
    "CLASSES": "use fewer classes",
    "IN_W": "use a larger shift",
    "IN_H": "use a larger shift",
    "SUBTRACT": "reset to zero",
    "RECURRENT": "use a linear layer",
    "LEAKS": "use one leak shift",
    "STB": "use fewer steps",
}


def fitted(model: Model, sizes: Sizes) -> RtlPlan:
    """The plan of `model` in a core of these sizes.

    Raises EdgeSastError where it does not fit: layer, what is short, how much is needed and there, what would help.
    """
    available = sizes.localparams
    plan = RtlPlan(model, available["P"], available, running=sizes.link.run)
    needs = dict(plan.needs)
    needs["WSHW"] = bits_of(max(layer.weight_shift for layer in plan.weighted.values()))
    for name in NAMES:
        if name == "LEAK_ONE":
            _check_leaks(plan, available[name])
        elif name == "NCB" and not needs["CHUNKS"]:
            continue
        elif (needs[name] < available[name]) if name == "SMIN" else (needs[name] > available[name]):
            remedy = _REMEDIES.get(name)
            raise EdgeSastError(
                f"{_where(plan, name)}: needs {needs[name]:,} ({name}: {LOCALPARAMS[name]}), the core has "
                f"{available[name]:,}; {f'{remedy}, or ' if remedy else ''}{OTHER_CORE}"
            )
    _check_link(model, sizes.link)
    return plan


def _check_leaks(plan: RtlPlan, only: int) -> None:
    for index, layer in plan.weighted.items():
        if only and any(shift != only for shift in layer.neuron.leak_shifts):
            raise EdgeSastError(
                f"layers[{index}]: leaks by shifts of {list(layer.neuron.leak_shifts)}, the core by {only} alone; use "
                f"leak_shifts [{only}], or {OTHER_CORE}"
            )


def _check_link(model: Model, parts: LinkParts) -> None:
    layout(model)
    grid = model.binning
    for name, needed in vars(LinkParts.of(grid.steps, grid.width, grid.height, run=parts.run)).items():
        if needed and not getattr(parts, name):
            raise EdgeSastError(
                f"binning: {grid.width}x{grid.height} pixels and {grid.steps} steps are more than the program of the "
                f"core's link counts; use a larger shift or fewer steps, or {OTHER_CORE}"
            )


def _where(plan: RtlPlan, name: str) -> str:
    """The layer that takes most of it; "model" where it is nobody's own."""
    share = _SHARES.get(name)
    if share is None:
        return "binning" if name in ("IN_W", "IN_H", "STB") else "model"
    shares = share(plan)
    most = max(range(len(shares)), key=shares.__getitem__)
    return f"layers[{plan.engine.layers[most].index}]"


def _tables(plan: RtlPlan, size: Callable[[RtlPlan, Connection], int]) -> list[int]:
    """Of each engine layer, the sum over its connections."""
    return [
        sum(size(plan, connection) for connection in plan.engine.connections if connection.target is layer)
        for layer in plan.engine.layers
    ]


def _parameter(name: str, key: Callable[[int], int]) -> Callable[[RtlPlan], list[int]]:
    return lambda plan: [max(map(key, getattr(of, name).tolist())) for of in plan.parameters]


def _signed(value: int) -> int:
    return (~value if value < 0 else value).bit_length()


def _neurons(key: Callable[[Weighted], int]) -> Callable[[RtlPlan], list[int]]:
    """Of each engine layer; an or stage has no neurons of its own."""
    return lambda plan: [
        key(plan.weighted[layer.index]) if layer.counted is not None else -1 for layer in plan.engine.layers
    ]


_SHARES: Mapping[str, Callable[[RtlPlan], list[int]]] = {
    "MW": lambda plan: plan.membrane_bits,
    "MDEPTH": lambda plan: [layer.words for layer in plan.engine.layers],
    "UDEPTH": lambda plan: _tables(plan, lambda p, c: p.weights.of[c].words),
    "RDEPTH": lambda plan: _tables(plan, lambda p, c: len(p.run_tables[c].rows.ny)),
    "CDEPTH": lambda plan: _tables(plan, lambda p, c: len(p.columns[c].n)),
    "PDEPTH": lambda plan: [
        b - a for a, b in zip(plan.parameter_bases, plan.parameter_bases[1:], strict=False)
    ],
    "TB": _parameter("threshold", int),
    "AMB": _parameter("amount", int),
    "BB": _parameter("bias", _signed),
    "SB": _parameter("start", _signed),
    "WBITS": _neurons(lambda layer: layer.bits),
    "WSHW": _neurons(lambda layer: layer.weight_shift),
    "SMIN": _neurons(lambda layer: -layer.neuron.state_bits),
    "LEAKS": _neurons(lambda layer: len(layer.neuron.leak_shifts)),
    "SUBTRACT": _neurons(lambda layer: getattr(layer.neuron, "reset", "") == "subtract"),
    "RECURRENT": _neurons(lambda layer: hasattr(layer, "recurrent")),
}
