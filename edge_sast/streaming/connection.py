"""Bytes of a pipe, a socket or standard input, looked at before they are read, and given as soon as they come."""

from __future__ import annotations

import io
import os
import socket
from typing import Any

from edge_sast.errors import EdgeSastError

READ_BYTES = 1 << 16  # asked for at once


class Connection(io.RawIOBase):
    """A binary stream, read forward only.

    `read(n)` waits for at least one byte and gives what is there, up to n; b"" is the end. `readline` waits for a line.
    """

    def __init__(self, source: Any, name: str) -> None:
        """source: a descriptor (int), which is not closed, or a connected socket, which is."""
        super().__init__()
        self.source, self.label = source, name
        self.ahead = b""  # received and not read yet

    def readable(self) -> bool:
        return True

    def peek(self, size: int) -> bytes:
        """The first bytes to come, `size` at most, without reading them: those of one go, and b"" at the end."""
        if not self.ahead:
            self.ahead = self._receive(size)
        return self.ahead[:size]

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        if not self.ahead:
            self.ahead = self._receive(READ_BYTES if size < 0 else size)
        if size < 0 or size >= len(self.ahead):
            data, self.ahead = self.ahead, b""
        else:
            data, self.ahead = self.ahead[:size], self.ahead[size:]
        return data

    def readline(self, size: int | None = -1) -> bytes:
        limit = 1 << 16 if size is None or size < 0 else size
        line = b""
        while len(line) < limit and not line.endswith(b"\n"):
            piece = self.peek(limit)
            if not piece:
                break
            end = piece.find(b"\n") + 1 or len(piece)
            line += self.read(min(end, limit - len(line)))
        return line

    def close(self) -> None:
        if isinstance(self.source, socket.socket):
            self.source.close()
        super().close()

    def _receive(self, size: int) -> bytes:
        try:
            if isinstance(self.source, socket.socket):
                return self.source.recv(size)
            return os.read(self.source, size)
        except OSError as error:
            raise EdgeSastError(
                f"{self.label}: cannot be read ({error.strerror or error}); check that its program still runs"
            ) from error
