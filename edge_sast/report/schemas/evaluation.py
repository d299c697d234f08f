"""Figures of `edge-sast evaluate`, of one run and of several seeds, and of every pass of a network."""

from __future__ import annotations

from typing import Any

from edge_sast.report.schemas.forms import (
    Maybe,
    Schema,
    array,
    count,
    integer,
    mean,
    number,
    record,
    share,
    words,
)
from edge_sast.report.schemas.measures import PARTS
from edge_sast.report.schemas.shared import CLASSES, CONFUSION, INTERVAL, LEFT_OUT, STEPS

_BITS = r"(binary|int[1-8](-[1-8])*)"
_RATE = mean("Mean number of spikes of a neuron in a step")
_PASS: dict[str, Schema | Maybe] = {
    "accuracy": share("Accuracy"),
    "synops_per_sample": mean("Mean number of SynOps (weight additions) of a recording"),
    "spikes_per_sample": mean("Mean number of spikes of a recording"),
    "firing_rates": array("Each spiking layer", _RATE),
}
_INTEGER: dict[str, Schema | Maybe] = {
    "rate_distances": array(
        "Earth mover's distance of the neurons' rates from those of the hard pass, of each spiking layer",
        number("Distance", "spikes of a neuron in a step", 0),
    ),
    "trainer_runtime_differences": count("Number of recordings that trainer and runtime answer differently"),
}
_EARLY: dict[str, Schema | Maybe] = {
    "margin": integer("Lead of the largest output at which the model answers", least=1),
    "steps": STEPS,
}


def passes(
    extra: dict[str, Schema | Maybe], confusion: bool = True
) -> tuple[dict[str, Any], dict[str, Schema]]:
    """Properties and patterns of an object that holds a network's passes. extra: keys that each pass has, too."""
    told = {"confusion": CONFUSION} if confusion else {}
    usual = {**_PASS, **told}
    whole = {
        name: record(f"Float weights, {spikes} spikes", {**usual, **extra})
        for name, spikes in (("surrogate", "smooth"), ("hard", "hard"))
    }
    patterns = {
        f"^{_BITS}$": record(
            "Integers, with so many weight bits; of each layer where they differ",
            {**usual, **_INTEGER, **extra},
        ),
        f"^{_BITS}, early$": record("The same, answering early", {**_PASS, **_EARLY, **extra}),
    }
    return {"samples": count("Number of recordings"), "classes": CLASSES, **whole}, patterns


_NAMED = {
    "run": words("Folder of the run, as it was named"),
    "seed": count("Seed of its training"),
    "recordings": words("Name of the recordings"),
}


def _one_run(title: str, more: dict[str, Schema | Maybe]) -> Schema:
    properties, patterns = passes({"accuracy_interval": INTERVAL})
    parts = {
        name: Maybe({"$ref": f"#/$defs/{name}", "description": each.schema["description"]})
        for name, each in PARTS.items()
    }
    return record(title, {**_NAMED, **properties, **parts, **more}, patterns=patterns)


def over_runs(schema: Schema) -> Schema:
    """Of figures of one run the form of their summary, as edge_sast.report.intervals.summarise makes it."""
    told = {"description": schema["description"]}
    if "anyOf" in schema:
        return {
            "anyOf": [
                *(over_runs(each) for each in schema["anyOf"] if "description" in each),
                {"type": "null"},
            ],
            **told,
        }
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", ["string"])
    if "object" in kinds:
        held: Schema = {
            name: {key: over_runs(each) for key, each in schema[name].items()}
            for name in ("properties", "patternProperties")
            if name in schema
        }
        rest = schema.get("additionalProperties", False)
        return {**schema, **held, "additionalProperties": over_runs(rest) if isinstance(rest, dict) else rest}
    if "array" in kinds:
        return {"type": ["array", "null"], "items": over_runs(schema["items"]), **told}
    if "number" in kinds or "integer" in kinds:
        return {"anyOf": [_OVER_RUNS, {"type": [*dict.fromkeys([*kinds, "null"])]}], **told}
    return {"type": [*dict.fromkeys([*kinds, "null"])], **told}


DEFINED = {
    "over_runs": record(
        "A figure that differs from run to run",
        {
            name: {"type": "number", "description": f"{title}, in the figure's unit."}
            for name, title in (
                ("mean", "Mean"),
                ("deviation", "Standard deviation (n - 1)"),
                ("low", "Lower limit of the 95 % interval of the mean (Student's t)"),
                ("high", "Upper limit of the 95 % interval of the mean (Student's t)"),
            )
        },
    ),
    **{name: each.schema for name, each in PARTS.items()},
}
_OVER_RUNS = {"$ref": "#/$defs/over_runs"}


def _summary() -> Schema:
    properties, patterns = passes({}, confusion=False)
    one = record(
        "Figures of all runs together, of the shape of one run's. What every run has alike stays as it is; what "
        "differs has mean, deviation and interval, or is null where it is no number",
        {"recordings": _NAMED["recordings"], **properties, **PARTS},
        patterns=patterns,
    )
    return over_runs(one)


EVALUATE = (
    _one_run("Figures of `edge-sast evaluate` of one run", LEFT_OUT),
    record(
        "Figures of `edge-sast evaluate` of several runs",
        {
            "runs": array("Each run", _one_run("A run", {}), 2),
            "summary": _summary(),
            **LEFT_OUT,
        },
    ),
)
