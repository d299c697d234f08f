"""Figures of the commands of model files: export, import and run."""

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
    table,
    words,
)
from edge_sast.report.schemas.shared import CLASSES, CONFUSION, EARLY, LEFT_OUT, MODEL_HASH, STEPS

_JUDGED = {
    "recordings": maybe("where recordings were read", words("Name of the recordings")),
    "samples": maybe("where recordings were read", count("Number of recordings")),
}
_INTEGER = {"integer_accuracy": maybe("where recordings were read", share("Accuracy of the integer model"))}

EXPORT = (
    record(
        "Figures of `edge-sast export` of a trained run",
        {
            "bits": array("Weight bits of each layer", integer("Weight bits", least=1, most=8)),
            "model_hash": MODEL_HASH,
            **_JUDGED,
            "hard_accuracy": maybe(
                "where recordings were read", share("Accuracy with hard spikes and float weights")
            ),
            **_INTEGER,
        },
        [("recordings", "samples", "hard_accuracy", "integer_accuracy")],
    ),
    record(
        "Figures of `edge-sast export` of a model file",
        {"model_hash": MODEL_HASH, **_JUDGED, **_INTEGER},
        [("recordings", "samples", "integer_accuracy")],
    ),
)

_RULES = record(
    "How the tool computes a step: the rules that were taken",
    {
        "threshold": one_of(
            "Whether a membrane above the threshold spikes, or one that reaches it too", "gt", "ge"
        ),
        "reset": one_of("What a spike does to the membrane", "zero", "subtract", "subtract-later"),
        "spikes": one_of("Number of spikes that a neuron may give in a step", "one", "many"),
        "decay": one_of("Decay of a step: 1 - dt/tau, or exp(-dt/tau)", "euler", "exp"),
        "tau": one_of("Whether tau is what the file says, or times dt", "plain", "times-dt"),
        "dt": number("Time of a step", "the file's unit of time"),
        "gain": words("Factor of a neuron's input: file, leak, none or a number"),
        "if_gain": one_of("Factor of an IF's input", "r", "r-dt"),
        "start": one_of("Membrane at the first step", "zero", "reset", "leak"),
    },
)
_IMPORTED = {
    "rules": or_null("of a file that edge-sast wrote", _RULES),
    "rules_from": table(
        "Where each rule comes from, by its name", words("The option, or the tool and its version")
    ),
    "notes": array("What is not exact, or was assumed", words("A sentence")),
}
IMPORT = (
    record("Figures of `edge-sast import` to a model file", {**_IMPORTED, "model_hash": MODEL_HASH}),
    record(
        "Figures of `edge-sast import` to a run",
        {**_IMPORTED, "arch": words("The layers, as --arch names them")},
    ),
)

_STEPS_TOLD = record(
    "Every step of a recording",
    {
        "source": words("Name of the recording"),
        "crcs": array(
            "CRC-32 of the membranes, spikes and counters of each step", words("Eight hexadecimal digits")
        ),
        "synops": array(
            "A row for each step",
            array("SynOps of each layer with weights", count("Number of weight additions")),
        ),
        "spikes": array(
            "A row for each step", array("Spikes of each layer with weights", count("Number of spikes"))
        ),
        "outputs": array(
            "Outputs of the classes after the last step", integer("Output of a class, an integer")
        ),
        "prediction": words("Class with the largest output"),
    },
)
RUN = (
    record(
        "Figures of `edge-sast run`",
        {
            "samples": count("Number of recordings"),
            "accuracy": or_null("where recordings have no label", share("Accuracy")),
            "synops_per_sample": mean("Mean number of SynOps (weight additions) of a recording"),
            "seconds": number(
                "Time of the simulation, without compilation and start of workers", "seconds", 0
            ),
            "samples_per_second": number("Speed", "recordings per second", 0),
            "synops_per_second": number("Speed", "SynOps per second", 0),
            "early_margin": maybe(EARLY, integer("Lead of the largest output at which it answers", least=1)),
            "steps": maybe(EARLY, STEPS),
            "engine": maybe(
                "with --engine processes or ray", one_of("What ran the workers", "processes", "ray")
            ),
            "jobs": maybe("with --engine processes or ray", count("Number of workers")),
            "start_seconds": maybe(
                "with --engine processes or ray", number("Time until the workers had started", "seconds", 0)
            ),
            **LEFT_OUT,
            "classes": maybe("where recordings have labels", CLASSES),
            "confusion": maybe("where recordings have labels", CONFUSION),
            "recordings": maybe("with --json-steps", array("Every step of each recording", _STEPS_TOLD)),
        },
        [("early_margin", "steps"), ("engine", "jobs", "start_seconds"), ("classes", "confusion")],
    ),
)
