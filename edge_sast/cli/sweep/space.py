"""Which trainings a sweep tries: values of `edge-sast train`'s options, read and refused by train itself."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from edge_sast.cli.options.settings import training_config
from edge_sast.cli.options.training import add_setting_arguments
from edge_sast.datasets.dataset import Dataset
from edge_sast.errors import EdgeSastError
from trainer.data.recordings import open_data
from trainer.run.with_data import check_with_data
from trainer.settings.checks import flag
from trainer.settings.config import PLACES, TrainConfig

DEFAULT = "default"  # a value of --grid and --search: leave the option out
MOST_COMBINATIONS = 10_000
MOST_CORNERS = 256  # of a search, checked before it begins
MOST_NAME = 100  # characters of a folder's name before its hash
ELSEWHERE = frozenset({"download_dir"})  # settings that say where data lies, not what it is
NOT_SWEPT = frozenset({"layers", "imported", "kept_channels"})  # settings that no option says
YES, NO = ("true", "yes", "on"), ("false", "no", "off")


class _Parser(argparse.ArgumentParser):
    """A mistake is an EdgeSastError with argparse's own message."""

    def error(self, message: str) -> NoReturn:
        raise EdgeSastError(message)


@dataclass(frozen=True)
class Axis:
    """One option that varies.

    Attributes:
        name: the option's field: rho_warmup for --rho-warmup.
        texts: its values as typed; of a range its lower and upper end.
        scale: "linear" or "log" for a range, "" for a list. whole: the range is of integers.
        source: the option of `edge-sast sweep` that named it, for messages.
    """

    name: str
    texts: tuple[str, ...]
    source: str
    scale: str = ""
    whole: bool = False


@dataclass(frozen=True)
class Training:
    """One training of a sweep.

    Attributes:
        texts: the value of each axis. argv: options of `edge-sast train` that ask for it.
        config: its settings. name: of its folder; settings that differ never share one.
    """

    texts: dict[str, str]
    argv: tuple[str, ...]
    config: TrainConfig
    name: str


@dataclass(frozen=True)
class LeftOut:
    """A combination that train refuses, and why."""

    texts: dict[str, str]
    reason: str


class Options:
    """The options of `edge-sast train` that settle what is trained, whichever they are."""

    def __init__(self) -> None:
        self._parser = _Parser(prog="edge-sast sweep", add_help=False, allow_abbrev=False)
        add_setting_arguments(self._parser, named=True)
        self.actions = {action.dest: action for action in self._parser._actions}

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Raises EdgeSastError with train's message."""
        return self._parser.parse_args(list(argv))

    def argv(self, values: Mapping[str, Any]) -> list[str]:
        """The command line that gives these values; options at their default are left out."""
        words: list[str] = []
        for name, action in self.actions.items():
            value = values.get(name, action.default)
            if value == action.default:
                continue
            if action.nargs == 0:
                words += self._switch(action, bool(value))
            elif isinstance(value, list) and action.nargs is not None:
                words += [action.option_strings[0], *map(str, value)]
            else:
                several = value if isinstance(value, list) else [value]
                words += [f"{action.option_strings[0]}={one}" for one in several]
        return words

    def text_argv(self, source: str, name: str, text: str) -> list[str]:
        """The command line that gives one option the value typed for it."""
        action = self.actions[name]
        if text == DEFAULT:
            return []
        if action.nargs != 0:
            return [f"{action.option_strings[0]}={text}"]
        if text.lower() not in YES + NO:
            raise EdgeSastError(f"{source} {flag(name)}={text}: give true or false")
        return self._switch(action, text.lower() in YES)

    def _switch(self, action: argparse.Action, on: bool) -> list[str]:
        if isinstance(action, argparse.BooleanOptionalAction):
            return [next(o for o in action.option_strings if o.startswith("--no-") != on)]
        return [action.option_strings[0]] if on == bool(action.const) else []

    def axis(self, source: str, text: str, *, ranges: bool) -> Axis:
        """What `--grid OPTION=V,V` or `--search OPTION=LOW:HIGH[:log]` says.

        Raises EdgeSastError for an unknown option, and for values that no list or range is made of.
        """
        option, equals, values = text.partition("=")
        name = option.strip().removeprefix("--").replace("-", "_")
        if not equals or name not in self.actions:
            raise EdgeSastError(
                f"{source} {text}: write OPTION=VALUES with an option of 'edge-sast train': "
                + ", ".join(sorted(n.replace("_", "-") for n in self.actions))
            )
        kind = self.actions[name].type
        if ranges and ":" in values and kind in (int, float):
            return self._range(source, name, values, whole=kind is int)
        texts = tuple(
            dict.fromkeys(t.strip() for t in values.split(";" if ";" in values else ",") if t.strip())
        )
        if not texts:
            raise EdgeSastError(f"{source} {text}: no values; give some, separated by commas")
        return Axis(name, texts, source)

    def _range(self, source: str, name: str, text: str, whole: bool) -> Axis:
        low, high, *rest = text.split(":")
        scale = {(): "linear", ("log",): "log"}.get(tuple(rest))
        kind = int if whole else float
        try:
            fits = scale is not None and kind(low) < kind(high) and (scale == "linear" or kind(low) > 0)
        except ValueError:
            fits = False
        if not fits or scale is None:
            raise EdgeSastError(
                f"{source} {flag(name)}={text}: write LOW:HIGH or LOW:HIGH:log, LOW below HIGH, and above 0 for log"
            )
        return Axis(name, (low.strip(), high.strip()), source, scale, whole)


