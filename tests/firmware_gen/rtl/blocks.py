"""Single blocks of the event core in Icarus, driven by cocotb: each with constants of its own.

A test file calls run_block; cocotb then imports the same file inside the simulator and runs what is marked there. Only
cocotb's own results are believed: vvp exits with 0 whatever happened.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cocotb.triggers import Timer

import firmware_gen

RTL = Path(firmware_gen.__file__).parent / "rtl"
VARIABLE = "EDGE_SAST_BLOCK"
ROOT = Path(__file__).parents[3]
LONGEST = 100_000  # ns, two a clock: a test that waits for what never comes fails then


@dataclass(frozen=True)
class Block:
    """constants: of sast_params.vh. parameters: the module's own. tables: words of .mem files. top: its module.

    data: what else its tests take, as JSON has it.
    """

    top: str
    constants: Mapping[str, int]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Iterable[int]] = field(default_factory=dict)
    data: Any = None


def run_block(block: Block, module: str, folder: Path, rtl: Path = RTL) -> None:
    """The tests for cocotb of a module, on the sources in `rtl`. Raises AssertionError with the end of its log."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    build = folder / "rtl"
    build.mkdir(parents=True)
    for source in rtl.glob("*.v"):
        shutil.copy(source, build)
    lines = (f"localparam {name} = {value};\n" for name, value in block.constants.items())
    (build / "sast_params.vh").write_text("".join(lines))
    for name, words in block.tables.items():
        (build / f"{name}.mem").write_text("".join(f"{word:x}\n" for word in words))
    runner = get_runner("icarus")
    log = folder / "log"
    runner.build(
        sources=[build / f"{block.top}.v"],
        includes=[build],
        build_args=["-g2005", "-y", str(build)],
        parameters=block.parameters,
        hdl_toplevel=block.top,
        build_dir=folder / "sim",
        timescale=("1ns", "1ns"),  # without one Icarus counts in seconds
        log_file=log,
    )
    setting = json.dumps(
        {"constants": dict(block.constants), "parameters": dict(block.parameters), "data": block.data}
    )
    results = folder / "results.xml"
    with suppress(SystemExit):  # of tests that failed: their log says more
        runner.test(
            test_module=module,
            hdl_toplevel=block.top,
            test_dir=build,
            results_xml=str(results),
            extra_env={VARIABLE: setting, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
            log_file=log,
        )
    ran, failed = get_results(results)
    said = log.read_text()
    assert (ran > 0, failed) == (True, 0), "\n".join(said.splitlines()[-40:])
    assert "$readmem" not in said, said


def name_of(block: Block) -> str:
    """For a test's name: its constants."""
    return " ".join(f"{name}={value}" for name, value in block.constants.items())


def constants() -> dict[str, int]:
    """Inside the simulator: the constants the block was built with."""
    return json.loads(os.environ[VARIABLE])["constants"]


def parameters() -> dict[str, Any]:
    return json.loads(os.environ[VARIABLE])["parameters"]


def data() -> Any:
    return json.loads(os.environ[VARIABLE])["data"]


class Pins:
    """The block's ports, and its clock one edge at a time. Inputs change while the clock is low."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self._last: dict[str, int] = {}

    def set(self, **values: int) -> None:
        for name, value in values.items():
            if self._last.get(name) != value:
                getattr(self.dut, name).value = value
                self._last[name] = value

    def get(self, name: str) -> int:
        """Raises ValueError where a bit of it is x or z."""
        return int(getattr(self.dut, name).value)

    async def settle(self) -> None:
        """Until outputs that depend on inputs without a clock follow."""
        await Timer(1, "ns")

    async def tick(self) -> None:
        """A rising edge, after settle(); registers, and what depends on them, show what came of it."""
        self.dut.clk.value = 1
        await Timer(1, "ns")
        self.dut.clk.value = 0

    async def clock(self, **inputs: int) -> None:
        self.set(**inputs)
        await self.settle()
        await self.tick()

    async def reset(self, **inputs: int) -> None:
        self.dut.clk.value = 0
        await self.clock(rst=1, **inputs)
        await self.clock()
        self.set(rst=0)
        await self.settle()


def signed(value: int, bits: int) -> int:
    """Of so many low bits, in two's complement."""
    value &= (1 << bits) - 1
    return value - (value >> bits - 1 << bits)


def pack(values: Iterable[int], bits: int) -> int:
    """The first in the lowest bits."""
    mask = (1 << bits) - 1
    return sum((value & mask) << i * bits for i, value in enumerate(values))


def unpack(word: int, bits: int, count: int) -> list[int]:
    return [word >> i * bits & (1 << bits) - 1 for i in range(count)]


def seeded(*more: Any) -> random.Random:
    """The same numbers for the same setting."""
    return random.Random(f"{os.environ[VARIABLE]} {more}")


def lanes(count: int) -> dict[str, int]:
    """P, G and B, and their logarithms."""
    g = min(count, 4)
    values = {"P": count, "G": g, "B": count // g}
    return values | {f"L{name}": value.bit_length() - 1 for name, value in values.items()}
