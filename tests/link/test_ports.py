"""Ports that open, and every reason why one does not."""

from __future__ import annotations

import gc
import os
import pty
import re
import socket
import sys
from contextlib import closing

import pytest

from edge_sast.cli import doctor
from edge_sast.errors import EdgeSastError
from edge_sast.link import ports

FORMS = re.escape("a device such as /dev/ttyACM0 or COM3, socket://HOST:PORT or rfc2217://HOST:PORT")


@pytest.fixture
def terminal():
    """(file descriptor of the board's end, name of the host's end)"""
    master, slave = pty.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


@pytest.fixture
def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_terminal_carries_every_byte_both_ways(terminal):
    master, name = terminal
    port = ports.open_port(name, 9600)
    every = bytes(range(256))
    port.write(every)
    assert os.read(master, 512) == every
    os.write(master, every)
    assert port.read(256) == every
    ports.close_port(port)
    ports.close_port(ports.open_port(name))


def test_a_port_in_use(terminal):
    _, name = terminal
    port = ports.open_port(name)
    message = f"--port {name}: another program uses it; close it (a serial monitor, another edge-sast hil)"
    with pytest.raises(EdgeSastError, match=re.escape(message)):
        ports.open_port(name)
    ports.close_port(port)


def test_a_socket_sends_small_frames_at_once_and_closes_after_the_other_end_did():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = ports.open_port(f"socket://127.0.0.1:{server.getsockname()[1]}")
        assert port._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        other, _ = server.accept()
        port.write(b"ping")
        assert other.recv(4) == b"ping"
        other.close()
        ports.close_port(port)


def test_a_socket_that_is_cut_while_it_opens_is_closed(monkeypatch):
    from serial.urlhandler import protocol_socket

    def cut(_):
        raise protocol_socket.SerialException("connection failed (reset)")

    monkeypatch.setattr(protocol_socket.Serial, "reset_input_buffer", cut)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        with pytest.raises(EdgeSastError, match="nothing answers there"):
            ports.open_port(f"socket://127.0.0.1:{server.getsockname()[1]}")
        gc.collect()  # a socket left open is a ResourceWarning, and so an error


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("loop://", f"hears only what it says itself, there is no board in it; give {FORMS}"),
        ("LOOP://x", f"hears only what it says itself, there is no board in it; give {FORMS}"),
        ("spy:///dev/ttyACM0", f"spy:// leads to no board; give {FORMS}"),
        ("tcp://localhost:1", f"tcp:// leads to no board; give {FORMS}"),
        ("socket://localhost", "needs a host and a port, such as socket://localhost:5555"),
        ("socket://:77", "needs a host and a port, such as socket://localhost:5555"),
        ("rfc2217://host:http", "needs a host and a port, such as rfc2217://localhost:5555"),
        ("socket://host:70000", "needs a host and a port, such as socket://localhost:5555"),
        ("/dev/null", r"cannot be opened \(Could not configure port: .*\); check that it is a serial port"),
        ("/dev/ttyNOWHERE", "no such port; this computer .*'edge-sast hil ports'.*"),
    ],
)
def test_names_that_lead_to_no_board(name, message):
    with pytest.raises(EdgeSastError, match=rf"^--port {re.escape(name)}: {message}$"):
        ports.open_port(name)


@pytest.mark.parametrize("scheme", ["socket", "rfc2217"])
def test_nothing_listens(scheme, free_port):
    name = f"{scheme}://127.0.0.1:{free_port}"
    reason = r"nothing answers there \(.*Connection refused.*\); start what serves the board"
    with pytest.raises(EdgeSastError, match=rf"^--port {name}: {reason}, and check host and port$"):
        ports.open_port(name)


def test_permission_denied_names_the_group(terminal, monkeypatch):
    """As root every file may be opened, so the system's answer is given in its place."""
    real = os.open

    def refuse(path, *rest):
        if path == terminal[1]:
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    message = (
        f"--port {terminal[1]}: permission denied; add yourself to the group that owns it: "
        "sudo usermod -aG dialout $USER (uucp on Arch), then log in again"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        ports.open_port(terminal[1])


@pytest.mark.parametrize("baud", [0, 10**12])
def test_a_rate_that_cannot_be(terminal, baud):
    with pytest.raises(EdgeSastError, match=rf"--baud (is )?{baud}"):
        ports.open_port(terminal[1], baud)


def test_a_port_given_twice():
    with pytest.raises(
        EdgeSastError, match=r"--port a: is given twice; a board takes one recording at a time"
    ):
        ports.check_names(["a", "b", "a"], 1)


def test_without_pyserial(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    message = "--port: needs the Python package pyserial; pip install 'edge-sast[hil]'"
    for call in (ports.list_ports, lambda: ports.open_port("/dev/ttyACM0")):
        with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
            call()
    found = doctor._serial_ports()
    assert (found["ok"], found["remedy"]) == (False, message)


def test_doctor_tells_of_ports(monkeypatch, terminal):
    monkeypatch.setattr(ports, "list_ports", lambda: [])
    assert doctor._serial_ports()["state"] == "none"
    monkeypatch.setattr(ports, "list_ports", lambda: [ports.PortInfo(terminal[1], "a board", "n/a")])
    assert (doctor._serial_ports()["ok"], doctor._serial_ports()["state"]) == (True, terminal[1])
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "usermod -aG dialout" in doctor._serial_ports()["remedy"]
