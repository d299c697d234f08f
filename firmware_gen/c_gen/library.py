"""Which hand-written files a model's folder gets."""

from __future__ import annotations

from importlib import resources

from edge_sast.model.model import Model
from firmware_gen.c_plan.kernels import kernels

FOLDERS = ("include", "src", "host")


# Sources that every model gets. Every other one of src/ is a kernel, named after its one function.
CORE = ("context", "copy", "crc", "membrane", "output", "push", "selftest", "step", "stream")


def kernel_files(model: Model) -> tuple[str, ...]:
    """Names of the hand-written files of src/ that this model needs, sorted."""
    needed = {f"{function}.c" for i in range(len(model.layers)) for function in kernels(model, i).values()}
    needed |= {f"sast_{name}.c" for name in CORE}
    return tuple(name for name in _names("src") if name.endswith(".h") or name in needed)


def library_files(model: Model) -> dict[str, bytes]:
    """Path in the folder to content, of all hand-written files."""
    root = resources.files("firmware_gen") / "c"
    names = {"include": _names("include"), "src": kernel_files(model), "host": _names("host")}
    return {
        f"{folder}/{name}": (root / folder / name).read_bytes()
        for folder in FOLDERS
        for name in names[folder]
    }


def _names(folder: str) -> tuple[str, ...]:
    root = resources.files("firmware_gen") / "c" / folder
    return tuple(sorted(file.name for file in root.iterdir() if file.name.endswith((".c", ".h"))))
