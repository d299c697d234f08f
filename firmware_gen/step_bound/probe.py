"""The library's own functions on an emulated core, called one by one in states that are written into its memory.

Where things lie is read from the program's own tables, so that nothing is assumed about what the compiler was given.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_sast.errors import CheckFailedError
from edge_sast.model.model import Model
from edge_sast.parity.device_trace import trace_format
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.c_gen.target import generate
from firmware_gen.emulator.build import DEFAULT_FLAGS, build_image
from firmware_gen.emulator.counts import take_counts
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.toolchain.cores import Core

NAME = "bound"
KINDS = ("conv2d", "linear", "recurrent_linear", "or_pool", "sum_pool", "flatten", "output")  # sast_kind_t
# sast_layer_t on a core of 32 bits, and sast_model_t's pointer to them
LAYER = struct.Struct("<I2B6H2x3I5I2I5I9II2H5I13I4B")
LAYERS_AT = 36
CONTEXT_BYTES = 52
OUTPUT = KINDS.index("output")


@dataclass(frozen=True)
class DeviceLayer:
    """One layer as the program's tables have it, with the fields of sast.h; functions are addresses, 0: there is none.

    row_bits: of a row of packed weights, in a linear layer.
    """

    address: int
    receive: int
    kind: str
    narrow: bool
    width: int
    channels: int
    out_height: int
    out_width: int
    out_channels: int
    bitmap: int
    counters: int
    membranes: int
    row_bits: int
    sweep: int
    inputs: int
    noted: int
    notes: int
    own_spikes: int
    reach: int
    idle: int
    cell: int
    cell_words: int
    cells: int
    position_words: int
    quiet: int
    table: int
    to_thresholds: int

    @property
    def blocks(self) -> int:
        return self.cells * self.cell_words // 4


class Probe:
    """One program. Every `cost` is a number of instructions, exact, of one call and all that it calls.

    Raises:
        EdgeSastError: toolchain or emulator is missing.
        CheckFailedError: the program's tables are not where sast.h puts them.
    """

    def __init__(
        self, model: Model, core: Core, toolchain: str = "zig", flags: Sequence[str] = DEFAULT_FLAGS
    ) -> None:
        self.model, self.core = model, core
        with tempfile.TemporaryDirectory(prefix="edge-sast-bound-") as folder:
            files = generate(model, None, NAME)
            write_folder(files, Path(folder) / "build")
            image = build_image(Path(folder) / "build", list(files), NAME, core, toolchain, flags)
        form = trace_format(model, Simulator(model).layers)
        self.network = EmulatedNetwork(image, core, model, form)
        self.machine = self.network.machine
        self.network.reset()
        self.context = self.machine.call("sast_emulator_quiet_context")
        self.memory = self._word(self.context + 4)
        self.layers = self._layers(image.symbols[f"{NAME}_model"])
        self._after_reset = self.read()
        self._push = image.symbols["sast_push"]
        self._step = image.symbols["sast_step"]

    def _layers(self, model: int) -> tuple[DeviceLayer, ...]:
        first, count = self._word(model + LAYERS_AT), len(self.model.layers) + 1
        layers = []
        for i in range(count):
            address = first + i * LAYER.size
            v = LAYER.unpack(self.machine.read(address, LAYER.size))
            if v[1] >= len(KINDS) or (v[1] == OUTPUT) != (i == count - 1):
                raise CheckFailedError(
                    f"layer {i} of the program is of kind {v[1]}: sast_layer_t has changed"
                )
            layers.append(_device_layer(address, v))
        return tuple(layers)

    def read(self) -> tuple[bytes, bytes]:
        """Context and working memory."""
        size = self._memory_bytes
        return self.machine.read(self.context, CONTEXT_BYTES), self.machine.read(self.memory, size)

    def write(self, state: tuple[bytes, bytes]) -> None:
        """Puts back what `read` gave."""
        self.machine.write(self.context, state[0])
        self.machine.write(self.memory, state[1])

    def reset(self) -> None:
        """As after sast_reset."""
        self.write(self._after_reset)

    def words(self, offset: int, count: int) -> NDArray[np.uint32]:
        """Words of the working memory."""
        return np.frombuffer(self.machine.read(self.memory + offset, 4 * count), "<u4").astype(np.uint32)

    def put(self, offset: int, words: NDArray[np.uint32]) -> None:
        self.machine.write(self.memory + offset, words.astype("<u4").tobytes())

    def table(self, address: int, count: int) -> NDArray[np.uint32]:
        """Words of the program's tables."""
        return np.frombuffer(self.machine.read(address, 4 * count), "<u4").astype(np.uint32)

    def cost(self, function: int, *arguments: int) -> int:
        """Instructions of one call of the function at that address."""
        self.machine.take_counts()
        self.machine.call_at(function, *arguments)
        return sum(self.machine.take_counts().values())

    def count(self, step: bytes) -> int:
        """Instructions of a step as a device takes it: its events, as event_bytes.step_bytes gives them; sast_step."""
        self.machine.take_counts()
        self.network.unobserved_step(step)
        return sum(take_counts(self.machine).values())

    def push(self, x: int, y: int, polarity: int) -> int:
        return self.cost(self._push, self.context, x, y, polarity)

    def step(self) -> int:
        return self.cost(self._step, self.context)

    def receive(self, layer: DeviceLayer, row: int, column: int, channel: int) -> int:
        """One spike into `layer`."""
        return self.cost(layer.receive, self.context, layer.address, row << 16 | column, channel)

    def run(self, function: int, layer: DeviceLayer) -> int:
        """A layer's sweep, or what adds to it before."""
        return self.cost(function, self.context, layer.address) if function else 0

    def spikes(self, index: int) -> int:
        """Neurons of weighted layer `index` that spiked in its last sweep."""
        return int(self.words(self.layers[index].counters + 20, 1)[0])

    def set_bits(self, offset: int, bits: int) -> None:
        """Sets so many bits from an offset on, whole words."""
        self.put(offset, np.full((bits + 31) // 32, 0xFFFFFFFF, np.uint32))

    @property
    def _memory_bytes(self) -> int:
        from firmware_gen.c_gen.memory import memory
        from firmware_gen.c_plan.plan import CPlan

        if not hasattr(self, "_bytes"):
            self._bytes = memory(CPlan(self.model)).bytes
        return self._bytes

    def _word(self, address: int) -> int:
        return int.from_bytes(self.machine.read(address, 4), "little")


def _device_layer(address: int, v: tuple[int, ...]) -> DeviceLayer:
    """v: the fields of sast_layer_t in their order."""
    return DeviceLayer(
        address=address,
        receive=v[0],
        kind=KINDS[v[1]],
        narrow=bool(v[2]),
        width=v[4],
        channels=v[5],
        out_height=v[6],
        out_width=v[7],
        out_channels=v[8],
        bitmap=v[11],
        counters=v[14],
        membranes=v[17],
        row_bits=(v[19] & 0xFFFF) * (v[19] >> 16 & 0xFF),
        sweep=v[24],
        inputs=v[25],
        noted=v[26],
        notes=v[27],
        own_spikes=v[28],
        reach=v[32],
        idle=v[33],
        cell=v[34],
        cell_words=v[36],
        cells=v[37],
        position_words=v[38],
        quiet=v[43],
        table=v[47],
        to_thresholds=v[46],
    )
