"""What a compiler makes of the library for one core: bytes of every section, what each refers to, frames and calls.

Sections are measured in a linked program, each in a place of its own, because a linker may shorten calls (RISC-V). What
refers to what comes from the relocations of the object files: that is what --gc-sections goes by.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from firmware_gen.c_plan.library import write_headers, write_sources
from firmware_gen.sizes.callgraph import CallGraph, Pointed, compiled_call_graph
from firmware_gen.sizes.code_sizes import CoreCode, Section
from firmware_gen.toolchain.compiler import run_compiler
from firmware_gen.toolchain.cores import CORES as EMULATED
from firmware_gen.toolchain.cores import M55, Core
from firmware_gen.toolchain.cross import compiler
from firmware_gen.toolchain.elf import ELFFile, RelocationSection, SymbolTableSection

FLAGS = (
    "-std=c99",
    "-Os",
    "-ffreestanding",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-stack-protector",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
CORES = {**EMULATED, M55.name: M55}
STRUCTS = ("layer", "model", "context")
_SIZES = '#include "sast.h"\n' + "".join(f"char size_of_{s}[sizeof(sast_{s}_t)];\n" for s in STRUCTS)
REMEDY = "choose another compiler"
_ALLOCATED = 2  # SHF_ALLOC
_ARM_JUMP = 30  # R_ARM_THM_JUMP24
_CODE = re.compile(r"^Disassembly of section (\S+):\n(.*?)(?=^Disassembly|\Z)", re.MULTILINE | re.DOTALL)
_POINTER_CALL = re.compile(r"\t(?:blx\t\w+$|jalr\t)", re.MULTILINE)
Title = tuple[str, str]  # object file's stem, section


@dataclass(frozen=True)
class _Object:
    """Of one object file: its sections' bytes, what each refers to, where its global symbols are, and tail calls."""

    sizes: dict[str, int]
    uses: dict[str, set[str]]  # names of sections of the same file (they begin with '.') or of global symbols
    symbols: dict[str, str]
    jumps: dict[str, set[str]]  # per section: names that it only jumps to, its own frame given up
    calls_pointers: set[str]  # sections that call through a pointer and come back


def version(core: Core) -> str:
    """Name and version of the compiler."""
    path = Path(compiler("gcc", core)[0])
    result = subprocess.run(
        [str(path), "-dumpfullversion"], capture_output=True, text=True, check=True, timeout=60
    )
    return f"{path.name} {result.stdout.strip()}"


def measure(core: Core) -> CoreCode:
    """The whole library on `core`. Raises EdgeSastError when its compiler is missing or fails."""
    with (
        tempfile.TemporaryDirectory(prefix="edge-sast-sizes-") as scratch,
        resources.as_file(resources.files("firmware_gen") / "c") as library,
    ):
        folder = Path(scratch)
        (folder / "sizes.c").write_text(_SIZES, "utf-8")
        sources = write_sources(folder / "src")
        includes = [write_headers(folder / "include")]
        graph = compiled_call_graph(sources, includes, compiler("gcc", core), FLAGS)
        everything = [*sources, library / "emulator" / "memory_gcc.c", folder / "sizes.c"]
        objects = _compile(core, everything, includes, folder)
        structs = {s: objects["sizes"].sizes[f".bss.size_of_{s}"] for s in STRUCTS}
        del objects["sizes"]
        sections = dict(_sections(core, objects, folder))
    code = _stack_part(graph)
    tails = dict(_tails(code, objects))
    return replace(code, compiler=version(core), structs=structs, sections=sections, tails=tails)


def _compile(
    core: Core, sources: Sequence[Path], includes: Sequence[Path], folder: Path
) -> dict[str, _Object]:
    objects = {}
    for source in sources:
        target = folder / f"{source.stem}.o"
        options = [*FLAGS, *(f"-I{path}" for path in includes), "-c", str(source), "-o", str(target)]
        run_compiler([*compiler("gcc", core), *options], REMEDY)
        disassemble = compiler("gcc", core)[0].removesuffix("gcc") + "objdump"
        listing = subprocess.run(
            [disassemble, "-d", str(target)], capture_output=True, text=True, check=True, timeout=60
        )
        objects[source.stem] = _read(target, listing.stdout)
    return objects


def _read(path: Path, listing: str) -> _Object:
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        sections = list(elf.iter_sections())
        kept = {i: s.name for i, s in enumerate(sections) if s["sh_flags"] & _ALLOCATED and s["sh_size"]}
        sizes = {name: sections[i]["sh_size"] for i, name in kept.items()}
        table = next(s for s in sections if isinstance(s, SymbolTableSection))
        symbols = {
            s.name: kept[s["st_shndx"]]
            for s in table.iter_symbols()
            if s["st_info"]["bind"] == "STB_GLOBAL" and s["st_shndx"] in kept
        }
        uses: dict[str, set[str]] = {name: set() for name in sizes}
        jumps: dict[str, set[str]] = {}
        for section in sections:
            if isinstance(section, RelocationSection) and section["sh_info"] in kept:
                name = kept[section["sh_info"]]
                found = [
                    (table.get_symbol(r["r_info_sym"]), r["r_info_type"]) for r in section.iter_relocations()
                ]
                uses[name] |= {kept.get(s["st_shndx"], s.name) for s, _ in found}
                jumps[name] = {
                    s.name for s, kind in found if kind == _ARM_JUMP and elf["e_machine"] == "EM_ARM"
                }
                jumps[name] -= {s.name for s, kind in found if kind != _ARM_JUMP}
    pointers = {section for section, text in _CODE.findall(listing) if _POINTER_CALL.search(text)}
    return _Object(sizes, {k: v - {k, ""} for k, v in uses.items()}, symbols, jumps, pointers)


