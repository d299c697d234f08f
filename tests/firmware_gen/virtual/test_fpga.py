"""The simulated FPGA as a board: the host's link to it, and its answers beside those of the C."""

import re
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.hil.locate import first_difference, locate
from edge_sast.link.event_payload import EventBytes
from edge_sast.link.frames import Frame, Kind, decode, encode
from edge_sast.link.messages import BoardRefusedError, LinkSettings
from edge_sast.model.modelfile import model_hash, save
from edge_sast.parity.mismatch import Place
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.loading.load import load_model
from firmware_gen.rtl_gen.target import generate
from firmware_gen.virtual.board import build_virtual_board
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.fpga import RX_BYTES, build_fpga_board
from tests import tools
from tests.firmware_gen.builds import everything_model
from tests.firmware_gen.virtual.requests import Script, process
from tests.hil.boards import PATIENT, Bench, linked, make_bench, make_info

LANES = 4


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    tools.require("verilator", "g++", "make")
    folder = tmp_path_factory.mktemp("fpga")
    write_folder(generate(everything_model(), lanes=LANES, count=1), folder / "build")
    build_fpga_board(folder / "build" / "rtl", folder / "board", "-O1")
    return folder / "board"


@pytest.fixture(scope="module")
def fpga(program) -> Bench:
    return make_bench(program)


