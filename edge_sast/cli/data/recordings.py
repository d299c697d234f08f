"""The event files that a folder or a zip archive holds, for commands that read many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.zipped import EventPath


@dataclass(frozen=True)
class Found:
    """An event file.

    Attributes:
        parts: its place below what was named, in which an archive stands for a folder.
    """

    path: EventPath
    parts: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name of the folder that it is in, its own where it is in none."""
        return self.parts[-2] if len(self.parts) > 1 else self.path.stem


def holds_files(path: Path) -> bool:
    """A folder or an archive."""
    return path.is_dir() or (path.suffix.lower() == ".zip" and path.is_file())


def event_files(root: Path, unreadable: Callable[[EdgeSastError], None] | None = None) -> list[Found]:
    """All event files below a folder or in an archive, in order of their names.

    Dotfiles, README and `__MACOSX` are left aside, as data sets leave them.

    unreadable: is given what is wrong with an archive that is left out; None: that is raised.

    Raises:
        EdgeSastError: there is none, or an archive cannot be read.
    """
    from edge_sast.datasets.sources.listing import is_ignored
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.registry import known_suffixes

    suffixes = known_suffixes()
    found: list[Found] = []
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        parts = path.relative_to(root).parts
        if any(map(is_ignored, parts)):
            continue
        if path.suffix.lower() == ".zip" and path.is_file():
            try:
                found += _zipped(path, (*parts[:-1], path.stem) if parts else (), suffixes)
            except EdgeSastError as error:
                if unreadable is None:
                    raise
                unreadable(error)
        elif path.suffix.lower() in suffixes and path.is_file():
            found.append(Found(path, parts))
    if not found:
        raise EdgeSastError(
            f"{root}: holds no event file ({', '.join(suffixes)}); name a file, or another folder or zip"
        )
    return found


def _zipped(path: Path, above: tuple[str, ...], suffixes: tuple[str, ...]) -> list[Found]:
    from edge_sast.datasets.sources.listing import list_entries
    from edge_sast.formats.zipped import ZippedFile

    return [
        Found(ZippedFile(*entry.member, entry.source, entry.parts[-1]), (*above, *entry.parts))
        for entry in list_entries(path)
        if entry.member and Path(entry.parts[-1]).suffix.lower() in suffixes
    ]
