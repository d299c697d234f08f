"""The table of boards: consistent with itself and with the drivers there are."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.boards import BOARDS, Region, Ticks, Uart, find_board
from firmware_gen.boards.build import _port_sources

PORTS = Path(__file__).parents[3] / "firmware_gen" / "c" / "ports"


def test_every_part_of_a_port_exists_and_every_part_is_used():
    used = {name for board in BOARDS.values() for name in _port_sources(board)} | {"main.c"}
    assert used == {path.name for path in PORTS.iterdir() if path.suffix in (".c", ".S")}


def test_names_are_keys_and_emulated_ones_say_so():
    for name, board in BOARDS.items():
        assert board.name == name
        assert board.emulated == name.startswith("qemu-")


def test_the_cores_are_all_there():
    cores = {board.core.title for board in BOARDS.values() if board.emulated}
    assert cores == {"Cortex-M0", "Cortex-M3", "Cortex-M4", "Cortex-M7", "Cortex-M55", "RV32IMAC"}


def test_emulated_ticks_make_instructions_of_nanoseconds():
    """n instructions last 64 n ns, in which SysTick counts core_hz · 64 n / 10^9."""
    for board in BOARDS.values():
        if board.emulated and board.ticks.driver == "systick":
            counts = board.core_hz * 64  # of 10^9 instructions
            assert counts * board.ticks.multiply == 10**9 * board.ticks.divide
            assert 0x1000000 * board.ticks.multiply < 1 << 32


def test_regions_do_not_meet_even_at_the_size_the_linker_is_told():
    for board in BOARDS.values():
        assert abs(board.flash.origin - board.ram.origin) >= 64 << 20


def test_unknown_board():
    with pytest.raises(EdgeSastError, match=re.escape("--board is 'pic'; it must be one of qemu-microbit, ")):
        find_board("pic")


@pytest.mark.parametrize("size", [0, 63, 1000])
def test_a_ring_is_a_power_of_two(size):
    with pytest.raises(ValueError, match="no power of two"):
        dataclasses.replace(BOARDS["pico"], ring_bytes=size)


@pytest.mark.parametrize(("frame", "window"), [(32, 8), (8192, 8), (512, 0), (512, 3), (512, 128)])
def test_a_window_is_a_power_of_two_of_frames_that_the_protocol_knows(frame, window):
    with pytest.raises(ValueError, match="no power of two, or no size"):
        dataclasses.replace(BOARDS["pico"], frame_bytes=frame, window=window)


def test_boards_with_room_keep_a_fast_line_busy():
    """512, 4096 and 8 are the buffers of the figures in docs/protocol.md, section 7."""
    large = [board for board in BOARDS.values() if board.ram.size >= 64 * 1024]
    assert len(large) == 9
    assert {(board.frame_bytes, board.ring_bytes, board.window) for board in large} == {(512, 4096, 8)}


def test_a_board_is_emulated_or_flashed():
    with pytest.raises(ValueError, match="either emulated or flashed"):
        dataclasses.replace(BOARDS["pico"], flashing="")
    with pytest.raises(ValueError, match="either emulated or flashed"):
        dataclasses.replace(BOARDS["qemu-microbit"], flashing="by hand")


def test_impossible_parts():
    with pytest.raises(ValueError, match="not within 32 bits"):
        Region(0xFFFFFFF0, 32)
    with pytest.raises(ValueError, match="ticks of kind"):
        Ticks("systick", "days", 1)
    with pytest.raises(ValueError, match="24 bits times it"):
        Ticks("systick", "cycles", 1, 1000, 1)
    assert Uart("stm32", 1, 2, 3).irq == 2
