"""Forms that the figures of several commands hold."""

from __future__ import annotations

from edge_sast.report.schemas.forms import (
    Maybe,
    Schema,
    array,
    count,
    digest,
    integer,
    maybe,
    mean,
    or_null,
    record,
    share,
    words,
)

EARLY = "of a model that answers early"

MODEL_HASH = digest("SHA-256 of the model's description and tensors")
CLASSES = array("Names of the classes, in the order of the outputs", words("A class"))
CONFUSION = array(
    "How often each class was taken for which: a row for each class, a column for each answer, both in the order of "
    "`classes`",
    array("A class", count("Number of recordings of this class with this answer")),
)
INTERVAL = array("Least and largest accuracy of the 95 % interval (Wilson 1927)", share("A limit"), 2, 2)
LEFT_OUT: dict[str, Schema | Maybe] = {
    "left_out": maybe(
        "with --keep-going", array("Recordings that could not be read, one message each", words("A message"))
    )
}
STEPS = record(
    "How many steps recordings took until their answer",
    {
        "mean": mean("Mean number of steps"),
        "p10": count("Number of steps within which 10 % of the recordings ended"),
        "p50": count("Number of steps within which 50 % of the recordings ended"),
        "p90": count("Number of steps within which 90 % of the recordings ended"),
        "max": count("Largest number of steps"),
        "histogram": array(
            "Recordings that took 1, 2, ... steps, up to the model's number of steps",
            count("Number of recordings"),
        ),
    },
)
MISMATCH = record(
    "The first value that differs from the runtime",
    {
        "sample": count("Index of the recording, from 0"),
        "source": words("Name of the recording"),
        "step": or_null("after the last step", count("Index of the step, from 0")),
        "layer": or_null("where no layer is meant", count("Index of the layer in the model file, from 0")),
        "quantity": words(
            "What differs: membrane, spike, synops, spikes, crc, output, class, total synops, total spikes or steps"
        ),
        "neuron": or_null("where none is meant", count("Index of the neuron, or of the class of an output")),
        "expected": integer("Value of the runtime"),
        "got": integer("Value of the device"),
    },
)
FIRST_MISMATCH = or_null("where everything agrees", MISMATCH)


def spread(text: str, unit: str) -> Schema:
    """Of what was measured: mean, 99th percentile, largest."""
    return record(
        text,
        {name: mean(f"{title}, in {unit}") for name, title in _SPREAD.items()},
    )


_SPREAD = {"mean": "Mean", "p99": "99th percentile (nearest rank)", "max": "Largest"}

REPORT: dict[str, Schema | Maybe] = {
    "target": words("What ran the build: host, a core, a simulator, or the port of a board"),
    "samples": count("Number of recordings that were compared"),
    "steps": count("Number of steps that were compared"),
    "mismatches": count("Number of values, or on a board of recordings, that differ from the runtime"),
    "first_mismatch": FIRST_MISMATCH,
    "toolchain": or_null(
        "where none is named: on this computer, on boards", words("What compiled or simulated")
    ),
    "steps_per_sample": maybe(EARLY, STEPS),
}
VERIFIED = record("A comparison of a build with the runtime, on this computer, a core or a board", REPORT)
