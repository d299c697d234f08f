"""Who calls whom in compiled C, and with how much stack: what gcc writes with -fcallgraph-info=su.

A call through a pointer is resolved by the name of the member (or parameter) that holds the pointer, such as
`layer->receive(...)`: it may reach every function that a source or a model's tables assign to a member of that name.
A model's tables are read layer by layer, because a layer's function may call the same member of a later layer (a pool
hands spikes on), which is no recursion.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_sast.errors import EdgeSastError
from firmware_gen.sizes.naked_stack import NakedCode, naked_functions
from firmware_gen.toolchain.compiler import run_compiler

REMEDY = "choose another compiler"
FLAGS = ("-std=c99", "-Os", "-fno-lto")
INDIRECT = "__indirect_call"

_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]*)")?')
_BYTES = re.compile(r"(\d+) bytes \(([\w, ]+)\)")
_CALLED = re.compile(r"(?:[\w\[\]>.\-]*?(?:->|\.))?(\w+)\s*\(")
_MEMBER_CALLED = re.compile(r"(?:->|\.)(\w+)\s*\(")
_ASSIGNED = re.compile(r"(?:->|\.)(\w+)\s*=\s*(\w+)\s*[;,]")
_STRUCT = re.compile(r"typedef struct (?:\w+ )?\{(.*?)^\} (\w+);", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(r"\(\*(\w+)\)\([^;]*;|(\w+)(?:\[[^;]*)?;")
_INITIAL = re.compile(r"\b(\w+) \w+ = \{([^{}]*)\}")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LAYER = re.compile(r"^    \{ /\* (\d+): |^\};", re.MULTILINE)  # or the end of their table


@dataclass(frozen=True)
class Pointed:
    """A function that a member may point to. layer: whose table says so; None: not a table of layers."""

    function: str
    layer: int | None = None


@dataclass
class CallGraph:
    """By function (statics as file:name): bytes of its own frame, functions it calls, members it calls through.

    A function that is called and has no frame lies outside what was compiled. pointed: by member.
    """

    frames: dict[str, int] = field(default_factory=dict)
    calls: dict[str, set[str]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    pointed: dict[str, set[Pointed]] = field(default_factory=dict)


def compiled_call_graph(
    sources: Sequence[Path], includes: Sequence[Path], compiler: Sequence[str], flags: Sequence[str] = FLAGS
) -> CallGraph:
    """Compiles C sources (not linking them) and reads what gcc says about calls and stack.

    compiler: a gcc of version 10 or later, for any core. flags: what the firmware is compiled with (for x86-64 with
    -mno-red-zone, or gcc leaves out what a function keeps below its frame).

    Raises:
        EdgeSastError: the compiler is missing, fails or writes no call graph. Or the code has a frame of unknown size,
            a call through a pointer without a name, or assembly that calls or moves the stack unseen.
    """
    command = [
        *compiler,
        *flags,
        "-fcallgraph-info=su",
        "-save-temps=obj",
        *(f"-I{path.resolve()}" for path in includes),
        "-c",
    ]
    with tempfile.TemporaryDirectory(prefix="edge-sast-stack-") as folder:
        run_compiler([*command, *(str(path.resolve()) for path in sources)], REMEDY, folder=folder)
        texts = [path.read_text() for path in sorted(Path(folder).glob("*.ci"))]
        naked = [naked_functions(path.read_text()) for path in sorted(Path(folder).glob("*.s"))]
    if len(texts) != len(sources):
        raise EdgeSastError(f"{compiler[0]}: wrote no call graph; use gcc 10 or later")
    graph = CallGraph()
    for text, assembly in zip(texts, naked, strict=True):
        _read(graph, text, assembly)
    _add_jumps(graph, {name: code for of_file in naked for name, code in of_file.items()})
    headers = [header for folder in includes for header in folder.glob("*.h")]
    structs = _structs([*headers, *sources])
    for source in sources:
        _add_assignments(graph, source.resolve(), structs)
    return graph


def _read(graph: CallGraph, text: str, naked: Mapping[str, NakedCode]) -> None:
    """Adds one .ci file. Of a function that several files hold (static inline), the largest frame counts.

    naked: functions that gcc adds nothing to, and takes for empty.
    """
    for title, label in _NODE.findall(text):
        found = _BYTES.search(label)
        if not found:
            continue
        if found[2] not in ("static", "dynamic,bounded"):
            raise EdgeSastError(f"{title}: its stack is {found[2]}; no variable-length arrays, no alloca")
        name = title.rpartition(":")[2]
        size = int(found[1]) + (naked[name].frame if name in naked else 0)
        graph.frames[title] = max(graph.frames.get(title, 0), size)
    for caller, callee, place in _EDGE.findall(text):
        if callee == INDIRECT:
            graph.members.setdefault(caller, set()).add(_member_at(caller, place))
        else:
            graph.calls.setdefault(caller, set()).add(callee)


def _add_jumps(graph: CallGraph, naked: Mapping[str, NakedCode]) -> None:
    """Adds what functions in assembly jump to, which gcc does not see."""
    holder = {entry: name for name, code in naked.items() for entry in code.entries}
    for name, code in naked.items():
        for target in code.jumps:
            graph.calls.setdefault(name, set()).add(holder.get(target, target))
        if code.members:
            graph.members.setdefault(name, set()).update(code.members)


def _member_at(caller: str, place: str) -> str:
    """Name of the member through which the call at "file:line:column" goes."""
    path, line, column = place.rsplit(":", 2) if place else ("", "1", "1")
    lines = Path(path).read_text("utf-8").splitlines() if path else [""]
    text = lines[int(line) - 1]
    # The place is the call, or the operator that chooses whether to call: then the line's only member that is called.
    found = _CALLED.match(text[int(column) - 1 :]) or _only(_MEMBER_CALLED.finditer(text))
    if not found:
        raise EdgeSastError(
            f"{place or caller}: a call through a pointer without a name; call it as pointer.member(...)"
        )
    return found[1]


def _only(matches: Iterable[re.Match[str]]) -> re.Match[str] | None:
    """The match, where all agree on the name."""
    found = list(matches)
    return found[0] if len({match[1] for match in found}) == 1 else None


def _add_assignments(graph: CallGraph, source: Path, structs: Mapping[str, list[str]]) -> None:
    """Functions that a source gives to members: `.member = function` (with its layer, in a table of them), or in order.

    structs: by name of the type, its members in order.
    """
    text = source.read_text("utf-8")
    starts = [(found.start(), int(found[1]) if found[1] else None) for found in _LAYER.finditer(text)]
    for found in _ASSIGNED.finditer(text):
        before = [layer for start, layer in starts if start < found.start()]
        _point(graph, source, found[1], found[2], before[-1] if before else None)
    for found in _INITIAL.finditer(text):
        values = (value.strip() for value in found[2].split(","))
        for member, value in zip(structs.get(found[1], ()), values, strict=False):
            _point(graph, source, member, value, None)


def _point(graph: CallGraph, source: Path, member: str, value: str, layer: int | None) -> None:
    function = _defined(graph, source, value)
    if function:
        graph.pointed.setdefault(member, set()).add(Pointed(function, layer))


def _structs(files: Iterable[Path]) -> dict[str, list[str]]:
    """Members in order of every structure that these files define."""
    found = {}
    for path in files:
        for body, name in _STRUCT.findall(_COMMENT.sub("", path.read_text("utf-8"))):
            found[name] = [pointer or plain for pointer, plain in _MEMBER.findall(body)]
    return found


def _defined(graph: CallGraph, source: Path, name: str) -> str | None:
    """The function's title in the graph; None for what is no function."""
    return next((title for title in (f"{source}:{name}", name) if title in graph.frames), None)


def public_functions(headers: Iterable[Path], graph: CallGraph) -> list[str]:
    """Compiled functions that these headers declare."""
    names = {name for header in headers for name in re.findall(r"\b(sast_\w+)\(", header.read_text("utf-8"))}
    return sorted(names & graph.frames.keys())


def without_callbacks(graph: CallGraph, members: Mapping[str, int]) -> CallGraph:
    """The same graph with a user's own callbacks in the place of these members: each takes the bytes given."""
    frames = graph.frames | {f"callback {member}": size for member, size in members.items()}
    pointed = graph.pointed | {member: {Pointed(f"callback {member}")} for member in members}
    return CallGraph(frames, graph.calls, graph.members, pointed)
