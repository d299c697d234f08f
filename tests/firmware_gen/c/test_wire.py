"""The board application as C: clean under strict compilers, small, and safe from whatever comes over the wire."""

import subprocess
from pathlib import Path

import pytest

from tests import tools
from tests.firmware_gen.builds import PROGRAMS, STRICT, compile_c, export, small_model
from tests.hil.boards import C_FOLDER
from tests.programs import LIMIT

BOARD = sorted((C_FOLDER / "board").glob("*.c"))
FUZZ_RUNS = 20_000  # docs/protocol.md, section 7, has the command for more
LARGEST_CODE = 4096
LARGEST_RAM = 1024


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> Path:
    return export(small_model(), tmp_path_factory.mktemp("wire") / "build")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_compiles_clean(compiler, tmp_path):
    tools.require(compiler)
    command = [
        compiler,
        *STRICT,
        "-O2",
        f"-I{C_FOLDER / 'include'}",
        f"-I{C_FOLDER / 'board'}",
        "-c",
        *map(str, BOARD),
    ]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.needs("arm-none-eabi-gcc")
def test_it_fits_beside_a_model_into_the_smallest_boards(tmp_path):
    probe = tmp_path / "probe.c"
    probe.write_text('#include "sast_board.h"\nsast_board_t board;\n')
    flags = ["-mcpu=cortex-m4", "-mthumb", "-Os", "-std=c99", "-ffreestanding"]
    includes = [f"-I{C_FOLDER / name}" for name in ("include", "board")]
    command = ["arm-none-eabi-gcc", *flags, *includes, "-c", *map(str, [*BOARD, probe])]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=120)
    objects = [str(path) for path in tmp_path.glob("*.o")]
    lines = subprocess.run(
        ["arm-none-eabi-size", "-t", *objects], check=True, capture_output=True, text=True, timeout=LIMIT
    )
    text, data, bss = map(int, lines.stdout.splitlines()[-1].split()[:3])
    assert text + data <= LARGEST_CODE
    assert bss <= LARGEST_RAM


@pytest.mark.needs("clang")
def test_nothing_from_the_wire_breaks_it(build, tmp_path):
    flags = ["-std=c99", "-g", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
    includes = [f"-I{build / 'include'}", f"-I{C_FOLDER / 'board'}"]
    sources = [PROGRAMS / "fuzz_board.c", *BOARD, *sorted((build / "src").glob("*.c"))]
    program = tmp_path / "fuzz"
    command = ["clang", *flags, *includes, *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True, timeout=300)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "run").write_bytes(a_run())
    run = [
        str(program),
        f"-runs={FUZZ_RUNS}",
        "-seed=1",
        "-max_len=1500",
        "-timeout=10",
        "-print_coverage=1",
        "corpus",
    ]
    result = subprocess.run(run, capture_output=True, text=True, errors="replace", cwd=tmp_path, timeout=300)
    assert result.returncode == 0, result.stderr[-3000:]
    never = [
        line
        for line in result.stderr.splitlines()
        if line.startswith("UNCOVERED_FUNC") and "c/board/" in line
    ]
    assert not never


def a_run() -> bytes:
    """Input of fuzz_board.c that begins a run, loads two steps, asks for everything."""
    begin = bytes([3]) + bytes(8) + bytes(10)
    frames = [
        (1, 0, b"\1\0"),
        (2, 1, begin),
        (3, 0, b"\1\4\0\3\0"),
        (3, 0, b""),
        (4, 0, b""),
        (5, 2, bytes(4)),
    ]
    return b"\1" + b"".join(bytes([kind, seq, len(payload)]) + payload for kind, seq, payload in frames)


def test_what_cannot_run_is_refused_at_the_start(build, tmp_path):
    program = tmp_path / "refusals.c"
    program.write_text(REFUSALS)
    sources = [program, *BOARD, *sorted((build / "src").glob("*.c"))]
    compile_c(
        ["-std=c99", "-Wall", "-Wextra"],
        sources,
        tmp_path / "refusals",
        build / "include",
        C_FOLDER / "board",
    )
    result = subprocess.run([tmp_path / "refusals"], capture_output=True, text=True, timeout=30)
    assert result.stdout.split() == ["0", "1", "1", "1", "1", "3", "3"]


REFUSALS = """
#include <stdio.h>
#include "a_model.h"
#include "sast_board.h"
static void drop(void *user, const uint8_t *bytes, size_t size) { (void)user; (void)bytes; (void)size; }
int main(void)
{
    static a_memory_t memory;
    static sast_board_t board;
    sast_port_t port = {NULL, drop, NULL, 0u, SAST_TICKS_NONE, "name", 64u};
    sast_model_t many = a_model;
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, sizeof memory, &port));
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, sizeof memory, NULL));
    port.rx_bytes = 63u;
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, sizeof memory, &port));
    port.rx_bytes = 64u;
    port.write = NULL;
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, sizeof memory, &port));
    port.write = drop;
    port.name = NULL;
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, sizeof memory, &port));
    port.name = "name";
    many.class_count = SAST_BOARD_FRAME_BYTES / 4u + 1u;
    printf("%d\\n", sast_board_init(&board, &many, &memory, sizeof memory, &port));
    printf("%d\\n", sast_board_init(&board, &a_model, &memory, 1u, &port));
    return 0;
}
"""
