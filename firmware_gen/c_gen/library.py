"""Which hand-written files a model's folder gets."""

from __future__ import annotations

from importlib import resources

from firmware_gen.c_plan.kernels import kernels
from firmware_gen.c_plan.plan import CPlan

FOLDERS = ("include", "src", "host")


# Sources that every model gets. Every other one of src/ is a kernel, named after its one function.
CORE = ("context", "copy", "crc", "membrane", "output", "push", "selftest", "step", "stream")


def kernel_files(plan: CPlan) -> tuple[str, ...]:
    """Names of the hand-written files of src/ that a model needs, sorted."""
    needed = {f"{function}.c" for layer in plan.layers for function in kernels(layer).values()}
    needed |= {f"sast_{name}.c" for name in CORE}
    return tuple(name for name in _names("src") if name.endswith(".h") or name in needed)


def library_files(plan: CPlan) -> dict[str, bytes]:
    """Path in the folder to content, of all hand-written files."""
    root = resources.files("firmware_gen") / "c"
    names = {"include": _names("include"), "src": kernel_files(plan), "host": _names("host")}
    return {
        f"{folder}/{name}": (root / folder / name).read_bytes()
        for folder in FOLDERS
        for name in names[folder]
    }


def _names(folder: str) -> tuple[str, ...]:
    root = resources.files("firmware_gen") / "c" / folder
    return tuple(sorted(file.name for file in root.iterdir() if file.name.endswith((".c", ".h"))))
