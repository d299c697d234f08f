"""What the core does in a step: the list of ops, and the sweep of each engine layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_gen.rtl_gen.fields import Field
from firmware_gen.rtl_gen.layout.engine import Connection, Engine


@dataclass(frozen=True)
class Op:
    """Adds the weights of `connection` for each of its source spikes, then sweeps engine layer `sweep` (None: none).

    from_events: its spikes are the input's; else those of the last sweep. rewind: they have been taken before.
    skip_last: at a recording's last step it adds nothing (and sweeps all the same): no step is left to see it.
    """

    connection: Connection
    from_events: bool
    rewind: bool
    skip_last: bool
    sweep: int | None


def list_ops(engine: Engine) -> list[Op]:
    """The ops of a step, in order."""
    ops: list[Op] = []
    last = len(engine.layers) - 1
    for number, connection in enumerate(engine.inputs):
        own = engine.recurrent[number - 1] if number else None
        ops.append(Op(connection, number == 0, False, False, None if own else number))
        if own:
            ops.append(Op(own, False, True, True, number))
    own = engine.recurrent[last]
    if own:
        ops.append(Op(own, False, False, True, None))
    return ops


def op_fields(p: Mapping[str, int]) -> tuple[Field, ...]:
    """An entry of `ops`; p: the localparams."""
    flags = [Field(name, 1) for name in ("from_events", "rewind", "skip_last", "sweep", "last", "counted")]
    return (
        *flags,
        Field("layer", p["LIB"]),
        Field("sweep_layer", p["EAW"]),
        Field("row_base", p["RAW"]),
        Field("column_base", p["CAW"]),
        Field("rpw", p["RPB"]),
        Field("urw", p["URB"]),
        Field("s", p["SBITS"]),
        Field("cw", p["CWB"]),
        Field("cu", p["CUB2"]),
        Field("wshift", p["WSHW"]),
    )


def layer_fields(p: Mapping[str, int]) -> tuple[Field, ...]:
    """An entry of `layers`."""
    return (
        Field("rows_1", p["YB"]),
        Field("rpw_1", p["RPB"]),
        Field("base", p["MAW"]),
        Field("pb", p["PAW"]),
        Field("pn_1", p["PNB"]),
        Field("tail", p["B"]),
        Field("lif", 1),
        Field("subtract", 1),
        Field("counted", 1),
        Field("emits", 1),
        Field("last", 1),
        Field("layer", p["LIB"]),
        Field("k1", 4),
        Field("k2", 4),
        Field("smask", p["MW"] - p["SMIN"] + 1),
        Field("rec", 1),
        Field("whole", 1),
    )
