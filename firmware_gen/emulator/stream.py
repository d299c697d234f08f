"""Recordings through sast_stream on an emulated core: what every step costs a device that is given time stamps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.model.model import Model
from edge_sast.runtime.simulator import Trace
from firmware_gen.build.event_bytes import stream_bytes
from firmware_gen.emulator.counts import take_counts
from firmware_gen.emulator.machine import Machine
from firmware_gen.toolchain.cores import Core
from firmware_gen.toolchain.image import Image

OK, STEP, DECISION = range(3)  # sast_stream_status_t
ON_EVENT, RUNNING = 1, 2  # sast_windows_t


@dataclass(frozen=True)
class StreamRun:
    """One recording. steps: instructions of each, by function: all from the end of the one before to its own end.

    outputs: int32 [classes]; synops, spikes: uint64 [weighted layers], of all steps. restart: instructions of the
    recording's start, before all of them.
    """

    steps: list[Counter[str]]
    prediction: int
    outputs: NDArray[np.int32]
    synops: NDArray[np.uint64]
    spikes: NDArray[np.uint64]
    restart: Counter[str]


class EmulatedStream:
    """A model's C behind sast_stream, on one core.

    image: with the stream (build_image). windows: each starts on an event, as recordings do, or RUNNING state.

    Raises EdgeSastError as Machine does, CheckFailedError as run does.
    """

    def __init__(self, image: Image, core: Core, model: Model, windows: int = ON_EVENT) -> None:
        self.machine = Machine(image, core)
        self._window_us = model.binning.steps * model.binning.dt_us
        self._classes, self._weighted = len(model.classes), len(model.weighted())
        self._class = self.machine.allocate(4)
        self._outputs = self.machine.allocate(4 * self._classes)
        self._counters = self.machine.allocate(16 * self._weighted)
        self._events, self._size = 0, 0
        self._expect("init", OK, windows, self._window_us)

    def run(self, events: NDArray[np.void]) -> StreamRun:
        """One recording. events: EVENT_DTYPE [n], n > 0.

        Raises CheckFailedError: the program faults, hangs, or says anything else than that a step is over.
        """
        data = stream_bytes(events)
        address = self._put(data)
        self.machine.take_counts()
        self._expect("restart", OK)
        restart = take_counts(self.machine)
        steps: list[Counter[str]] = []
        status = STEP
        while status != DECISION:
            status = self._call("push", address, len(events))
            if status == OK:  # no events are left
                status = self._call("advance", self._window_us)
            if status not in (STEP, DECISION):
                raise CheckFailedError(
                    f"{self.machine.core.name}: sast_stream returned status {status} of sast_stream.h "
                    f"in step {len(steps)}"
                )
            steps.append(take_counts(self.machine))
        return self._result(steps, restart)

    def decisions(self, events: NDArray[np.void], end_us: int) -> list[list[int]]:
        """Outputs after each step before end_us, in running state.

        Raises CheckFailedError as run does.
        """
        address = self._put(stream_bytes(events))
        self._expect("restart", OK)
        found: list[list[int]] = []
        while True:
            status = self._call("push", address, len(events))
            if status == OK:
                status = self._call("advance", end_us - int(events["t"][0]))  # where stream_bytes begins
            if status == OK:
                return found
            if status != DECISION:
                raise CheckFailedError(
                    f"{self.machine.core.name}: sast_stream returned status {status} in step {len(found)}"
                )
            found.append(self._result([], Counter()).outputs.tolist())

    def _result(self, steps: list[Counter[str]], restart: Counter[str]) -> StreamRun:
        self._expect("result", OK, self._class, self._outputs, self._counters)
        read = self.machine.read
        counters = np.frombuffer(read(self._counters, 16 * self._weighted), "<u8").reshape(-1, 2)
        return StreamRun(
            steps,
            int.from_bytes(read(self._class, 4), "little"),
            np.frombuffer(read(self._outputs, 4 * self._classes), "<i4").astype(np.int32),
            counters[:, 0].astype(np.uint64),
            counters[:, 1].astype(np.uint64),
            restart,
        )

    def _put(self, data: bytes) -> int:
        if len(data) > self._size:
            self._events, self._size = self.machine.allocate(2 * len(data)), 2 * len(data)
        self.machine.write(self._events, data)
        return self._events

    def _call(self, what: str, *arguments: int) -> int:
        return self.machine.call(f"sast_emulator_stream_{what}", *arguments)

    def _expect(self, what: str, wanted: int, *arguments: int) -> None:
        status = self._call(what, *arguments)
        if status != wanted:
            raise CheckFailedError(f"{self.machine.core.name}: sast_stream: {what} returned status {status}")


def check_stream(expected: Trace, got: StreamRun, source: str) -> None:
    """Raises CheckFailedError where the stream's answer is not the runtime's."""
    pairs = {
        "steps": (len(expected.crcs), len(got.steps)),
        "class": (expected.prediction, got.prediction),
        "outputs": (expected.outputs.tolist(), got.outputs.tolist()),
        "SynOps": (expected.synops.sum(axis=0, dtype=np.uint64).tolist(), got.synops.tolist()),
        "spikes": (expected.spike_counts.sum(axis=0, dtype=np.uint64).tolist(), got.spikes.tolist()),
    }
    for name, (want, found) in pairs.items():
        if want != found:
            raise CheckFailedError(
                f"the C behind sast_stream differs from the runtime: {source}: {name} expected {want}, got {found}"
            )
