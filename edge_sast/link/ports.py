"""Serial ports by name: a device of this computer, or a pyserial URL. Opening one, and saying why it cannot be."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import urllib.parse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edge_sast.errors import EdgeSastError
from edge_sast.link.messages import Port

if TYPE_CHECKING:
    from serial import SerialBase

DEFAULT_BAUD = 115_200
SCHEMES = ("socket", "rfc2217")
HELP = "a device such as /dev/ttyACM0 or COM3, socket://HOST:PORT or rfc2217://HOST:PORT"
INSTALL = "pip install 'edge-sast[hil]'"
READ_TIMEOUT_S = 0.05  # how soon a waiting reader looks at its own deadline, and at an interrupt
WRITE_TIMEOUT_S = 10.0  # a window of frames at 9,600 baud takes under 2 s; a port stuck for longer is dead


@dataclass(frozen=True)
class PortInfo:
    """A port of this computer. hardware: vendor, product and serial number as pyserial tells them, or "n/a"."""

    device: str
    description: str
    hardware: str

    def figures(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def looks_like_port(name: str) -> bool:
    """Whether a name that may be something else too, such as verify's --on, means a port."""
    return "://" in name or name.startswith("/dev/") or re.fullmatch(r"(?i)com\d+", name) is not None


def require_pyserial() -> None:
    """Raises EdgeSastError with the command that installs pyserial, where it is missing."""
    try:
        import serial  # noqa: F401
    except ImportError as error:
        raise EdgeSastError(f"--port: needs the Python package pyserial; {INSTALL}") from error


def list_ports() -> list[PortInfo]:
    """The serial ports of this computer, by name. Raises EdgeSastError without pyserial."""
    require_pyserial()
    from serial.tools import list_ports

    found = [PortInfo(port.device, port.description, port.hwid) for port in list_ports.comports()]
    return sorted(found, key=lambda port: port.device)


def check_names(ports: Sequence[str], baud: int) -> None:
    """Refuse names that cannot be ports before anything is opened.

    Raises EdgeSastError for a URL of a kind that leads to no board, one without host and port, and a name given twice.
    """
    if baud < 1:
        raise EdgeSastError(f"--baud is {baud}; it must be 1 or more, and what the board's UART is set to")
    for i, name in enumerate(ports):
        scheme, mark, _ = name.lower().partition("://")
        if mark and scheme == "loop":
            raise EdgeSastError(
                f"--port {name}: hears only what it says itself, there is no board in it; give {HELP}"
            )
        if mark and scheme not in SCHEMES:
            raise EdgeSastError(f"--port {name}: {scheme}:// leads to no board; give {HELP}")
        if mark:
            _check_address(name)
        if name in ports[:i]:
            raise EdgeSastError(f"--port {name}: is given twice; a board takes one recording at a time")


def _check_address(name: str) -> None:
    try:
        parts = urllib.parse.urlsplit(name)
        usable = bool(parts.hostname) and parts.port is not None and parts.port > 0
    except ValueError:  # a port that is no number below 65536
        usable = False
    if not usable:
        raise EdgeSastError(
            f"--port {name}: needs a host and a port, such as {name.split(':')[0]}://localhost:5555"
        )


def open_port(name: str, baud: int = DEFAULT_BAUD) -> SerialBase:
    """The port, open: raw bytes, 8N1, for this program only, nothing of what came before in its buffer.

    Raises EdgeSastError (one line with the remedy) where it does not exist, is in use, may not be used, or nothing
    answers at its address.
    """
    require_pyserial()
    import serial

    check_names([name], baud)
    settings = {"baudrate": baud, "timeout": READ_TIMEOUT_S}
    if not name.lower().startswith("rfc2217://"):  # pyserial has none there
        settings["write_timeout"] = WRITE_TIMEOUT_S
    if "://" not in name and os.name == "posix":
        settings["exclusive"] = True
    port = None
    try:
        port = serial.serial_for_url(name, do_not_open=True, **settings)
        port.open()
        connection = _connection(port)
        if connection is not None:  # small frames must not wait for one another
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError) as error:  # SerialException is an OSError
        if port is not None:  # half open: the other end hung up at once
            close_port(port)
        raise EdgeSastError(f"--port {name}: {_why(name, baud, error)}") from error
    return port


def close_port(port: Port) -> None:
    """Close it, whatever state it is in."""
    connection = _connection(port)
    with contextlib.suppress(OSError):  # a device that is gone cannot be closed in order
        port.close()
    if connection is not None:  # pyserial leaves it open where the other end hung up first
        connection.close()


def _connection(port: Port) -> socket.socket | None:
    """The socket of a socket:// or rfc2217:// port."""
    found = getattr(port, "_socket", None)
    return found if isinstance(found, socket.socket) else None


def _why(name: str, baud: int, error: Exception) -> str:
    """What is wrong with a port that cannot be opened, and what to do."""
    code = getattr(error, "errno", None)
    text = " ".join(str(error).split())
    if "://" in name:
        reason = re.sub(r"^Could not open port \S+ ", "", text)
        return f"nothing answers there ({reason}); start what serves the board, and check host and port"
    if code == errno.ENOENT or isinstance(error, FileNotFoundError) or "FileNotFoundError" in text:
        return f"no such port; {_present()}"
    if code in (errno.EACCES, errno.EPERM):
        return (
            "permission denied; add yourself to the group that owns it: sudo usermod -aG dialout $USER "
            "(uucp on Arch), then log in again"
        )
    if code in (errno.EBUSY, errno.EAGAIN) or "PermissionError" in text:  # the latter is how Windows says it
        return "another program uses it; close it (a serial monitor, another edge-sast hil)"
    if isinstance(error, ValueError | OverflowError):
        return f"cannot run at --baud {baud} ({text}); choose a rate that the port and the board know"
    return f"cannot be opened ({text}); check that it is a serial port"


def _present() -> str:
    found = [port.device for port in list_ports()]
    if not found:
        return "this computer shows none: plug the board in and look with 'edge-sast hil ports'"
    return f"this computer has {', '.join(found)}; 'edge-sast hil ports' describes them"
