"""The one error a user's mistake raises."""

from __future__ import annotations


class EdgeSastError(Exception):
    """A mistake the user can mend. The message is one line that names the field, the value and the remedy.

    The command line prints it on stderr and exits with code 2.
    """


class TooWideError(EdgeSastError):
    """Numbers of a layer that do not fit the widths of its integers, all else about it being right."""


class CheckFailedError(Exception):
    """A comparison that was run to the end and did not hold. The command line exits with code 1."""
