"""A study as its TOML file says it: sections, arms and grids to the list of runs.

    [base.NAME]                 settings that sections share: data and any option of `edge-sast train`, with _ for -
    [arms.NAME]                 a way to train: settings, and of these keys
        help = "..."            one line for the report
        times = 0.5             multiplies the base's epochs, so that arms can have equal gradient evaluations
        after = "ARM"           starts from that arm's network (same point, same seed) instead of random weights
        calibrate = 500         no training: thresholds of `after` balanced on so many training recordings
        grid = { rho = [..] }   one run for each value
    [sections.NAME]             what is reported together
        title, base, seeds = [0, 1], arms = ["ARM", ..], columns = [..]
        set = { limit = 500 }   settings over those of the base
        change.ARM = { .. }     keys over those of [arms.ARM], only in this section
        grid = { beta = [..] }  for all arms, but those that give the setting themselves
        reference = "ARM"       the arm that shares of the gap and differences are told against
        time_rounds = 3         time an epoch of each arm in turn, so often (study_run.py)
        plots = [{ kind = "curve", x = "beta", y = ["gap"] }]  or scatter (x a column), or dots (no x); arms, log_x

"{data}" in a data setting is the folder that --data names; "none" leaves an optional setting out. Two sections that
ask for the same training share one run.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from study_figures import COLUMNS, Plot

from edge_sast.errors import EdgeSastError
from trainer.settings.config import DEFAULTS, TrainConfig

Settings = dict[str, Any]
Point = tuple[tuple[str, Any], ...]  # values of the axes that vary, in order
DATA = "{data}"
ARM_KEYS = {"help", "times", "after", "calibrate", "grid"}
PLOT_KINDS = ("curve", "scatter", "dots")
SECTION_KEYS = {
    *("title", "base", "seeds", "arms", "columns", "set", "change", "grid"),
    *("reference", "time_rounds", "plots"),
}
OPTIONAL = {name for name, value in DEFAULTS.items() if value is None} - {"init"}
KNOWN = {f.name for f in fields(TrainConfig)} - {"init", "seed"}


@dataclass(frozen=True)
class Run:
    """One training, or one calibration of a trained network.

    settings: of TrainConfig.of, complete but for `init`, data not filled in. after: what it starts from.
    calibrate: training recordings that balance the thresholds of `after`; 0 for a training.
    """

    settings: Settings
    after: Run | None = None
    calibrate: int = 0

    @cached_property
    def digest(self) -> str:
        """Names the run: the same settings, the same digest, in any section and any folder."""
        after = self.after.digest if self.after else None
        told = json.dumps([self.settings, after, self.calibrate], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """Its folder."""
        what = "calibrated" if self.calibrate else self.settings["method"]
        return f"{what}-{self.settings['seed']}-{self.digest}"

    def config(self, data: str, init: str | None = None) -> TrainConfig:
        """Raises EdgeSastError where the settings do not go together."""
        given = {name: value for name, value in self.settings.items() if name != "method"}
        given["data"] = given["data"].replace(DATA, data)
        return TrainConfig.of(self.settings["method"], **given, init=init)

    @cached_property
    def told(self) -> TrainConfig:
        """The config with the data not filled in."""
        return self.config(DATA)

    @property
    def smooth(self) -> Run | None:
        """The last training on smooth spikes, this run or one before it; None where there is none."""
        trained = not self.calibrate and self.told.smooth_trained and self.told.epochs > 0
        if trained or self.after is None:
            return self if trained else None
        return self.after.smooth

    @property
    def evaluations(self) -> float:
        """Gradient evaluations, counted in passes over the training recordings, those of `after` included."""
        before = self.after.evaluations if self.after else 0.0
        if self.calibrate:
            return before
        config = self.told
        second = config.sam_rows / config.sam_every if config.sharpness != "none" and config.rho else 0.0
        return before + config.epochs * (1 + second) + config.qat_epochs


@dataclass(frozen=True)
class Row:
    """One line of a table: an arm at a point of the grid, a run for each seed."""

    arm: str
    point: Point
    runs: tuple[Run, ...]

    @property
    def label(self) -> str:
        return ", ".join([self.arm, *(f"{axis.replace('_', '-')} {value}" for axis, value in self.point)])


@dataclass(frozen=True)
class Section:
    """Rows that are reported together."""

    name: str
    title: str
    rows: tuple[Row, ...]
    columns: tuple[str, ...]
    reference: str | None
    time_rounds: int
    plots: tuple[Plot, ...]
    helps: dict[str, str]

    def reference_of(self, row: Row) -> Row | None:
        """The reference arm's row at the same point, None for rows that have none, or are it."""
        for other in self.rows:
            if other.arm == self.reference != row.arm and set(other.point) <= set(row.point):
                return other
        return None


