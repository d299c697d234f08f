"""Figures of the other commands that train: demo, train, sweep, calibrate and compare-dense."""

from __future__ import annotations

from edge_sast.report.schemas.evaluation import passes
from edge_sast.report.schemas.forms import (
    Maybe,
    Schema,
    array,
    count,
    flag,
    integer,
    maybe,
    mean,
    number,
    one_of,
    or_null,
    record,
    share,
    size,
    table,
    words,
)
from edge_sast.report.schemas.shared import INTERVAL, MODEL_HASH, STEPS, VERIFIED

_DEMO, _DEMO_PASSES = passes({})
DEMO = (
    record(
        "Figures of `edge-sast demo`",
        {
            **_DEMO,
            "recordings": words("Name of the recordings"),
            "flash_bytes": size("Tables of all layers"),
            "ram_bytes": size("State of the network"),
            "mismatches": count("Number of values that differ from the runtime, on all targets"),
            "compared_steps": count("Number of steps that were compared, on all targets"),
            "verified": array("Each target", VERIFIED, 1),
            "model_hash": MODEL_HASH,
            "seconds": number("Time of the whole demo", "seconds", 0),
        },
        patterns=_DEMO_PASSES,
    ),
)

_RATE = mean("Mean number of spikes of a neuron in a step")
TRAIN = (
    record(
        "Figures of `edge-sast train`: those of the epoch whose weights the run holds",
        {
            "epoch": integer("Number of the epoch, from 1", least=1),
            "part": words("Method of the epoch, or the weight bits of an integer epoch"),
            "rho": number(
                "Radius of the perturbation at the epoch's end", "Euclidean length of all weights", 0
            ),
            "seconds": number("Time of the epoch", "seconds", 0),
            "train_loss": number("Mean loss of the training recordings", "nats"),
            "train_accuracy": share("Accuracy on the training recordings, while the weights change"),
            "firing_rates": array("Each spiking layer, on the training recordings", _RATE),
            "train_synops": maybe(
                "with --synops-target", mean("Mean number of SynOps of a training recording")
            ),
            "train_instructions": maybe(
                "with --instructions-target",
                mean("Mean number of instructions of a training recording, estimated for a Cortex-M4"),
            ),
            "valid_accuracy": share("Accuracy on the recordings that were held out"),
            "valid_pass": words("Pass that was judged on these: hard, or the weight bits"),
            "valid_synops": mean("Mean number of SynOps (weight additions) of a held-out recording"),
            "synops_multiplier": maybe(
                "with --synops-target", number("Lagrange multiplier of the target", "nats", 0)
            ),
            "valid_instructions": maybe(
                "with --instructions-target",
                mean("Mean number of instructions of a held-out recording, estimated for a Cortex-M4"),
            ),
            "instructions_multiplier": maybe(
                "with --instructions-target", number("Lagrange multiplier of the target", "nats", 0)
            ),
            "valid_surrogate_accuracy": maybe(
                "of the last float epoch of a smooth training",
                share("Accuracy with smooth spikes on these"),
            ),
        },
        [
            ("train_synops", "synops_multiplier"),
            ("train_instructions", "valid_instructions", "instructions_multiplier"),
        ],
    ),
)

_GAP = number("Accuracy with smooth spikes minus accuracy with hard spikes", "fractions of 1", -1, 1)
_MEASURED: dict[str, Schema] = {
    "accuracy": share("Accuracy of the integer model on held-out recordings"),
    "synops_per_sample": mean("Mean number of SynOps of a recording"),
    "flash_bytes": size("Tables of all layers"),
    "ram_bytes": size("State of the network"),
    "hard_accuracy": share("Accuracy with hard spikes and float weights"),
    "surrogate_accuracy": share("Accuracy with smooth spikes"),
    "gap": _GAP,
    "gap_before_finish": or_null("where training did not measure it", _GAP),
    "seconds": number("Time of all epochs", "seconds", 0),
}
_ONLY_TRIALS: dict[str, Schema] = {
    "bits": array("Weight bits of each layer", integer("Weight bits", least=1, most=8)),
    "spikes_per_sample": mean("Mean number of spikes of a recording"),
    "samples": count("Number of held-out recordings"),
}
_SETTINGS = table("Values of the options that vary, by name", words("A value, as text"))


def _over_seeds(name: str, schema: Schema) -> Schema | Maybe:
    told = {key: value for key, value in schema.items() if key != "description"} | {"type": "number"}
    kinds = {"mean": "Mean", "min": "Least", "max": "Largest"}
    found = record(
        f"Over seeds: {schema['description'].partition(' Null ')[0].removesuffix('.')}",
        {kind: {**told, "description": f"{title} of the finished trials."} for kind, title in kinds.items()},
    )
    return maybe("where every trial measured it", found) if name == "gap_before_finish" else found


