"""The compressions of AEDAT 4, undone piece by piece, so that no packet takes more memory than a piece."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Protocol

from edge_sast.errors import EdgeSastError

EXTRA = "edge-sast[aedat4]"
# What each decoder of Zstandard is to take at least (Y. Collet, M. Kucherawy, RFC 8878, 3.1.1.1.2); more is memory that
# a damaged file could ask for.
ZSTD_WINDOW_BYTES = 8 << 20


class Compression(IntEnum):
    """As the header numbers them."""

    NONE = 0
    LZ4 = 1
    LZ4_HIGH = 2
    ZSTD = 3
    ZSTD_HIGH = 4


class Source(Protocol):
    """Bytes that can be read on; b"" is their end."""

    def read(self, most: int, /) -> bytes:
        """At most so many bytes, at least one but at the end."""


class DamagedError(Exception):
    """Bytes that are no such compressed data; the message is half a sentence."""


class Compressed:
    """Undoes one compression, packet after packet.

    Raises:
        EdgeSastError: its package is not installed.
    """

    def __init__(self, compression: Compression, source: str) -> None:
        self._open: Any = {
            Compression.NONE: lambda: _plain,
            Compression.LZ4: lambda: _lz4(source),
            Compression.LZ4_HIGH: lambda: _lz4(source),
            Compression.ZSTD: lambda: _zstd(source),
            Compression.ZSTD_HIGH: lambda: _zstd(source),
        }[compression]()

    def opened(self, packet: Source, piece: int) -> Source:
        """The bytes of a packet uncompressed; no more than `piece` may be asked for at once.

        What is read raises DamagedError where the packet is no such data, and ends early where the packet does.
        """
        opened: Source = self._open(packet, piece)
        return opened


def lz4_frame(source: str) -> Any:
    """The module lz4.frame. Raises EdgeSastError where it is not installed; source: whom the message is about."""
    try:
        import lz4.frame
    except ImportError as error:
        raise EdgeSastError(
            f"{source}: is compressed by LZ4, and lz4 is not installed; pip install '{EXTRA}'"
        ) from error
    return lz4.frame


def _plain(packet: Source, _piece: int) -> Source:
    return packet


def _lz4(source: str) -> Any:
    frame = lz4_frame(source)
    context = frame.create_decompression_context()

    def opened(packet: Source, piece: int) -> Source:
        frame.reset_decompression_context(context)
        return _Lz4(frame, context, packet, piece)

    return opened


class _Lz4:
    """One LZ4 frame."""

    def __init__(self, frame: Any, context: Any, packet: Source, piece: int) -> None:
        self.frame, self.context, self.packet, self.piece = frame, context, packet, piece
        self.compressed, self.ended = b"", False

    def read(self, most: int) -> bytes:
        while not self.ended:
            if not self.compressed:
                self.compressed = self.packet.read(self.piece)
            try:
                found, taken, self.ended = self.frame.decompress_chunk(
                    self.context, self.compressed, max_length=most
                )
            except RuntimeError as error:
                raise DamagedError(f"is no LZ4 frame ({error})") from error
            stuck = not found and not self.compressed
            self.compressed = self.compressed[taken:]
            if found:
                return bytes(found)
            if stuck:
                return b""
        return b""


def _zstd(source: str) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise EdgeSastError(
            f"{source}: is compressed by ZSTD, and zstandard is not installed; pip install '{EXTRA}'"
        ) from error
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)

    class Zstd:
        """One Zstandard frame."""

        def __init__(self, packet: Source, piece: int) -> None:
            self.reader = decompressor.stream_reader(packet, read_size=piece)

        def read(self, most: int) -> bytes:
            try:
                return bytes(self.reader.read(most))
            except zstandard.ZstdError as error:
                raise DamagedError(f"is no ZSTD frame ({error})") from error

    return Zstd
