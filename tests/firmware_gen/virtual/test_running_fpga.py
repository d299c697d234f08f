"""The simulated FPGA in running state: runs of any number of steps, as on a board that runs the C."""

import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.link.event_payload import EventBytes
from edge_sast.link.frames import Frame, Kind
from edge_sast.model.model import Model
from edge_sast.model.modelfile import save
from edge_sast.model.running import running_model
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.loading.load import load_model
from firmware_gen.rtl_gen.target import Room, generate
from firmware_gen.virtual.board import build_virtual_board
from firmware_gen.virtual.fpga import RX_BYTES, build_fpga_board
from tests import tools
from tests.firmware_gen.builds import everything_model, export, small_model
from tests.firmware_gen.virtual.requests import Script, process
from tests.hil.boards import PATIENT, Bench, linked, make_bench, make_info

LANES, LEAK = 4, 3


def model() -> Model:
    return running_model(everything_model(), LEAK)


def other_model() -> Model:
    """With more steps than a core for that one would count, if it counted any."""
    small = small_model()
    return running_model(replace(small, binning=replace(small.binning, steps=40)))


@pytest.fixture(scope="module")
def fpga(tmp_path_factory) -> Bench:
    tools.require("verilator", "g++", "make")
    folder = tmp_path_factory.mktemp("running")
    room = Room(loadable=True, models=(other_model(),), running=True)
    files = generate(model(), lanes=LANES, count=1, room=room)
    write_folder(files, folder / "build")
    build_fpga_board(folder / "build" / "rtl", folder / "board", "-O1")
    return make_bench(folder / "board", model())


def test_it_answers_whatever_comes_as_the_c_does(fpga, tmp_path):
    """Results after any step, the first on; ticks aside."""
    with process(fpga.program) as board:
        info = struct.unpack_from("<H32sHHIBB", board.ask(Frame(Kind.HELLO, 0, 1, b"\1\0")))
    _, name, frame, reply, _, window, frame_steps = info
    sizes = {"FRAME_BYTES": frame, "REPLY_BYTES": reply, "WINDOW": window, "FRAME_STEPS": frame_steps}
    flags = tuple(f"-DSAST_BOARD_{name}={size}u" for name, size in sizes.items())
    build_virtual_board(export(model(), tmp_path / "build"), tmp_path / "c", flags=flags)
    grid = fpga.model.binning
    shape = make_info(grid.width, grid.height, grid.shift)
    steps = [step for i in (2, 1, 3) for step in fpga.steps(i)]
    pieces = [load.payload for load in EventBytes(steps, shape).cut(50, frame_steps)]
    none = 2 * grid.width * grid.height + 1  # the number of an event beyond the last site
    script = Script(np.random.default_rng(1), name[:8], pieces, bytes([0x80 | none & 0x7F, none >> 7]))
    told = set()
    with process(fpga.program) as ours, process(tmp_path / "c") as theirs:
        for _ in range(400):
            request = script.next()
            got, want = ours.ask(request), theirs.ask(request)
            if request.kind == Kind.LOAD and got[:1] == want[:1] == b"\0":
                got, want = _without_ticks(got), _without_ticks(want)
            if request.kind == Kind.READ and want[:1] == b"\0":
                done = struct.unpack_from("<I", want, 1)[0]
                got, want = got[:9] + got[13:], want[:9] + want[13:]
                told.add(done)
                if done == 0:  # it has no outputs yet
                    got, want = got[:13], want[:13]
            assert got == want, (script.kinds[-5:], request)
    assert 0 in told
    assert max(told) == len(steps) == 3 * grid.steps
    assert len(told) > grid.steps


def _without_ticks(answer: bytes) -> bytes:
    """Of a LOAD: what comes before the records, and their CRCs."""
    return answer[:7] + b"".join(answer[at : at + 4] for at in range(7, len(answer), 8))


@pytest.fixture
def stream(tmp_path) -> Path:
    """A file of events, ten steps long."""
    path = tmp_path / "events.csv"
    times = range(0, 10 * everything_model().binning.dt_us, 397)
    path.write_text("t,x,y,p\n" + "".join(f"{t},{t % 20},{t % 17},{t % 2}\n" for t in times))
    return path


def test_a_stream_that_is_longer_than_a_recording(fpga, stream, tmp_path, capsys):
    save(fpga.model, tmp_path / "model.safetensors")
    words = [
        "hil",
        str(tmp_path / "model.safetensors"),
        "--stream",
        str(stream),
        "--sensor",
        "21x18",
        "--running",
    ]
    assert fpga.model.binning.steps < 10
    with fpga.board(rx_bytes=RX_BYTES) as board:
        assert main([*words, "--journal", str(tmp_path / "a"), "--port", board.port]) == 0
    said = capsys.readouterr().out
    assert re.match(r"10 steps of .*events.csv: 1 recordings, 0 mismatches, checked: both\n", said), said


def test_other_models_that_forget_are_loaded(fpga):
    other = make_bench(fpga.program, other_model(), recordings=3)
    with fpga.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        load_model(link, other.model)
        for i in range(3):
            other.check(link.run(other.steps(i), i != 1), i, i != 1)
        why = (
            r"^model: its read-out never forgets, so that it cannot run without end; give the model file that "
            r"'edge-sast export MODEL --running --target model' writes$"
        )
        with pytest.raises(EdgeSastError, match=why):
            load_model(link, small_model())
        other.check(link.run(other.steps(0), True), 0, True)
