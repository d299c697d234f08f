"""Slow, obvious counterparts of the data kernels, and recordings to try them on."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from edge_sast.events.recording import Recording, make_events
from edge_sast.formats.atis import write_recording_atis


def random_recording(
    seed: int, events: int = 200, width: int = 34, height: int = 34, last_us: int = 90_000
) -> Recording:
    """A recording of uniformly random events in time order."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, last_us, events))
    x, y, p = rng.integers(0, width, events), rng.integers(0, height, events), rng.integers(0, 2, events)
    return Recording(make_events(t, x, y, p), width, height, f"random {seed}")


def write_classes(root: Path, classes: dict[str, int], seed: int = 0) -> None:
    """Folders <class>/<number>.bin with this many random recordings each."""
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            seed += 1
            (root / name / f"{number:03d}.bin").write_bytes(
                write_recording_atis(random_recording(seed).events)
            )


def zip_folder(folder: Path, target: Path, prefix: str = "") -> None:
    """The folder's files as a zip, below `prefix`."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, prefix + path.relative_to(folder).as_posix())


def slow_bins(recording, binning) -> tuple[list[dict[int, int]], int]:
    """Per step a dictionary neuron -> capped count, and the number of dropped events, event by event."""
    steps: list[dict[int, int]] = [{} for _ in range(binning.steps)]
    dropped = 0
    for t, x, y, p in recording.events.tolist():
        step = (t - int(recording.events["t"][0])) // binning.dt_us
        if step >= binning.steps:
            dropped += 1
            continue
        columns = -(-binning.sensor_width // 2**binning.shift)
        neuron = (y // 2**binning.shift * columns + x // 2**binning.shift) * 2 + p
        steps[step][neuron] = min(steps[step].get(neuron, 0) + 1, binning.count_cap)
    return steps, dropped


def slow_shift_flip(dense: np.ndarray, dy: int, dx: int, flip: bool) -> np.ndarray:
    """One sample [T, H, W, 2] moved by (dy, dx) with zeros entering, then mirrored."""
    out = np.zeros_like(dense)
    _, height, width, _ = dense.shape
    for y in range(height):
        for x in range(width):
            if 0 <= y - dy < height and 0 <= x - dx < width:
                out[:, y, x] = dense[:, y - dy, x - dx]
    return out[:, :, ::-1] if flip else out