@pytest.mark.parametrize("tcp", [True, False])
def test_an_fpga_gives_what_the_runtime_gives(fpga, tcp):
    ticks: dict[int, list[int]] = {}
    with fpga.board(tcp, rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        info = link.hello()
        assert (info.model_hash, info.name, info.protocol) == (model_hash(fpga.model), "FPGA", 1)
        assert (info.ticks_kind, info.ticks_hz, info.window) == ("cycles", 12_000_000, 1)
        for observed in (False, True, False):
            for i in range(len(fpga.data)):
                run = link.run(fpga.steps(i), observed)
                fpga.check(run, i, observed)
                if not observed:  # no matter what came before, and how fast its events came
                    assert ticks.setdefault(i, run.ticks.tolist()) == run.ticks.tolist()
    assert board.overruns == 0


def test_a_bad_line_and_restarts_change_no_result(fpga):
    kinds = {"flip": 2, "lose": 1, "double": 1, "reorder": 1, "cut": 1, "repeat": 2, "reset": 0.5}
    plan = FaultPlan(5, 1 / 400, kinds)
    settings = LinkSettings(20.0, 0.05, 20.0, attempts=100)
    with fpga.board(rx_bytes=RX_BYTES, faults=plan) as board, linked(board, settings) as link:
        for i in [1, 2, 3, 4, 5] * 8:
            run = link.run(fpga.steps(i), observed=i % 2 == 1)
            fpga.check(run, i, observed=i % 2 == 1)
    assert sum(board.faults.values()) > 20
    assert board.faults["reset"] > 0


def test_an_fpga_shows_no_layers(fpga):
    with fpga.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        with pytest.raises(BoardRefusedError, match=r"^board: it does not know the request or the layer; "):
            link.dump(fpga.steps(0), 0, 0)
        fpga.check(link.run(fpga.steps(1), True), 1)


def test_a_mismatch_on_an_fpga_is_told_by_its_step(fpga):
    crcs = fpga.traces[1].crcs.copy()
    crcs[2] ^= 1
    expected, place = replace(fpga.traces[1], crcs=crcs), Place(1, "recording")
    with fpga.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        first = first_difference(place, expected, [link.run(fpga.steps(1), True)])
        assert first is not None
        assert (first.quantity, first.step) == ("crc", 2)
        assert locate(link, fpga.steps(1), expected, place, first) == (first, False)


def test_an_fpga_answers_whatever_comes_as_the_c_does(fpga, everything, tmp_path):
    """Ticks aside; and a recording that is not whole has results in C only."""
    with process(fpga.program) as board:
        info = struct.unpack_from("<H32sHHIBB", board.ask(Frame(Kind.HELLO, 0, 1, b"\1\0")))
    _, model, frame, reply, _, window, steps = info
    sizes = {"FRAME_BYTES": frame, "REPLY_BYTES": reply, "WINDOW": window, "FRAME_STEPS": steps}
    flags = tuple(f"-DSAST_BOARD_{name}={size}u" for name, size in sizes.items())
    build_virtual_board(everything, tmp_path / "c", flags=flags)
    grid = fpga.model.binning
    shape = make_info(grid.width, grid.height, grid.shift)
    pieces = [load.payload for load in EventBytes(fpga.steps(2), shape).cut(50, steps)]
    beyond = bytes([0x80 | 2 * grid.width * grid.height + 1 & 0x7F, 2 * grid.width * grid.height + 1 >> 7])
    script = Script(np.random.default_rng(1), model[:8], pieces, beyond)
    executed: dict[int, bytes] = {}
    with process(fpga.program) as ours, process(tmp_path / "c") as theirs:
        for _ in range(400):
            request = script.next()
            got, want = ours.ask(request), theirs.ask(request)
            if request.kind == Kind.LOAD and got[:1] == want[:1] == b"\0":
                assert (
                    executed.setdefault(request.token << 16 | request.seq, got) == got
                )  # ticks too, the second time
                got, want = _without_ticks(got), _without_ticks(want)
            if request.kind == Kind.READ and want[:1] == b"\0":
                if struct.unpack_from("<I", want, 1)[0] < grid.steps:
                    want = b"\5"
                else:
                    got, want = got[:9] + got[13:], want[:9] + want[13:]
            assert got == want, (script.kinds[-5:], request)
    assert len(set(script.kinds)) == 12
    assert len(executed) > 50


def _without_ticks(answer: bytes) -> bytes:
    """Of a LOAD: what comes before the records, and their CRCs."""
    return answer[:7] + b"".join(answer[at : at + 4] for at in range(7, len(answer), 8))


def test_running_state_is_for_an_fpga_no_longer_than_a_recording(fpga, tmp_path, capsys):
    """It would begin anew unasked."""
    model, path, steps = tmp_path / "model.safetensors", tmp_path / "events.csv", fpga.model.binning.steps
    save(fpga.model, model)
    times = range(0, 10 * fpga.model.binning.dt_us, 97)
    path.write_text("t,x,y,p\n" + "".join(f"{t},{t % 20},{t % 17},{t % 2}\n" for t in times))
    words = ["hil", str(model), "--stream", str(path), "--sensor", "21x18", "--running", "--journal"]
    with fpga.board(rx_bytes=RX_BYTES) as board:
        assert main([*words, str(tmp_path / "a"), "--port", board.port]) == 2
        assert (
            f"--port {board.port}: the board (FPGA) begins anew after the model's {steps} steps, as FPGAs do that "
            f"were exported without --running, and the recording has 10; export it again with --running, or take the "
            f"first {steps} with --limit {steps}"
        ) in capsys.readouterr().err
        assert main([*words, str(tmp_path / "b"), "--port", board.port, "--limit", str(steps)]) == 0
    assert f"{steps} steps of {path}: 1 recordings, 0 mismatches" in capsys.readouterr().out


def test_garbage_gets_no_answer_and_harms_nothing(fpga):
    rng = np.random.default_rng(2)
    with process(fpga.program) as board:
        for _ in range(60):
            seq, token, size = (int(rng.integers(most)) for most in (1 << 16, 1 << 32, 240))
            frame = Frame(Kind.POLL, seq, token, rng.bytes(size))
            line = bytearray(encode(frame)[:-1])
            what = int(rng.integers(5))
            if what == 0:
                line[rng.integers(len(line))] ^= 1 << int(rng.integers(8))
            elif what == 1:
                del line[rng.integers(len(line)) :]
            elif what == 2:
                line = bytearray(rng.bytes(int(rng.integers(700))))
            elif what == 3:  # one byte too long, and right
                line = bytearray(encode(Frame(Kind.POLL, 1, 2, rng.bytes(231)))[:-1])
                assert len(line) > 241
            else:
                line = bytearray(encode(Frame(0x77, 1, 2, rng.bytes(20)))[:-1])
            told = board.tell(bytes(line))
            whole = [decode(piece) for piece in bytes(line).split(b"\0")]
            assert all(one is None or one.kind == 0x77 or len(one.payload) > 230 for one in whole)
            assert told == []
        longest = Frame(Kind.POLL, 3, 4, rng.bytes(230))
        assert board.ask(longest) == struct.pack("<BHI", 2, 0, 0)


@pytest.mark.parametrize("payload", [bytes(200), b"\1" * 200, bytes(range(1, 101)) + bytes(3)])
def test_frames_of_every_kind_of_byte(fpga, payload):
    with process(fpga.program) as board:
        for seq, token in ((0, 0), (0xFFFF, 0xFFFFFFFF), (0x0100, 0x01000000)):
            assert board.ask(Frame(Kind.POLL, seq, token, payload)) == struct.pack("<BHI", 2, 0, 0)


def test_no_model_is_loaded_into_what_takes_none(fpga, everything, tmp_path):
    build_virtual_board(everything, tmp_path / "c")
    whys = {
        fpga.program: r"^board: its core has no registers, so that no model can be loaded; export it again with",
        tmp_path
        / "c": r"^board: is .*, no FPGA: its model is part of its firmware; make and flash that with",
    }
    for program, why in whys.items():
        bench = replace(fpga, program=program)
        with bench.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
            with pytest.raises(EdgeSastError, match=why):
                load_model(link, fpga.model)
            bench.check(link.run(bench.steps(0), True), 0)


def test_what_is_no_verilog_folder_is_said(tmp_path):
    with pytest.raises(
        EdgeSastError, match=re.escape("has no sast_uart_top.v; an export with --target verilog has it")
    ):
        build_fpga_board(tmp_path, tmp_path / "board")
