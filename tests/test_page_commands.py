"""Every command in a block of the pages can be typed as it stands, and runs, but for those that are listed."""

from __future__ import annotations

import shutil
from glob import glob
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main, parse
from edge_sast.events.recording import Recording
from edge_sast.formats.registry import read_file, writer_for
from tests.page_commands import PAGES, ROOT, block_lines, commands, typed

pytest.importorskip("h5py", reason="NIR files are HDF5")

EXAMPLES = ROOT / "examples"
PORT, TOOL = (
    "needs a board, or a port that stays open",
    "needs a simulator or tools of FPGAs, which other tests run",
)
LONG, FEW = "takes minutes", "needs more recordings than lie in the repository"
# What is not run here, and why: the beginning of a command, and behind "..." something that it holds.
NOT_RUN = {
    "hil": PORT,
    "fpga load": PORT,
    "board run": PORT,
    "verify ... --on /dev": PORT,
    "verify ... --stream": TOOL,
    "stream ... udp:": PORT,
    "stream ... - --every": "reads the output of another program",
    "fpga": TOOL,
    "verify ... --on verilator": TOOL,
    "verify ... --on icarus": TOOL,
    "verify ... --on netlist": TOOL,
    "verify ... --toolchain zig": LONG,
    "inspect ... --toolchain gcc": LONG,
    "board build": "compiles a board's program, as tests/firmware_gen/boards does",
    "import net.nir --from": "needs a file of another tool, as tests/exchange has them",
    "data info DIR --window-us": FEW,
    "compare-dense": LONG,
    "sweep": LONG,
    "train ... --workers": "starts processes, as tests/trainer/workers does",
    "train ... --synops-target": FEW,
    "train ... --instructions-target": LONG,
    "train ... --steps 2 --arch 32c4s4": FEW,
    "train --data objects": FEW,
    "evaluate ... --engine ray": "wants Ray, as tests/cli/test_engines.py has it where it is installed",
    "evaluate runs/objects": FEW,
    "export runs/t": FEW,
    "export runs/i": LONG,
    "train --from runs/free": LONG,
    "export runs/pruned": LONG,
    "verify build/pruned": LONG,
    "run build/i": LONG,
    "calibrate build/t": FEW,
    "calibrate runs/t": FEW,
    "train --data digits ... --loss evidence": LONG,
    "data cut DIR/dvs128_objects": FEW,
    "calibrate ... DIR/valid.zip": FEW,
    "export ... valid.zip": FEW,
    "export runs/b": FEW,
    "export runs/d": FEW,
    "export runs/e": FEW,
    "calibrate build/e": FEW,
}
QUICK = ("--epochs", "1", "--qat-epochs", "1", "--limit", "60")  # behind the options of a training
DIGITS = (2, 3, 7)
# Of other commands, which pages take for granted.
BEFORE = (
    "export MODEL --no-data --out BUILD",
    "train --data DIR --out runs/a",
    "export runs/a --no-data --out build/a",
    "export runs/a --no-data --target nir --out net.nir",
    "import net.nir --out net.safetensors",
)


def reason(words: list[str]) -> str | None:
    line = " ".join(words)
    for pattern, why in NOT_RUN.items():
        start, _, held = pattern.partition(" ... ")
        if line.startswith(start) and held in line:
            return why
    return None


ALL = [(page, words) for page in PAGES for words in commands(page)]
RUN = {page: [words for other, words in ALL if other == page and reason(words) is None] for page, _ in ALL}


def test_every_command_is_one():
    assert len(ALL) > 120
    for page, words in ALL:
        try:
            parse(words)
        except SystemExit as error:
            raise AssertionError(f"{page.name}: edge-sast {' '.join(words)}") from error


def test_what_is_not_run_is_there():
    lines = [(" ".join(words), reason(words)) for _, words in ALL]
    for pattern, why in NOT_RUN.items():
        start, _, held = pattern.partition(" ... ")
        assert [line for line, told in lines if line.startswith(start) and held in line and told == why], (
            pattern
        )


def test_scripts_have_the_options_they_are_shown_with():
    """Of their own, or of the commands that they share them with."""
    shared = "".join(path.read_text("utf-8") for path in (ROOT / "edge_sast/cli/options").glob("*.py"))
    found = 0
    for page in PAGES:
        for words in (typed(line, "python") for line in block_lines(page)):
            if words is None or not words[0].endswith(".py"):
                continue
            text = (ROOT / words[0]).read_text("utf-8") + shared
            given = [word.split("=")[0] for word in words[1:] if word.startswith("--")]
            assert [option for option in given if f'"{option}"' not in text] == [], (page.name, words)
            found += 1
    assert found > 5


def quick(words: list[str]) -> list[str]:
    """As a shell gives them to the program, and short."""
    spread = [each for word in words for each in (sorted(glob(word)) if "*" in word else [word])]
    return [*spread, *QUICK] if words[0] == "train" else spread


def long_recording(digit: int) -> Recording:
    """Twenty times the same, 6 s in all, as a camera of 34x34 pixels might have written it."""
    once = read_file(EXAMPLES / f"digit-{digit}.bin").events
    events = np.tile(once, 20)
    events["t"] += np.repeat(np.arange(20) * 300_000, len(once))
    return Recording(events, 34, 34, "camera")


def write(recording: Recording, path: Path) -> None:
    with path.open("wb") as stream:
        write_chunks = writer_for(path.suffix).write
        assert write_chunks is not None
        write_chunks(stream, (recording.width, recording.height), [recording.events])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder in which the names that the pages give lead somewhere: DIR, MODEL, camera.raw and others."""
    place = tmp_path_factory.mktemp("pages") / "base"
    place.mkdir()
    (place / "examples").symlink_to(EXAMPLES)
    for digit in DIGITS:
        for n, split in enumerate(("train", "train", "valid", "test")):
            folder = place / "DIR" / split / str(digit)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(EXAMPLES / f"digit-{digit}.bin", folder / f"{n}.bin")
        (place / "recordings" / str(digit)).mkdir(parents=True)
        write(long_recording(digit), place / "recordings" / str(digit) / "0.raw")
    shutil.copytree(place / "DIR", place / "DATA")
    for name in ("MODEL", "A", "B", "C"):
        shutil.copyfile(EXAMPLES / "nmnist-small-int8.safetensors", place / name)
    shutil.copyfile(EXAMPLES / "digit-7.bin", place / "recording.bin")
    for name in ("camera.raw", "camera.csv", "hours.raw"):
        write(long_recording(7), place / name)
    shutil.copyfile(place / "camera.csv", place / "FILE")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for line in BEFORE:
            assert main(quick(line.split())) == 0, line
    return place


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_run(page, base, tmp_path, monkeypatch, capsys):
    shutil.copytree(base, tmp_path / "here", symlinks=True)
    monkeypatch.chdir(tmp_path / "here")
    for words in RUN[page]:
        if words[0] == "train" and "--out" in words:
            shutil.rmtree(words[words.index("--out") + 1], ignore_errors=True)
        code = main(quick(words))
        assert code == 0, f"edge-sast {' '.join(words)}: {capsys.readouterr().err}"
