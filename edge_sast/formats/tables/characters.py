"""Whether bytes can be lines of text, as far as their characters tell."""

from __future__ import annotations

import codecs
import re

from edge_sast.errors import EdgeSastError

CONTROL = bytes(set(range(32)) - set(b"\t\n\r"))
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks, which begin no UTF-8
_LONE_CR = re.compile(rb"\r[^\r\n]")


def printable(first: bytes) -> bool:
    """No control character but tabs and line ends."""
    return first.translate(None, CONTROL) == first


def may_be_lines(first: bytes) -> bool:
    """Whether a file that begins so is text: printable, or in UTF-16, which `check_characters` tells of."""
    return printable(first) or first.startswith(UTF16)


def are_lines(first: bytes) -> bool:
    """The same where nothing else says that it is text, a file's ending or the user: it has to be UTF-8 as well.

    The last character may be cut off.
    """
    if not first or first.startswith(UTF16):
        return bool(first)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(first)
    except UnicodeDecodeError:
        return False
    return printable(first)


def check_characters(begin: bytes, source: str) -> None:
    """Whether lines can be told apart in a text that begins so.

    Raises:
        EdgeSastError: it is in UTF-16, or its lines end in CR alone.
    """
    if begin.startswith(UTF16):
        raise EdgeSastError(f"{source}: is text in UTF-16; save it as UTF-8")
    if b"\n" not in begin and _LONE_CR.search(begin):
        raise EdgeSastError(f"{source}: its lines end in CR alone; save it with LF or CR LF")
