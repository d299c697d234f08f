"""Recordings to `<split>/<class>/<recording>@<begin>s.<suffix>`, the folder that training reads."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_sast.datasets.cutting.labels import is_class_name
from edge_sast.datasets.cutting.windows import Label, Window, by_count, by_label, by_time
from edge_sast.datasets.sources.split_names import USUAL_SPLITS
from edge_sast.datasets.sources.windows import MIN_WINDOWS, split_by_time
from edge_sast.errors import EdgeSastError
from edge_sast.events.census import Census
from edge_sast.formats.contract import Format, Sensor
from edge_sast.formats.convert import counted
from edge_sast.formats.defects import Kind
from edge_sast.formats.fits import write_events
from edge_sast.formats.source import EventFile, FileOptions, open_events
from edge_sast.formats.zipped import EventPath

SPLITS = ("time", "recording", "none")
MIN_LABELLED = 3  # of a class in a recording: one for each split


@dataclass(frozen=True)
class Cut:
    """How recordings are cut.

    Attributes:
        window_us, window_events, labels: one of them; labels: recording's file name (None: every one) -> its labels.
        split: "time": the first 60 % of each recording's windows (of each class, where labelled) train, then 20 %
            valid, then 20 % test; "recording": the same of each class's recordings, which stay whole; "none".
        keep_empty: windows without events are kept.
    """

    window_us: int | None = None
    window_events: int | None = None
    labels: dict[str | None, list[Label]] | None = None
    split: str = "time"
    keep_empty: bool = False


@dataclass(frozen=True)
class Source:
    """A recording, and the class of its windows where they have no label."""

    path: EventPath
    label: str


@dataclass
class Result:
    """counts: (split, class) -> windows; empty: windows left out as they have no events; sensor: of all recordings.

    remarks: a line for each recording of which there is something to say, see `EventFile.remark_line`.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    empty: int = 0
    sensor: Sensor | None = None
    remarks: list[str] = field(default_factory=list)


