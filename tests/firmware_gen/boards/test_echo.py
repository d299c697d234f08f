"""Every emulated board's startup, UART, receive ring and ticks, by a program that echoes."""

from __future__ import annotations

import re
import struct
import subprocess
import time

import pytest

from edge_sast.errors import CheckFailedError, EdgeSastError
from firmware_gen.boards.boards import BOARDS
from firmware_gen.boards.qemu import check_emulated, emulator
from tests.firmware_gen.board_programs import EMULATED, echo_firmware, echoing, require_tools

RATE = range(254)  # bytes that are no command


@pytest.fixture(autouse=True)
def tools():
    require_tools()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    made = {}

    def program(name):
        if name not in made:
            made[name] = echo_firmware(BOARDS[name], tmp_path_factory.mktemp(name)).elf
        return made[name]

    return program


def echo(port, data, at_once):
    """What comes back of data sent so many bytes at a time, each answered before the next."""
    got = b""
    for i in range(0, len(data), at_once):
        port.write(data[i : i + at_once])
        got += port.read(len(data[i : i + at_once]))
    return got


@pytest.mark.parametrize("name", EMULATED)
def test_echo_over_tcp(name, programs):
    """Credits of a whole ring: everything comes back, nothing is lost, and the ring was never more than full."""
    board = BOARDS[name]
    data = bytes(RATE) * 40
    with echoing(board, programs(name), "tcp:0") as (machine, port):
        assert echo(port, data, board.ring_bytes) == data
        port.write(b"\xff")
        lost, most = struct.unpack("<II", port.read(8))
        assert (lost, most) == (machine.read_word("ring_lost"), machine.read_word("ring_most"))
        assert lost == 0
        assert 1 <= most <= board.ring_bytes


@pytest.mark.parametrize("name", EMULATED)
def test_echo_over_a_pty(name, programs):
    data = bytes(RATE) * 8
    with echoing(BOARDS[name], programs(name), "pty") as (machine, port):
        assert machine.port.startswith("/dev/")
        assert echo(port, data, 64) == data
        assert machine.read_word("ring_lost") == 0


@pytest.mark.parametrize("name", EMULATED)
def test_a_byte_at_a_time_never_sleeps_through_its_interrupt(name, programs):
    """The board is idle before each byte: a wait that races with the interrupt would hang within a few hundred."""
    data = bytes(RATE) * 4
    with echoing(BOARDS[name], programs(name), "tcp:0") as (_, port):
        assert echo(port, data, 1) == data


@pytest.mark.parametrize("name", EMULATED)
def test_ticks_count_instructions(name, programs):
    """A loop of two instructions a round; the third stretch takes SysTick round several times.

    Beside the loop only SysTick's interrupts count (a dozen instructions each, 13 of them at 168 MHz), and the
    rounding of one tick at either end.
    """
    with echoing(BOARDS[name], programs(name), "tcp:0") as (_, port):
        port.write(b"\xfe")
        short, middle, long = struct.unpack("<III", port.read(12))
    assert 2000 <= short <= 2080
    assert abs(middle - short - 2_000_000) <= 40
    assert abs(long - short - 20_000_000) <= 200


def test_a_host_that_comes_back_finds_the_board(programs):
    with emulator(BOARDS["qemu-microbit"], programs("qemu-microbit")) as machine:
        import serial

        for _ in range(3):
            with serial.serial_for_url(machine.port, timeout=0.2) as port:
                deadline = time.monotonic() + 30
                while not port.read(1):
                    assert time.monotonic() < deadline
                    port.write(b"x")


def test_the_machine_ends_with_its_block(programs):
    with emulator(BOARDS["qemu-microbit"], programs("qemu-microbit")) as machine:
        assert machine.process.poll() is None
    assert machine.process.poll() is not None
    assert not machine.monitor.parent.exists()
    with pytest.raises(CheckFailedError, match="its monitor does not answer"):
        machine.read_word("ring_lost")


def test_a_port_in_use_is_told(programs):
    board = BOARDS["qemu-microbit"]
    with emulator(board, programs(board.name)) as machine:
        number = machine.port.rpartition(":")[2]
        with (
            pytest.raises(EdgeSastError, match=r"^--board qemu-microbit: QEMU did not start: .*in use"),
            emulator(board, programs(board.name), f"tcp:{number}"),
        ):
            pass


@pytest.mark.parametrize("serial", ["usb", "tcp", "tcp:x", "tcp:65536", ""])
def test_other_serials(serial):
    with pytest.raises(
        EdgeSastError, match=re.escape(f"--serial is {serial!r}; it must be pty, or tcp:PORT")
    ):
        check_emulated(BOARDS["qemu-microbit"], serial)


def test_a_real_board_is_not_emulated():
    with pytest.raises(EdgeSastError, match=r"^--board is pico, which is not emulated: flash it"):
        check_emulated(BOARDS["pico"], "pty")


def test_no_qemu(monkeypatch):
    monkeypatch.setattr("firmware_gen.boards.qemu.shutil.which", lambda _: None)
    with pytest.raises(EdgeSastError, match=r"needs qemu-system-riscv32; apt-get install qemu-system-misc$"):
        check_emulated(BOARDS["qemu-riscv32-virt"], "pty")


def test_qemu_has_the_machines():
    for program in ("qemu-system-arm", "qemu-system-riscv32"):
        said = subprocess.run(
            [program, "-M", "help"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
        machines = {line.split()[0] for line in said.splitlines() if line.strip()}
        wanted = {b.machine[2] for b in BOARDS.values() if b.machine and b.machine[0] == program}
        assert wanted <= machines
