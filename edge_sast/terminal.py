"""What is printed: text that others wrote - names of files, classes and boards, messages - cannot steer a terminal.

A terminal takes bytes of a name for orders: colours, a new title, lines wiped out, text that runs the other way. So
whatever a command prints passes `echo`, `printable` or both, a line at a time; JSON escapes by itself.
"""

from __future__ import annotations

import sys

LONGEST_LINE = 4000  # a path and a message, with room


def printable(text: str) -> str:
    """The text with all that is not printable escaped, as Python's repr does: line feeds, ESC, bytes of no UTF-8, ...

    Printable is what str.isprintable says: no control or format characters (among them those that turn the direction of
    writing or have no width), no separators other than the space.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def one_line(text: str) -> str:
    """As printable, but white space, line feeds among it, becomes single spaces: for messages of several lines.

    Of more than LONGEST_LINE characters some in the middle are left out: messages end with what to do.
    """
    line = printable(" ".join(text.split()))
    half = LONGEST_LINE // 2
    return line if len(line) <= LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"


def echo(*lines: str, error: bool = False) -> None:
    """Prints printable lines on stdout, or on stderr; an empty one without any."""
    text = "\n".join(map(printable, lines))
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
