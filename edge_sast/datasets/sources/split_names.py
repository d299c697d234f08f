"""Names of splits: which folder is which split, and layouts whose classes are nothing but names of splits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache

from edge_sast.datasets.sources.listing import Entry
from edge_sast.errors import EdgeSastError
from edge_sast.terminal import echo

USUAL_SPLITS = ("train", "valid", "test")
# What others call them, in any case: N-MNIST's own archives are Train.zip and Test.zip.
ALSO = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid", "testing": "test"}
# Sometimes valid, sometimes test: a split of its own name, but no class.
AMBIGUOUS = ("eval", "evaluation")


def usual_names(root: str, folders: Iterable[str]) -> dict[str, str]:
    """Folder -> name of its split; says on stderr, once per process, which folder is taken for a split of another name.

    Raises:
        EdgeSastError: two folders of one split.
    """
    names: dict[str, str] = {}
    for folder in sorted(folders):
        usual = ALSO.get(folder.lower(), folder.lower())
        names[folder] = usual if usual in USUAL_SPLITS else folder
        twin = next(other for other, name in names.items() if name == names[folder])
        if twin != folder:
            raise EdgeSastError(
                f"data '{root}' holds '{twin}' and '{folder}', which both stand for the split '{usual}'; join them, or "
                "rename one"
            )
    for folder, name in names.items():
        if folder != name:
            _tell(f"{root}: '{folder}' is taken for the split '{name}'")
    return names


def check_classes(root: str, entries: Sequence[Entry]) -> None:
    """Refuse recordings whose classes are all named as splits: a network would learn to tell the splits apart.

    entries: with parts (…, class, file).
    """
    classes = {entry.parts[-2] for entry in entries}
    if not _are_splits(classes):
        return
    names, one = ", ".join(sorted(classes)), entries[0]
    above = {entry.parts[0] for entry in entries}
    if "\\" in one.parts[-1]:
        remedy = (
            f"the file name '{one.parts[-1]}' holds it before a '\\': give the .zip itself, or unpack it with a "
            "program that makes folders of that"
        )
    elif _are_splits(above):
        remedy = f"put recordings into {one.parts[-2]}/<class>/"
    else:
        raise EdgeSastError(
            f"data '{root}' holds {names} as classes of the splits {', '.join(sorted(above))}: the levels <split> and "
            f"<class> are exchanged; put recordings into {one.parts[-2]}/{one.parts[0]}/ and so on"
        )
    raise EdgeSastError(
        f"data '{root}' holds {names} as classes: the level <class> between split and recordings is missing; {remedy}"
    )


def _are_splits(names: Collection[str]) -> bool:
    """Whether all are names of splits: `train` and `test1`, but not `dev1` and `dev2`, which may be devices."""
    plain = [name.lower().rstrip("0123456789_- ") for name in names]
    numbered = all(short != name.lower() for short, name in zip(plain, names, strict=True))
    known = (*USUAL_SPLITS, *ALSO, *AMBIGUOUS)
    return all(name in known for name in plain) and not (numbered and len(set(plain)) == 1)


@cache
def _tell(line: str) -> None:
    echo(line, error=True)
