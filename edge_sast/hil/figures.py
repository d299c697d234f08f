"""What a hil run measured, as plain values for JSON and as tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edge_sast.events.binned import BinnedEvents
from edge_sast.hil.journal import Identity
from edge_sast.hil.outcome import Outcome
from edge_sast.hil.session import SessionResult
from edge_sast.parity.mismatch import Mismatch
from edge_sast.report.confusion import KEY, confusion
from edge_sast.report.spread import spread
from edge_sast.report.steps import steps_figures
from edge_sast.runtime.simulator import RunResult, Simulator


def first_mismatch(outcomes: Iterable[Outcome]) -> tuple[Mismatch, bool] | None:
    """The mismatch to show, and whether it was searched down: the one that was, else that of the lowest recording."""
    found = [outcome for outcome in outcomes if outcome.mismatch is not None]
    best = min(found, key=lambda outcome: (not outcome.located, outcome.index), default=None)
    return (best.mismatch, best.located) if best is not None and best.mismatch is not None else None


def figures(
    simulator: Simulator,
    binned: BinnedEvents,
    identity: Identity,
    result: SessionResult,
    labelled: bool,
    due: Sequence[float] = (),
) -> dict[str, Any]:
    """All that was measured. Accuracy and totals are those of the recordings that have an outcome. due: see Plan.

    Raises EdgeSastError as Simulator.run does.
    """
    outcomes = [result.outcomes[i] for i in sorted(result.outcomes)]
    shown = first_mismatch(outcomes)
    runtime = simulator.run(binned.select([outcome.index for outcome in outcomes])) if outcomes else None
    mismatches = sum(outcome.mismatch is not None for outcome in outcomes)
    return {
        "model_hash": identity.model,
        "data_hash": identity.data,
        "check": identity.check,
        "events": identity.events,
        "recordings": identity.recordings,
        "compared": len(outcomes),
        "complete": len(outcomes) == identity.recordings,
        **_accuracy(outcomes, runtime, labelled),
        **_confusion(simulator, outcomes, runtime, labelled),
        **_steps(simulator, outcomes),
        "mismatches": mismatches,
        "first_mismatch": asdict(shown[0]) if shown else None,
        "first_mismatch_located": shown[1] if shown else None,
        "layers": _layers(simulator, outcomes, runtime),
        "boards": _boards(outcomes, result),
        "late_s": spread([outcome.late for outcome in outcomes if outcome.late is not None]),
        "behind": _behind(outcomes, due),
        "lost_ports": result.lost,
        "set_aside": {str(index): reason for index, reason in sorted(result.set_aside.items())},
        "seconds": result.seconds,
        "results": [_row(outcome, binned, labelled) for outcome in outcomes],
    }


def _behind(outcomes: Sequence[Outcome], due: Sequence[float]) -> int | None:
    """How many results came when the next recording's events were all there; None where none is due at a time."""
    if not due:
        return None
    return sum(
        outcome.late is not None and outcome.late > due[outcome.index + 1] - due[outcome.index]
        for outcome in outcomes
        if outcome.index + 1 < len(due)
    )


def _accuracy(outcomes: Sequence[Outcome], runtime: RunResult | None, labelled: bool) -> dict[str, Any]:
    if runtime is None or not labelled:
        return {"accuracy": None, "runtime_accuracy": None}
    right = [outcome.prediction == label for outcome, label in zip(outcomes, runtime.labels, strict=True)]
    return {"accuracy": float(np.mean(right)), "runtime_accuracy": runtime.accuracy}


def _confusion(
    simulator: Simulator, outcomes: Sequence[Outcome], runtime: RunResult | None, labelled: bool
) -> dict[str, Any]:
    """Which class the board took for which; nothing without labels. An answer that is no class is a mismatch alone."""
    if runtime is None or not labelled:
        return {}
    classes = simulator.model.classes
    answers = np.array([outcome.prediction for outcome in outcomes])
    labels = np.where(answers < len(classes), runtime.labels, -1)
    return {"classes": list(classes), KEY: confusion(labels, answers, len(classes))}


def _steps(simulator: Simulator, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Of a model that answers early its margin, and how many steps the board computed; of others nothing."""
    model = simulator.model
    if model.early_margin is None:
        return {}
    found = steps_figures([outcome.steps for outcome in outcomes], model.binning.steps)
    return {"early_margin": model.early_margin, "steps": found}


def _layers(
    simulator: Simulator, outcomes: Sequence[Outcome], runtime: RunResult | None
) -> list[dict[str, Any]]:
    """Counters of all recordings together: the board's beside the runtime's."""
    if runtime is None:
        return []
    rows = []
    for i, layer in enumerate(simulator.layers):
        row = {
            "layer": layer.index,
            "synops": sum(outcome.synops[i] for outcome in outcomes),
            "runtime_synops": int(runtime.synops[:, i].sum()),
            "spikes": sum(outcome.spikes[i] for outcome in outcomes),
            "runtime_spikes": int(runtime.spikes[:, i].sum()),
        }
        equal = all(
            (outcome.synops[i], outcome.spikes[i]) == (runtime.synops[n, i], runtime.spikes[n, i])
            for n, outcome in enumerate(outcomes)
        )
        rows.append({**row, "equal": equal})
    return rows


def _boards(outcomes: Sequence[Outcome], result: SessionResult) -> list[dict[str, Any]]:
    """What each port did; of boards with another name or clock on the same port, each by itself.

    failures: attempts of this session that failed on this port. restarts: Outcome's, of its recordings.
    """
    groups: dict[tuple[str, str, str, int], list[Outcome]] = {}
    for outcome in outcomes:
        key = (outcome.port, outcome.board, outcome.clock, outcome.clock_hz)
        groups.setdefault(key, []).append(outcome)
    return [
        {
            "port": port,
            "board": board,
            "clock": clock,
            "clock_hz": hz,
            "recordings": len(rows),
            **_ticks("", [row.ticks for row in rows if row.ticks]),
            **_ticks("unique_", [row.unique_ticks for row in rows if row.unique_ticks]),
            "latency_s": spread([row.seconds for row in rows]),
            "wire_bytes": sum(row.wire_bytes for row in rows),
            "failures": result.failures[port],
            "restarts": sum(row.restarts for row in rows),
        }
        for (port, board, clock, hz), rows in sorted(groups.items())
    ]


def _ticks(kind: str, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Spread of one kind of ticks: of each step of so many recordings."""
    return {
        f"{kind}ticks_recordings": len(rows),
        f"{kind}ticks_per_step": spread([ticks for row in rows for ticks in row]),
        f"{kind}ticks_per_recording": spread([sum(row) for row in rows]),
    }


def _row(outcome: Outcome, binned: BinnedEvents, labelled: bool) -> dict[str, Any]:
    """One recording. With the ticks of each step, their sums."""
    label = binned.classes[binned.labels[outcome.index]] if labelled else None
    ticks = {"ticks": outcome.ticks, "unique_ticks": outcome.unique_ticks}
    totals = {f"{name}_total": sum(each) if each else None for name, each in ticks.items()}
    return {**asdict(outcome), "label": label, **totals}
