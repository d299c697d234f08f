"""rtl/sast_uart.v, with another of its kind at the other end, whose clock is another."""

import subprocess
from pathlib import Path

import pytest

import firmware_gen

UART = Path(firmware_gen.__file__).parent / "rtl" / "sast_uart.v"
BENCH = Path(__file__).with_name("uart_bench.v")


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("clocks", "off"), [(8, 0.0), (9, -0.01), (104, 0.03)])
def test_uarts_understand_one_another(clocks, off, tmp_path):
    """off: how much slower the second clock is."""
    program = tmp_path / "bench"
    sizes = {"CLOCKS": clocks, "HALF_A": 50.0, "HALF_B": 50 * (1 + off)}
    options = [f"-Puart_bench.{name}={value}" for name, value in sizes.items()]
    command = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-s", "uart_bench", *options]
    command += ["-o", program, UART, BENCH]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout + said.stderr == ""
    ran = subprocess.run(["vvp", "-n", program], capture_output=True, text=True, check=True, timeout=60)
    assert [line for line in ran.stdout.splitlines() if "$finish" not in line] == ["passed"]