def cut_files(sources: Sequence[Source], out: Path, cut: Cut, writer: Format, options: FileOptions) -> Result:
    """Cut every file and write the data set, whole or not at all.

    Raises:
        EdgeSastError: as `open_events`; a step back, also where defects are kept; `out` exists already; recordings of
            different sensors; too few windows for a split; labels of a file that is not named; two recordings whose
            windows would have one name; no window with an event, or none at all.
    """
    if out.exists():
        raise EdgeSastError(
            f"--out {out}: exists already; name a new folder, so that no old windows are among the new"
        )
    _check(sources, cut)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        result = _cut_into(partial, sources, cut, writer, options)
        partial.rename(out)
    except OSError as error:
        raise EdgeSastError(
            f"--out {out}: cannot be written ({error.strerror or error}); free space or choose another folder"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return result


def _check(sources: Sequence[Source], cut: Cut) -> None:
    for source in sources:
        if not is_class_name(source.label):
            raise EdgeSastError(
                f"{source.path}: class {source.label!r} cannot be the name of a folder; choose one with --class"
            )
    paths = [source.path for source in sources]
    # Windows of one name may be of different classes, but labels' classes are known too late, and lines name files.
    names = Counter((source.path.stem, source.label if cut.labels is None else None) for source in sources)
    for (twice, label), count in names.items():
        if count > 1:
            of = f" of class {label}" if label is not None else ""
            raise EdgeSastError(
                f"two recordings{of} are called {twice}; rename one, so that their windows differ"
            )
    named = {path.name for path in paths} | {path.stem for path in paths} | {None}
    lost = next((name for name in cut.labels or () if name not in named), None)
    if lost is not None:
        raise EdgeSastError(
            f"--labels: {lost} is none of the recordings that are named; name it, or remove its lines"
        )


def _cut_into(
    folder: Path, sources: Sequence[Source], cut: Cut, writer: Format, options: FileOptions
) -> Result:
    result = Result()
    times: list[int] = []  # µs, of the first and last event of each recording
    whole = _whole_recordings(sources, cut) if cut.split == "recording" else {}
    folder.mkdir(parents=True)
    for source in sources:
        census = Census()
        with open_events(source.path, options) as file:
            sensor = file.needed_sensor()
            first = result.sensor = result.sensor or sensor
            if first != sensor:
                raise EdgeSastError(
                    f"{source.path}: sensor {sensor[0]}x{sensor[1]} is not the first recording's {first[0]}x{first[1]}"
                    "; cut recordings of one sensor, or pass --sensor"
                )
            windows = _windows(counted(_in_order(file), census), source.path, cut)
            written = _write(folder / ".all", source, windows, cut, writer, sensor)
            if line := file.remark_line():
                result.remarks.append(line)
        times += [census.first_us, census.last_us] if census.events else []
        result.empty += sum(part.path is None for part in written)
        for part, split in zip(written, _splits(written, cut, whole.get(source), source.path), strict=True):
            _sort(folder, part, split, result)
    if not result.counts:
        raise EdgeSastError(_nothing(cut, times))
    (folder / ".all").rmdir()
    width, height = result.sensor or (0, 0)
    (folder / "dataset.toml").write_text(f'sensor = "{width}x{height}"\n', encoding="utf-8")
    return result


def _in_order(file: EventFile) -> Iterator[np.ndarray]:
    """The chunks of a file. Raises EdgeSastError at a step back that is kept: windows follow one another in time."""
    for chunk in file.chunks:
        file.defects.refuse_kept(Kind.STEP_BACK)
        yield chunk


def _nothing(cut: Cut, times: list[int]) -> str:
    """Why no window was written of recordings with these times."""
    if not times:
        return "the recordings hold no event, and there is nothing to cut; name others"
    if cut.labels is not None:
        return (
            f"--labels: no label holds an event; the recordings' times go from {min(times)} to {max(times)} µs: "
            "correct the labels' times or their unit"
        )
    if cut.window_us is not None:
        return f"no recording lasts as long as a window, {cut.window_us} µs; choose a shorter --window-ms"
    return f"no recording has the {cut.window_events} events of a window; choose fewer with --window-events"


def _windows(chunks: Iterable[np.ndarray], source: EventPath, cut: Cut) -> Iterator[Window]:
    if cut.labels is not None:
        own = [*cut.labels.get(None, ()), *cut.labels.get(source.name, ())]
        own += cut.labels.get(source.stem, []) if source.stem != source.name else []
        return by_label(chunks, own)
    if cut.window_us is not None:
        return by_time(chunks, cut.window_us, str(source))
    assert cut.window_events is not None
    return by_count(chunks, cut.window_events)


@dataclass(frozen=True)
class _Written:
    label: str
    begin_us: int
    path: Path | None  # None: it had no events


def _write(
    folder: Path, source: Source, windows: Iterable[Window], cut: Cut, writer: Format, sensor: Sensor
) -> list[_Written]:
    """All windows of a recording as files of one folder, in order."""
    folder.mkdir(exist_ok=True)
    found: list[_Written] = []
    for window in windows:
        label = window.label or source.label
        if not len(window.events) and not cut.keep_empty:
            found.append(_Written(label, window.begin_us, None))
            continue
        name = f"{source.path.stem}@{window.begin_us * 1e-6:.6f}s-{len(found)}{writer.suffixes[0]}"
        with open(folder / name, "wb") as stream:
            write_events(writer, stream, sensor, [window.events], f"{source.path}: window {len(found)}")
        found.append(_Written(label, window.begin_us, folder / name))
    return found


def _sort(folder: Path, part: _Written, split: str | None, result: Result) -> None:
    """Move a window to its split and class."""
    if part.path is None:
        return
    if split is None:
        part.path.unlink()
        return
    place = folder / split / part.label
    place.mkdir(parents=True, exist_ok=True)
    part.path.rename(place / part.path.name)
    result.counts[split, part.label] += 1


def _splits(written: list[_Written], cut: Cut, whole: str | None, source: EventPath) -> list[str | None]:
    """The split of each window: "" for none at all, None for windows between two splits, which are left out."""
    if cut.split != "time":
        return [whole or ""] * len(written)
    if cut.labels is None:
        if len(written) < MIN_WINDOWS:
            raise EdgeSastError(
                f"{source}: gives {len(written)} windows, and {MIN_WINDOWS} are needed to split it by time; choose "
                "shorter windows, --split recording or --split none"
            )
        return _by_number(len(written), split_by_time)
    found: list[str | None] = [None] * len(written)
    for label in dict.fromkeys(part.label for part in written):
        numbers = sorted(
            (i for i, part in enumerate(written) if part.label == label), key=lambda i: written[i].begin_us
        )
        if len(numbers) < MIN_LABELLED:
            raise EdgeSastError(
                f"{source}: class {label} has {len(numbers)} labels, and {MIN_LABELLED} are needed to split it by time"
                "; label more of it, or choose --split recording or --split none"
            )
        for number, split in zip(numbers, _by_number(len(numbers), parts), strict=True):
            found[number] = split
    return found


def _by_number(count: int, rule: Callable[[int], dict[str, range]]) -> list[str | None]:
    found: list[str | None] = [None] * count
    for split, numbers in rule(count).items():
        for number in numbers:
            found[number] = split
    return found


def parts(count: int) -> dict[str, range]:
    """Numbers of each split of so many things that do not touch: 60, 20, 20 %, of three or more at least one each."""
    valid, test = max(1, count * 3 // 5), max(2, count * 4 // 5)
    return dict(zip(USUAL_SPLITS, (range(valid), range(valid, test), range(test, count)), strict=True))


def _whole_recordings(sources: Sequence[Source], cut: Cut) -> dict[Source, str]:
    """Recording -> split, for recordings that stay whole: of each class, or of all where labels name the classes."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault("" if cut.labels is not None else source.label, []).append(source)
    found: dict[Source, str] = {}
    for group, members in groups.items():
        if len(members) < MIN_LABELLED:
            of = f" of class {group}" if group else ""
            raise EdgeSastError(
                f"--split recording: {len(members)} recordings{of}, and {MIN_LABELLED} are needed; name more, or "
                "choose --split time or --split none"
            )
        for split, numbers in parts(len(members)).items():
            found |= {members[number]: split for number in numbers}
    return found
