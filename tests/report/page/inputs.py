"""Inputs of a page: as many runs as are wanted, and a file of figures of every command that has a section."""

from __future__ import annotations

import math

from edge_sast.report.figures import Figures
from edge_sast.report.page.inputs import (
    Built,
    FiguresInput,
    Histogram,
    Inputs,
    LayerIntegers,
    LayerMembranes,
    LayerWeights,
    ModelInput,
    RunInput,
)

CLASSES = ["column", "diagonal", "row"]
PASSES = ("surrogate", "hard", "int8", "int4")
SIZES = {"tables_bytes": 1200, "code_bytes": 800, "state_bytes": 300, "stack_bytes": 200}
LAYERS = [
    {"index": 0, "kind": "conv2d", "height": 6, "width": 6, "channels": 4, "bits": 8},
    {"index": 1, "kind": "linear", "height": 1, "width": 1, "channels": 3, "bits": 8},
]
MEMORY = {
    **{"core": "cortex-m4", "compiler": "gcc 12", "flash_bytes": 4096, "ram_bytes": 1024, "state_bytes": 600},
    **{"context_bytes": 52, "stack_bytes": 200, "layers": [SIZES, SIZES], "not_included": "your own code"},
}
MISMATCH = {
    "sample": 1,
    "step": 2,
    "layer": 0,
    "neuron": 7,
    "quantity": "membrane",
    "expected": 113,
    "got": 112,
}


def run_input(label: str, seed: int = 0, epochs: int = 30) -> RunInput:
    metrics = [
        {
            **{
                "epoch": epoch,
                "part": "hard",
                "seconds": 1.5,
                "rho": 0.0,
                "train_loss": 1 / epoch + seed / 100,
            },
            **{"train_accuracy": 1 - 0.5 / epoch, "valid_accuracy": 1 - 0.6 / epoch, "valid_pass": "hard"},
            **{"firing_rates": [0.05, 0.1 / epoch], "train_synops": 9000.0, "valid_synops": 8000.0},
        }
        for epoch in range(1, epochs + 1)
    ]
    settings = {
        "method": "sast",
        "data": "lines",
        "arch": "6c5s2p2-out",
        "epochs": epochs,
        "rho": 0.05,
        "seed": seed,
    }
    usual = {"method": "custom", "epochs": 12, "rho": 0.0, "seed": 0}
    edges = tuple(float(i) for i in range(-32, 33))
    shares = tuple(math.exp(-abs(edge) / 8) / 16 for edge in edges[:-1])
    layer = LayerWeights(
        "layer 1 (6c5s2p2)", 8, 600, Histogram(edges, shares), Histogram(edges, shares), 0.29, 0.01, 0.02
    )
    return RunInput(label, f"runs/{label}", settings, usual, metrics, epochs, epochs, CLASSES, [layer])


def model_input(label: str) -> ModelInput:
    return ModelInput(label, f"build/{label}", {"layers": LAYERS}, MEMORY, f"edge-sast inspect build/{label}")


