"""Arithmetic in C that is done in the width of `int`: what has another value where int has 16 bits.

No compiler warns of `0xFFFFu << n` or of the product of two uint16_t; here clang parses for a core with a 16-bit int,
where uint32_t is `long`, and whatever it still computes as `int` or `unsigned int` is found.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Node = dict[str, Any]
COMMAND = [
    "clang",
    "--target=msp430",
    "-std=c99",
    "-ffreestanding",
    "-fsyntax-only",
    "-Xclang",
    "-ast-dump=json",
]
BINARY = {"+", "-", "*", "<<"}
UNARY = {"-", "~"}
OPERATORS = ("BinaryOperator", "CompoundAssignOperator", "UnaryOperator")
INT = ("int", "unsigned int")
CUT = ("unsigned short", "unsigned char", "uint16_t", "uint8_t")
LITERALS = ("IntegerLiteral", "CharacterLiteral")
THROUGH = ("ImplicitCastExpr", "ParenExpr")


def found_in(source: Path, *includes: Path) -> set[str]:
    """`file:line: operator in type` of every place in a C file and the headers that it includes.

    Left out is what means the same everywhere: constants (of which compilers do warn), sizes of objects and distances
    of pointers, and results that are cut to 16 bits or fewer at once.
    """
    folders = [f"-I{folder}" for folder in includes]
    done = subprocess.run([*COMMAND, *folders, str(source)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    walk = _Walk(str(source))
    return set(walk.places(json.loads(done.stdout), False))


class _Walk:
    """Clang names a file, or a line, only where it differs from the one before: both are carried along."""

    def __init__(self, file: str) -> None:
        self.file, self.line = file, 0

    def places(self, node: Node, cut: bool) -> Iterator[str]:
        """cut: whether the value of `node` is taken modulo 2^16 at once."""
        self._move(node.get("loc", {}))
        self._move(node.get("range", {}).get("begin", {}))
        kind = node.get("kind", "")
        if kind in OPERATORS and _depends(node) and not cut:
            yield f"{Path(self.file).name}:{self.line}: {node['opcode']} in {_type(node)}"
        children = node.get("inner", [])
        for i, child in enumerate(children):
            yield from self.places(
                child, _is_cut(node, cut) and not (kind == "ConditionalOperator" and i == 0)
            )

    def _move(self, place: Node) -> None:
        for part in (place.get("spellingLoc", {}), place.get("expansionLoc", {}), place):
            self.file = part.get("file", self.file)
            self.line = part.get("line", self.line)


def _type(node: Node) -> str:
    """What the node's arithmetic is done in."""
    of = node.get("computeResultType", node["type"])
    return str(of.get("desugaredQualType", of["qualType"]))


def _depends(node: Node) -> bool:
    operators = UNARY if node["kind"] == "UnaryOperator" else BINARY
    if node["opcode"].removesuffix("=") not in operators or _type(node) not in INT:
        return False
    return not _is_constant(node) and not any(_is_size(child) for child in node["inner"])


def _is_cut(node: Node, cut: bool) -> bool:
    kind = node.get("kind", "")
    if kind == "CStyleCastExpr":
        return node["type"].get("desugaredQualType", node["type"]["qualType"]) in CUT
    same = kind in (*THROUGH, "ConditionalOperator") or (
        kind in OPERATORS and node["opcode"] in BINARY | UNARY
    )
    return cut and same


def _is_constant(node: Node) -> bool:
    kind = node["kind"]
    if (
        kind in LITERALS
        or kind in ("UnaryExprOrTypeTraitExpr", "OffsetOfExpr")
        or "EnumConstant" in str(node.get("referencedDecl"))
    ):
        return True
    inner = node.get("inner", [])
    return (
        kind in (*OPERATORS, *THROUGH, "CStyleCastExpr", "ConstantExpr")
        and all(map(_is_constant, inner))
        and inner != []
    )


def _is_size(node: Node) -> bool:
    """Whether it is, or is computed from, the size of an object or a distance of pointers."""
    while node["kind"] in THROUGH:
        node = node["inner"][0]
    name = node["type"]["qualType"].removeprefix("const ")
    if name in ("size_t", "ptrdiff_t", "uintptr_t") or name.endswith("*") or "[" in name:
        return True
    return node["kind"] == "BinaryOperator" and any(_is_size(child) for child in node["inner"])
