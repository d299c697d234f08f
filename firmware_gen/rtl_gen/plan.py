"""How the core holds and runs a whole model, worked out once: memory images, constants, and where everything lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from edge_sast.errors import EdgeSastError
from edge_sast.model.layers import Lif, Weighted
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.model.running import forgets
from firmware_gen.rtl_gen.constants import (
    arithmetic_constants,
    lane_constants,
    low_words,
    membrane_bits,
    membrane_constants,
    memory_constants,
    model_constants,
    op_constants,
    running_constants,
    table_constants,
)
from firmware_gen.rtl_gen.entries import Entry, layer_entries, op_entries
from firmware_gen.rtl_gen.fields import pack, width
from firmware_gen.rtl_gen.images import MemoryImage
from firmware_gen.rtl_gen.lanes import Lanes
from firmware_gen.rtl_gen.layout.engine import Connection, Engine, build_engine
from firmware_gen.rtl_gen.layout.parts import parts
from firmware_gen.rtl_gen.layout.weights import KernelPlan, Places, WeightPlan, plan_weights, weight_places
from firmware_gen.rtl_gen.memories import biases_image, columns_image, params_image, rows_image, weight_images
from firmware_gen.rtl_gen.ops import Op, layer_fields, list_ops, op_fields
from firmware_gen.rtl_gen.parameters import Parameters, parameter_places, parameters, period
from firmware_gen.rtl_gen.params_vh import LOCALPARAMS, params_vh
from firmware_gen.rtl_gen.run_tables import Columns, RunTable, run_table

# The constant that says how many words a memory has; of weights_0 and on it is UDEPTH.
DEPTHS = {
    "params": "PDEPTH",
    "biases": "BDEPTH",
    "rows": "RDEPTH",
    "columns": "CDEPTH",
    "ops": "ODEPTH",
    "layers": "EDEPTH",
}


@dataclass(frozen=True, eq=False)
class RtlPlan:
    """The plan of `model` for so many lanes. Raises EdgeSastError where the core cannot hold the model.

    sizes: constants of a core that takes other models, in which this one is laid out; see loading/sizes.py. None: those
        of a core for this model alone. registers: the core has registers. spram: its weights lie in SPRAM. running: no
        recording ends, and each step gives an answer.
    """

    model: Model
    lanes: int
    sizes: Mapping[str, int] | None = None
    registers: bool = False
    spram: bool = False
    running: bool = False

    def __post_init__(self) -> None:
        if self.running and not forgets(self.model):
            raise EdgeSastError(
                "model: its read-out never forgets, so that it cannot run without end; give the model file that "
                "'edge-sast export MODEL --running --target model' writes"
            )
        margin = self.model.early_margin
        if margin is not None and (self.running or self.sizes is not None):
            core = "that runs without end" if self.running else "that takes other models"
            raise EdgeSastError(
                f"model: answers early (margin {margin}), and a core {core} computes all steps; leave its margin out: "
                "'edge-sast export MODEL --no-early'"
            )
        _ = self.weights, self.membrane_bits  # with what they ask for, all that is ever refused

    @cached_property
    def engine(self) -> Engine:
        return build_engine(parts(self.model), Lanes(self.lanes))

    @cached_property
    def weighted(self) -> dict[int, Weighted]:
        """The weighted layers by their index in the model."""
        return dict(self.model.weighted())

    @cached_property
    def weights(self) -> WeightPlan:
        return plan_weights(self.engine)

    @cached_property
    def ops(self) -> list[Op]:
        return list_ops(self.engine)

    @cached_property
    def membrane_bits(self) -> list[int]:
        return membrane_bits(self.model, self.engine)

    @cached_property
    def run_tables(self) -> dict[Connection, RunTable]:
        return {
            connection: run_table(self.weights.of[connection], connection)
            for connection in self.engine.connections
        }

    @cached_property
    def lane_table(self) -> bool:
        """Whether the lanes of some source quad differ in more than where their weights lie."""
        asked = self.sizes is not None and self.sizes["LANE_TABLE"] != 0
        return asked or any(table.by_quad is None for table in self.run_tables.values())

    @cached_property
    def amounts(self) -> bool:
        """Whether what a spike takes off is a parameter of its own: of some layer it is not the threshold."""
        asked = self.sizes is not None and self.sizes["AMB"] != 0
        return asked or any(
            isinstance(layer.neuron, Lif) and layer.neuron.amount is not None
            for layer in self.weighted.values()
        )

    @cached_property
    def columns(self) -> dict[Connection, Columns]:
        """The column table's entries of each connection, one after the other."""
        found = {}
        for connection, table in self.run_tables.items():
            by_quad = None if self.lane_table else table.by_quad
            found[connection] = by_quad or Columns(*(values.reshape(-1) for values in table.columns))
        return found

    @cached_property
    def parameters(self) -> list[Parameters]:
        """Of each engine layer."""
        return [
            parameters(
                None if layer.counted is None else self.weighted[layer.index].neuron, layer.shape.channels
            )
            for layer in self.engine.layers
        ]

    @cached_property
    def parameter_bases(self) -> list[int]:
        """First entry of `params` of each engine layer, and the number of entries."""
        periods = [period(layer, self.engine.lanes) for layer in self.engine.layers]
        return list(accumulate(periods, initial=0))

    @cached_property
    def op_entries(self) -> list[Entry]:
        """The fields of each entry of `ops`."""
        shifts = {index: layer.weight_shift for index, layer in self.weighted.items()}
        tables = self.run_tables
        entries = op_entries(self.ops, self.weights, tables, self.columns, shifts)
        return [entry | {"s": 0} for entry in entries] if self.lane_table else entries

    @cached_property
    def layer_entries(self) -> list[Entry]:
        """The fields of each entry of `layers`."""
        least = min(layer.neuron.state_bits for layer in self.weighted.values())
        sizes = {"MW": max(self.membrane_bits), "SMIN": least} | dict(self.sizes or {})
        return layer_entries(
            self.engine, self.weighted, self.parameter_bases[:-1], sizes["MW"], sizes["SMIN"]
        )

    @cached_property
    def localparams(self) -> dict[str, int]:
        """Every constant of sast_params.vh by name."""
        found = self.needs | dict(self.sizes or {})
        found |= running_constants(self.model, self.engine, recurrent=found["RECURRENT"] != 0)
        loadable = self.sizes is not None
        found |= {"LOADABLE": int(loadable), "REGISTERS": int(loadable or self.registers)}
        found |= {"SPRAM": int(self.spram)}
        return {name: found[name] for name in LOCALPARAMS}

    @cached_property
    def needs(self) -> dict[str, int]:
        """The constants that this model needs, by name."""
        rows = [table.rows for table in self.run_tables.values()]
        depths = {
            "M": self.engine.words,
            "U": self.weights.words,
            "P": self.parameter_bases[-1],
            "R": sum(len(table.ny) for table in rows),
            "C": sum(len(table.n) for table in self.columns.values()),
            "O": len(self.ops),
            "E": len(self.engine.layers),
        }
        return (
            lane_constants(self.engine.lanes)
            | arithmetic_constants(
                list(self.weighted.values()), self.parameters, max(self.membrane_bits), self.amounts
            )
            | membrane_constants(self.engine, self.membrane_bits)
            | memory_constants(depths)
            | {"BDEPTH": 2 * self.parameter_bases[-1], "ULOW": low_words(self.weights.words)}
            | table_constants(rows, self.columns.values(), self.lane_table)
            | op_constants(self.op_entries, self.layer_entries)
            | model_constants(self.model, self.engine, self.running)
        )

    @cached_property
    def images(self) -> tuple[MemoryImage, ...]:
        """Every memory that has contents: weights_0 and on, params, biases, rows, columns, ops, layers, as deep as it
        is."""
        p = self.localparams
        depths = {name: p[depth] for name, depth in DEPTHS.items()}
        return tuple(
            MemoryImage(
                image.name,
                image.width,
                image.words + (0,) * (depths.get(image.name, p["UDEPTH"]) - len(image.words)),
            )
            for image in self.contents
        )

    @cached_property
    def contents(self) -> tuple[MemoryImage, ...]:
        """The same, only as many words as this model uses."""
        p, in_order = self.localparams, [op.connection for op in self.ops]
        return (
            *weight_images(self.engine, self.weights, self.weighted, p["WBITS"]),
            params_image(self.engine, self.parameters, self.engine.lanes, p),
            biases_image(self.engine, self.parameters, self.engine.lanes, p),
            rows_image([self.run_tables[connection].rows for connection in in_order], p),
            columns_image([self.columns[connection] for connection in in_order], p),
            MemoryImage("ops", width(op_fields(p)), tuple(pack(op_fields(p), op) for op in self.op_entries)),
            MemoryImage(
                "layers", width(layer_fields(p)), tuple(pack(layer_fields(p), e) for e in self.layer_entries)
            ),
        )

    @cached_property
    def model_hash(self) -> str:
        """SHA-256 of the model, hexadecimal."""
        return model_hash(self.model)

    def vh(self) -> str:
        """The text of sast_params.vh."""
        return params_vh(self.localparams, self.model_hash)

    def weight_places(self, index: int) -> dict[str, Places]:
        """Of the weighted layer `index` of the model: word and lane of each value of "weight" (and "recurrent")."""
        found = {}
        for number, layer in enumerate(self.engine.layers):
            if layer.index == index and layer.counted is not None:
                pair = self.engine.inputs[number], self.engine.recurrent[number]
                for name, connection in zip(("weight", "recurrent"), pair, strict=True):
                    plan = self.weights.of[connection] if connection else None
                    if isinstance(plan, KernelPlan):
                        found[name] = weight_places(plan)
        return found

    def parameter_places(self, index: int) -> Places:
        """Of the weighted layer `index` of the model: entry of `params` and lane of each channel."""
        for layer, base in zip(self.engine.layers, self.parameter_bases, strict=False):
            if layer.index == index and layer.counted is not None:
                return parameter_places(layer, base, self.engine.lanes)
        raise KeyError(index)