def _tails(code: CoreCode, objects: dict[str, _Object]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """By function: those it calls, and members it calls through, as the last thing it does, its frame given up."""
    where = {symbol: stem for stem, o in objects.items() for symbol in o.symbols}
    for title in code.frames:
        file, _, name = title.rpartition(":")
        found, section = objects.get(file or where.get(name, "")), f".text.{name}"
        if found is None or section not in found.sizes:
            continue
        tails = {c for c in code.calls.get(title, ()) if c.rpartition(":")[2] in found.jumps.get(section, ())}
        if section not in found.calls_pointers:
            tails |= set(code.members.get(title, ()))
        if tails:
            yield title, tuple(sorted(tails))


def _sections(core: Core, objects: dict[str, _Object], folder: Path) -> Iterator[tuple[str, Section]]:
    """By title: bytes as linked, and titles of what it refers to; of libgcc, one section a symbol."""
    where = {symbol: (stem, section) for stem, o in objects.items() for symbol, section in o.symbols.items()}
    places = [(stem, section) for stem, o in objects.items() for section in o.sizes]
    sizes, foreign = _linked(core, places, folder)
    for stem, section in places:
        used = [
            (stem, u) if u.startswith(".") else where.get(u, ("libgcc", u))
            for u in objects[stem].uses[section]
        ]
        yield _title((stem, section)), Section(sizes[stem, section], tuple(sorted(map(_title, used))))
    defined = set(where)
    for name in sorted({u for o in objects.values() for used in o.uses.values() for u in used} - defined):
        if not name.startswith("."):
            yield _title(("libgcc", name)), Section(foreign[name], ())


def _linked(core: Core, places: Sequence[Title], folder: Path) -> tuple[dict[Title, int], dict[str, int]]:
    """Bytes of every section in a program of all of them, and of every symbol."""
    lines = [f".place{i} : {{ *{stem}.o({section}) }}" for i, (stem, section) in enumerate(places)]
    script, program = folder / "all.ld", folder / "all.elf"
    script.write_text(
        "SECTIONS {\n. = 0x1000;\n" + "\n".join(lines) + "\n.rest : { *(.text*) *(.rodata*) }\n}\n"
    )
    stems = dict.fromkeys(stem for stem, _ in places)
    command = [
        *compiler("gcc", core),
        "-nostdlib",
        "-nostartfiles",
        f"-Wl,-T,{script}",
        "-Wl,--entry=sast_step",
    ]
    run_compiler([*command, *(str(folder / f"{s}.o") for s in stems), "-lgcc", "-o", str(program)], REMEDY)
    with program.open("rb") as stream:
        elf = ELFFile(stream)
        found = {s.name: s["sh_size"] for s in elf.iter_sections()}
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = {s.name: s["st_size"] for s in table.iter_symbols()}
    return {place: found[f".place{i}"] for i, place in enumerate(places)}, symbols


def _title(place: Title) -> str:
    stem, section = place
    return f"{stem}:{section.removeprefix('.text.')}"


def _stack_part(graph: CallGraph) -> CoreCode:
    """Frames and calls, with names of files in the place of their paths."""
    pointed = {
        member: {Pointed(_short(p.function), p.layer) for p in found}
        for member, found in graph.pointed.items()
    }
    return CoreCode(
        "",
        {},
        {},
        {_short(f): size for f, size in graph.frames.items()},
        {_short(f): tuple(sorted(map(_short, callees))) for f, callees in graph.calls.items()},
        {_short(f): tuple(sorted(members)) for f, members in graph.members.items()},
        {member: tuple(sorted(p.function for p in found)) for member, found in pointed.items()},
        {},
    )


def _short(function: str) -> str:
    """A static's "path/file.c:name" as "file:name"."""
    path, colon, name = function.rpartition(":")
    return f"{Path(path).stem}:{name}" if colon else name


def to_json(code: CoreCode) -> dict[str, Any]:
    """As code_sizes.json holds it."""
    functions = {
        name: {
            "frame": frame,
            "calls": list(code.calls.get(name, ())),
            "members": list(code.members.get(name, ())),
            "tails": list(code.tails.get(name, ())),
        }
        for name, frame in sorted(code.frames.items())
    }
    sections = {k: {"bytes": s.bytes, "uses": list(s.uses)} for k, s in sorted(code.sections.items())}
    return {
        "compiler": code.compiler,
        "structs": code.structs,
        "sections": sections,
        "functions": functions,
        "pointed": {member: list(found) for member, found in sorted(code.pointed.items())},
    }
