"""The simulated FPGA of a model that answers early: version 2 of the protocol, as a board that runs the C speaks it."""

import struct

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.link.event_payload import EventBytes
from edge_sast.link.frames import Frame, Kind
from edge_sast.model.modelfile import model_hash, save
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.link.layout import layout
from firmware_gen.rtl_gen.target import Room, generate
from firmware_gen.virtual.board import build_virtual_board
from firmware_gen.virtual.fpga import RX_BYTES, build_fpga_board
from tests import tools
from tests.firmware_gen.builds import export
from tests.firmware_gen.virtual.requests import Script, process
from tests.hil.boards import PATIENT, Bench, linked, make_early_bench, make_info

COUNT, LANES = 12, 4
FRAME_STEPS = 8  # of the C a power of two


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=pytest.mark.quality)])
def fpga(request, tmp_path_factory) -> Bench:
    """Without registers and with them: the link's program and its decoder differ."""
    tools.require("verilator", "g++", "make")
    folder = tmp_path_factory.mktemp("fpga")
    bench = make_early_bench(folder / "board", COUNT, lambda model: layout(model).frame_steps == FRAME_STEPS)
    files = generate(bench.model, lanes=LANES, count=1, room=Room(registers=request.param))
    write_folder(files, folder / "build")
    build_fpga_board(folder / "build" / "rtl", bench.program, "-O1")
    return bench


def test_runs_have_the_steps_that_were_computed(fpga):
    ticks: dict[int, list[int]] = {}
    with fpga.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        info = link.hello()
        assert (info.model_hash, info.name, info.protocol) == (model_hash(fpga.model), "FPGA", 2)
        for observed in (False, True, False):
            for i in range(COUNT):
                run = link.run(fpga.steps(i), observed)
                fpga.check(run, i, observed)
                if not observed:  # no matter what came before
                    assert ticks.setdefault(i, run.ticks.tolist()) == run.ticks.tolist()
    assert {len(found) for found in ticks.values()} == {len(trace.crcs) for trace in fpga.traces}


def test_hil_as_it_is_typed(fpga, tmp_path, capsys):
    folder = tmp_path / "build"
    write_folder(generate(fpga.model, lanes=LANES), folder)
    save(fpga.model, tmp_path / "model.safetensors")
    with fpga.board(rx_bytes=RX_BYTES) as board:
        assert main(["verify", str(folder), "--on", board.port]) == 0
    told = capsys.readouterr().out
    assert f"of {fpga.model.binning.steps} steps in the mean" in told


def test_it_answers_whatever_comes_as_the_c_does(fpga, tmp_path):
    """Also after the end of a recording, whose other steps have CRC 0 and 0 ticks; ticks of computed ones aside."""
    with process(fpga.program) as board:
        info = struct.unpack_from("<H32sHHIBB", board.ask(Frame(Kind.HELLO, 0, 1, b"\1\0")))
    _, model, frame, reply, _, window, frame_steps = info
    assert frame_steps == FRAME_STEPS
    sizes = {"FRAME_BYTES": frame, "REPLY_BYTES": reply, "WINDOW": window, "FRAME_STEPS": frame_steps}
    flags = tuple(f"-DSAST_BOARD_{name}={size}u" for name, size in sizes.items())
    build_virtual_board(export(fpga.model, tmp_path / "build"), tmp_path / "c", flags=flags)
    grid = fpga.model.binning
    ended = min(range(COUNT), key=lambda i: len(fpga.traces[i].crcs))
    shape = make_info(grid.width, grid.height, grid.shift)
    pieces = [load.payload for load in EventBytes(fpga.steps(ended), shape).cut(50, 1)]
    none = 2 * grid.width * grid.height + 1  # the number of an event beyond the last site
    script = Script(np.random.default_rng(1), model[:8], pieces, bytes([0x80 | none & 0x7F, none >> 7]))
    read = silent = 0
    with process(fpga.program) as ours, process(tmp_path / "c") as theirs:
        for _ in range(400):
            request = script.next()
            got, want = ours.ask(request), theirs.ask(request)
            if request.kind == Kind.LOAD and got[:1] == want[:1] == b"\0":
                silent += sum(not any(want[at : at + 8]) for at in range(7, len(want), 8))
                got, want = _without_ticks(got), _without_ticks(want)
            if request.kind == Kind.READ and want[:1] == b"\0":
                if struct.unpack_from("<I", want, 1)[0] < grid.steps:
                    want = b"\5"
                else:
                    read += 1
                    got, want = got[:9] + got[13:], want[:9] + want[13:]
            assert got == want, (script.kinds[-5:], request)
    assert read > 5
    assert silent > 5


def _without_ticks(answer: bytes) -> bytes:
    """Of a LOAD: what comes before the records, and of each its CRC and whether there are ticks."""
    records = [answer[at : at + 8] for at in range(7, len(answer), 8)]
    return answer[:7] + b"".join(record[:4] + bytes([any(record[4:])]) for record in records)