def read(path: Path) -> tuple[Section, ...]:
    """The study in a TOML file. Raises EdgeSastError naming the section or arm and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise EdgeSastError(f"--config {path}: cannot be read: {error}") from error
    _check_keys(path.name, document, {"base", "arms", "sections"})
    for table in ("base", "arms", "sections"):
        if not document.get(table):
            raise EdgeSastError(f"{path.name}: no [{table}.NAME]; add one")
    return tuple(_section(name, told, document) for name, told in document["sections"].items())


def unique(sections: Iterable[Section]) -> list[Run]:
    """Every run once; seed by seed, so that what is compared is trained close in time; none before its `after`."""
    rows = [row for section in sections for row in section.rows]
    found: dict[str, Run] = {}
    for seed in range(max((len(row.runs) for row in rows), default=0)):
        for row in rows:
            for run in _chain(row.runs[seed]) if seed < len(row.runs) else ():
                found.setdefault(run.digest, run)
    return list(found.values())


def _chain(run: Run) -> list[Run]:
    return [*(_chain(run.after) if run.after else []), run]


def _section(name: str, told: Settings, document: Settings) -> Section:
    where = f"[sections.{name}]"
    _check_keys(where, told, SECTION_KEYS)
    for key in ("title", "base", "arms", "seeds", "columns"):
        if not told.get(key):
            raise EdgeSastError(f"{where}: {key} is missing")
    _choose(f"{where}: base", told["base"], document["base"])
    arms = {}
    for arm in told["arms"]:
        _choose(f"{where}: arms", arm, document["arms"])
        arms[arm] = document["arms"][arm] | told.get("change", {}).get(arm, {})
        _check_keys(f"{where}: arm {arm!r}", arms[arm], ARM_KEYS | KNOWN)
    for key in ("change", "columns"):
        for each in told.get(key, ()):
            _choose(f"{where}: {key}", each, arms if key == "change" else COLUMNS)
    if "reference" in told:
        _choose(f"{where}: reference", told["reference"], arms)
    base = document["base"][told["base"]] | told.get("set", {})
    if told.get("time_rounds") and any("calibrate" in keys for keys in arms.values()):
        raise EdgeSastError(f"{where}: time_rounds times epochs of training; leave arms with `calibrate` out")
    maker = _Maker(where, base, arms, told.get("grid", {}), told["seeds"])
    return Section(
        name,
        told["title"],
        tuple(row for arm in arms for row in maker.rows(arm)),
        tuple(told["columns"]),
        told.get("reference"),
        told.get("time_rounds", 0),
        tuple(_plot(where, plot, arms) for plot in told.get("plots", ())),
        {arm: keys.get("help", "") for arm, keys in arms.items()},
    )


@dataclass(frozen=True)
class _Maker:
    """Makes the rows of one section's arms."""

    where: str
    base: Settings
    arms: Mapping[str, Settings]
    grid: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]

    def rows(self, arm: str) -> Iterator[Row]:
        axes = self._axes(arm)
        for values in product(*axes.values()):
            point = tuple(zip(axes, values, strict=True))
            yield Row(arm, point, tuple(self._run(arm, dict(point), seed) for seed in self.seeds))

    def _axes(self, arm: str, below: tuple[str, ...] = ()) -> dict[str, Sequence[Any]]:
        """What varies: of the arm it comes after, of the section, and of the arm itself."""
        keys, after = self.arms[arm], self.arms[arm].get("after")
        axes: dict[str, Sequence[Any]] = {}
        if after is not None:
            if after in (arm, *below) or after not in self.arms:
                raise EdgeSastError(
                    f"{self.where}: arm {arm!r} comes after {after!r}, which must be another of its arms"
                )
            axes |= self._axes(after, (arm, *below))
        if "calibrate" not in keys:
            axes |= {axis: values for axis, values in self.grid.items() if axis not in keys}
        return axes | keys.get("grid", {})

    def _run(self, arm: str, point: Mapping[str, Any], seed: int) -> Run:
        keys = self.arms[arm]
        after = keys.get("after")
        parent = None
        if after is not None:
            parent = self._run(after, {axis: point[axis] for axis in self._axes(after)}, seed)
        if "calibrate" in keys:
            if parent is None or keys.keys() - ARM_KEYS:
                raise EdgeSastError(f"{self.where}: arm {arm!r} calibrates; give it `after`, and no settings")
            return Run(parent.settings, parent, keys["calibrate"])
        own = {name: value for name, value in keys.items() if name not in ARM_KEYS}
        varied = {axis: value for axis, value in point.items() if axis in self._own_axes(arm)}
        settings = {"method": "custom"} | self.base | own | varied | {"seed": seed}
        if "times" in keys and "epochs" not in own:
            settings["epochs"] = round(settings.get("epochs", DEFAULTS["epochs"]) * keys["times"])
        run = Run({n: v for n, v in settings.items() if v != "none" or n not in OPTIONAL}, parent)
        self._check(run, arm)
        return run

    def _own_axes(self, arm: str) -> set[str]:
        keys = self.arms[arm]
        return {axis for axis in self.grid if axis not in keys} | set(keys.get("grid", ()))

    def _check(self, run: Run, arm: str) -> None:
        unknown = run.settings.keys() - KNOWN - {"seed"}
        if unknown:
            raise EdgeSastError(f"{self.where}: arm {arm!r}: {min(unknown)!r} is no setting of training")
        try:
            _ = run.told
        except (EdgeSastError, TypeError) as error:
            raise EdgeSastError(f"{self.where}: arm {arm!r}: {error}") from error


