"""Bytes of a pipe, a socket or standard input, looked at before they are read, and given as soon as they come."""

from __future__ import annotations

import io
import os
import select
import socket
from collections.abc import Callable
from typing import TypeVar

from edge_sast.errors import EdgeSastError

READ_BYTES = 1 << 16  # asked for at once
POLL_SECONDS = 0.2  # how long a receiver waits before it looks whether it is to end

Found = TypeVar("Found")


class Connection(io.RawIOBase):
    """A binary stream, read forward only.

    `read(n)` waits for at least one byte and gives what is there, up to n; b"" is the end, and after `stop` too.
    """

    def __init__(self, source: int | socket.socket, name: str) -> None:
        """source: a descriptor or a connected socket; whoever opened it closes it."""
        super().__init__()
        self._source, self._name = source, name
        self._ahead = b""  # received and not read yet
        self._stopped = False

    def readable(self) -> bool:
        return True

    def first(self, tell: Callable[[bytes], Found | None], most: int) -> Found | None:
        """What `tell` makes of the bytes to come, without reading them.

        It is asked again, with more bytes, until it says something. None where it has not after `most` bytes or at the
        end.
        """
        while len(self._ahead) < most:
            more = self._receive(most - len(self._ahead))
            self._ahead += more
            found = tell(self._ahead) if more else None
            if found is not None or not more:
                return found
        return None

    def read(self, size: int = -1) -> bytes:
        limit = READ_BYTES if size < 0 else size
        if not self._ahead:
            return self._receive(limit) if limit else b""
        data, self._ahead = self._ahead[:limit], self._ahead[limit:]
        return data

    def stop(self) -> None:
        """From another thread: what waits for bytes meets an end instead."""
        self._stopped = True

    def _receive(self, size: int) -> bytes:
        try:
            while not self._stopped:
                if self._arrived():
                    if isinstance(self._source, socket.socket):
                        return self._source.recv(size)
                    return os.read(self._source, size)
            return b""
        except OSError as error:
            raise EdgeSastError(
                f"{self._name}: cannot be read ({error.strerror or error}); check that its program still runs"
            ) from error

    def _arrived(self) -> bool:
        """Whether bytes, or the end, have come within POLL_SECONDS."""
        if os.name == "nt" and not isinstance(self._source, socket.socket):
            return True  # Windows cannot wait for a pipe with a limit: reading waits
        return bool(select.select([self._source], [], [], POLL_SECONDS)[0])
