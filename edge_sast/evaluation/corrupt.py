"""Faults of cameras and scenes, put into recordings before they are binned, in five severities.

The scheme, kinds of corruption by severities 1 to 5 that the network has not been trained on, is that of D. Hendrycks
and T. Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019, arXiv
1903.12261. The kinds here are those of event cameras; the values are listed in docs/data.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from edge_sast.datasets.dataset import Dataset, OwnTime, RecordingRef
from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import Recording, make_events

Events = np.ndarray  # EVENT_DTYPE[n] in time order
Sensor = tuple[int, int]  # (width, height) in pixels

# Raised with every change of what a corruption draws, so that nothing cached before is taken for it.
CORRUPTION_VERSION = 1
MAX_SEVERITY = 5
HOT_PIXEL_HZ = 100.0
# Keeps these draws apart from any other use of the same seed.
STREAM = 0xC0


def _event_drop(events: Events, probability: float, _sensor: Sensor, rng: np.random.Generator) -> Events:
    return events[rng.random(len(events)) >= probability]


def _background_noise(events: Events, rate_hz: float, sensor: Sensor, rng: np.random.Generator) -> Events:
    width, height = sensor
    count = rng.poisson(rate_hz * width * height * _seconds(events))
    x, y, p = rng.integers(0, width, count), rng.integers(0, height, count), rng.integers(0, 2, count)
    return _merge(events, make_events(_times(events, count, rng), x, y, p))


def _hot_pixels(events: Events, fraction: float, sensor: Sensor, rng: np.random.Generator) -> Events:
    width, height = sensor
    pixels = rng.permutation(width * height)[: max(1, round(fraction * width * height))]
    fired = np.repeat(pixels, rng.poisson(HOT_PIXEL_HZ * _seconds(events), len(pixels)))
    on = np.ones(len(fired), np.uint8)
    return _merge(events, make_events(_times(events, len(fired), rng), fired % width, fired // width, on))


def _time_jitter(events: Events, sigma_us: float, _sensor: Sensor, rng: np.random.Generator) -> Events:
    first, length = events["t"][0], events["t"][-1] - events["t"][0]
    moved = events["t"] - first + np.rint(rng.normal(0.0, sigma_us, len(events))).astype(np.int64)
    # Reflected at both ends: clipping would pile events up there.
    inside = np.clip(length - np.abs(length - np.abs(moved)), 0, length)
    jittered = events.copy()
    jittered["t"] = first + inside
    return _in_time_order(jittered)


def _spatial_jitter(events: Events, sigma: float, sensor: Sensor, rng: np.random.Generator) -> Events:
    width, height = sensor
    moves = np.rint(rng.normal(0.0, sigma, (2, len(events)))).astype(np.int64)
    x, y = events["x"] + moves[0], events["y"] + moves[1]
    seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return make_events(events["t"][seen], x[seen], y[seen], events["p"][seen])


def _polarity_flip(events: Events, probability: float, _sensor: Sensor, rng: np.random.Generator) -> Events:
    flipped = events.copy()
    flipped["p"] ^= rng.random(len(events)) < probability
    return flipped


def _dead_rows(events: Events, fraction: float, sensor: Sensor, rng: np.random.Generator) -> Events:
    height = sensor[1]
    dead = np.zeros(height, np.bool_)
    dead[rng.permutation(height)[: max(1, round(fraction * height))]] = True
    return events[~dead[events["y"]]]


def _time_scale(events: Events, factor: float, _sensor: Sensor, _rng: np.random.Generator) -> Events:
    scaled = events.copy()
    first = events["t"][0]
    scaled["t"] = first + np.floor((events["t"] - first) * factor).astype(np.int64)
    return scaled


def _shortened(events: Events, kept: float, _sensor: Sensor, _rng: np.random.Generator) -> Events:
    elapsed = events["t"] - events["t"][0]
    return events[elapsed <= kept * elapsed[-1]]


@dataclass(frozen=True)
class Corruption:
    """One kind of fault.

    Attributes:
        value: what the values below are, with the unit.
        values: of severity 1..5.
        apply: (events, value, sensor, rng) -> events; `events` holds one event or more and stays as it is.
    """

    value: str
    values: tuple[float, ...]
    apply: Callable[[Events, float, Sensor, np.random.Generator], Events]


CORRUPTIONS: dict[str, Corruption] = {
    "event_drop": Corruption("probability of losing an event", (0.1, 0.2, 0.4, 0.6, 0.8), _event_drop),
    "background_noise": Corruption("noise events per pixel and s", (1, 2, 5, 10, 20), _background_noise),
    "hot_pixels": Corruption("part of the pixels", (0.001, 0.003, 0.01, 0.03, 0.1), _hot_pixels),
    "time_jitter": Corruption("sigma in µs", (1_000, 3_000, 10_000, 20_000, 50_000), _time_jitter),
    "spatial_jitter": Corruption("sigma in pixels", (0.5, 1, 1.5, 2, 3), _spatial_jitter),
    "polarity_flip": Corruption(
        "probability of flipping an event", (0.05, 0.1, 0.2, 0.3, 0.5), _polarity_flip
    ),
    "dead_rows": Corruption("part of the rows", (0.05, 0.1, 0.2, 0.3, 0.5), _dead_rows),
    "speed_up": Corruption("factor on times", (0.9, 0.75, 0.6, 0.5, 0.33), _time_scale),
    "slow_down": Corruption("factor on times", (1.1, 1.33, 1.67, 2, 3), _time_scale),
    "shortened": Corruption("part of the recording that is kept", (0.9, 0.75, 0.6, 0.4, 0.2), _shortened),
}


def corrupt(
    events: np.ndarray, kind: str, severity: int, sensor: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """A recording's events with one fault.

    Args:
        events: EVENT_DTYPE[n] in time order, on the sensor; stays as it is.
        kind: one of `CORRUPTIONS`.
        severity: 0 (no change) to 5.
        sensor: (width, height) in pixels.
        rng: the only source of randomness: the same state and events give the same result.

    Returns:
        EVENT_DTYPE[m] in time order, on the sensor. No events in, none out; and where a fault would leave none, the
        first one stays, so that every recording that counted before still counts.

    Raises:
        EdgeSastError: unknown kind, or a severity out of range.
    """
    value = _value(kind, severity)
    if value is None or not len(events):
        return events
    corrupted_events = CORRUPTIONS[kind].apply(events, value, sensor, rng)
    return corrupted_events if len(corrupted_events) else events[:1].copy()


def corrupted(dataset: Dataset, kind: str, severity: int, seed: int) -> Dataset:
    """The same data set with every recording corrupted; labels, names and order stay.

    Recording i of a split draws from (seed, i) alone: neither threads, nor other recordings, nor --limit change it.

    Raises:
        EdgeSastError: unknown kind, severity out of 0..5, or seed below 0.
    """
    return CorruptedDataset(dataset, kind, severity, seed)


@dataclass(frozen=True)
class CorruptedDataset:
    """See `corrupted`.

    Attributes:
        clean: where the recordings come from.
        kind, severity, seed: as there.
    """

    clean: Dataset
    kind: str
    severity: int
    seed: int

    def __post_init__(self) -> None:
        _value(self.kind, self.severity)
        if not isinstance(self.seed, int) or self.seed < 0:
            raise EdgeSastError(
                f"corruption: seed={self.seed!r} is out of range; choose a whole number from 0 on"
            )

    @property
    def name(self) -> str:
        """The clean data set's name with the fault."""
        return f"{self.clean.name} ({self.kind} {self.severity})"

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the clean recordings."""
        return self.clean.classes

    @property
    def sensor(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.clean.sensor

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of the clean recordings."""
        return self.clean.splits

    @property
    def time(self) -> OwnTime:
        """That of the clean recordings."""
        return self.clean.time

    def recordings(self, split: str) -> tuple[RecordingRef, ...]:
        """The split's recordings in the order of the clean ones; raises EdgeSastError as they do."""
        return tuple(
            replace(ref, load=partial(self._load, ref, index))
            for index, ref in enumerate(self.clean.recordings(split))
        )

    def fingerprint(self, split: str) -> str:
        """SHA-256 over the clean fingerprint and all that the fault depends on."""
        value = _value(self.kind, self.severity)
        parts = (CORRUPTION_VERSION, self.clean.fingerprint(split), self.kind, value, self.seed)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def only(self, split: str) -> CorruptedDataset:
        """The same faults in this split only."""
        return replace(self, clean=self.clean.only(split))

    def _load(self, ref: RecordingRef, index: int) -> Recording:
        recording = ref.load()
        rng = np.random.default_rng((STREAM, self.seed, index))
        sensor = recording.width, recording.height
        return replace(recording, events=corrupt(recording.events, self.kind, self.severity, sensor, rng))


def _value(kind: str, severity: int) -> float | None:
    """The value of a severity; None for severity 0."""
    if kind not in CORRUPTIONS:
        raise EdgeSastError(f"corruption '{kind}' is unknown; choose one of {', '.join(CORRUPTIONS)}")
    if not isinstance(severity, int) or not 0 <= severity <= MAX_SEVERITY:
        raise EdgeSastError(
            f"corruption {kind}: severity {severity!r} is out of range; choose 0..{MAX_SEVERITY}"
        )
    return CORRUPTIONS[kind].values[severity - 1] if severity else None


def _seconds(events: Events) -> float:
    return float(events["t"][-1] - events["t"][0]) * 1e-6


def _times(events: Events, count: int, rng: np.random.Generator) -> np.ndarray:
    """int64[count], uniform from the first to the last event."""
    return rng.integers(events["t"][0], events["t"][-1], count, endpoint=True)


def _merge(events: Events, added: Events) -> Events:
    return _in_time_order(np.concatenate([events, added]))


def _in_time_order(events: Events) -> Events:
    return events[np.argsort(events["t"], kind="stable")]
