"""The dense kernels of dense/ compiled for a bare core and run on its emulator."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from cycles import EdgeCounter, Run
from dense_network import Int8, Network, c_source

import firmware_gen
from firmware_gen.emulator.build import SCRIPT, link
from firmware_gen.emulator.machine import Machine
from firmware_gen.toolchain.cores import find_core
from firmware_gen.toolchain.image import Image, read_image

KERNELS = Path(__file__).parent / "dense"
OPTIMISE = ("-O3",)
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
DSP_CORES = ("cortex-m4", "cortex-m7", "cortex-m33")


def has_dsp(core: str) -> bool:
    """Whether the core has the DSP extension, so that the kernels with SMLAD run on it."""
    return core in DSP_CORES


def build(network: Network, core: str, dsp: bool, toolchain: str = "zig") -> Image:
    """The kernels and a network's tables as a program.

    Raises EdgeSastError: no such core or toolchain; the C does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sast-dense-") as folder:
        scratch = Path(folder)
        (scratch / "network.c").write_text(c_source(network, dsp))
        sources = [scratch / "network.c", *sorted(KERNELS.glob("*.c")), *sorted(KERNELS.glob("*.S"))]
        defines = () if dsp else ("-DDENSE_PORTABLE",)
        return link_program(sources, "dense_frame", core, toolchain, (*WARNINGS, *defines, f"-I{KERNELS}"))


def link_program(
    sources: Sequence[Path], entry: str, core: str, toolchain: str, flags: Sequence[str]
) -> Image:
    """Sources compiled with -O3 and linked where the emulator loads them.

    Raises EdgeSastError: no such core or toolchain; the C does not compile.
    """
    with tempfile.TemporaryDirectory(prefix="edge-sast-dense-") as folder:
        driver = Path(firmware_gen.__file__).parent / "c" / "emulator"
        sources = [*sources, driver / "memory_gcc.c"] if toolchain == "gcc" else sources
        program = Path(folder) / "program.elf"
        options = [*OPTIMISE, *flags]
        link(find_core(core), toolchain, options, sources, driver / SCRIPT, entry, program)
        return read_image(program)


class DenseMachine:
    """A network on one core; its frames are counted."""

    def __init__(self, network: Network, core: str, dsp: bool, toolchain: str = "zig") -> None:
        self.network = network
        self._machine = Machine(build(network, core, dsp, toolchain), find_core(core))
        sizes = network.sizes()
        self._input = self._machine.allocate(sizes[0].neurons)
        self._output = self._machine.allocate(sizes[-1].neurons)
        self._counter = EdgeCounter(self._machine)

    def frame(self, frame: Int8) -> tuple[Int8, Run]:
        """Output of a frame [height, width, channels], and what ran."""
        self._machine.write(self._input, np.ascontiguousarray(frame).tobytes())
        self._machine.call("dense_frame", self._input, self._output)
        size = self.network.sizes()[-1]
        output = np.frombuffer(self._machine.read(self._output, size.neurons), np.int8)
        return output.reshape(size), self._counter.take()
