"""What makes a folder of C a library: for CMake, Arduino and Zephyr, with examples and a README."""

from __future__ import annotations

from collections.abc import Iterable

from edge_sast.model.modelfile import layer_name
from firmware_gen.build.known_answers import EARLY_VERSION, VERSION
from firmware_gen.build.readme import class_names
from firmware_gen.c_gen.memory import memory
from firmware_gen.c_gen.templates import common_values, fill
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.library import answers_early
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.prediction import predict

# Path in the folder to template. Arduino wants a sketch in a folder of its own name.
PLAIN = {
    "examples/selftest_main.c": "selftest_main.c",
    "examples/live/main.c": "live_main.c",
    "examples/arduino_live/arduino_live.ino": "arduino_live.ino",
    "examples/arduino_selftest/answers.c": "arduino_answers.c",
    "host/host_main.c": "host_main.c",
    "library.properties": "library.properties",
    "sources.cmake": "sources.cmake",
    "zephyr/CMakeLists.txt": "zephyr_CMakeLists.txt",
    "zephyr/Kconfig": "zephyr_Kconfig",
    "zephyr/module.yml": "zephyr_module.yml",
}


def package_files(plan: CPlan, name: str, paths: Iterable[str], answers_bytes: int) -> dict[str, str]:
    """Path to text. paths: all that the folder holds besides; answers_bytes: size of the known answers."""
    present = sorted(paths)
    common = common_values(plan, name)
    files = {path: fill(template, common, path) for path, template in PLAIN.items()}
    sketch = "examples/arduino_selftest/arduino_selftest.ino"
    files[sketch] = fill("arduino_selftest.ino", common, sketch, answers_bytes=f"{answers_bytes:,}")
    for path in present:
        if path.startswith("include/"):
            header = path.removeprefix("include/")
            files[f"src/{header}"] = fill("arduino_header.h", common, header=header)
    files["CMakeLists.txt"] = fill("CMakeLists.txt", common, **_sources([*present, *files]))
    files["README.md"] = fill("README.md", common, **_readme_values(plan))
    return files


def _sources(paths: Iterable[str]) -> dict[str, str]:
    """For CMakeLists.txt: the sources of each program, those directly in its folder, one per line."""
    folders = {"selftest_sources": "examples", "live_sources": "examples/live", "host_sources": "host"}
    sources = sorted(path for path in paths if path.endswith(".c"))
    return {
        key: "\n".join(f"        {path}" for path in sources if path.rpartition("/")[0] == folder)
        for key, folder in folders.items()
    }


def _readme_values(plan: CPlan) -> dict[str, str]:
    return {
        "class_names": class_names(plan.model.classes),
        "context_note": f"a `sast_context_t` ({predict(plan).context} bytes on a 32-bit core)",
        "memory_table": memory_table(plan),
        "code_note": _code_note(plan),
        **_early_values(plan),
    }


def _early_values(plan: CPlan) -> dict[str, str]:
    """What the README of a model that answers early says beside; nothing of any other."""
    if not answers_early(plan):
        return {"early_break": "", "answers_version": str(VERSION), "answers_steps": ""}
    return {
        "early_break": "    if (sast_decided(&net))                                 /* the answer is clear enough */\n"
        "        break;\n",
        "answers_version": str(EARLY_VERSION),
        "answers_steps": "| - 4 | uint32 steps, after which its answer was clear enough, or all |\n",
    }


def _code_note(plan: CPlan) -> str:
    """Sentences: code and stack on one core."""
    found = predict(plan)
    return (
        f"On a {found.core} ({found.compiler} -Os, --gc-sections) come on top, predicted: {found.code:,} bytes of "
        f"code and\n{found.descriptors:,} of descriptors in flash, {found.context} bytes of context and at most "
        f"{found.stack} of stack in RAM. Not included: your own code, observers,\n"
        "start-up code, interrupts, `sast_stream` and the self-test. Other "
        "cores: `edge-sast inspect model.safetensors --core NAME`."
    )


def memory_table(plan: CPlan) -> str:
    """Markdown: bytes of flash (tables) and of RAM (working memory), layer by layer; the sums are the header's."""
    used = footprint(plan)
    rows = [f"| input | {plan.input} | | {used.input_bytes:,} |"]
    for layer, part in zip(plan.layers, used.layers, strict=True):
        title = f"{layer.index}: {layer_name(layer.layer)}"
        rows.append(f"| {title} | {layer.out} | {part.flash_bytes:,} | {part.ram_bytes:,} |")
    rows.append(f"| read-out | {len(plan.model.classes)} | | {used.output_bytes:,} |")
    parts = sum(part.ram_bytes for part in used.layers) + used.input_bytes + used.output_bytes
    total = memory(plan).bytes
    rows.append(f"| padding | | | {total - parts:,} |")
    rows.append(f"| **all** | | **{used.flash_bytes:,}** | **{total:,}** |")
    return "\n".join(["| layer | output | flash: tables | RAM |", "|---|---|---:|---:|", *rows])
