"""What `edge-sast evaluate` measures besides accuracy: faults, sharpness, gradients, contraction and energy."""

from __future__ import annotations

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
    table,
    words,
)

_CORRUPTIONS = record(
    "Accuracy under faults of camera and scene",
    {
        "pass": words("Pass that was judged"),
        "severities": array("Severities, from 1 to 5", integer("A severity", least=1, most=5)),
        "seed": count("Seed of the faults"),
        "clean": share("Accuracy without a fault"),
        "kinds": table(
            "Each kind of fault",
            record(
                "A kind",
                {"accuracy": array("At each severity", share("Accuracy")), "mean": share("Mean accuracy")},
            ),
        ),
        "mean": share("Mean accuracy of all kinds"),
    },
)
_RANK = or_null("of a matrix of zeros", mean("Stable rank of the layer's weights, a ratio"))
_SHARPNESS = record(
    "Sharpness of the loss around the weights",
    {
        "pass": words("Pass of the loss"),
        "gradient": one_of("What stood for the gradient", "exact", "surrogate"),
        "recordings": count("Number of training recordings"),
        "rho": number("Radius", "Euclidean length of all weights", 0),
        "loss": number("Loss at the weights", "nats"),
        "gap": number("Rise of the loss at the radius, along the gradient", "nats"),
        "gradient_norm": number("Norm of the gradient", "nats per weight", 0),
        "top_eigenvalue": number("Largest eigenvalue of the Hessian", "nats per squared weight"),
        "eigenvalue_residual": number("Its residual", "nats per squared weight"),
        "curvature_products": count("Number of Hessian-vector products that it took"),
        "stable_ranks": array(
            "Each layer with weights",
            record(
                "A layer",
                {
                    "layer": words("Name"),
                    "stable_rank": _RANK,
                    "largest": count("Largest rank that it can have"),
                    "recurrent_stable_rank": maybe("of recurrent layers", _RANK),
                },
            ),
        ),
    },
)
_NORMS = {
    "mean": number("Mean norm over recordings", "nats per unit of its argument", 0),
    "quantile_95": number("95 % quantile of the norms", "nats per unit of its argument", 0),
}
_GRADIENTS = record(
    "Norms of the loss's gradients on their way to the input",
    {
        "pass": words("Pass of the loss"),
        "input": record("By the counts of events", _NORMS),
        "layers": array(
            "By the currents of each spiking layer", record("A layer", {"layer": words("Name"), **_NORMS})
        ),
    },
)
_CONTRACTION = array(
    "Whether membranes forget, of each spiking layer",
    record(
        "A layer",
        {
            "layer": words("Name"),
            "reset": words("What a spike does to the membrane"),
            "tau": share("Decay of a step"),
            "steepest": number("Largest slope of the surrogate", "spikes per threshold", 0),
            "bound": or_null("where membranes do not leak", number("Bound of the membrane", "thresholds", 0)),
            "left_side": or_null(
                "where there is no bound", mean("Left side of the condition, a ratio to be below 1")
            ),
            "holds": flag("Whether it is below 1"),
            "largest_seen": mean("Largest derivative of a membrane by the one before that was seen, a ratio"),
            "mean_seen": mean("Mean of these derivatives, a ratio"),
        },
    ),
)
_COUNTS = {
    "additions": mean("Number of additions of a recording"),
    "multiplications": mean("Number of multiplications of a recording"),
    "scratchpad_bits": mean("Number of bits that the scratchpad gives or takes"),
    "buffer_bits": mean("Number of bits that the buffer gives or takes"),
    "dram_bits": mean("Number of bits that the DRAM gives or takes"),
}
_STAGE: dict[str, Schema | Maybe] = {
    **_COUNTS,
    "picojoules": number("Energy of a recording", "picojoules", 0),
    "layers": array("Each layer with weights", record("A layer", _COUNTS)),
}
_ACTIVITY = array(
    "Counts of each layer with weights, of a recording over all steps",
    record(
        "A layer",
        {
            "synops": mean("Number of SynOps"),
            "active_inputs": mean("Number of inputs that are not 0"),
            "active_synapses": mean("Number of synapses that these reach"),
            "spikes": mean("Number of spikes"),
            "active_slopes": mean("Number of neurons and steps with a slope of the surrogate that is not 0"),
            "active_gradients": mean("Number of neurons and steps with a gradient that is not 0"),
            "gradient_synapses": mean("Number of synapses from these back to inputs"),
        },
    ),
)
_PRICES = record(
    "Prices of operations, and of 64 bits that a memory gives or takes",
    {
        "source": words("Where they come from"),
        **{
            name: number(title, "picojoules", 0)
            for name, title in (
                ("add_float32", "Addition of float32"),
                ("multiply_float32", "Multiplication of float32"),
                ("add_int32", "Addition of int32"),
                ("multiply_int8", "Multiplication of int8"),
                ("scratchpad", "64 bits of the scratchpad"),
                ("buffer", "64 bits of the buffer"),
                ("dram", "64 bits of the DRAM"),
            )
        },
    },
)
_NO_PRICE = "where prices are 0, or there is none"
_ENERGY = record(
    "Energy of training and inference, counted and priced",
    {
        "prices": _PRICES,
        "layers": array(
            "Sizes of each layer with weights",
            record(
                "A layer",
                {
                    "layer": words("Name"),
                    "inputs": count("Number of inputs"),
                    "neurons": count("Number of neurons"),
                    "weights": count("Number of weights"),
                    "connections": count("Number of synapses"),
                    "steps": count("Number of steps"),
                },
            ),
        ),
        "training": or_null(
            "where training does not go through all steps",
            record(
                "A training step of a recording",
                {
                    "pass": words("Forward pass"),
                    **{
                        name: record(f"Its {name} part", _STAGE) for name in ("forward", "backward", "update")
                    },
                    "picojoules": number("Energy of all three", "picojoules", 0),
                    "activity": _ACTIVITY,
                },
            ),
        ),
        "inference": record(
            "An inference of the integer model",
            {**_STAGE, "pass": words("Weight bits, as the passes are named")},
        ),
        "dense": record("An inference of its dense twin", _STAGE),
        "inference_activity": _ACTIVITY,
        "rate": or_null(_NO_PRICE, number("Rate of all neurons that would cost the same", "spikes per step")),
        "break_even_rate": or_null(
            _NO_PRICE, number("Rate below which the dense twin costs more", "spikes per step", 0)
        ),
    },
)
PARTS: dict[str, Maybe] = {
    "corruptions": maybe("with --corruptions", _CORRUPTIONS),
    "sharpness": maybe("with --sharpness", _SHARPNESS),
    "gradients": maybe("with --gradients", _GRADIENTS),
    "contraction": maybe("with --contraction", _CONTRACTION),
    "energy": maybe("with --energy", _ENERGY),
}
