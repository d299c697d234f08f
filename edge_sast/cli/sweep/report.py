"""A sweep's trials as a table and as figures: means over seeds, and which settings nothing else beats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from edge_sast.cli.sweep.objectives import OBJECTIVES
from edge_sast.cli.sweep.pareto import pareto_front
from edge_sast.cli.sweep.study import FrozenTrial, TrialState
from edge_sast.report.tables import print_table
from edge_sast.terminal import echo
from trainer.settings.checks import flag

SEED = "seed"
MEASURED = (
    "accuracy",
    "synops_per_sample",
    "flash_bytes",
    "ram_bytes",
    "hard_accuracy",
    "surrogate_accuracy",
    "gap",
    "gap_before_finish",
    "seconds",
)


@dataclass(frozen=True)
class Record:
    """One training: figures when it is finished, reason when it failed, neither while it waits or runs.

    texts: values of the options that vary. number: of the Optuna trial.
    """

    name: str
    number: int
    texts: dict[str, str]
    figures: dict[str, Any] | None
    reason: str | None


@dataclass(frozen=True)
class Group:
    """Finished trainings that differ only in the seed, of `planned`.

    texts: the other settings that vary. spread: figure -> (mean, least, largest). pareto: no other group's means beat
    these in the objectives.
    """

    texts: dict[str, str]
    names: tuple[str, ...]
    planned: int
    spread: dict[str, tuple[float, float, float]]
    pareto: bool


def records(trials: Iterable[FrozenTrial]) -> list[Record]:
    """One record for each training, by number: of several trials of one, that which got furthest."""
    order = (TrialState.FAIL, TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
    best: dict[str, FrozenTrial] = {}
    for trial in trials:
        other = best.get(trial.user_attrs["name"])
        if other is None or order.index(trial.state) >= order.index(other.state):
            best[trial.user_attrs["name"]] = trial
    return sorted((_record(trial) for trial in best.values()), key=lambda record: record.number)


def _record(trial: FrozenTrial) -> Record:
    attributes = trial.user_attrs
    figures = attributes["figures"] if trial.state == TrialState.COMPLETE else None
    reason = attributes.get("reason", "unknown") if trial.state == TrialState.FAIL else None
    return Record(attributes["name"], trial.number, attributes["texts"], figures, reason)


def groups(records: Sequence[Record], axes: Sequence[str], objectives: Sequence[str]) -> list[Group]:
    """Means over the seeds, most accurate first; groups without a finished training are left out."""
    together: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = tuple(record.texts[axis] for axis in axes if axis != SEED)
        together.setdefault(key, []).append(record)
    finished = {
        key: [record for record in members if record.figures is not None]
        for key, members in together.items()
        if any(record.figures is not None for record in members)
    }
    spreads = {key: _spread(members) for key, members in finished.items()}
    signs = [-1 if OBJECTIVES[name][1] == "maximize" else 1 for name in objectives]
    costs = [
        [sign * spread[OBJECTIVES[name][0]][0] for name, sign in zip(objectives, signs, strict=True)]
        for spread in spreads.values()
    ]
    found = [
        Group(
            {axis: members[0].texts[axis] for axis in axes if axis != SEED},
            tuple(record.name for record in members),
            len(together[key]),
            spreads[key],
            pareto,
        )
        for (key, members), pareto in zip(finished.items(), pareto_front(costs), strict=True)
    ]
    return sorted(found, key=lambda group: -group.spread["accuracy"][0])


def _spread(members: Sequence[Record]) -> dict[str, tuple[float, float, float]]:
    spread = {}
    for name in MEASURED:
        values = [record.figures[name] for record in members if record.figures is not None]
        if values and None not in values:
            spread[name] = (mean(values), min(values), max(values))
    return spread


def print_groups(
    groups: Sequence[Group], records: Sequence[Record], axes: Sequence[str], objectives: Sequence[str]
) -> None:
    """The table on stdout; a column of seeds where they vary."""
    shown = [axis for axis in axes if axis != SEED]
    seeds = SEED in axes
    headers = ["front", *(axis.replace("_", "-") for axis in shown), *(["seeds"] if seeds else [])]
    headers += ["accuracy %", "SynOps/sample", "flash bytes", "RAM bytes", "hard %", "gap", "seconds"]
    rows = []
    for group in groups:
        row = ["*" if group.pareto else "", *(short(group.texts[axis]) for axis in shown)]
        if seeds:
            row.append(f"{len(group.names)} of {group.planned}")
        several = len(group.names) > 1
        row += [
            _cell(group, "accuracy", _percent, several),
            _cell(group, "synops_per_sample", _whole, several),
            _cell(group, "flash_bytes", _whole, False),
            _cell(group, "ram_bytes", _whole, False),
            _cell(group, "hard_accuracy", _percent, False),
            _cell(group, "gap_before_finish", _points, False),
            _cell(group, "seconds", _whole, False),
        ]
        rows.append(row)
    print_table(rows, headers)
    echo(
        f"* nothing beats it in {', '.join(objectives)}; {sum(r.figures is not None for r in records)} of "
        f"{len(records)} trials finished; measured on validation data; gap: surrogate minus hard accuracy "
        "in points, before the integer finish"
    )


def as_json(
    records: Sequence[Record], groups: Sequence[Group], objectives: Sequence[str], runs: Path
) -> dict[str, Any]:
    """What `--json` holds: every trial, and the means over seeds."""
    front = {name for group in groups if group.pareto for name in group.names}
    return {
        "objectives": list(objectives),
        "trials": [
            {
                "name": record.name,
                "trial": record.number,
                "settings": record.texts,
                "folder": str(runs / record.name),
                "state": "complete" if record.figures else "failed" if record.reason else "unfinished",
                **({} if record.reason is None else {"reason": record.reason}),
                **(record.figures or {}),
                "pareto": record.name in front,
            }
            for record in records
        ],
        "groups": [
            {
                "settings": group.texts,
                "trials": list(group.names),
                "planned": group.planned,
                **{
                    name: {"mean": spread[0], "min": spread[1], "max": spread[2]}
                    for name, spread in group.spread.items()
                },
                "pareto": group.pareto,
            }
            for group in groups
        ],
    }


def one_line(figures: Mapping[str, Any]) -> str:
    """A finished trial in a few words."""
    return (
        f"accuracy {100 * figures['accuracy']:.2f} %, {figures['synops_per_sample']:,.0f} SynOps/sample, "
        f"{figures['flash_bytes']:,} bytes of flash, {figures['seconds']:.0f} s"
    )


def named(texts: Mapping[str, str]) -> str:
    """Settings as options, for messages."""
    return " ".join(f"{flag(name)} {short(text)}" for name, text in texts.items())


def _cell(group: Group, name: str, show: Callable[[float], str], several: bool) -> str:
    if name not in group.spread:
        return "-"
    middle, low, high = group.spread[name]
    return f"{show(middle)} ({show(low)} to {show(high)})" if several else show(middle)


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"


def _points(value: float) -> str:
    return f"{100 * value:+.2f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def short(text: str) -> str:
    """A drawn number with as many digits as anyone reads; all else as it is."""
    try:
        return f"{float(text):.4g}" if len(text) > 8 else text
    except ValueError:
        return text
