"""What is checked of every command line before its work: values that are empty, files that would get lost; threads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_sast.cli.options.newest import CHECKPOINT, MANIFEST, MODEL, RUNS
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_outputs

# What folders hold that must not be lost; other files may lie there, and be added. The modules that write these, and
# know the names of the data sets, take too long to import before each command; a test holds them equal.
RUN = (CHECKPOINT, "config.json", "metrics.jsonl")
BUILD = (MANIFEST, MODEL)
PROGRAM = ("firmware.elf", "firmware.bin", "build.json")
MODEL_ENDING = ".safetensors"  # of an --out of import that is a model file, not a run's folder
DATA_SETS = ("digits", "nmnist", "dvsgesture")
# What a metavar names: something that is read (and the files of such a folder), or a file that is written.
READ = {"RUN": RUN, "BUILD": BUILD, "MODEL": (), "SOURCE": (), "DATA": (), "NIR": ()}
WRITTEN = "FILE"


@dataclass(frozen=True)
class Argument:
    """Of a command: how messages show it, and the metavar that says what it names."""

    shown: str
    metavar: str


def arguments_of(parser: argparse.ArgumentParser) -> dict[str, Argument]:
    """By name, those of a parser and of its actions' parsers that name something."""
    found: dict[str, Argument] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                found |= arguments_of(child)
        elif isinstance(action.metavar, str):
            shown = action.option_strings[-1] if action.option_strings else action.metavar
            found[action.dest] = Argument(shown, action.metavar)
    return found


def check_arguments(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for an empty value, and for outputs that cannot be written or would overwrite something.

    What is overwritten: another output, a model, checkpoint or build that is read, anything in a data set.
    args: with `arguments`, of arguments_of, and `makes`, the files that the command writes into --out.
    """
    known: dict[str, Argument] = args.arguments
    for name in vars(args):
        if name != "argv" and "" in _values(args, name):
            shown = known[name].shown if name in known else "--" + name.replace("_", "-")
            raise EdgeSastError(f"{shown} is empty (an unset variable?); give a value or leave it out")
    outputs = {
        argument.shown: str(value)
        for name, argument in known.items()
        if argument.metavar == WRITTEN
        for value in _values(args, name)
    }
    made = []
    makes_a_file = (
        getattr(args, "target", None) in ("model", "nir")
        or getattr(args, "early", None) is not None
        or (args.command == "import" and args.out.endswith(MODEL_ENDING))
    )
    if makes_a_file and isinstance(getattr(args, "out", None), str):
        outputs = {"--out": args.out} | outputs
    else:
        made = [("--out", Path(out) / file) for out in _values(args, "out") for file in args.makes]
    check_outputs(outputs, list(_inputs(args)), made)
    _check_not_among_recordings(args)


def set_threads(threads: int) -> bool:
    """Sets Numba's threads for --threads, 0 being all; True where there are several."""
    import numba

    available = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # made at run time
    if not 0 <= threads <= available:
        raise EdgeSastError(
            f"--threads is {threads}; it must be 0 (all) to {available}, the CPUs of this machine"
        )
    numba.set_num_threads(threads or available)
    return (threads or available) > 1


def _values(args: argparse.Namespace, name: str) -> list[str]:
    """Texts given for an argument: none, one or several."""
    value = getattr(args, name, None)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _inputs(args: argparse.Namespace) -> Iterator[Path]:
    for name, argument in args.arguments.items():
        files = READ.get(argument.metavar)
        for value in _values(args, name) if files is not None else ():
            path = Path(value)
            if files and path.is_dir():
                yield from (path / file for file in files)
            elif argument.metavar != "DATA" or value not in DATA_SETS:
                yield path


def _check_not_among_recordings(args: argparse.Namespace) -> None:
    """A folder that is made in a data set would count as one of its classes or splits."""
    outs = _values(args, "out") or ([str(RUNS)] if args.command == "train" else [])
    for data in _values(args, "data"):
        for out in outs:
            place, folder = Path(os.path.realpath(out)), Path(os.path.realpath(data))
            inside = folder.is_dir() and (place == folder or folder in place.parents)
            if inside and data not in DATA_SETS:  # a name wins over a folder of the same name
                raise EdgeSastError(f"--out {out}: lies in --data {data}; name a folder outside it")