def built(label: str, bits: int, run: str = "") -> Built:
    """Two layers of a bell of integers."""
    largest = 2 ** (bits - 1) - 1
    step = max(1, largest // 32)
    edges = tuple(float(edge) - step / 2 for edge in range(-largest, largest + step + 1, step))
    heights = [math.exp(-(((left + step / 2) / (largest / 3)) ** 2)) for left in edges[:-1]]
    shown = Histogram(edges, tuple(height / sum(heights) for height in heights))
    layers = [
        LayerIntegers(
            name, bits, 600, shown, 0.3 / bits, 0.02, 1.0 if bits == 8 else 0.99, 0.0 if bits == 8 else 0.29
        )
        for name in ("layer 0, conv2d", "layer 3, linear")
    ]
    return Built(label, f"{bits:064x}", layers, run, f"int{bits}" if run else "")


def passes(run: str, shift: float = 0.0) -> dict:
    """What `evaluate` says of one run."""
    found: dict = {"run": run, "seed": 0, "recordings": "lines test", "samples": 30, "classes": CLASSES}
    for name, accuracy in (("surrogate", 0.9), ("hard", 0.8), ("int8", 0.8), ("int4", 0.7)):
        found[name] = {
            **{"accuracy": accuracy + shift, "accuracy_interval": [accuracy - 0.1, accuracy + 0.1]},
            **{"synops_per_sample": 9000.0, "spikes_per_sample": 300.0, "firing_rates": [0.05, 0.08]},
            "confusion": [[10, 0, 0], [1, 8, 1], [0, 4, 6]],
        }
    faults = {"event_drop": {"accuracy": [0.75, 0.5], "mean": 0.625}}
    found["corruptions"] = {
        "pass": "int8",
        "severities": [1, 3],
        "clean": 0.8,
        "mean": 0.625,
        "kinds": faults,
    }
    return found


def figures(label: str, command: str, values: dict) -> FiguresInput:
    return FiguresInput(label, Figures(label, command, f"edge-sast {command} given", values))


def rate() -> dict:
    kept = {"events": 800, "events_per_second": 5e4, "shortest_s": 0.003, "latency_s": 0.006}
    steps = [
        {
            "events": n,
            "instructions": 1000 + 300 * n,
            "push_instructions": 20 * n,
            "step_instructions": 1000,
            "seconds": 1e-4,
        }
        for n in (0, 10, 800)
    ]
    measured = {
        **{"recordings": 5, "steps": 20, "mean_events": 12.5, "most_events": 40, "mean_instructions": 3000.0},
        **{"p99_instructions": 5000, "most_instructions": 6000, "nearest_to_bound": 0.4},
    }
    return {
        **{
            "on": "cortex-m4",
            "core": "cortex-m4",
            "hz": 8e7,
            "toolchain": "gcc",
            "flags": ["-O2"],
            "kept": kept,
        },
        **{"cycles_per_instruction": 2.0, "cycles_basis": "an estimate", "step_us": 15_000, "steps": steps},
        **{"recordings": measured, "not_included": "interrupts"},
    }


def hil() -> dict:
    spread = {"mean": 0.01, "p99": 0.02, "max": 0.03}
    board = {
        **{
            "port": "/dev/ttyACM0",
            "board": "nucleo",
            "recordings": 5,
            "latency_s": spread,
            "clock": "instructions",
        },
        **{
            "ticks_per_recording": {"mean": 50_000.0, "p99": 60_000.0, "max": 61_000.0},
            "failures": 0,
            "restarts": 0,
        },
    }
    layer = {
        "layer": 0,
        "synops": 500,
        "runtime_synops": 500,
        "spikes": 50,
        "runtime_spikes": 50,
        "equal": True,
    }
    return {
        **{
            "data": "lines",
            "recordings": 5,
            "compared": 5,
            "complete": True,
            "check": "both",
            "accuracy": 0.8,
        },
        **{
            "runtime_accuracy": 0.8,
            "mismatches": 0,
            "first_mismatch": None,
            "layers": [layer],
            "boards": [board],
            "classes": CLASSES,
            "confusion": [[2, 0, 0], [0, 1, 1], [0, 0, 1]],
        },
    }


def fpga() -> dict:
    return {
        **{"model": "a", "board": "icebreaker", "lanes": 8, "clock_hz": 30_000_000, "fmax_hz": 29_000_000},
        **{"used": {"logic": 3063, "ff": 900, "bram": 27, "spram": 0, "dsp": 0}},
        "available": {"logic": 5280, "ff": 5280, "bram": 30, "spram": 0, "dsp": 8},
    }


def dense() -> dict:
    side = {"accuracy": 0.8, "instructions": {"direct": 50_000.0}}
    row = {"name": "accuracy", "unit": "%", "spiking": 80.0, "dense": 85.0, "winner": "dense"}
    return {
        "on": "cortex-m4",
        "spiking": side,
        "dense": side,
        "rows": [row],
        "verdict": "The dense CNN wins.",
    }


def sweep() -> dict:
    own = {"accuracy": 0.8, "synops_per_sample": 9000.0, "flash_bytes": 4096, "ram_bytes": 1024, "gap": 0.1}
    trial = {"name": "rho=0.1", "settings": {"rho": "0.1"}, "state": "complete", "pareto": True, **own}
    spread = {name: {"mean": value, "min": value, "max": value} for name, value in own.items()}
    group = {"settings": {"rho": "0.1"}, "trials": ["rho=0.1"], "planned": 1, "pareto": True, **spread}
    return {"objectives": ["accuracy"], "trials": [trial], "groups": [group], "left_out": []}


def all_figures(labels: list[str]) -> list[FiguresInput]:
    """One file for every section; `evaluate` of all runs together."""
    report = {
        "target": "host",
        "samples": 3,
        "steps": 12,
        "mismatches": 0,
        "first_mismatch": None,
        "toolchain": None,
    }
    differs = {**report, "target": "verilator", "mismatches": 2, "first_mismatch": MISMATCH}
    judged = [passes(f"runs/{label}", i / 100) for i, label in enumerate(labels)]
    spread = {"mean": 0.85, "deviation": 0.02, "low": 0.8, "high": 0.9}
    summary = {
        name: {**each, "accuracy": spread} if name in PASSES else each for name, each in judged[0].items()
    }
    streamed = {"steps": 5, "delay_ms": {"median": None}, "lists": [{"a": [1, 2.5]}], "long": list(range(30))}
    spikes = {"firing_rate": 0.1, "spikes_per_sample": 9.0, "synops_per_sample": 90.0}
    cost = {"accuracy": 0.8, "synops_per_sample": 9000.0}
    inspected = {
        "layers": [{**layer, **spikes} for layer in LAYERS],
        "memory": MEMORY,
        "rate": rate(),
        **cost,
    }
    return [
        figures(
            "evaluate.json",
            "evaluate",
            {"runs": judged, "summary": summary} if len(judged) > 1 else judged[0],
        ),
        figures("run.json", "run", {**cost, "confusion": judged[0]["hard"]["confusion"], "classes": CLASSES}),
        figures("inspect.json", "inspect", inspected),
        figures("verify.json", "verify", {"reports": [report, differs]}),
        figures("hil.json", "hil", hil()),
        figures("fpga.json", "fpga build", fpga()),
        figures("dense.json", "compare-dense", dense()),
        figures("sweep.json", "sweep", sweep()),
        figures("stream.json", "stream", streamed),
    ]


def everything(runs: int, watched: tuple = ()) -> Inputs:
    """A page with every section."""
    labels = [f"run{i}" for i in range(runs)]
    made = [run_input(label, i) for i, label in enumerate(labels)]
    models = [model_input(label) for label in labels]
    widths = [[built("a8", 8, labels[0]), built("a4", 4, labels[0])]]
    line = "edge-sast report ... --out page.html"
    return Inputs(line, made, models, all_figures(labels), watched, widths=widths)


def layer_membranes() -> LayerMembranes:
    edges, shares = tuple(float(i) for i in range(-10, 11)), tuple(1 / 20 for _ in range(20))
    return LayerMembranes(
        "layer 0, 6x6x4", Histogram(edges, shares), (3, 7), (-10, 127), -10, 10, 4, 2880, 0.05
    )
