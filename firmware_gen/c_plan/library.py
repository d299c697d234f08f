"""Which files of the library a model's folder gets."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template

from firmware_gen.c_plan.kernels import kernels
from firmware_gen.c_plan.lanes import MOST_KNOWN_SHIFT
from firmware_gen.c_plan.plan import CPlan

# Sources that every model gets. Every other one of src/ is a kernel, named after its one function.
CORE = ("context", "copy", "crc", "membrane", "output", "push", "selftest", "step", "stream")


def sources() -> dict[str, bytes]:
    """Name to content of every file of src/ that a model may get, the kernels for each known leak shift among them."""
    root = resources.files("firmware_gen") / "c"
    files = {name: (root / "src" / name).read_bytes() for name in _names("src")}
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


def kernel_files(plan: CPlan) -> tuple[str, ...]:
    """Names of the files of src/ that a model needs, sorted."""
    needed = {f"{function}.c" for layer in plan.layers for function in kernels(layer).values()}
    needed |= {f"sast_{name}.c" for name in CORE}
    return tuple(name for name in sources() if name.endswith(".h") or name in needed)


def library_files(plan: CPlan) -> dict[str, bytes]:
    """Path in the folder to content, of all files that are not made of the model's numbers."""
    root, every = resources.files("firmware_gen") / "c", sources()
    files = {f"src/{name}": every[name] for name in kernel_files(plan)}
    for folder in ("include", "host"):
        files |= {f"{folder}/{name}": (root / folder / name).read_bytes() for name in _names(folder)}
    return files


def _names(folder: str) -> tuple[str, ...]:
    root = resources.files("firmware_gen") / "c" / folder
    return tuple(sorted(file.name for file in root.iterdir() if file.name.endswith((".c", ".h"))))
