"""Programs for every board: they compile without a warning, are measured rightly, and refused where they do not fit."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import struct
import subprocess

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from firmware_gen.boards import compile as board_toolchain
from firmware_gen.boards.boards import BOARDS, Region
from firmware_gen.boards.build import link_program
from firmware_gen.boards.memory import flash_image, memory_use
from firmware_gen.boards.rp2040 import boot2_crc, uf2, with_boot2_crc
from firmware_gen.toolchain.cross import usual_toolchain
from firmware_gen.toolchain.elf import symbol_address
from tests.firmware_gen.board_programs import ECHO, HEADERS, echo_firmware, require_tools
from tests.programs import LIMIT

STRICT = ("-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


@pytest.fixture(autouse=True)
def tools():
    require_tools()


@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
@pytest.mark.parametrize("name", BOARDS)
def test_every_port_compiles_without_a_warning(name, toolchain, tmp_path, monkeypatch):
    monkeypatch.setattr(board_toolchain, "FLAGS", (*board_toolchain.FLAGS, *STRICT))
    firmware = echo_firmware(BOARDS[name], tmp_path, toolchain)
    assert firmware.toolchain == toolchain
    assert 0 < firmware.use.flash < 2500
    assert BOARDS[name].ring_bytes < firmware.use.ram < BOARDS[name].ring_bytes + 100


def test_bytes_are_those_that_the_toolchain_counts(tmp_path):
    firmware = echo_firmware(BOARDS["qemu-microbit"], tmp_path, "gcc")
    said = subprocess.run(
        ["arm-none-eabi-size", firmware.elf], capture_output=True, text=True, check=True, timeout=LIMIT
    ).stdout
    text, data, bss = map(int, said.splitlines()[1].split()[:3])
    assert (firmware.use.flash, firmware.use.ram) == (text + data, data + bss)
    assert firmware.image.stat().st_size == text + data


def test_vectors_lead_the_image(tmp_path):
    for name in ("qemu-microbit", "nucleo-f446re"):
        board = BOARDS[name]
        firmware = echo_firmware(board, tmp_path / name)
        vectors = struct.unpack("<16I", firmware.image.read_bytes()[:64])
        assert vectors[0] == board.ram.origin + board.ram.size
        assert vectors[1] == symbol_address(firmware.elf, "reset")
        assert vectors[1] % 2 == 1  # Thumb
        (uart,) = struct.unpack_from("<I", firmware.image.read_bytes(), 4 * (16 + board.uart.irq))
        assert uart == symbol_address(firmware.elf, "uart_interrupt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"flash": Region(0, 512)},
            r"needs [\d,]+ bytes of flash, the board has 512; export a smaller model",
        ),
        (
            {"ram": Region(0x20000000, 2000)},
            r"needs 2,\d{3} bytes of RAM, 1,536 of them for the stack, the board has 2,000",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message, tmp_path):
    board = dataclasses.replace(BOARDS["qemu-microbit"], **change)
    with pytest.raises(EdgeSastError, match="^--board qemu-microbit: the model " + message):
        echo_firmware(board, tmp_path)
    assert not (tmp_path / "firmware.elf").exists()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    one, two = (echo_firmware(BOARDS["pico"], tmp_path / name) for name in "ab")
    assert one.image.read_bytes() == two.image.read_bytes()
    assert one.uf2.read_bytes() == two.uf2.read_bytes()


@pytest.mark.parametrize(
    ("board", "baud", "message"),
    [
        ("nucleo-f103rb", 0, r"nucleo-f103rb can do 489 to 2,000,000$"),  # 32 MHz by 16 bits
        ("nucleo-f103rb", 488, r"nucleo-f103rb can do 489 to 2,000,000$"),
        ("nucleo-f103rb", 1_939_000, r"nucleo-f103rb would be 2\.9% off; choose 115200 or a lower one$"),
        ("qemu-microbit", 9600, r"qemu-microbit can do only 115,200$"),
    ],
)
def test_impossible_baud(board, baud, message, tmp_path):
    with pytest.raises(EdgeSastError, match=rf"^--baud is {baud}; {message}"):
        link_program(BOARDS[board], [ECHO], HEADERS, "", tmp_path / "out", None, baud)
    assert not (tmp_path / "out").exists()


def test_a_compiler_error_is_one_line(tmp_path):
    bad = tmp_path / "bad.c"
    bad.write_text("int main(void) { return missing; }\n")
    with pytest.raises(EdgeSastError, match=r"^\S+ failed with exit code 1: .*'missing' undeclared"):
        link_program(BOARDS["qemu-microbit"], [bad], HEADERS, "", tmp_path / "out", "gcc")


def test_missing_toolchains(monkeypatch):
    board = BOARDS["qemu-riscv32-virt"]
    with pytest.raises(EdgeSastError, match=r"^--toolchain is 'icc'; it must be one of gcc, zig$"):
        board_toolchain.choose_toolchain(board, "icc")
    assert board_toolchain.choose_toolchain(board, None) == usual_toolchain("riscv") == "gcc"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert board_toolchain.choose_toolchain(board, None) == usual_toolchain("riscv") == "zig"
    with pytest.raises(
        EdgeSastError, match=r"riscv64-unknown-elf-gcc cannot be found; 'apt-get install gcc-riscv64"
    ):
        board_toolchain.choose_toolchain(board, "gcc")
    monkeypatch.setattr(board_toolchain.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(EdgeSastError, match=r"gcc and ziglang cannot be found; .* or 'pip install ziglang'$"):
        board_toolchain.choose_toolchain(board, None)


def test_boot2_crc_is_that_of_the_datasheet():
    """The check value of CRC-32/MPEG-2 (Williams' parameter model), which these parameters name."""
    assert boot2_crc(b"123456789") == 0x0376E6E7
    sealed = with_boot2_crc(bytes(range(256)))
    assert sealed[:252] == bytes(range(252))
    assert boot2_crc(sealed[:252]) == int.from_bytes(sealed[252:], "little")
    assert boot2_crc(sealed[:252] + sealed[252:][::-1]) == 0  # a CRC that is not reflected, high byte first
    with pytest.raises(EdgeSastError, match="boot2 has 255 bytes"):
        with_boot2_crc(bytes(255))


def test_the_pico_image_is_sealed(tmp_path):
    firmware = echo_firmware(BOARDS["pico"], tmp_path)
    image = firmware.image.read_bytes()
    assert boot2_crc(image[:252]) == int.from_bytes(image[252:256], "little")
    stack, start = struct.unpack_from("<II", image, 256)
    assert (stack, start) == (0x20040000, symbol_address(firmware.elf, "reset"))


@given(st.binary(min_size=1, max_size=2000))
def test_uf2_blocks_hold_the_image(image):
    """Read back by the format's description alone (microsoft/uf2)."""
    data = uf2(image, 0x10000000, 0xE48BFF56)
    blocks = [data[i : i + 512] for i in range(0, len(data), 512)]
    out = b""
    for number, block in enumerate(blocks):
        fields = struct.unpack_from("<8I", block)
        assert fields[:3] == (0x0A324655, 0x9E5D5157, 0x2000)
        assert fields[3:] == (0x10000000 + len(out), 256, number, len(blocks), 0xE48BFF56)
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
        out += block[32:288]
    assert out[: len(image)] == image
    assert set(out[len(image) :]) <= {0xFF}


def test_variables_with_values_are_in_flash_and_ram(tmp_path):
    source = tmp_path / "main.c"
    source.write_text(
        "volatile unsigned one[5] = {1, 2, 3, 4, 5}; volatile unsigned zero[7];\n"
        "int main(void) { return (int)(one[0] + zero[0]); }\n"
    )
    board = BOARDS["qemu-riscv32-virt"]
    defines = '#include "sast_board.h"\n'
    firmware = link_program(board, [source], HEADERS, defines, tmp_path / "out")
    assert firmware.use == memory_use(firmware.elf, board)
    assert symbol_address(firmware.elf, "one") >= board.ram.origin
    assert struct.pack("<5I", 1, 2, 3, 4, 5) in flash_image(firmware.elf, board)
    with firmware.elf.open("rb") as stream:
        names = {s.name for s in ELFFile(stream).iter_sections()}
    assert {".text", ".data", ".bss"} <= names
    with pytest.raises(EdgeSastError, match=re.escape("has no symbol 'two'; build it again")):
        symbol_address(firmware.elf, "two")


def test_figures_are_json(tmp_path):
    figures = echo_firmware(BOARDS["pico"], tmp_path).figures()
    assert json.loads(json.dumps(figures)) == figures
    assert (figures["board"], figures["emulated"], figures["available"]["ram"]) == ("pico", False, 256 * 1024)
