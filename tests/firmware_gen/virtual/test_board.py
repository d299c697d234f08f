import contextlib
import socket

import pytest

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.link.frames import Frame, Kind, encode
from edge_sast.link.ports import close_port, open_port
from firmware_gen.virtual.board import build_virtual_board, running, virtual_board
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import Pacer, RelaySettings
from tests.firmware_gen.builds import export, small_model

HELLO = encode(Frame(Kind.HELLO, 7, 9, b"\1\0"))


def test_a_build_folder_becomes_a_board_that_answers(small):
    for tcp in (True, False):
        with virtual_board(small, tcp=tcp) as board:
            port = open_port(board.port)
            port.timeout = 20
            port.write(HELLO)
            answer = port.read_until(b"\0")
            close_port(port)
        assert (board.to_board, board.to_host) == (len(HELLO), len(answer))
        assert b"virtual" in answer


def test_bytes_beyond_the_boards_buffer_are_lost_and_counted(tmp_path):
    build_virtual_board(export(small_model(), tmp_path / "build"), tmp_path / "virtual", rx_bytes=64)
    with running(RelaySettings(str(tmp_path / "virtual"), 64, True)) as board:
        port = open_port(board.port)
        port.write(bytes([1]) * 5000)
        port.write(b"\0" + HELLO)
        port.timeout = 0.2
        port.read(1)
        close_port(port)
    assert board.overruns > 4000


def test_a_pacer_lets_through_what_a_uart_would():
    pacer = Pacer(10_000)  # a byte a millisecond
    pacer.push(bytes(100), 5.0)
    assert len(pacer.pop(5.0)) == 0
    assert len(pacer.pop(5.0305)) == 30
    assert len(pacer.pop(5.0605)) == 30
    assert len(pacer.pop(9.0)) == 40
    pacer.push(bytes(10), 20.0)
    assert len(pacer.pop(20.0045)) == 4
    free = Pacer(0)
    free.push(b"abc", 1.0)
    assert free.pop(1.0) == b"abc"


def test_settings_survive_the_command_line():
    plain = RelaySettings("p", 64, True, 9600)
    faulty = RelaySettings("p", 64, False, 0, FaultPlan(3, 0.1, {"flip": 1.0}))
    assert RelaySettings.loads(plain.dumps()) == plain
    assert RelaySettings.loads(faulty.dumps()) == faulty


def wait_for_end(port: str) -> None:
    """Until nobody listens there any more."""
    host, number = port.removeprefix("socket://").split(":")
    with contextlib.suppress(ConnectionError):
        while True:
            socket.create_connection((host, int(number)), timeout=20).close()


def test_what_is_no_build_or_no_board_is_said(tmp_path, capfd):
    with pytest.raises(
        EdgeSastError, match=r"has no manifest.json; give a folder that 'edge-sast export' wrote"
    ):
        build_virtual_board(tmp_path, tmp_path / "virtual")
    with (
        pytest.raises(EdgeSastError, match="virtual board: its relay did not start"),
        running(RelaySettings(str(tmp_path / "none"), 64, True)),
    ):
        pass
    assert "No such file" in capfd.readouterr().err
    with (
        pytest.raises(CheckFailedError, match="virtual board: its relay ended with exit code 1"),
        running(RelaySettings("/bin/false", 64, True)) as board,
    ):
        wait_for_end(board.port)
    assert "/bin/false ended by itself" in capfd.readouterr().err
