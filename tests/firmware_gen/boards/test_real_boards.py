"""Images for real boards on modelled registers: clocks and baud rate recomputed from what they wrote, a host served."""

from __future__ import annotations

import pytest

from edge_sast.link.board_link import BoardLink
from firmware_gen.boards.boards import BOARDS
from firmware_gen.boards.build import build_firmware
from firmware_gen.toolchain.elf import symbol_address
from tests.firmware_gen.board_programs import REAL, echo_firmware, require_tools
from tests.firmware_gen.builds import everything_model, export
from tests.firmware_gen.register_board import VTOR, Chip, RegisterBoard, Rp2040, Stm32
from tests.hil.boards import PATIENT, make_bench


@pytest.fixture(autouse=True)
def tools():
    require_tools()


def chip_of(name: str) -> Chip:
    if name == "pico":
        return Rp2040()
    return Stm32(0x40021000, 4) if name == "nucleo-f103rb" else Stm32(0x40023800, 8)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    return export(everything_model(), tmp_path_factory.mktemp("real") / "build")


@pytest.mark.parametrize(
    ("name", "toolchain"), [*zip(REAL, ["gcc", "zig", "gcc", "gcc"], strict=True), ("pico", "zig")]
)
def test_the_image_serves_a_host(name, toolchain, build, tmp_path):
    """Boot stage, clocks, start-up, interrupt, ring, board application, UART: recordings equal the runtime's."""
    bench = make_bench(build, recordings=2)
    firmware = build_firmware(build, BOARDS[name], tmp_path, toolchain=toolchain)
    board = RegisterBoard(firmware, chip_of(name))
    board.run_to_main()
    board.serve()
    try:
        link = BoardLink(board, PATIENT)
        info = link.hello()
        assert (info.name, info.ticks_kind, info.ticks_hz) == (name, "cycles", BOARDS[name].core_hz)
        for i in range(2):
            bench.check(link.run(bench.steps(i), True), i)
            run = link.run(bench.steps(i), False)
            bench.check(run, i, False)
            assert (run.ticks > 0).all()
        assert board.word(symbol_address(firmware.elf, "ring_lost")) == 0
    finally:
        board.close()


def started(name, tmp_path) -> Chip:
    board = RegisterBoard(echo_firmware(BOARDS[name], tmp_path), chip_of(name))
    board.run_to_main()
    return board.chip


@pytest.mark.parametrize(
    ("name", "hz", "limit"), [("nucleo-f446re", 168e6, 45e6), ("nucleo-f401re", 84e6, 42e6)]
)
def test_stm32f4_registers_make_the_clocks(name, hz, limit, tmp_path):
    """RM0390 and RM0368, 6.3.2: f(VCO) = 16 MHz · N / M, core = VCO / P; 3.4.1: flash wait states at 2.7 to 3.6 V."""
    chip = started(name, tmp_path)
    pll, config = chip.at(0x40023804), chip.at(0x40023808)
    divide, multiply, output = pll & 63, pll >> 6 & 511, 2 * (pll >> 16 & 3) + 2
    assert not pll >> 22 & 1  # from the internal oscillator
    assert 1e6 <= 16e6 / divide <= 2e6
    assert 192e6 <= 16e6 / divide * multiply <= 432e6
    assert 16e6 / divide * multiply / output == hz == BOARDS[name].core_hz
    assert pll >> 24 & 15 >= 2
    assert config & 0xF3 == 2  # the PLL, undivided
    bus = hz / (2 << (config >> 10 & 3))
    assert config >> 12 & 1
    assert bus <= limit
    assert chip.at(0x40023C00) & 15 >= (hz - 1) // 30e6
    assert abs(bus / chip.at(0x40004408) - 115_200) / 115_200 < 0.005
    assert (chip.at(0x40020000) >> 4 & 15, chip.at(0x40020020) >> 8 & 255) == (0b1010, 0x77)


def test_stm32f1_registers_make_the_clocks(tmp_path):
    """RM0008, 7.3.2: 8 MHz / 2 · 16; APB1 at most 36 MHz; 3.3.3: two wait states above 48 MHz."""
    chip = started("nucleo-f103rb", tmp_path)
    config = chip.at(0x40021004)
    hz = 4e6 * ((config >> 18 & 15) + 2)
    assert not config >> 16 & 1
    assert config & 3 == 2
    assert hz == 64e6 == BOARDS["nucleo-f103rb"].core_hz
    bus = hz / (2 << (config >> 8 & 3))
    assert config >> 10 & 1
    assert bus <= 36e6
    assert chip.at(0x40022000) & 7 == 2
    assert abs(bus / chip.at(0x40004408) - 115_200) / 115_200 < 0.005
    assert chip.at(0x40010800) >> 8 & 255 == 0x4B


def test_rp2040_registers_make_the_clocks(tmp_path):
    """RP2040 datasheet, 2.18: VCO = 12 MHz · FBDIV, 750 to 1600 MHz."""
    chip = started("pico", tmp_path)
    multiply, divide = chip.at(0x40028008), chip.at(0x4002800C)
    assert 750e6 <= 12e6 * multiply <= 1600e6
    hz = 12e6 * multiply / (divide >> 16 & 7) / (divide >> 12 & 7)
    assert hz == 125e6 == BOARDS["pico"].core_hz
    assert chip.at(0x4000803C) & 3 == 1  # the system clock's other source, which is the PLL
    assert chip.at(0x4000803C) >> 5 & 7 == 0
    assert chip.at(0x40008048) & 0x8E0 == 0x800
    assert (chip.at(0x40014004), chip.at(0x4001400C)) == (2, 2)


@pytest.mark.parametrize("baud", [120, 115_200, 2_501_000, 7_400_000])
def test_rp2040_makes_the_baud_that_was_checked(baud, tmp_path):
    """RP2040 datasheet, 4.2.7: baud = clk_peri / 16 / (I + F / 64)."""
    board = RegisterBoard(echo_firmware(BOARDS["pico"], tmp_path, baud=baud), chip_of("pico"))
    board.run_to_main()
    whole, part = board.chip.at(0x40034024), board.chip.at(0x40034028)
    made = 125e6 / 16 / (whole + part / 64)
    assert made == BOARDS["pico"].uart.made(baud)
    assert abs(made - baud) / baud < 0.008


def test_rp2040_boot_stage_sets_up_the_flash(tmp_path):
    """RP2040 datasheet, 4.10.13: the SSI's registers for command 03h; the program's vectors are told to the core."""
    chip = started("pico", tmp_path)
    assert chip.at(0x18000000) == 31 << 16 | 3 << 8  # CTRLR0: 32-bit frames, EEPROM read, standard SPI
    assert (
        chip.at(0x180000F4) == 3 << 24 | 2 << 8 | 6 << 2
    )  # SPI_CTRLR0: 03h, 8-bit instruction, 24-bit address
    assert (chip.at(0x18000004), chip.at(0x18000008)) == (0, 1)
    assert chip.at(0x18000014) % 2 == 0  # BAUDR: even
    assert chip.at(0x18000014) >= 2
    assert chip.at(VTOR) == 0x10000100
