"""Which files of the library a model's folder gets."""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from firmware_gen.c_plan.kernels import kernels, push_kernel
from firmware_gen.c_plan.lanes import MOST_KNOWN_SHIFT
from firmware_gen.c_plan.plan import CPlan

# Sources that every model gets. Every other one of src/ is a kernel, named after its one function.
CORE = ("context", "copy", "crc", "membrane", "output", "push", "selftest", "step", "stream")
EARLY = "early"  # beside them where the model answers early
# What is only for models that answer early, and what stands there for all others: they get the C without a trace of it.
# In a comment, which another would end, // stands before the last name.
_OF_EARLY = re.compile(
    rb"^#ifdef SAST_EARLY\n(.*?)(?:^#else /\* SAST_EARLY \*/\n(.*?))?^#endif (?:/\* SAST_EARLY \*/|// SAST_EARLY)\n",
    re.MULTILINE | re.DOTALL,
)


def sources(early: bool = False) -> dict[str, bytes]:
    """Name to content of every file of src/ that a model may get, the kernels for each known leak shift among them.

    early: as a model gets them that answers early.
    """
    root = resources.files("firmware_gen") / "c"
    names = [name for name in _names("src") if early or name != f"sast_{EARLY}.c"]
    files = {name: _text(root / "src" / name, early) for name in names}
    template = Template((root / "templates" / "sast_fire_k.c").read_text("utf-8"))
    shifts = range(1, MOST_KNOWN_SHIFT + 1)
    files |= {f"sast_fire_k{k}.c": template.substitute(k=k).encode() for k in shifts}
    return dict(sorted(files.items()))


def write_sources(folder: Path) -> list[Path]:
    """Makes a folder of all of them; its C files, sorted."""
    folder.mkdir(parents=True)
    for name, data in sources().items():
        (folder / name).write_bytes(data)
    return sorted(folder.glob("*.c"))


def write_headers(folder: Path) -> Path:
    """Makes a folder of the public headers, as models get them that do not answer early; returns it."""
    folder.mkdir(parents=True)
    root = resources.files("firmware_gen") / "c" / "include"
    for name in _names("include"):
        (folder / name).write_bytes(_text(root / name, early=False))
    return folder


def kernel_files(plan: CPlan) -> tuple[str, ...]:
    """Names of the files of src/ that a model needs, sorted."""
    needed = {f"{function}.c" for layer in plan.layers for function in kernels(layer).values()}
    needed |= {f"{push_kernel(plan)}.c"} | {f"sast_{name}.c" for name in (*CORE, EARLY)}
    return tuple(name for name in sources(answers_early(plan)) if name.endswith(".h") or name in needed)


def library_files(plan: CPlan) -> dict[str, bytes]:
    """Path in the folder to content, of all files that are not made of the model's numbers."""
    early = answers_early(plan)
    root, every = resources.files("firmware_gen") / "c", sources(early)
    files = {f"src/{name}": every[name] for name in kernel_files(plan)}
    for folder in ("include", "host"):
        files |= {f"{folder}/{name}": _text(root / folder / name, early) for name in _names(folder)}
    return files


def answers_early(plan: CPlan) -> bool:
    """Whether the C has to know when a recording is over before its last step."""
    return plan.model.early_margin is not None


def _text(file: Traversable, early: bool) -> bytes:
    """A file's content, with what SAST_EARLY decides decided."""
    return _OF_EARLY.sub(rb"\1" if early else rb"\2", file.read_bytes())


def _names(folder: str) -> tuple[str, ...]:
    root = resources.files("firmware_gen") / "c" / folder
    return tuple(sorted(file.name for file in root.iterdir() if file.name.endswith((".c", ".h"))))
