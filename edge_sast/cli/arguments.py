"""What is checked of every command line before its work: values that are empty, files that would get lost; threads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from edge_sast.errors import EdgeSastError
from edge_sast.files import check_outputs

# What a folder is known by; it holds other files too, and may take more.
_KNOWN_BY = {
    "run_dir": "checkpoint.safetensors",
    "runs": "checkpoint.safetensors",
    "init": "checkpoint.safetensors",
    "build": "manifest.json",
}
_READ = (*_KNOWN_BY, "model", "sources", "data", "spec")
_WRITTEN = ("json", "predictions", "trace_out", "trace", "journal", "resume")


def check_arguments(args: argparse.Namespace) -> None:
    """Raises EdgeSastError for an empty value, and for outputs that cannot be written or would overwrite something.

    What is overwritten: another output, a model, checkpoint or manifest that is read, anything in a data set.
    """
    for name in vars(args):
        if name != "argv" and "" in _values(args, name):
            raise EdgeSastError(f"{_shown(name)} is empty (an unset variable?); give a value or leave it out")
    outputs = {_shown(name): str(value) for name in _WRITTEN for value in _values(args, name)}
    if args.command == "export":
        folder = args.target == "c" and not Path(args.out).is_file()
        outputs = {"--out": str(Path(args.out) / "manifest.json") if folder else args.out} | outputs
    check_outputs(outputs, list(_inputs(args)))
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
            yield path / _KNOWN_BY[name] if name in _KNOWN_BY and path.is_dir() else path


def _check_not_among_recordings(args: argparse.Namespace) -> None:
    """A folder that is made in a data set would count as one of its classes or splits."""
    for data in _values(args, "data"):
        for out in _values(args, "out"):
            place, folder = Path(out).resolve(), Path(data).resolve()
            if folder.is_dir() and (place == folder or folder in place.parents):
                raise EdgeSastError(f"--out {out}: lies in --data {data}; name a folder outside it")
