"""What is checked of every command line before its work: values that are empty, files that would get lost; threads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from edge_sast.cli.options.newest import RUNS
from edge_sast.errors import EdgeSastError
from edge_sast.files import check_outputs

# What folders hold that must not be lost; other files may lie there, and be added. The modules that write these, and
# know the names of the data sets, take too long to import before each command.
RUN = ("checkpoint.safetensors", "config.json", "metrics.jsonl")
BUILD = ("manifest.json", "model.safetensors")
PROGRAM = ("firmware.elf", "firmware.bin", "build.json")
DATA_SETS = ("digits", "nmnist", "dvsgesture")
_FOLDERS = {"run_dir": RUN, "runs": RUN, "init": RUN, "build": BUILD}
_READ = (*_FOLDERS, "model", "sources", "data", "spec")
_WRITTEN = ("json", "predictions", "record_out", "crc", "wire_log", "journal", "resume")
_MADE = {"train": RUN, "calibrate": RUN, "export": BUILD, "board": PROGRAM}


def check_arguments(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for an empty value, and for outputs that cannot be written or would overwrite something.

    What is overwritten: another output, a model, checkpoint or build that is read, anything in a data set.
    """
    for name in vars(args):
        if name != "argv" and "" in _values(args, name):
            raise EdgeSastError(f"{_shown(name)} is empty (an unset variable?); give a value or leave it out")
    outputs = {_shown(name): str(value) for name in _WRITTEN for value in _values(args, name)}
    made = []
    if args.command == "export" and args.target == "model":
        outputs = {"--out": args.out} | outputs
    elif args.command in _MADE:
        made = [("--out", Path(out) / file) for out in _values(args, "out") for file in _MADE[args.command]]
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


def _shown(name: str) -> str:
    places = {
        "run_dir": "RUN",
        "runs": "RUN",
        "build": "BUILD",
        "model": "MODEL",
        "sources": "SOURCE",
        "spec": "DATA",
    }
    return places.get(name, "--" + name.replace("_", "-"))


def _inputs(args: argparse.Namespace) -> Iterator[Path]:
    for name in _READ:
        for value in _values(args, name):
            path = Path(value)
            if name in _FOLDERS and path.is_dir():
                yield from (path / file for file in _FOLDERS[name])
            elif name not in ("data", "spec") or value not in DATA_SETS:
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
