"""The compressions of AEDAT 4, undone piece by piece, so that no packet takes more memory than a piece."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Protocol

from edge_sast.errors import EdgeSastError

EXTRA = "edge-sast[aedat4]"
# What each decoder of Zstandard is to take at least (Y. Collet, M. Kucherawy, RFC 8878, 3.1.1.1.2); more is memory that
# a damaged file could ask for.
ZSTD_WINDOW_BYTES = 8 << 20
FIRST_STEP_BYTES = 1 << 14


class Compression(IntEnum):
    """As the header numbers them."""

    NONE = 0
    LZ4 = 1
    LZ4_HIGH = 2
    ZSTD = 3
    ZSTD_HIGH = 4


class Source(Protocol):
    """Bytes that can be read on; b"" is their end."""

    @property
    def ended(self) -> bool:
        """Nothing more comes, for certain."""

    def read(self, most: int, /) -> bytes:
        """At most so many bytes, at least one but at the end."""


class DamagedError(Exception):
    """Bytes that are no such compressed data; the message is half a sentence."""


class Decoder(Protocol):
    """Undoes one compression, packet after packet."""

    def opened(self, packet: Source, piece: int) -> Source:
        """The bytes of a packet uncompressed, until the next packet is opened; no more than `piece` may be asked for at
        once.

        What is read raises DamagedError where the packet is no such data, and ends early where the packet does.
        """


def decoder_of(compression: Compression, source: str) -> Decoder:
    """What undoes a compression; source: whom messages are about.

    Raises:
        EdgeSastError: its package is not installed.
    """
    if compression is Compression.NONE:
        return _Plain()
    return _Lz4(source) if compression in (Compression.LZ4, Compression.LZ4_HIGH) else _Zstd(source)


def lz4_frame(source: str) -> Any:
    """The module lz4.frame. Raises EdgeSastError where it is not installed; source: whom the message is about."""
    try:
        import lz4.frame
    except ImportError as error:
        raise EdgeSastError(
            f"{source}: is compressed by LZ4, and lz4 is not installed; pip install '{EXTRA}'"
        ) from error
    return lz4.frame


class _Plain:
    """No compression."""

    def opened(self, packet: Source, _piece: int) -> Source:
        return packet


class _Lz4:
    """An LZ4 frame in each packet."""

    def __init__(self, source: str) -> None:
        self.frame = lz4_frame(source)
        self.context = self.frame.create_decompression_context()
        self.step = FIRST_STEP_BYTES  # each piece gets so much memory at first; it grows as packets need it

    def opened(self, packet: Source, piece: int) -> Source:
        self.frame.reset_decompression_context(self.context)
        self.packet, self.piece, self.compressed, self.ended = packet, piece, memoryview(b""), False
        return self

    def read(self, most: int) -> bytes:
        step = min(most, self.step)
        while not self.ended:
            if not self.compressed:
                self.compressed = memoryview(self.packet.read(self.piece))
            try:
                found, taken, self.ended = self.frame.decompress_chunk(
                    self.context, self.compressed, max_length=step
                )
            except RuntimeError as error:
                raise DamagedError(f"is no LZ4 frame ({error})") from error
            stuck = not found and not self.compressed
            self.compressed = self.compressed[taken:]
            if len(found) == step:
                self.step = min(4 * step, self.piece)
            if found:
                return bytes(found)
            if stuck:
                return b""
        return b""


class _Zstd:
    """A Zstandard frame in each packet."""

    ended = False  # an empty read tells it

    def __init__(self, source: str) -> None:
        try:
            import zstandard
        except ImportError as error:
            raise EdgeSastError(
                f"{source}: is compressed by ZSTD, and zstandard is not installed; pip install '{EXTRA}'"
            ) from error
        self.error = zstandard.ZstdError
        # Any: it takes whatever has `read`, which its types do not say
        self.decompressor: Any = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)

    def opened(self, packet: Source, piece: int) -> Source:
        self.reader = self.decompressor.stream_reader(packet, read_size=piece)
        return self

    def read(self, most: int) -> bytes:
        try:
            return bytes(self.reader.read(most))
        except self.error as error:
            raise DamagedError(f"is no ZSTD frame ({error})") from error
