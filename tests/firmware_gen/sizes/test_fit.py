"""Whether a model fits a microcontroller: the figures, the margins and the refusals."""

from __future__ import annotations

import dataclasses
import re

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.boards.boards import BOARDS
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.code_sizes import core_names
from firmware_gen.sizes.fit import report
from firmware_gen.sizes.parts import Part, custom_part, find_part, parse_bytes, part_names
from firmware_gen.sizes.prediction import predict
from tests.firmware_gen.builds import everything_model

MODEL = everything_model()


def part_with(flash: int, ram: int) -> Part:
    return Part("--fit it", "it", flash, ram, "cortex-m4")


def test_every_part_has_a_core_with_figures():
    for name in part_names():
        part = find_part(name)
        assert part.core in core_names(), name
        assert part.flash >= 16 * 1024, name
        assert part.ram >= 4 * 1024, name
    assert set(BOARDS) < set(part_names())


@pytest.mark.parametrize(
    ("name", "flash", "ram", "core"),
    [
        ("stm32f103", 64, 20, "cortex-m3"),
        ("STM32F401", 512, 96, "cortex-m4"),
        ("rp2040", 2048, 256, "cortex-m0"),
        ("pico", 2048, 256, "cortex-m0"),
        ("nucleo-f446re", 512, 128, "cortex-m4"),
        ("qemu-mps3-an547", 512, 512, "cortex-m55"),
        ("qemu-riscv32-virt", 4096, 4096, "rv32"),
    ],
)
def test_parts_and_boards(name, flash, ram, core):
    part = find_part(name)
    assert (part.flash, part.ram, part.core) == (flash * 1024, ram * 1024, core)


def test_it_fits_to_the_byte():
    found = predict(CPlan(MODEL))
    lines = "\n".join(report(MODEL, part_with(found.flash, found.ram)))
    assert (
        f"flash: {found.flash:,} of {found.flash:,} bytes (100.0 %), 0 free (tables {found.tables:,}, "
        in lines
    )
    assert f"RAM: {found.ram:,} of {found.ram:,} bytes (100.0 %), 0 free" in lines
    assert f"stack {found.stack}" in lines
    assert "not included: your own code, observers" in lines
    early = dataclasses.replace(MODEL, early_margin=1)
    assert "not included: sast_decided, your own code" in report(early, part_with(1 << 20, 1 << 20))[-1]


@pytest.mark.parametrize(("less", "name"), [((1, 0), "flash"), ((0, 1), "RAM")])
def test_a_byte_too_few_is_refused(less, name):
    found = predict(CPlan(MODEL))
    with pytest.raises(EdgeSastError) as error:
        report(MODEL, part_with(found.flash - less[0], found.ram - less[1]))
    needed = found.flash if name == "flash" else found.ram
    text = str(error.value)
    assert text.startswith(f"--fit it: the model needs {needed:,} bytes of {name} (")
    assert f"), {needed - 1:,} are there, 1 too few; the biggest part is the " in text
    assert "\n" not in text
    other = "RAM" if name == "flash" else "flash"
    assert f"bytes of {other} " not in text


def test_the_biggest_part_and_its_remedy():
    code = predict(CPlan(MODEL)).code  # far more than the tables of so small a model
    with pytest.raises(EdgeSastError, match=rf"the biggest part is the code, {code:,}: use fewer layers"):
        report(MODEL, part_with(100, 1 << 20))
    with pytest.raises(
        EdgeSastError, match=r"state of layer 0 \(conv2d\), [\d,]+: use fewer channels, or fewer pixels"
    ):
        report(MODEL, part_with(1 << 20, 100))


def test_tables_are_made_smaller_by_bits():
    from pathlib import Path

    from edge_sast.model import modelfile

    model = modelfile.load(Path(__file__).parents[3] / "examples" / "nmnist-int8.safetensors")
    with pytest.raises(
        EdgeSastError, match=r"tables of layer 3 \(linear\), [\d,]+: use fewer bits or fewer channels"
    ):
        report(
            model, Part("--fit it", "it", 8192, 1 << 20, "cortex-m0")
        )  # an M4's code is larger than any table


@pytest.mark.parametrize(
    ("text", "size"), [("65536", 65536), ("64K", 65536), ("64k", 65536), ("1M", 1 << 20)]
)
def test_sizes(text, size):
    assert parse_bytes("--flash", text) == size


@pytest.mark.parametrize("text", ["", "K", "0", "-1", "64KB", "1.5K", "٣", "99999M"])
def test_sizes_that_are_none(text):
    with pytest.raises(
        EdgeSastError, match=re.escape(f"--flash is {text!r}; give bytes, such as 65536, 64K or 1M")
    ):
        parse_bytes("--flash", text)


def test_sizes_of_ones_own():
    part = custom_part("64K", "20K", "rv32")
    assert dataclasses.astuple(part) == ("--flash 64K --ram 20K", "rv32", 65536, 20480, "rv32")
    assert custom_part("64K", "20K", None).core == "cortex-m4"
    with pytest.raises(EdgeSastError, match="--core is 'avr'"):
        custom_part("64K", "20K", "avr")


def test_unknown_parts_are_answered_with_all_names():
    with pytest.raises(
        EdgeSastError, match=r"--fit is 'stm32'; use --flash and --ram, .* stm32f103, .* pico$"
    ):
        find_part("stm32")
    with pytest.raises(EdgeSastError, match="goes by its microcontroller's name"):
        find_part("arduino")
