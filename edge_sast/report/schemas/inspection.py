"""Figures of `edge-sast inspect`: layers, memory on a core, and the rate of events that a part keeps."""

from __future__ import annotations

from edge_sast.report.schemas.forms import (
    array,
    count,
    integer,
    maybe,
    mean,
    number,
    one_of,
    or_null,
    record,
    share,
    size,
    words,
)
from edge_sast.report.schemas.shared import CLASSES, CONFUSION, EARLY, MODEL_HASH

_WEIGHTED = {
    "weights": count("Number of weights, recurrent ones included"),
    "bits": integer("Weight bits", least=1, most=8),
    "weight_shift": count("Number of bits by which weights are shifted left when they are added"),
    "state_bits": count("Number of bits of a membrane"),
    "leak_shifts": array("Shifts of the leak: each takes membrane >> shift off", count("Number of bits")),
    "neuron": one_of("Kind of neuron", "lif", "integrator"),
    "accumulator_low": integer("Least value that a membrane can take before saturation, proven"),
    "accumulator_high": integer("Largest value that a membrane can take before saturation, proven"),
    "accumulator_bits": count("Number of bits that hold both"),
    "max_synops_per_step": count("Largest number of SynOps of a step"),
}
_SPIKING = {
    "reset": words("What a spike does to the membrane: zero or subtract"),
    "threshold_low": integer("Least threshold of a channel"),
    "threshold_high": integer("Largest threshold of a channel"),
}
_TAKING = {
    "amount_low": integer("Least amount that a spike takes off, of a channel"),
    "amount_high": integer("Largest amount that a spike takes off, of a channel"),
}
_MEASURED = {
    "synops_per_sample": mean("Mean number of SynOps of a recording"),
    "spikes_per_sample": mean("Mean number of spikes of a recording"),
    "firing_rate": mean("Mean number of spikes of a neuron in a step"),
}
_LAYER = record(
    "A layer",
    {
        "index": count("Index in the model file, from 0"),
        "kind": words("Kind of the layer, as the model file writes it"),
        "height": count("Number of rows of the output"),
        "width": count("Number of columns of the output"),
        "channels": count("Number of channels of the output"),
        "neurons": count("Number of values of the output"),
        "size": maybe("of pools", count("Number of rows and of columns that become one")),
        **{name: maybe("of layers with weights", each) for name, each in _WEIGHTED.items()},
        **{name: maybe("of layers that spike", each) for name, each in _SPIKING.items()},
        **{
            name: maybe("of layers where a spike takes off an amount of its own", each)
            for name, each in _TAKING.items()
        },
        **{name: maybe("of layers with weights, with --data", each) for name, each in _MEASURED.items()},
        "flash_bytes": size("Tables of the layer"),
        "ram_bytes": size("State of the layer"),
    },
    [tuple(_WEIGHTED), tuple(_SPIKING), tuple(_TAKING), tuple(_MEASURED)],
)
_MEMORY = record(
    "Memory of the firmware on a core, predicted",
    {
        "core": words("Name of the core"),
        "compiler": words("Compiler whose code was measured"),
        "tables_bytes": size("Tables of all layers"),
        "descriptors_bytes": size("Descriptors of layers, and names of model and classes"),
        "code_bytes": size("Code with its constants"),
        "flash_bytes": size("Flash: tables, descriptors and code"),
        "state_bytes": size("State of all layers"),
        "context_bytes": size("The library's own variables"),
        "stack_bytes": size("Largest stack of the library"),
        "observed_stack_bytes": size("Largest stack with an observer"),
        "ram_bytes": size("RAM: state, context and stack"),
        "stack_path": array("Calls that take the largest stack", words("A function")),
        "layers": array(
            "Each layer",
            record(
                "A layer",
                {
                    "tables_bytes": size("Tables"),
                    "descriptor_bytes": size("Descriptor"),
                    "code_bytes": size("Functions that only layers like this one need"),
                    "state_bytes": size("State"),
                    "stack_bytes": size("Largest stack while the layer is computed"),
                },
            ),
        ),
        "not_included": words("What the figures leave out"),
    },
)
_RATE = record(
    "The rate of events that a part keeps",
    {
        "on": words("Core, part or board, as --on names it"),
        "core": words("Its core"),
        "hz": number("Frequency", "hertz", 0),
        "toolchain": words("Compiler"),
        "flags": array("How it compiles", words("An option of the compiler")),
        "cycles_per_instruction": number("Estimate", "cycles per instruction", 0),
        "cycles_basis": words("What the estimate stands on"),
        "step_us": integer("Length of a step", "microseconds", least=1),
        "kept": record(
            "What the part keeps at the model's own steps",
            {
                "events": or_null("where not even an empty step is kept", count("Most events in a step")),
                "events_per_second": or_null(
                    "where not even an empty step is kept",
                    number("The same as a rate", "events per second", 0),
                ),
                "shortest_s": number("Time of a step without events", "seconds", 0),
                "latency_s": number("Longest time from the end of such a step to its decision", "seconds", 0),
            },
        ),
        "not_included": words("What the figures leave out"),
        "recordings": maybe(
            "with --data",
            record(
                "Instructions of the steps of recordings",
                {
                    "recordings": count("Number of recordings"),
                    "steps": count("Number of steps"),
                    "mean_events": mean("Mean number of events of a step"),
                    "most_events": count("Largest number of events of a step"),
                    "mean_instructions": mean("Mean number of instructions of a step"),
                    "p99_instructions": count("99th percentile of the number of instructions of a step"),
                    "most_instructions": count("Largest number of instructions of a step"),
                    "nearest_to_bound": share("Largest share that a step took of its bound"),
                },
            ),
        ),
        "steps": array(
            "Bounds by the number of events",
            record(
                "The bound of a step",
                {
                    "events": count("Number of events"),
                    "instructions": count("Largest number of instructions, proven"),
                    "push_instructions": count("Number of those in sast_push"),
                    "step_instructions": count("Number of those in sast_step"),
                    "layer_instructions": array("Of each layer", count("Largest number of instructions")),
                    "layer_spikes": array("Of each layer", count("Largest number of spikes")),
                    "seconds": number("Time of the instructions, estimated", "seconds", 0),
                },
            ),
        ),
    },
)
_TABLES = record(
    "Of an exported folder of tables for FPGAs",
    {
        "lanes": count("Number of lanes"),
        "word_bits": or_null("where words are as wide as their entries", count("Number of bits of a word")),
        "formats": array("Formats of the files that were read and agree", words("A format")),
    },
)
INSPECT = (
    record(
        "Figures of `edge-sast inspect`",
        {
            "format_version": count("Version of the model file's format"),
            "model_hash": MODEL_HASH,
            "producer": words("Program that wrote the model"),
            "classes": CLASSES,
            "early_margin": maybe(EARLY, integer("Lead of the largest output at which it answers", least=1)),
            "layers": array("Each layer", _LAYER),
            "flash_bytes": size("Tables of all layers"),
            "ram_bytes": size("State of all layers, input and outputs"),
            "input_ram_bytes": size("Input"),
            "output_ram_bytes": size("Outputs"),
            "max_synops_per_step": count("Largest number of SynOps of a step"),
            "memory": _MEMORY,
            "tables": maybe("of a folder of tables", _TABLES),
            "samples": maybe("with --data", count("Number of recordings")),
            "accuracy": maybe("with --data", share("Accuracy")),
            "synops_per_sample": maybe("with --data", mean("Mean number of SynOps of a recording")),
            "confusion": maybe("with --data", CONFUSION),
            "rate": maybe("with --on", _RATE),
        },
        [("samples", "accuracy", "synops_per_sample", "confusion")],
    ),
)