def _plot(where: str, told: Settings, arms: Iterable[str]) -> Plot:
    where += ": plots"
    _check_keys(where, told, {f.name for f in fields(Plot)})
    _choose(f"{where}: kind", told.get("kind", ""), PLOT_KINDS)
    if not told.get("y"):
        raise EdgeSastError(f"{where}: y is missing; list columns")
    plot = Plot(**{key: tuple(value) if isinstance(value, list) else value for key, value in told.items()})
    for column in plot.y:
        _choose(f"{where}: y", column, COLUMNS)
    if plot.kind != "dots":
        _choose(f"{where}: x", plot.x, COLUMNS if plot.kind == "scatter" else KNOWN)
    for arm in plot.arms:
        _choose(f"{where}: arms", arm, arms)
    return plot


def _choose(what: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise EdgeSastError(f"{what}: {value!r} is unknown; there are {', '.join(known)}")


def _check_keys(where: str, told: Settings, known: set[str]) -> None:
    for key in told.keys() - known:
        raise EdgeSastError(f"{where}: key {key!r} is unknown; choose {', '.join(sorted(known))}")


def only(sections: Sequence[Section], names: Sequence[str] | None, seeds: int | None) -> list[Section]:
    """The sections named (all for None), with no more than so many seeds."""
    for name in names or ():
        _choose("--sections", name, [section.name for section in sections])
    kept = [section for section in sections if names is None or section.name in names]
    cut = [tuple(replace(row, runs=row.runs[:seeds]) for row in section.rows) for section in kept]
    return [replace(section, rows=rows) for section, rows in zip(kept, cut, strict=True)]