SWEEP = (
    record(
        "Figures of `edge-sast sweep`",
        {
            "objectives": array("Objectives, as --objective names them", words("An objective"), 1),
            "trials": array(
                "Every trial",
                record(
                    "A trial",
                    {
                        "name": words("Name"),
                        "trial": count("Number in the study, from 0"),
                        "settings": _SETTINGS,
                        "folder": words("Folder of its run"),
                        "state": one_of("Whether it is finished", "complete", "failed", "unfinished"),
                        "reason": maybe("of a failed trial", words("Why it failed")),
                        **{
                            name: maybe("of a complete trial", each)
                            for name, each in (_MEASURED | _ONLY_TRIALS).items()
                        },
                        "pareto": flag("Whether nothing beats its settings in the objectives"),
                    },
                    [(*_MEASURED, *_ONLY_TRIALS)],
                ),
            ),
            "groups": array(
                "Finished trials that differ only in the seed",
                record(
                    "A group",
                    {
                        "settings": _SETTINGS,
                        "trials": array("Names of the finished trials", words("A name"), 1),
                        "planned": count("Number of trials that were planned"),
                        **{name: _over_seeds(name, each) for name, each in _MEASURED.items()},
                        "pareto": flag("Whether no other group's means beat these in the objectives"),
                    },
                ),
            ),
            "left_out": array(
                "Settings that cannot be trained",
                record("A combination", {"settings": _SETTINGS, "reason": words("Why it was left out")}),
            ),
        },
    ),
)

_JUDGED = {
    "accuracy": share("Accuracy"),
    "steps_per_sample": mean("Mean number of steps of a recording"),
    "synops_per_sample": mean("Mean number of SynOps of a recording"),
}
CALIBRATE = (
    record(
        "Figures of `edge-sast calibrate`",
        {
            "run": words("Folder of the run, as it was named"),
            "recordings": count("Number of training recordings"),
            "layers": array(
                "Each spiking layer",
                record(
                    "A layer",
                    {
                        "layer": words("Name"),
                        "aim": mean("Rate with smooth spikes: spikes of a neuron in a step"),
                        "before": mean("Rate with hard spikes before: spikes of a neuron in a step"),
                        "after": mean("Rate with hard spikes after: spikes of a neuron in a step"),
                        "least": mean("Smallest factor of a threshold, a ratio"),
                        "most": mean("Largest factor of a threshold, a ratio"),
                    },
                ),
            ),
        },
    ),
    record(
        "Figures of `edge-sast calibrate --early`",
        {
            "model": words("Model file or run, as it was named"),
            "recordings": words("Name of the recordings"),
            "samples": count("Number of recordings"),
            "allowed_points": number("Loss of accuracy that --early allows", "percentage points", 0, 100),
            "margin": integer("Lead of the largest output at which the model answers", least=1),
            "model_hash": MODEL_HASH,
            "all_steps": record("Without the margin", _JUDGED),
            "early": record("With it", _JUDGED),
            "steps": STEPS,
        },
    ),
)

_FLAGS = array("How it is compiled", words("An option of the compiler"))


def _ways(unit: str) -> Schema:
    kinds = {
        "direct": "events one by one",
        "stream": "events with time stamps, in bursts",
        "answer": "of the first, after the last event that was needed",
    }
    return record(
        f"Mean number of {unit} of a recording",
        {name: mean(f"Number of {unit}, {how}") for name, how in kinds.items()},
    )


_SIDE: dict[str, Schema | Maybe] = {
    "accuracy": share("Accuracy"),
    "accuracy_interval": INTERVAL,
    "instructions": _ways("instructions"),
    "cycles": table("Estimates, by core; empty for a core without timings", _ways("cycles")),
    "flash_bytes": size("Code and tables"),
    "ram_bytes": size("RAM without stack"),
    "latency_ms": number("Mean time from the first event to the answer", "milliseconds", 0),
}
_TRAINED = table(
    "How the CNN was trained: its recordings, their digest, and its settings, as its file says", {}
)
COMPARE_DENSE = (
    record(
        "Figures of `edge-sast compare-dense`",
        {
            "run": words("Run or model file, as it was named"),
            "recordings": words("Name of the recordings"),
            "samples": count("Number of recordings of the accuracies"),
            "counted": count("Number of recordings of the costs"),
            "events_per_recording": mean("Mean number of events of these"),
            "on": words("Emulated core"),
            "toolchain": words("Compiler"),
            "flags": record("Options of the compiler", {"spiking": _FLAGS, "dense": _FLAGS}),
            "hz": number("Frequency of the latencies", "hertz", 0),
            "spiking": record("The spiking network", {**_SIDE, "model_hash": MODEL_HASH, "steps": STEPS}),
            "dense": record(
                "The dense int8 CNN",
                {
                    **_SIDE,
                    "macs": count("Number of multiply-accumulates of a recording"),
                    "trained": _TRAINED,
                },
            ),
            "rows": array(
                "Each figure of both",
                record(
                    "A figure",
                    {
                        "name": words("What it is"),
                        "unit": words("Its unit; empty for counts"),
                        "spiking": mean("Of the spiking network, in the unit"),
                        "dense": mean("Of the dense CNN, in the unit"),
                        "winner": or_null(
                            "where both are even", one_of("Who has the better one", "spiking", "dense")
                        ),
                        "margin": or_null(
                            "where the smaller is 0",
                            mean("Percentage points of accuracy, else how many times less"),
                        ),
                    },
                ),
            ),
            "verdict": words("Who wins on what, as a sentence"),
        },
    ),
)
