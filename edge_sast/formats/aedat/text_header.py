"""The lines of text that AEDAT files begin with: each starts with '#' and ends with a line feed, the first names the
version.
"""

from __future__ import annotations

from typing import BinaryIO

from edge_sast.errors import EdgeSastError

MAGIC = b"#!AER-DAT"
LONGEST_BYTES = 1 << 16  # of a line; jAER's are below 200
_BINARY = bytes(set(range(32)) - set(b"\t\r\n"))


class Lines:
    """The lines of a header, read up to its end.

    Args:
        end: text of the line that ends the header, without '#'. A header may end without it, if the next bytes are no
            line: an event may begin with '#' too, but has control characters, as no text has.

    Attributes:
        lines: without '#' and white space at their ends, of what `wanted` begins them.
        size: bytes of the header.
        begin: bytes behind it that were read already.
        ended: the line `end` was there.
    """

    def __init__(self, stream: BinaryIO, source: str, end: str, wanted: tuple[str, ...]) -> None:
        self.lines: list[str] = []
        self.size, self.begin, self.ended = 0, b"", False
        while not self.ended:
            mark = stream.read(1)
            line = mark + stream.readline(LONGEST_BYTES) if mark == b"#" else mark
            if mark != b"#" or line.translate(None, _BINARY) != line:
                self.begin = line
                return
            if not line.endswith(b"\n"):
                raise EdgeSastError(f"{source}: ends inside its header; the file is truncated: copy it again")
            self.size += len(line)
            text = line[1:].decode("utf-8", "replace").strip()
            if text.startswith(wanted):
                self.lines.append(text)
            self.ended = text == end

    def value(self, name: str) -> str | None:
        """What stands behind the first line that begins so; None where there is none."""
        return next((line[len(name) :].strip() for line in self.lines if line.startswith(name)), None)


def has_version(first: bytes, major: bytes) -> bool:
    """Whether a file that begins with these bytes says that it is of a version."""
    return first.startswith(MAGIC + major + b".")
