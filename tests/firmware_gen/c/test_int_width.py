"""No kernel computes in the width of `int`: on a core where it has 16 bits, all values are the same."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests import tools
from tests.firmware_gen.builds import HEADERS, LIBRARY, everything_model, export
from tests.firmware_gen.int_width import found_in

pytestmark = pytest.mark.needs("clang")
C = Path(__file__).parents[3] / "firmware_gen" / "c"
FOLDERS = [HEADERS, LIBRARY, C / "board"]
ALIKE = re.compile(r"sast_fire_k([2-9]|10)")  # but for one number, sast_fire_k1.c

PLANTED = {
    "uint32_t f(uint32_t lane) { return ~(0xFFFFu << (16u * lane)); }": {
        "~ in unsigned int",
        "<< in unsigned int",
    },
    "uint32_t f(uint32_t n) { return (2u << n) - 1u; }": {"<< in unsigned int", "- in unsigned int"},
    "uint32_t f(uint16_t a, uint16_t b) { return a * b; }": {"* in unsigned int"},
    "uint32_t f(uint16_t a) { return a + 31u >> 5; }": {"+ in unsigned int"},
    "uint32_t f(uint8_t a, uint8_t b) { return a << 8 | b; }": {"<< in int"},
    "uint32_t f(uint16_t a) { uint16_t b = 1; b <<= a; return ~b; }": {
        "<<= in unsigned int",
        "~ in unsigned int",
    },
    "uint32_t f(uint16_t a) { uint32_t b = 0; b += a - 1u; return b; }": {"- in unsigned int"},
    "int f(uint16_t a, uint16_t b) { return a + 1u == b; }": {"+ in unsigned int"},
}
HARMLESS = [
    "uint32_t f(uint32_t lane) { return ~((uint32_t)0xFFFFu << (16u * lane)); }",
    "uint32_t f(uint16_t a, uint16_t b) { return (uint32_t)a * b; }",
    "uint16_t f(uint16_t a, uint16_t b) { return (uint16_t)(b > 1u ? 0u : a - b + 1u); }",
    "size_t f(const uint8_t *a, const uint8_t *b, size_t n) { return (size_t)(a - b) + n + 1u; }",
    "uint32_t f(void) { return 3u * 7u + sizeof(uint32_t); }",
]


def places_in(text: str, tmp_path: Path) -> set[str]:
    source = tmp_path / "planted.c"
    source.write_text(f"#include <stddef.h>\n#include <stdint.h>\n{text}\n")
    return found_in(source)


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_one_is_found(text, tmp_path):
    assert places_in(text, tmp_path) == {f"planted.c:3: {what}" for what in PLANTED[text]}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_means_the_same_everywhere_is_left_alone(text, tmp_path):
    assert places_in(text, tmp_path) == set()


@pytest.mark.parametrize("folder", [LIBRARY, C / "board"], ids=lambda folder: folder.name)
def test_the_library_computes_nothing_in_the_width_of_int(folder):
    files = [path for path in sorted(folder.glob("*.c")) if not ALIKE.fullmatch(path.stem)]
    assert set().union(*(found_in(path, *FOLDERS) for path in files)) == set()


def test_nor_does_that_of_a_model_that_answers_early(tmp_path):
    """Its own library, and the board's program with it."""
    early = export(replace(everything_model(), early_margin=3), tmp_path / "early")
    files = [early / "src" / f"sast_{name}.c" for name in ("early", "selftest", "stream")]
    files += sorted((C / "board").glob("*.c"))
    folders = [early / "include", early / "src", C / "board"]
    assert b"SAST_EARLY 1" in (early / "include" / "sast.h").read_bytes()
    assert set().union(*(found_in(path, *folders) for path in files)) == set()


@pytest.mark.needs(tools.AVR_LIBC)
def test_nor_does_what_is_generated(everything):
    """The tables, the examples, and what traces; their C library is that of the 8-bit core."""
    files = [everything / "src" / "a_model.c", everything / "host" / "sast_trace.c"]
    files += [
        everything / "examples" / name for name in ("selftest_main.c", "live/main.c", "a_known_answers.c")
    ]
    folders = [everything / "include", everything / "examples", everything / "host", Path(tools.AVR_LIBC)]
    assert set().union(*(found_in(path, *folders) for path in files)) == set()
