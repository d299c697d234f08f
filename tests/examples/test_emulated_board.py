"""examples/emulated_board.py: what it says of a recording, a board that does not start, and the whole of it."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("matplotlib")

from emulated_board import BOARD, emulated, main, picture, summary

from tests.examples.pictures import assert_picture

RATE = {"cycles_per_instruction": 2.0, "hz": 80e6, "step_us": 30_000}


def test_summary():
    recording = {"source": "DIR/7/digit-7.bin", "prediction": 7, "ticks_total": 574_749}
    assert summary(recording, RATE, 10) == (
        "digit-7.bin: answer 7, 574,749 instructions in 10 steps; about 1,149,498 cycles, 14.4 ms of 300 ms at 80 MHz"
    )


def test_a_board_that_does_not_start(tmp_path, capfd):
    with pytest.raises(SystemExit) as ended, emulated(tmp_path, BOARD):
        raise AssertionError("it started")
    assert ended.value.code == 2
    assert f"edge-sast: {tmp_path}" in capfd.readouterr().err  # what is wrong with the folder


def test_memory_of_no_layer_is_the_rest():
    layer = {"index": 0, "kind": "linear", "weights": 6, "flash_bytes": 100, "ram_bytes": 20}
    pool = {"index": 1, "kind": "or_pool", "flash_bytes": 0, "ram_bytes": 0}
    step = {"events": 8, "push_instructions": 30, "layer_instructions": [70]}
    costs = {
        "layers": [layer, pool],
        "memory": {"flash_bytes": 350, "ram_bytes": 90},
        "rate": {**RATE, "steps": [{**step, "events": 0, "push_instructions": 0}, step]},
    }
    drawn = picture(costs, {"results": [{"label": "7", "ticks": [5, 6]}]}, 8)
    memory, bound, steps = drawn.axes
    assert [bar.get_width() for bars in memory.containers for bar in bars] == [100, 20, 250, 70]
    assert [bar.get_width() for bar in bound.containers[0]] == [30, 70]
    assert steps.lines[0].get_ydata().tolist() == [5, 6]


@pytest.mark.quality
@pytest.mark.needs("qemu-system-arm")
def test_all_of_it(tmp_path):
    out = tmp_path / "board"
    main(["--out", str(out)])
    hil = json.loads((out / "hil.json").read_text())
    assert (hil["compared"], hil["mismatches"], hil["accuracy"]) == (3, 0, 1.0)
    assert hil["boards"][0]["board"] == BOARD
    assert_picture(out / "board.png")
