"""Known answers: a few recordings and what the runtime makes of them, for hosts and devices to replay.

docs/firmware.md describes the bytes.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from edge_sast.datasets.load import spread
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import EVENT, step_bytes

MAGIC = b"SASTKNOW"
VERSION = 1
EARLY_VERSION = 2  # of a model that answers early: how many steps each recording has
RECORDINGS = 3
MAX_EVENTS = 20_000  # all recordings together: 100 kB of a board's flash
RANDOM_SEED = 1


@dataclass(frozen=True)
class KnownAnswer:
    """Of one recording. outputs: int32 [classes]; synops, spikes: int64 [weighted layers], of all steps."""

    outputs: NDArray[np.int32]
    prediction: int
    synops: NDArray[np.int64]
    spikes: NDArray[np.int64]


@dataclass(frozen=True)
class KnownAnswers:
    """Recordings and their answers. crcs: of each recording uint32 [steps computed]; outputs: int32 [N, classes];
    predictions: int64 [N]; synops, spikes: int64 [N, weighted layers], of these steps."""

    recordings: BinnedEvents
    crcs: list[NDArray[np.uint32]]
    outputs: NDArray[np.int32]
    predictions: NDArray[np.int64]
    synops: NDArray[np.int64]
    spikes: NDArray[np.int64]

    def of(self, i: int) -> KnownAnswer:
        """What recording `i` ends with."""
        return KnownAnswer(self.outputs[i], int(self.predictions[i]), self.synops[i], self.spikes[i])


def make_known_answers(
    model: Model, recordings: BinnedEvents | None, count: int = RECORDINGS
) -> KnownAnswers:
    """Answers of the runtime for `count` of `recordings`, or for random events when there are none.

    Raises EdgeSastError when count is below 1, or the recordings are binned in another way than the model wants.
    """
    if count < 1:
        raise EdgeSastError(f"known answers: count is {count}; give 1 or more")
    given = recordings if recordings is not None and len(recordings) else random_recordings(model)
    chosen = choose(given, count)
    simulator = Simulator(model)
    result = simulator.run(chosen)
    crcs = [row[:steps] for row, steps in zip(simulator.crcs(chosen), result.steps, strict=True)]
    return KnownAnswers(chosen, crcs, result.outputs, result.predictions, result.synops, result.spikes)


def choose(recordings: BinnedEvents, count: int) -> BinnedEvents:
    """Up to `count`, the classes in turn, together at most MAX_EVENTS events; always at least one."""
    steps = recordings.binning.steps
    rows: list[int] = []
    events = 0
    for i in spread(recordings.labels, count).tolist():
        part = slice(recordings.step_ptr[i * steps], recordings.step_ptr[(i + 1) * steps])
        size = int(recordings.counts[part].sum())
        if not rows or events + size <= MAX_EVENTS:
            rows.append(i)
            events += size
    return recordings.select(rows)


def random_recordings(model: Model) -> BinnedEvents:
    """RECORDINGS random ones, from sparse to crowded; the same for the same model."""
    grid = model.binning
    rng = np.random.default_rng(RANDOM_SEED)
    budget = MAX_EVENTS // (RECORDINGS * grid.steps * grid.count_cap)
    steps = []
    for density in (0.02, 0.1, 0.5):
        size = max(1, min(budget, round(density * grid.neurons)))
        for _ in range(grid.steps):
            indices = np.sort(rng.choice(grid.neurons, size, replace=False))
            steps.append((indices, rng.integers(1, grid.count_cap, size, endpoint=True)))
    labels = np.arange(RECORDINGS) % len(model.classes)
    sources = [f"random events {i}" for i in range(RECORDINGS)]
    return BinnedEvents.of_steps(grid, steps, labels, model.classes, sources)


def dumps(model: Model, answers: KnownAnswers) -> bytes:
    """The bytes of known_answers.bin."""
    n, layers = answers.synops.shape
    sizes = (n, model.binning.steps, layers, len(model.classes))
    early = model.early_margin is not None
    data = MAGIC + _version(model).to_bytes(4, "little") + bytes.fromhex(model_hash(model))
    data += np.array(sizes, "<u4").tobytes()
    for i in range(n):
        steps = step_bytes(answers.recordings, i)[: len(answers.crcs[i])]
        data += len(steps).to_bytes(4, "little") if early else b""
        for step, crc in zip(steps, answers.crcs[i], strict=True):
            data += step + int(crc).to_bytes(4, "little")
        data += np.stack([answers.synops[i], answers.spikes[i]], axis=1).astype("<u8").tobytes()
        data += answers.outputs[i].astype("<i4").tobytes() + int(answers.predictions[i]).to_bytes(4, "little")
    return data + zlib.crc32(data).to_bytes(4, "little")


def loads(model: Model, data: bytes, source: str) -> KnownAnswers:
    """The known answers in a file's bytes; `source` names it in errors.

    Raises EdgeSastError when they are damaged or belong to another model.
    """
    reader = _Reader(data[:-4], source)  # the CRC comes last
    if data[:8] != MAGIC or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise EdgeSastError(f"{source}: is damaged or no file of known answers; export the build again")
    reader.take(len(MAGIC))
    version = reader.number()
    if version not in (VERSION, EARLY_VERSION):
        raise EdgeSastError(
            f"{source}: version is {version}; this edge-sast reads {VERSION} and {EARLY_VERSION}: export again"
        )
    if reader.take(32).hex() != model_hash(model):
        raise EdgeSastError(f"{source}: belongs to another model than model.safetensors; export again")
    n, steps, layers, classes = (reader.number() for _ in range(4))
    if (steps, layers, classes) != (model.binning.steps, len(model.weighted()), len(model.classes)):
        raise EdgeSastError(
            f"{source}: has {steps} steps, {layers} layers, {classes} classes, not the model's; export again"
        )
    if version != _version(model):
        raise EdgeSastError(f"{source}: version is {version}, the model's is {_version(model)}; export again")
    return reader.answers(model, n)


def _version(model: Model) -> int:
    return VERSION if model.early_margin is None else EARLY_VERSION


class _Reader:
    """Walks through the bytes; every read is checked against their end."""

    def __init__(self, data: bytes, source: str) -> None:
        self.data, self.source, self.at = data, source, 0

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if len(part) < size:
            raise EdgeSastError(f"{self.source}: ends inside a recording; export the build again")
        self.at += size
        return part

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def array(self, dtype: npt.DTypeLike, *shape: int) -> np.ndarray:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return np.frombuffer(self.take(size), dtype).reshape(shape)

    def answers(self, model: Model, n: int) -> KnownAnswers:
        layers, classes = len(model.weighted()), len(model.classes)
        steps, crcs, totals, outputs, predictions = [], [], [], [], []
        most = model.binning.steps
        for _ in range(n):
            computed = most if model.early_margin is None else self.number()
            if not 1 <= computed <= most:
                raise EdgeSastError(
                    f"{self.source}: a recording has {computed} steps, the model {most}; export the build again"
                )
            of_recording = []
            for _ in range(computed):
                steps.append(self._inputs(model.binning))
                of_recording.append(self.number())
            steps += [(np.zeros(0, np.int64), np.zeros(0, np.int64))] * (most - computed)
            crcs.append(np.array(of_recording, np.uint32))
            totals.append(self.array("<u8", layers, 2))
            outputs.append(self.array("<i4", classes))
            predictions.append(self.number())
        rest = len(self.data) - self.at
        if n == 0 or rest:
            raise EdgeSastError(
                f"{self.source}: holds {n} recordings and {rest} other bytes; export the build again"
            )
        total = np.array(totals, np.int64).reshape(n, layers, 2)
        labels, sources = np.zeros(n, np.int64), [f"known answer {i}" for i in range(n)]
        return KnownAnswers(
            recordings=BinnedEvents.of_steps(model.binning, steps, labels, model.classes, sources),
            crcs=crcs,
            outputs=np.array(outputs, np.int32).reshape(n, classes),
            predictions=np.array(predictions, np.int64),
            synops=total[:, :, 0],
            spikes=total[:, :, 1],
        )

    def _inputs(self, grid: Binning) -> tuple[np.ndarray, np.ndarray]:
        """One step's events, binned: inputs and their counts."""
        events = self.array(EVENT, self.number())
        inside = (events["x"] < grid.sensor_width) & (events["y"] < grid.sensor_height) & (events["p"] <= 1)
        if not inside.all():
            raise EdgeSastError(f"{self.source}: has an event outside the sensor; export the build again")
        row, column = events["y"] >> grid.shift, events["x"] >> grid.shift
        neurons = (row.astype(np.int64) * grid.width + column) * 2 + events["p"]
        indices, counts = np.unique(neurons, return_counts=True)
        return indices, np.minimum(counts, grid.count_cap)
