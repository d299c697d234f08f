"""The dense kernels of firmware_gen/c/dense compiled for a bare core and run on its emulator."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sast.dense.network import Int8, Network
from edge_sast.errors import CheckFailedError
from edge_sast.events.binning import Binning
from firmware_gen.build.event_bytes import event_bytes, stream_bytes
from firmware_gen.dense.tables import c_source
from firmware_gen.emulator.build import SCRIPT, link
from firmware_gen.emulator.cycles import EdgeCounter, Run
from firmware_gen.emulator.machine import Machine
from firmware_gen.toolchain.cores import DSP_CORES, find_core
from firmware_gen.toolchain.image import Image, read_image

OPTIMISE = ("-O3",)
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
INPUT = struct.Struct("<4I3H2B")  # dense_input_t
ENTRY = "sast_emulator_dense_frame"


def has_dsp(core: str) -> bool:
    """Whether the core has the DSP extension, so that the kernels with SMLAD run on it."""
    return core in DSP_CORES


def build(
    network: Network, core: str, dsp: bool, toolchain: str = "zig", flags: Sequence[str] = OPTIMISE
) -> Image:
    """The kernels and a network's tables as a program.

    Raises EdgeSastError: no such core or toolchain; the C does not compile.
    """
    with (
        tempfile.TemporaryDirectory(prefix="edge-sast-dense-") as folder,
        resources.as_file(resources.files("firmware_gen") / "c" / "dense") as kernels,
    ):
        tables = Path(folder) / "network.c"
        tables.write_text(c_source(network, dsp))
        sources = [tables, *sorted(kernels.glob("*.c")), *sorted(kernels.glob("*.S"))]
        defines = () if dsp else ("-DDENSE_PORTABLE",)
        return link_program(sources, ENTRY, core, toolchain, (*flags, *WARNINGS, *defines, f"-I{kernels}"))


def link_program(
    sources: Sequence[Path], entry: str, core: str, toolchain: str, flags: Sequence[str]
) -> Image:
    """Sources compiled and linked where the emulator loads them.

    Raises EdgeSastError: no such core or toolchain; the C does not compile.
    """
    with (
        tempfile.TemporaryDirectory(prefix="edge-sast-dense-") as folder,
        resources.as_file(resources.files("firmware_gen") / "c" / "emulator") as driver,
    ):
        sources = [*sources, driver / "memory_gcc.c"] if toolchain == "gcc" else sources
        program = Path(folder) / "program.elf"
        link(find_core(core), toolchain, flags, sources, driver / SCRIPT, entry, program)
        return read_image(program)


class DenseMachine:
    """A network on one core; its frames are counted."""

    def __init__(
        self,
        network: Network,
        core: str,
        dsp: bool,
        toolchain: str = "zig",
        flags: Sequence[str] = OPTIMISE,
    ) -> None:
        self.network = network
        self.machine = Machine(build(network, core, dsp, toolchain, flags), find_core(core))
        sizes = network.sizes()
        self._input = self.machine.allocate(sizes[0].neurons)
        self._output = self.machine.allocate(sizes[-1].neurons)

    @cached_property
    def _counter(self) -> EdgeCounter:
        """Made where frames are counted alone: it slows everything down."""
        return EdgeCounter(self.machine)

    def frame(self, frame: Int8) -> tuple[Int8, Run]:
        """Output of a frame [height, width, channels], and what ran."""
        counter = self._counter
        self.machine.write(self._input, np.ascontiguousarray(frame).tobytes())
        return self.answer(self._input), counter.take()

    def answer(self, frame: int) -> Int8:
        """Output of the frame that lies at an address."""
        self.machine.call(ENTRY, frame, self._output)
        size = self.network.sizes()[-1]
        return np.frombuffer(self.machine.read(self._output, size.neurons), np.int8).reshape(size)


class FrameInput:
    """The frame of a dense network on a machine, which events are counted into.

    binning: of the frame, one step that is as long as a recording.
    """

    def __init__(self, machine: Machine, binning: Binning) -> None:
        self._machine, self._shape = machine, (binning.height, binning.width, binning.channels)
        words = -(-binning.neurons // 4)
        self.address = machine.allocate(4 * words)
        fields = (self.address, words, binning.dt_us, 0, binning.sensor_width, binning.sensor_height)
        self._input = machine.allocate(INPUT.size)
        machine.write(self._input, INPUT.pack(*fields, binning.width, binning.shift, 0))
        self._events, self._size = 0, 0

    @staticmethod
    def ram_bytes(binning: Binning) -> int:
        """Its counts."""
        return 4 * -(-binning.neurons // 4)

    def clear(self) -> None:
        """Start of a recording."""
        self._call("clear", self._input)

    def push(self, events: NDArray[np.void]) -> None:
        """Events (EVENT_DTYPE [n]) one by one. Raises CheckFailedError for one that lies outside the sensor."""
        self._call("push", self._input, self._put(event_bytes(events)), len(events))

    def push_events(self, events: NDArray[np.void]) -> None:
        """The same with time stamps, in bursts; those after the window are left. Raises as push."""
        self._call("push_events", self._input, self._put(stream_bytes(events)), len(events), fine=(0, 2))

    def read(self) -> Int8:
        """The counts [height, width, 2]."""
        data = self._machine.read(self.address, int(np.prod(self._shape)))
        return np.frombuffer(data, np.int8).reshape(self._shape)

    def _put(self, data: bytes) -> int:
        if len(data) > self._size:
            self._events, self._size = self._machine.allocate(2 * len(data)), 2 * len(data)
        self._machine.write(self._events, data)
        return self._events

    def _call(self, what: str, *arguments: int, fine: tuple[int, ...] = (0,)) -> None:
        status = self._machine.call(f"sast_emulator_dense_{what}", *arguments)
        if status not in fine:
            raise CheckFailedError(
                f"{self._machine.core.name}: dense_{what} returned status {status} of dense_input.h"
            )
