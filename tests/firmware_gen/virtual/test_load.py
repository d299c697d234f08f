"""One simulated FPGA, several models: each loaded over its UART, its results those of the runtime, to the last bit."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from edge_sast.hil.connection import PortOptions, WrongModelError, connections
from edge_sast.link.board_link import BoardLink
from edge_sast.link.frames import Frame, Kind
from edge_sast.link.messages import NO_MODEL, LinkSettings
from edge_sast.link.registers import read_registers, write_registers
from edge_sast.model.model import Model
from edge_sast.model.modelfile import dumps, model_hash
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.loading.fit import fitted
from firmware_gen.rtl_gen.loading.load import BEGIN, COMMIT, FRAME, VALID, load_model
from firmware_gen.rtl_gen.loading.sizes import make_sizes
from firmware_gen.rtl_gen.loading.stream import core_parts, link_bytes
from firmware_gen.rtl_gen.target import Room, generate
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.fpga import RX_BYTES, build_fpga_board
from tests import tools
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.fpga.cores import make_inputs
from tests.firmware_gen.rtl.test_board import wide_model
from tests.firmware_gen.rtl_gen.loading.test_sizes import network
from tests.firmware_gen.virtual.requests import process
from tests.hil.boards import PATIENT, Bench, linked
from tests.strategies import binned

LANES = 8
MODELS = (small_model, everything_model, wide_model)


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    tools.require("verilator", "g++", "make")
    folder = tmp_path_factory.mktemp("fpga")
    others = tuple(make() for make in MODELS[1:])
    files = generate(MODELS[0](), lanes=LANES, count=1, room=Room(loadable=True, models=others))
    write_folder(files, folder / "build")
    build_fpga_board(folder / "build" / "rtl", folder / "board", "-O1")
    return folder / "board"


@pytest.fixture(scope="module")
def benches(program) -> list[Bench]:
    return [thin_bench(program, make()) for make in MODELS]


def thin_bench(program: Path, model: Model) -> Bench:
    """Of two recordings with few events."""
    data, simulator = binned(model, make_inputs(model, 1, 1, 100)[1:]), Simulator(model)
    return Bench(model, program, data, tuple(simulator.trace(data, i) for i in range(len(data))))


def check(link: BoardLink, bench: Bench) -> None:
    assert link.hello(anew=True).model_hash == model_hash(bench.model)
    for i in range(len(bench.data)):
        bench.check(link.run(bench.steps(i), i != 1), i, i != 1)


def test_a_core_whose_weights_lie_in_spram_has_no_model_until_one_is_loaded(tmp_path):
    tools.require("verilator", "g++", "make")
    models = small_model(), everything_model()
    room = Room(loadable=True, models=models[1:], spram=True)
    write_folder(generate(models[0], lanes=LANES, count=1, room=room), tmp_path / "build")
    build_fpga_board(tmp_path / "build" / "rtl", tmp_path / "board", "-O1")
    benches = [thin_bench(tmp_path / "board", model) for model in models]
    with benches[0].board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        assert link.hello().model_hash == NO_MODEL
        for which in (1, 0):
            load_model(link, models[which])
            check(link, benches[which])


@pytest.mark.parametrize("tcp", [True, False])
def test_models_one_after_the_other(benches, tcp):
    with benches[0].board(tcp, rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        check(link, benches[0])
        for which in (1, 2, 0, 2) if tcp else (1, 0):
            loaded = load_model(link, benches[which].model)
            assert loaded.info.ticks_hz == 12_000_000
            check(link, benches[which])
            assert loaded.info.memory_bytes > 0


def test_a_bad_line_loads_the_model_or_none(benches):
    plan = FaultPlan(7, 1 / 150, {"flip": 2, "lose": 1, "double": 1, "cut": 1, "repeat": 2})
    settings = LinkSettings(20.0, 0.05, 20.0, attempts=100)
    with benches[0].board(rx_bytes=RX_BYTES, faults=plan) as board, linked(board, settings) as link:
        for which in (1, 0, 1):
            load_model(link, benches[which].model)
            bench = benches[which]
            bench.check(link.run(bench.steps(0), True), 0)
    assert sum(board.faults.values()) > 20


def test_a_load_that_ends_in_the_middle_leaves_no_model(benches, tmp_path, capsys):
    old, new = benches[0], benches[1]
    sizes = make_sizes([make() for make in MODELS], LANES)
    parts = [part for whole in core_parts(fitted(new.model, sizes)) for part in whole.cut(50)]
    files = [tmp_path / "old", tmp_path / "new"]
    for path, bench in zip(files, (old, new), strict=True):
        path.write_bytes(dumps(bench.model))
    with old.board(rx_bytes=RX_BYTES) as board:
        with linked(board, PATIENT) as link:
            run = link.run(old.steps(0), True)
            write_registers(link, BEGIN, [7])
            for number, part in enumerate(parts[:-3]):
                write_registers(link, FRAME, [number, part.place, *part.pieces])
        with linked(board, PATIENT) as link:
            info = link.hello()
            assert (info.model_hash, info.name) == (NO_MODEL, "FPGA")
            assert read_registers(link, VALID, 1) == [0]
            write_registers(link, COMMIT, [1])  # not its CRC
            assert read_registers(link, VALID, 1) == [0]
            token = 77
            for model in (
                bytes(8),
                bytes.fromhex(model_hash(old.model))[:8],
            ):  # also one that believes what it said
                begin = struct.pack("<B8sHII", 1, model, 0, 0, 0)
                assert link.ask(Kind.BEGIN, token, begin) == b"\3"
            assert link.ask(Kind.POLL, token, b"")[:1] == b"\2"
        why = r"\(FPGA\) has no valid model: none was loaded, or a load not finished; load MODEL with "
        why += "'edge-sast fpga load'$"
        ports = PortOptions((board.port,), 115_200)
        with pytest.raises(WrongModelError, match=why), connections(ports, model_hash(old.model), 0):
            pass
        assert main(["fpga", "load", str(files[1]), "--port", board.port]) == 0
        said = capsys.readouterr().out
        assert re.search(rf"loaded model {model_hash(new.model)[:16]}: .* CRC [0-9a-f]{{8}}\n$", said)
        with linked(board, PATIENT) as link:
            check(link, new)
            load_model(link, old.model)
            assert link.run(old.steps(0), True).crcs.tolist() == run.crcs.tolist()


def test_what_does_not_fit_changes_nothing(benches, tmp_path, capsys):
    large = network(channels=100)
    (tmp_path / "large").write_bytes(dumps(large))
    with benches[0].board(rx_bytes=RX_BYTES) as board:
        with linked(board, PATIENT) as link, pytest.raises(EdgeSastError, match=r"layers\[0\]: needs "):
            load_model(link, large)
        assert main(["fpga", "load", str(tmp_path / "large"), "--port", board.port]) == 2
        assert re.match(rf"edge-sast: --port {board.port}: layers\[0\]: needs ", capsys.readouterr().err)
        with linked(board, PATIENT) as link:
            check(link, benches[0])


def test_registers_after_a_recording(benches):
    bench = benches[0]
    with bench.board(rx_bytes=RX_BYTES) as board, linked(board, PATIENT) as link:
        run = link.run(bench.steps(1), True)
        trace, classes = bench.traces[1], len(bench.model.classes)
        name, kind, control, status, valid, steps, crc, ticks, cycles, stalls = read_registers(link, 0, 10)
        assert (name.to_bytes(4, "little"), kind, control, status, valid) == (b"SAST", 0x101, 0, 0b101, 1)
        assert (steps, crc) == (len(trace.crcs), trace.crcs[-1])
        assert (ticks, cycles) == (run.ticks[-1], int(run.ticks.sum()))
        assert stalls == 0  # a UART is slower than the core
        answer = read_registers(link, 0x80, classes + 1 + 4 * len(trace.synops[0]))
        assert answer[: classes + 1] == [*(int(v) & 0xFFFFFFFF for v in trace.outputs), trace.prediction]
        sums = np.array(answer[classes + 1 :], "<u4").view("<u8").reshape(-1, 2)
        assert sums[:, 0].tolist() == trace.synops.sum(axis=0, dtype=np.uint64).tolist()
        assert sums[:, 1].tolist() == trace.spike_counts.sum(axis=0, dtype=np.uint64).tolist()
        write_registers(link, 2, [1])  # clear
        assert read_registers(link, 5, 5)[0] == 0
        bench.check(link.run(bench.steps(0), True), 0)


def test_requests_that_are_wrong(benches):
    """BAD_REQUEST, and what the core holds stays."""
    bench = benches[0]
    with process(bench.program) as board:
        ask = [
            (Kind.REGISTERS, b""),
            (Kind.REGISTERS, b"\0"),
            (Kind.REGISTERS, b"\0\72"),  # more than an answer holds
            (Kind.REGISTERS, b"\0\1\1"),
            (Kind.WRITE, b""),
            (Kind.WRITE, b"\2\1\0\0"),
            (Kind.WRITE, b"\2\1\0\0\0\1"),
            (Kind.TELL, b""),
            (Kind.TELL, b"\xb4\1"),  # there is a model
        ]
        for number, (kind, payload) in enumerate(ask):
            assert board.ask(Frame(kind, number, 9, payload)) == b"\5", (kind, payload)
        assert board.ask(Frame(Kind.REGISTERS, 99, 9, b"\4\1")) == b"\0\1\0\0\0"
        hello = board.ask(Frame(Kind.HELLO, 0, 1, b"\1\0"))
        assert hello[2:34].hex() == model_hash(bench.model)
        assert link_bytes(bench.model, 12_000_000)[-1][1].endswith(hello)
