"""A port with a board behind it: opened, asked who it is, opened again when it went away."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from edge_sast.errors import EdgeSastError
from edge_sast.link.board_link import BoardLink
from edge_sast.link.line import Line
from edge_sast.link.messages import NO_MODEL, BoardInfo, BoardRefusedError, LinkError, LinkSettings, Trace
from edge_sast.link.ports import check_names, close_port, open_port, require_pyserial

if TYPE_CHECKING:
    from serial import SerialBase

    from edge_sast.runtime.simulator import Simulator


@dataclass(frozen=True)
class PortOptions:
    """Where boards are, and how patient to be with them.

    ports: names as `open_port` takes them. baud: of a UART, bits per second. stall_s: the longest silence of a board
    within a recording, seconds. patience_s: the longest that losses on the line may hold up one recording, seconds.
    wire_log: file for every frame on the wires, as text.

    Raises EdgeSastError for what cannot work, before anything is opened, and where pyserial is missing.
    """

    ports: tuple[str, ...]
    baud: int
    stall_s: float = 10.0
    patience_s: float = 60.0
    wire_log: str | None = None

    def __post_init__(self) -> None:
        require_pyserial()
        check_names(self.ports, self.baud)
        for option, seconds in (("--stall-s", self.stall_s), ("--patience-s", self.patience_s)):
            if not 0 < seconds < float("inf"):
                raise EdgeSastError(f"{option} is {seconds}; give seconds above 0")


class WrongModelError(EdgeSastError):
    """The board runs another model than the one it is compared with; asking again will not help."""


class WireLog:
    """`--wire-log`: one line for each frame of any port: seconds since the start, the port, what the link says."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._lock, self._began = stream, threading.Lock(), time.monotonic()

    def of(self, name: str) -> Trace:
        """The trace function for one port."""

        def write(line: str) -> None:
            with self._lock:
                self._stream.write(f"{time.monotonic() - self._began:12.6f} {name} {line}\n")

        return write


class StoppablePort:
    """A port that lets go of whoever waits on it once `stop` is set: the next read or write fails."""

    def __init__(self, port: SerialBase, stop: threading.Event) -> None:
        self._port, self._stop = port, stop

    @property
    def timeout(self) -> float | None:
        return self._port.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._port.timeout = seconds

    @property
    def baudrate(self) -> int:
        return int(self._port.baudrate)

    @property
    def in_waiting(self) -> int:
        return int(self._port.in_waiting)

    def fileno(self) -> int:
        return int(self._port.fileno())

    def read(self, size: int, /) -> bytes:
        self._check()
        return bytes(self._port.read(size))

    def write(self, data: bytes, /) -> int | None:
        self._check()
        return self._port.write(data)

    def close(self) -> None:
        close_port(self._port)

    def _check(self) -> None:
        if self._stop.is_set():
            raise OSError("interrupted")


class Connection:
    """A board on a serial port, and the line to it.

    model_hash, memory_bytes: of the model that the board must run, and of the RAM that its C takes.
    stop: when set, whoever waits for this board gets a LinkError soon.
    """

    def __init__(
        self,
        name: str,
        baud: int,
        model_hash: str,
        memory_bytes: int,
        settings: LinkSettings,
        trace: Trace | None = None,
    ) -> None:
        self.name = name
        self.stop = threading.Event()
        self._baud, self._settings, self._trace = baud, settings, trace
        self._model_hash, self._memory_bytes = model_hash, memory_bytes
        self.line = Line(settings)
        self._link: BoardLink | None = None
        self._info: BoardInfo | None = None

    @property
    def link(self) -> BoardLink:
        """The link of a connection that is open."""
        if self._link is None:
            raise LinkError(f"--port {self.name}: is not open")
        return self._link

    @property
    def info(self) -> BoardInfo:
        """What the board said of itself when it was opened last."""
        if self._info is None:
            raise LinkError(f"--port {self.name}: is not open")
        return self._info

    def open(self) -> None:
        """Open the port and ask the board who it is; nothing where it is open already.

        Raises EdgeSastError where the port cannot be opened; LinkError where no board answers; WrongModelError.
        """
        if self._link is not None:
            return
        port = StoppablePort(open_port(self.name, self._baud), self.stop)
        try:
            link = BoardLink(port, self._settings, self._trace, self.line)
            self._info = link.hello()
            self._check_model(self._info)
        except LinkError as error:
            port.close()
            raise type(error)(f"--port {self.name}: {error}") from error
        except BaseException:
            port.close()
            raise
        self._link = link

    def check_shape(self, simulator: Simulator, steps: int | None = None) -> None:
        """Raises WrongModelError where the board tells the hash of the simulator's model and not its numbers.

        steps: of the model on the board, where the simulator's has others. BoardRefusedError for a board that can have
        no others.
        """
        model, info = simulator.model, self.info
        grid = model.binning
        if steps not in (None, grid.steps) and info.counts_steps:
            raise BoardRefusedError(
                f"--port {self.name}: the board ({info.name}) begins anew after the model's {steps} steps, as FPGAs "
                f"do that were exported without --running, and the recording has {grid.steps}; export it again with "
                f"--running, or take the first {steps} with --limit {steps}"
            )
        numbers = {
            "width": grid.width,
            "height": grid.height,
            "shift": grid.shift,
            "steps": steps or grid.steps,
            "dt_us": grid.dt_us,
            "layers": len(model.layers),
            "weighted": len(simulator.layers),
            "classes": len(model.classes),
            "memory_bytes": self._memory_bytes,
        }
        for name, number in numbers.items():
            if getattr(info, name) != number:
                raise WrongModelError(
                    f"--port {self.name}: the board ({info.name}) says that its model's {name} is "
                    f"{getattr(info, name)}, MODEL has {number}; build and flash its firmware again"
                )

    def _check_model(self, info: BoardInfo) -> None:
        if info.model_hash == NO_MODEL:
            raise WrongModelError(
                f"--port {self.name}: the board ({info.name}) has no valid model: none was loaded, or a load "
                "not finished; load MODEL with 'edge-sast fpga load'"
            )
        if info.model_hash != self._model_hash:
            raise WrongModelError(
                f"--port {self.name}: the board ({info.name}) runs model {info.model_hash[:16]}, MODEL is "
                f"{self._model_hash[:16]}; flash the build of MODEL, or give the model file of the build on the board"
            )

    def close(self) -> None:
        """Close the port; it may be opened again."""
        link, self._link = self._link, None
        if link is not None:
            link.close()


@contextlib.contextmanager
def connections(options: PortOptions, model_hash: str, memory_bytes: int) -> Iterator[list[Connection]]:
    """The boards on the ports, each asked who it is; closed in the end. model_hash, memory_bytes: see Connection.

    Raises EdgeSastError for a port that cannot be opened, one that no board answers on, and another model or protocol.
    """
    settings = LinkSettings(stall_s=options.stall_s, patience_s=options.patience_s)
    with contextlib.ExitStack() as stack:
        log = None
        if options.wire_log:
            log = WireLog(stack.enter_context(open(options.wire_log, "w", encoding="utf-8")))
        opened = []
        for name in options.ports:
            trace = log.of(name) if log is not None else None
            connection = Connection(name, options.baud, model_hash, memory_bytes, settings, trace)
            stack.callback(connection.close)
            connection.open()
            opened.append(connection)
        yield opened
