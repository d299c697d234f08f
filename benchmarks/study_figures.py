"""What a study's tables and plots say: the figures of a run, and their mean and range over the seeds.

A *gap* is what the hard step costs: accuracy of the smooth pass that was trained, minus hard accuracy of the weights as
they are deployed. Of a run with an integer finish it is the gap before that finish. Of a run that repairs a
smooth-trained network (calibrated, fine-tuned, finished in integers) it is counted from that network's smooth accuracy.
Networks that never saw a smooth pass have none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import mean, median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from study_plan import Row, Run, Section

LEAST_GAP = 0.01  # of the reference, mean over seeds: the share of a smaller gap says nothing
Results = Mapping[str, Mapping[str, Any]]  # digest of a run -> its figures.json
Times = Mapping[str, list[list[float]]]  # section -> seconds of each row, round by round


@dataclass(frozen=True)
class Column:
    """header: of tables. axis: of plots. scale, places: how the figure is printed."""

    header: str
    axis: str
    scale: float = 100.0
    places: int = 2


COLUMNS = {
    "surrogate": Column("smooth %", "accuracy with smooth spikes, %"),
    "hard": Column("hard %", "accuracy with hard spikes, %"),
    "gap": Column("gap, points", "gap (smooth − hard), points"),
    "closed": Column("share of the gap closed, %", "share of the gap closed, %", places=0),
    "surrogate_diff": Column(
        "smooth against reference, points", "smooth accuracy against the reference, points"
    ),
    "hard_diff": Column("hard against reference, points", "hard accuracy against the reference, points"),
    "int8": Column("INT8 %", "accuracy of the INT8 model, %"),
    "int4": Column("INT4 %", "accuracy of the INT4 model, %"),
    "trained": Column("% at its own bits", "accuracy of the integer model, %"),
    "synops": Column("SynOps per recording", "SynOps per recording, thousands", 1e-3, 0),
    "flash": Column("flash, bytes", "flash, kB", 1e-3, 0),
    "ram": Column("RAM, bytes", "RAM, kB", 1e-3, 0),
    "evaluations": Column("gradient evaluations, epochs", "gradient evaluations, epochs of one each", 1.0, 1),
    "minutes": Column("minutes", "minutes of training, one core", 1.0, 1),
    "epoch_seconds": Column("s per epoch", "seconds per epoch, one core", 1.0, 1),
    "epoch_ratio": Column("time of an epoch, ×", "time of an epoch, × the reference's", 1.0, 2),
}
WHOLE = {"synops", "flash", "ram"}  # tables print them in ones


@dataclass(frozen=True)
class Plot:
    """One picture, a panel for each y. curve: y against the setting x, a line for each arm; scatter: y against the
    column x, a point for each row; dots: the columns y of each row, on one scale. arms: only these, all for ().
    """

    kind: str
    y: tuple[str, ...]
    x: str = ""
    arms: tuple[str, ...] = ()
    log_x: bool = False


@dataclass(frozen=True)
class Cell:
    """Mean, least and largest over `count` seeds, in the figure's own unit (accuracies 0 to 1)."""

    mean: float
    least: float
    most: float
    count: int


def finished(run: Run, results: Results) -> bool:
    """Whether the run has figures, and did not stop by itself."""
    return run.digest in results and "stopped" not in results[run.digest]


def figures(run: Run, results: Results) -> dict[str, float]:
    """The figures of a finished run by column; those that it has not are left out."""
    raw = results[run.digest]
    passes, before = raw["passes"], raw["before_finish"] or {}
    chain, link = [run], run
    while link.after:
        link = link.after
        chain.append(link)
    own = {
        "hard": before.get("hard", passes["hard"]["accuracy"]),
        "int8": passes["int8"]["accuracy"],
        "int4": passes["int4"]["accuracy"],
        "trained": passes[raw["trained"]]["accuracy"],
        "synops": passes[raw["trained"]]["synops_per_sample"],
        "flash": raw["flash_bytes"],
        "ram": raw["ram_bytes"],
        "evaluations": run.evaluations,
        "minutes": sum(results[each.digest]["seconds"] for each in chain) / 60,
    }
    if run.smooth is not None and finished(run.smooth, results):
        last = results[run.smooth.digest]
        smooth = (last["before_finish"] or {}).get("surrogate", last["passes"]["surrogate"]["accuracy"])
        own |= {"surrogate": smooth, "gap": smooth - own["hard"]}
    return own


def cells(section: Section, row: Row, results: Results, times: Times) -> dict[str, Cell]:
    """The row's cells by column; a column without a finished run is left out."""
    done = [run for run in row.runs if finished(run, results)]
    each = [figures(run, results) for run in done]
    found = {name: _cell([f[name] for f in each]) for name in (each[0] if each else ())}
    reference = section.reference_of(row)
    if reference is not None:
        found |= _against(row, reference, results)
    return found | _times(section, row, times)


def _against(row: Row, reference: Row, results: Results) -> dict[str, Cell]:
    """Differences to the reference, seed by seed."""
    pairs = [
        (figures(own, results), figures(other, results))
        for own, other in zip(row.runs, reference.runs, strict=True)
        if finished(own, results) and finished(other, results)
    ]
    found = {}
    for name in ("surrogate", "hard"):
        if pairs and all(name in own and name in other for own, other in pairs):
            found[f"{name}_diff"] = _cell([own[name] - other[name] for own, other in pairs])
    gaps = [(own["gap"], other["gap"]) for own, other in pairs if "gap" in own and "gap" in other]
    closed = share_closed(gaps)
    return found | ({"closed": closed} if closed else {})


def share_closed(gaps: list[tuple[float, float]]) -> Cell | None:
    """Part of the reference's gap that is gone, of (gap, reference's gap) of each seed: 1 for no gap, 0 for the same.

    The mean is that of the mean gaps, as a seed with a small gap must not weigh most; the range is over seeds. None
    where the reference's mean gap is under LEAST_GAP, or a seed of it has none.
    """
    if not gaps or mean(theirs for _, theirs in gaps) < LEAST_GAP or min(theirs for _, theirs in gaps) <= 0:
        return None
    shares = [1 - own / theirs for own, theirs in gaps]
    whole = 1 - sum(own for own, _ in gaps) / sum(theirs for _, theirs in gaps)
    return Cell(whole, min(shares), max(shares), len(shares))


def _times(section: Section, row: Row, times: Times) -> dict[str, Cell]:
    """Median over the rounds, and their range; ratios are of the same round."""
    if section.name not in times:
        return {}
    rounds = dict(zip((other.label for other in section.rows), times[section.name], strict=True))
    found = {"epoch_seconds": _cell(rounds[row.label], median)}
    reference = section.reference_of(row)
    if reference is not None:
        ratios = [own / other for own, other in zip(rounds[row.label], rounds[reference.label], strict=True)]
        found["epoch_ratio"] = _cell(ratios, median)
    return found


def _cell(values: list[float], middle: Callable[[list[float]], float] = mean) -> Cell:
    return Cell(middle(values), min(values), max(values), len(values))
