"""Recordings through a build on an emulated core: events in, traces out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.parity.device_trace import DeviceRecording, TraceFormat, parse_recording
from firmware_gen.emulator.machine import Machine
from firmware_gen.toolchain.cores import Core
from firmware_gen.toolchain.image import Image

SPARE = 8  # the driver keeps room for one more value


class EmulatedNetwork:
    """A model's C on one core.

    Raises:
        EdgeSastError: as Machine does.
        CheckFailedError: the program was built for another model, or refuses its own tables.
    """

    def __init__(self, image: Image, core: Core, model: Model, form: TraceFormat) -> None:
        self.machine = Machine(image, core)
        self._form = form
        self._size = max(form.step.itemsize, form.end.itemsize) + SPARE
        self._buffer = self.machine.allocate(self._size)
        self._events, self._events_size = 0, -1
        self._outputs, self._classes = self.machine.allocate(4 * len(model.classes)), len(model.classes)
        self._call("sast_emulator_init", self._buffer, self._size, self._outputs)
        digest = self.machine.read(self.machine.call("sast_emulator_hash"), 32)
        if digest.hex() != model_hash(model):
            raise CheckFailedError(f"{core.name}: the program was built for another model; export it again")

    def record(self, steps: list[bytes]) -> DeviceRecording:
        """One recording, with and without an observer. steps: as event_bytes.step_bytes gives them.

        Raises CheckFailedError: the program faults, hangs, or refuses an event.
        """
        self.reset()
        parts = []
        for step in steps:
            self._call("sast_emulator_step", self._put(step), len(step) // 5)
            parts.append(self._take(self._form.step.itemsize))
        self._call("sast_emulator_result")
        parts.append(self._take(self._form.end.itemsize))
        return parse_recording(self._form, b"".join(parts))

    def reset(self) -> None:
        """Start of a recording."""
        self._call("sast_emulator_reset")

    def unobserved_reset(self) -> None:
        """The same of the context without an observer alone: what to count."""
        self._call("sast_reset", self.machine.call("sast_emulator_quiet_context"))

    def unobserved_compute(self) -> bool:
        """Only the step, once its events are pushed, and whether it ended the recording early."""
        self._call("sast_emulator_quiet_step")
        return self.is_decided()

    def unobserved_outputs(self) -> NDArray[np.int32]:
        """Its answer, int32 [classes]."""
        context = self.machine.call("sast_emulator_quiet_context")
        self._call("sast_result", context, self._buffer, self._outputs)
        return np.frombuffer(self.machine.read(self._outputs, 4 * self._classes), "<i4").astype(np.int32)

    def unobserved_step(self, step: bytes) -> None:
        """Only one step of the context, without an observer: what to count."""
        self.unobserved_push(step)
        self._call("sast_emulator_quiet_step")

    def is_decided(self) -> bool:
        """Whether that step ended the recording early: sast_decided, where the model answers early."""
        return bool(self.machine.call("sast_emulator_quiet_decided"))

    def unobserved_push(self, step: bytes) -> None:
        """Its events alone."""
        self._call("sast_emulator_quiet_push", self._put(step), len(step) // 5)

    def _put(self, step: bytes) -> int:
        """The events of a step (its leading count left out) in memory; their address."""
        if len(step) > self._events_size:
            self._events, self._events_size = self.machine.allocate(2 * len(step)), 2 * len(step)
        self.machine.write(self._events, step[4:])
        return self._events

    def _take(self, size: int) -> bytes:
        written = self.machine.call("sast_emulator_written")
        if written != size:
            raise CheckFailedError(
                f"{self.machine.core.name}: the program wrote {written} bytes of a trace, not {size}"
            )
        return self.machine.read(self._buffer, size)

    def _call(self, function: str, *arguments: int) -> None:
        status = self.machine.call(function, *arguments)
        if status:
            raise CheckFailedError(f"{self.machine.core.name}: {function} returned status {status} of sast.h")
