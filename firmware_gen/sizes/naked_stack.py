"""Functions written whole in assembly (naked), which gcc takes for empty: their stack, and where they jump to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge_sast.errors import EdgeSastError

WORD_BYTES = 4

_FUNCTION = re.compile(r"^([\w.]+):\n\s*@ Naked Function.*?\n(.*?)^\s*\.size\s+\1", re.MULTILINE | re.DOTALL)
_PUSH = re.compile(r"(?:push|stmdb\s+sp!,|stmfd\s+sp!,)\s*\{([^}]*)\}")
_SUB = re.compile(r"sub(?:\.w)?\s+sp,\s*(?:sp,\s*)?#(\d+)")
_STORE = re.compile(r"strd?(?:\.w)?\s.*\[sp,\s*#-(\d+)\]!")
_HARMLESS = re.compile(
    r"(?:pop\b|ldm(?:ia|fd)?\s+sp\b|stm(?:ia)?\s+sp,|ldrd?\b|strd?\b|add(?:\.w)?\s+sp,)(?!.*#-\d+\]!)"
)
_CALL = re.compile(r"blx?\s")
_JUMP = re.compile(r"b(?:[a-z]{2})?(?:\.[nw])?\s+([a-z_]\w*)$")
_POINTER_JUMP = re.compile(r"bx\s+\w+\s+@ ->(\w+)$")
_LABEL = re.compile(r"([a-z_]\w*):$")


@dataclass(frozen=True)
class NakedCode:
    """One such function.

    frame: bytes that it puts on the stack. All that it pushes counts together, whatever it pops in between, so the
    figure is never too small. entries: other places in it that have a name. jumps: functions, or entries of them, that
    it goes on in at its end. members: those through whose pointer it does, as a comment says: "bx r12 @ ->push".
    """

    frame: int
    entries: frozenset[str]
    jumps: frozenset[str]
    members: frozenset[str]


def naked_functions(assembly: str) -> dict[str, NakedCode]:
    """The naked functions of a gcc assembly file for ARM, by name.

    Raises:
        EdgeSastError: one calls another function, or moves the stack pointer in a way that is not known here.
    """
    return {name: _read(name, body) for name, body in _FUNCTION.findall(assembly)}


def _read(name: str, body: str) -> NakedCode:
    lines = [line.strip() for line in body.splitlines()]
    entries, jumps, members = (
        frozenset(found[1] for found in map(pattern.match, lines) if found)
        for pattern in (_LABEL, _JUMP, _POINTER_JUMP)
    )
    return NakedCode(sum(_bytes(name, line) for line in lines), entries, jumps, members)


def _bytes(name: str, line: str) -> int:
    """What one line pushes."""
    if line.startswith(("@", ".")) or not line:
        return 0
    if _CALL.match(line):
        raise EdgeSastError(f"{name}: '{line}' calls from assembly; the call graph does not show it")
    pushed = _PUSH.match(line)
    if pushed:
        return WORD_BYTES * _registers(pushed[1])
    moved = _SUB.match(line) or _STORE.match(line)
    if moved:
        return int(moved[1])
    if re.search(r"\bsp\b|\br13\b", line) and not _HARMLESS.match(line):
        raise EdgeSastError(f"{name}: '{line}' uses the stack in a way that is not counted; use push and pop")
    return 0


def _registers(text: str) -> int:
    """How many a list such as "r0, r4-r11, lr" names."""
    count = 0
    for part in text.split(","):
        first, _, last = (end.strip().removeprefix("r") for end in part.partition("-"))
        count += int(last) - int(first) + 1 if last else 1
    return count
