"""metrics.jsonl after a cut at any byte."""

import json
import os

import pytest

from edge_sast.errors import EdgeSastError
from trainer.run.metrics import METRICS_NAME, append, keep, read

EPOCHS = [{"epoch": epoch, "part": "sast", "seconds": 0.5 * epoch} for epoch in (1, 2, 3)]


@pytest.fixture
def whole(tmp_path):
    for figures in EPOCHS:
        append(tmp_path, figures, 3, quiet=True)
    return (tmp_path / METRICS_NAME).read_bytes()


def test_a_file_cut_at_any_byte_keeps_its_whole_lines(tmp_path, whole, capsys):
    path = tmp_path / METRICS_NAME
    bodies = [json.dumps(figures).encode() for figures in EPOCHS]  # without its line feed a line is whole too
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        lines = sum(
            b"\n".join(bodies[: n + 1]) == whole[: len(b"\n".join(bodies[: n + 1]))][:cut] for n in range(3)
        )
        assert read(tmp_path) == EPOCHS[:lines]
        keep(tmp_path, 3)
        told = capsys.readouterr().err
        missing = ", ".join(str(epoch) for epoch in range(lines + 1, 4))
        assert told == (
            f"warning: {path}: the figures of epoch {missing} are missing or damaged; going on without them\n"
            if missing
            else ""
        )
        assert path.read_bytes() == b"".join(body + b"\n" for body in bodies[:lines])
        append(tmp_path, {"epoch": 4}, 4, quiet=True)
        assert read(tmp_path) == [*EPOCHS[:lines], {"epoch": 4}]


def test_a_damaged_line_costs_that_line(tmp_path, whole):
    for damage in (b"\xff", b"", b"[]", b"7", b"[" * 100_000, b'{"epoch": null}', b"\0" * 9):
        lines = whole.splitlines()
        lines[1] = damage
        (tmp_path / METRICS_NAME).write_bytes(b"\n".join(lines) + b"\n")
        assert read(tmp_path) == [EPOCHS[0], EPOCHS[2]]
        keep(tmp_path, 3)
        assert read(tmp_path) == [EPOCHS[0], EPOCHS[2]]


def test_a_full_disk_is_told_with_the_path(tmp_path):
    (tmp_path / METRICS_NAME).symlink_to("/dev/full")
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with pytest.raises(
        EdgeSastError,
        match=r"metrics.jsonl: cannot be written: No space left on device; free space, then go on with",
    ):
        append(tmp_path, EPOCHS[0], 3, quiet=True)
