"""libFuzzer with AddressSanitizer and UBSan on all that takes bytes or events from outside."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edge_sast.model.running import running_model
from tests.firmware_gen.builds import PROGRAMS, export, small_model

pytestmark = pytest.mark.needs("clang")
C = Path(__file__).parents[3] / "firmware_gen" / "c"
QUICK = ("fuzz_stream", "fuzz_selftest")  # test_wire_c.py runs fuzz_board from runs that begin
FLAGS = ["-std=c99", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"]
RUNS = 4000  # some seconds; `make quality` runs each for MINUTES
MINUTES = 3


def compiled(target: str, small: Path, folder: Path) -> Path:
    sources = [PROGRAMS / f"{target}.c", *(small / "src").glob("*.c"), *(C / "board").glob("*.c")]
    includes = [f"-I{small / 'include'}", f"-I{C / 'board'}"]
    command = ["clang", *FLAGS, *includes, *sorted(map(str, sources)), "-o", str(folder / target)]
    subprocess.run(command, check=True, timeout=300)
    return folder / target


def fuzz(program: Path, small: Path, folder: Path, *limits: str) -> None:
    """Starts from real known answers, whole and mended; a crash, a leak or a hang of 10 s fails."""
    corpus = folder / "corpus"
    corpus.mkdir()
    answers = (small / "known_answers.bin").read_bytes()
    for first in (b"\0", b"\1"):
        (corpus / f"answers{first[0]}").write_bytes(first + answers)
    options = ["-seed=1", "-timeout=10", "-max_len=4096", f"-artifact_prefix={folder}/"]
    result = subprocess.run(
        [str(program), *limits, *options, str(corpus)],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60 * MINUTES + 120,
    )
    assert result.returncode == 0, result.stderr[-4000:]


@pytest.fixture(scope="module")
def leaky(tmp_path_factory) -> Path:
    """Build folder of small_model with a read-out that forgets: what every kind of stream takes."""
    return export(running_model(small_model()), tmp_path_factory.mktemp("leaky") / "build", count=1)


@pytest.mark.parametrize("target", QUICK)
def test_some_thousand_inputs(small, leaky, tmp_path, target):
    build = leaky if target == "fuzz_stream" else small
    fuzz(compiled(target, build, tmp_path), build, tmp_path, f"-runs={RUNS}")


def test_one_byte_too_many_is_found(small, tmp_path):
    """Of answers that end too early, as the self-test would read them with this mistake."""
    build = Path(shutil.copytree(small, tmp_path / "build"))
    source = build / "src" / "sast_selftest.c"
    right = "(size_t)(replay->end - replay->at) < bytes"
    assert source.read_text().count(right) == 1
    source.write_text(source.read_text().replace(right, f"{right} - 1u"))
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        fuzz(compiled("fuzz_selftest", build, tmp_path), build, tmp_path, f"-runs={RUNS}")


@pytest.mark.quality
@pytest.mark.parametrize("target", [*QUICK, "fuzz_board"])
def test_minutes_of_inputs(small, leaky, tmp_path, target):
    build = leaky if target == "fuzz_stream" else small
    fuzz(compiled(target, build, tmp_path), build, tmp_path, f"-max_total_time={60 * MINUTES}")
