"""What Yosys, nextpnr and the packers say that a user must know, although some of it comes with exit code 0."""

from __future__ import annotations

import re
import tempfile

from edge_sast.errors import EdgeSastError

# A message that is no error of the program, and what it says of the design.
_FATAL = (
    (r"Can(?: ?not|'t) open (?:include |input )?file [`'\"]?(?P<what>[^'`\"\n]+)", "{what} is missing"),
    (r"multiple conflicting drivers for (?P<what>\S+)", "{what} has two drivers"),
    (r"Wire (?P<what>\S+) is used but has no driver", "{what} has no driver"),
    (r"found logic loop in (?P<what>.+?):", "a loop without a register in {what}"),
    (
        r"Replacing memory (?P<what>\S+) with list of registers",
        "{what} became registers instead of block RAM",
    ),
    (r"unmatched constraint '(?P<what>[^']+)'", "the pins name {what}, which the top has not"),
    (r"unconstrained IO:? ?(?P<what>\S*)", "no pin is named for {what}"),
)
_USED = re.compile(r"^Info:\s+(\w+): +(\d+)/ *(\d+) +\d+%$", re.MULTILINE)
_ERROR = re.compile(r"^(?:ERROR|Error|error)\b:?\s*(.*)$|^.*\bERROR: (.*)$", re.MULTILINE)


class ToolFailedError(EdgeSastError):
    """A program ended with an exit code that says so, for a reason that no message of _FATAL tells."""


def check_messages(program: str, code: int, text: str, log: str | None = None) -> None:
    """Raises EdgeSastError for a program that said what makes its result wrong, ToolFailedError for one that failed.

    log: the file that holds `text` and stays; None: one is written.
    """
    for pattern, told in _FATAL:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            raise EdgeSastError(
                f"{program}: {told.format(**found.groupdict())} (all messages: {log or _keep(text)})"
            )
    if code:
        raise ToolFailedError(
            f"{program} failed with exit code {code}: {first_error(text)} (all messages: {log or _keep(text)})"
        )


def _keep(text: str) -> str:
    """A file that stays when the folder of what failed is removed."""
    with tempfile.NamedTemporaryFile("w", prefix="edge-sast-fpga-", suffix=".log", delete=False) as stream:
        stream.write(text)
    return stream.name


def overfull(text: str) -> str:
    """Of a place and route log: the kinds of cells of which the device has too few, in words; empty: none."""
    use = {name: (int(used), int(there)) for name, used, there in _USED.findall(text)}
    return ", ".join(f"{used:,} {name} of {there:,}" for name, (used, there) in use.items() if used > there)


def first_error(text: str) -> str:
    """The first line that a program marked as an error, else its last one."""
    found = _ERROR.search(text)
    if found:
        return (found[1] or found[2] or found[0]).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def warnings(text: str) -> list[str]:
    """Warnings, each once, without those that say nothing of the design."""
    found = dict.fromkeys(re.findall(r"^(?:.*: )?Warning: (.*)$", text, re.MULTILINE))
    return [line for line in found if not any(usual in line for usual in _USUAL)]


_USUAL = (
    "The network is combinational",  # ABC's of every design whose registers are outside
    "AIG with boxes has internal fanout",  # ABC again, of carry chains
    "did not match any object",  # no $scopeinfo to be deleted
)