class Space:
    """All that a sweep can try: fixed options and axes.

    Raises EdgeSastError for axes that cannot be read, that are named twice, or whose option is also given a value.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.options = Options()
        if bool(args.grid) == bool(args.search):
            raise EdgeSastError("sweep: give --grid or --search, one of them, at least once")
        self.searching = bool(args.search)
        source = "--search" if self.searching else "--grid"
        self.axes = tuple(
            self.options.axis(source, text, ranges=self.searching) for text in args.search or args.grid
        )
        names = [axis.name for axis in self.axes]
        for name in names:
            if names.count(name) > 1:
                raise EdgeSastError(f"{source} {flag(name)}: named twice; give all its values at once")
            if getattr(args, name) != self.options.actions[name].default:
                raise EdgeSastError(f"{flag(name)} has a value of its own and one in {source}; leave one out")
        self.fixed = {n: getattr(args, n) for n in self.options.actions if n not in names}
        if self.fixed.get("data") and Path(self.fixed["data"]).exists():
            self.fixed["data"] = str(Path(self.fixed["data"]).resolve())
        self._datasets: dict[tuple[str, str | None, str | None], Dataset] = {}
        # (data or init, path) -> the path under which trainings are named, where what lies there has moved.
        self.known_as: dict[tuple[str, str | None], str] = {}

    def training(self, texts: Mapping[str, str]) -> Training:
        """The training with these values of the axes. Raises EdgeSastError as train does before it reads data."""
        words = self.options.argv(self.fixed)
        for axis in self.axes:
            words += self.options.text_argv(axis.source, axis.name, texts[axis.name])
        args = self.options.parse(words)
        config = training_config(args)
        place = (config.data, config.sensor, args.download_dir)
        if place not in self._datasets:
            self._datasets[place] = open_data(config, args.download_dir)
        check_with_data(config, self._datasets[place])
        settings = {**vars(args), **asdict(config)}
        identity = {
            name: self.known_as.get((name, value), value) if name in PLACES else value
            for name, value in settings.items()
            if name not in ELSEWHERE and name not in NOT_SWEPT
        }
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()
        names = {axis.name: str(settings[axis.name]) for axis in self.axes}
        return Training(dict(texts), tuple(words), config, f"{_readable(names)}-{digest[:10]}")

    def check(self) -> tuple[list[Training], list[LeftOut]]:
        """Every combination of a grid (of a search, the ends of its ranges): those that train takes, and the others.

        Raises EdgeSastError for a value that train refuses in every combination, and for too many combinations.
        """
        size = 1
        for axis in self.axes:
            size *= len(axis.texts)
        if size > MOST_COMBINATIONS and not self.searching:
            raise EdgeSastError(
                f"--grid: {size:,} combinations; at most {MOST_COMBINATIONS:,}: give fewer values, or use --search"
            )
        combinations: Iterable[tuple[str, ...]] = itertools.product(*(axis.texts for axis in self.axes))
        trainings: dict[str, Training] = {}
        taken: set[tuple[str, str]] = (
            set()
        )  # axis and value; values typed differently may mean the same training
        left_out: list[LeftOut] = []
        for combination in itertools.islice(combinations, MOST_CORNERS if self.searching else None):
            texts = {axis.name: text for axis, text in zip(self.axes, combination, strict=True)}
            try:
                training = self.training(texts)
                trainings.setdefault(training.name, training)
                taken.update(texts.items())
            except EdgeSastError as error:
                left_out.append(LeftOut(texts, str(error)))
        self._refuse_useless(taken, left_out)
        return list(trainings.values()), left_out

    def _refuse_useless(self, taken: set[tuple[str, str]], left_out: Sequence[LeftOut]) -> None:
        if not taken and len({each.reason for each in left_out}) == 1:
            raise EdgeSastError(left_out[0].reason)
        for axis in self.axes:
            for each in left_out:
                text = each.texts[axis.name]
                if (axis.name, text) not in taken:
                    raise EdgeSastError(f"{axis.source} {flag(axis.name)}={text}: {each.reason}")

    def spec(self) -> dict[str, str]:
        """What must stay the same when a sweep goes on: option -> value. A grid may get other values."""
        fixed = {
            flag(name): str(value)
            for name, value in self.fixed.items()
            if value != self.options.actions[name].default and name not in ELSEWHERE
        }
        if self.searching:
            ranges = [f"{a.name}={','.join(a.texts)}{':' + a.scale if a.scale else ''}" for a in self.axes]
            return fixed | {"--search": " ".join(ranges)}
        return fixed | {"--grid": " ".join(sorted(axis.name for axis in self.axes))}


def _readable(values: Mapping[str, str]) -> str:
    parts = [f"{name}={_short(value)}" for name, value in values.items()]
    return re.sub(r"[^A-Za-z0-9.+=_-]", "~", "_".join(parts))[:MOST_NAME]


def _short(text: str) -> str:
    try:
        return text if re.fullmatch(r"-?\d+", text) else f"{float(text):.4g}"
    except ValueError:
        return Path(text).name
