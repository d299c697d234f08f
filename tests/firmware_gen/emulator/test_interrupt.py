"""An interrupt pushes an event amid a step, after each of its instructions: it is refused, or counts in whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_gen.c_gen.memory import memory
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.machine import STACK_TOP, STOP, Machine
from firmware_gen.toolchain.cores import find_core
from tests import tools
from tests.firmware_gen.builds import export, smallest_read_out

OK, BUSY = 0, 5
CONTEXT_BYTES = 64
KEPT = 64  # bytes below the stack pointer that an interrupt of the test leaves alone


class Network:
    """A context on a core, that can be put back to how it was."""

    def __init__(self, machine: Machine, model_bytes: int) -> None:
        self.machine, self.size = machine, model_bytes
        self.left = 0  # instructions until the core is stopped; 0: it runs on
        machine._engine.hook_add(machine._unicorn.UC_HOOK_CODE, self._on_instruction)
        self.context, self.memory = machine.allocate(CONTEXT_BYTES), machine.allocate(model_bytes)
        model = machine.image.symbols["a_model"]
        assert machine.call("sast_init", self.context, model, self.memory, model_bytes) == OK

    def _on_instruction(self, engine: Any, _address: int, _size: int, _user: Any) -> None:
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                engine.emu_stop()

    def state(self) -> tuple[bytes, bytes]:
        return self.machine.read(self.context, CONTEXT_BYTES), self.machine.read(self.memory, self.size)

    def restore(self, state: tuple[bytes, bytes]) -> None:
        self.machine.write(self.context, state[0])
        self.machine.write(self.memory, state[1])

    def push(self) -> int:
        return self.machine.call("sast_push", self.context, 0, 0, 0)

    def step(self) -> int:
        return self.machine.call("sast_step", self.context)

    def interrupted_step(self, instructions: int) -> int | None:
        """A step with a push after so many of its instructions; the push's status. None: it has not as many."""
        engine, registers = self.machine._engine, self.machine._registers
        engine.reg_write(registers.arguments[0], self.context)
        engine.reg_write(registers.stack, STACK_TOP)
        engine.reg_write(registers.link, STOP | registers.thumb)
        start = self.machine.image.symbols["sast_step"] | registers.thumb
        self.left = instructions + 1
        engine.emu_start(start, STOP)
        if self.left > 0:
            self.left = 0
            return None
        place = engine.reg_read(registers.counter)
        saved = engine.context_save()
        stack = (engine.reg_read(registers.stack) - KEPT) & ~15
        for register, value in zip(registers.arguments, (self.context, 0, 0, 0), strict=False):
            engine.reg_write(register, value)
        engine.reg_write(registers.stack, stack)
        engine.reg_write(registers.link, STOP | registers.thumb)
        engine.emu_start(self.machine.image.symbols["sast_push"] | registers.thumb, STOP)
        status = int(engine.reg_read(registers.arguments[0]))
        engine.context_restore(saved)
        engine.emu_start(place | registers.thumb, STOP)
        return status


def make_network(folder: Path, name: str) -> Network:
    tools.require_compiler("gcc", name)
    model, core = smallest_read_out(), find_core(name)
    build = export(model, folder / "build")
    files = [path.relative_to(build).as_posix() for path in build.rglob("*.c")]
    return Network(Machine(build_image(build, files, "a", core, "gcc"), core), memory(CPlan(model)).bytes)


def after(network: Network, start: tuple[bytes, bytes], *calls: Callable[[], int]) -> bytes:
    """The working memory after `calls`, all of which succeed."""
    network.restore(start)
    assert [call() for call in calls] == [OK] * len(calls)
    return network.state()[1]


@pytest.mark.parametrize(("core", "open_before"), [("cortex-m0", False), ("rv32", True)])
def test_a_push_after_every_instruction_of_a_step(tmp_path, core, open_before):
    network = make_network(tmp_path, core)
    if open_before:
        assert network.machine.call("sast_push", network.context, 0, 0, 1) == OK
    start = network.state()
    alone = after(network, start, network.step)
    before, behind = (
        after(network, start, network.push, network.step),
        after(network, start, network.step, network.push),
    )
    assert len({alone, before, behind}) == 3
    seen: Counter[int] = Counter()
    instructions = 1
    while True:
        network.restore(start)
        status = network.interrupted_step(instructions)
        if status is None:
            break
        seen[status] += 1
        found = network.state()[1]
        assert (status == BUSY and found == alone) or (status == OK and found in (before, behind)), (
            instructions
        )
        instructions += 1
    assert set(seen) == {OK, BUSY}
    assert seen[BUSY] > 20 * seen[OK] > 0
