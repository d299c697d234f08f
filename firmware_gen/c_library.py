"""Which hand-written files a model's folder gets."""

from __future__ import annotations

from importlib import resources

from edge_sast.model import Model

FOLDERS = ("include", "src", "host")


def kernel_files(model: Model) -> tuple[str, ...]:  # noqa: ARG001  # every kernel of today serves every model
    """Names of the hand-written files of src/ that this model needs, sorted."""
    return _names("src")


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
