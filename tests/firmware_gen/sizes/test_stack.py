"""Stack: no recursion, a longest path for every function, and no emulated core ever needs more than it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.parity.device_trace import trace_format
from edge_sast.runtime.simulator import Simulator
from firmware_gen.build.event_bytes import step_bytes
from firmware_gen.build.known_answers import random_recordings
from firmware_gen.emulator.build import COMMON, build_image
from firmware_gen.emulator.run import EmulatedNetwork
from firmware_gen.sizes.callgraph import (
    FLAGS,
    CallGraph,
    Pointed,
    compiled_call_graph,
    public_functions,
    without_callbacks,
)
from firmware_gen.sizes.stack import EXTERNAL_BYTES, StackUse, by_function, worst_stack
from firmware_gen.toolchain.cores import CORES
from firmware_gen.toolchain.cross import compiler
from tests import tools
from tests.firmware_gen.builds import everything_model

C = Path(__file__).parents[3] / "firmware_gen" / "c"
EMULATOR = (
    '-DSAST_EMULATOR_HEADER="a_model.h"',
    "-DSAST_EMULATOR_MODEL=a_model",
    "-DSAST_EMULATOR_MEMORY=a_memory_t",
)
TARGETS = ("cortex-m0", "cortex-m4", "rv32")
COMMON_STACK = 1024  # _Min_Stack_Size of ST's linker scripts, CONFIG_MAIN_STACK_SIZE of Zephyr
OWN_STACK = 256  # of that, for the caller's functions and for interrupts


def graph_of(build: Path, name: str, *flags: str) -> CallGraph:
    """The folder's library on a core, with the emulator's driver."""
    tools.require_compiler("gcc", name)
    sources = [
        *(build / "src").glob("*.c"),
        build / "host" / "sast_trace.c",
        C / "emulator" / "sast_emulator.c",
    ]
    includes = [build / "include", build / "host", C / "emulator"]
    return compiled_call_graph(
        sorted(sources), includes, compiler("gcc", CORES[name]), (*COMMON, *EMULATOR, *flags)
    )


@pytest.mark.parametrize(("name", "level"), [*((name, "-Os") for name in TARGETS), ("cortex-m4", "-O2")])
def test_no_core_takes_more_stack_than_predicted(everything, name, level):
    """Painted stack, every step of random recordings, with and without an observer; reset and result too."""
    model = everything_model()
    functions = ["reset", "step", "result", "quiet_push", "quiet_step"]
    predicted = worst_stack(graph_of(everything, name, level), [f"sast_emulator_{f}" for f in functions])
    files = [str(path.relative_to(everything)) for path in (everything / "src").glob("*.c")]
    image = build_image(everything, files, "a", CORES[name], "gcc", (level,))
    network = EmulatedNetwork(image, CORES[name], model, trace_format(model, Simulator(model).layers))
    measured = dict.fromkeys(predicted, 0)
    call = network.machine.call

    def watched(function: str, *arguments: int) -> int:
        network.machine.fill_stack()
        returned = call(function, *arguments)
        if function in measured:
            measured[function] = max(measured[function], network.machine.stack_used())
        return returned

    network.machine.call = watched
    recordings = random_recordings(model)
    for recording in range(len(recordings)):
        network.record(step_bytes(recordings, recording))
        network.reset()
        for step in step_bytes(recordings, recording):
            network.unobserved_step(step)
    for function, use in predicted.items():
        assert 0 < measured[function] <= use.bytes, (function, measured[function], use)


@pytest.mark.parametrize("name", TARGETS)
def test_public_functions_need_little(everything, name):
    """What docs/firmware.md says: whatever the user calls fits the stack of a project as its vendor's tools make it."""
    graph = graph_of(everything, name, "-Os")
    headers = [
        everything / "include" / f"{header}.h"
        for header in ("sast", "sast_crc", "sast_selftest", "sast_stream")
    ]
    uses = worst_stack(graph, public_functions(headers, graph))
    assert {"sast_step", "sast_push", "sast_stream_push", "sast_selftest"} <= uses.keys()
    assert max(use.bytes for use in uses.values()) <= COMMON_STACK - OWN_STACK


@pytest.mark.needs("arm-none-eabi-gcc")
def test_board_application_has_no_recursion(everything):
    sources = [*(everything / "src").glob("*.c"), *(C / "board").glob("*.c")]
    graph = compiled_call_graph(
        sorted(sources), [everything / "include", C / "board"], compiler("gcc", CORES["cortex-m4"]), FLAGS
    )
    graph = without_callbacks(graph, {"write": 64, "ticks": 16})
    use = worst_stack(graph, ["sast_board_receive"])["sast_board_receive"]
    assert 0 < use.bytes < 1024


def chain(**calls: list[str]) -> CallGraph:
    """Functions of 10 bytes each."""
    return CallGraph(dict.fromkeys(calls, 10), {name: set(callees) for name, callees in calls.items()})


def test_the_longest_way_counts():
    graph = chain(a=["b", "c"], b=["d"], c=[], d=["memset"])
    assert worst_stack(graph, ["a", "c"]) == {
        "a": StackUse(30 + EXTERNAL_BYTES, ("a", "b", "d", "memset")),
        "c": StackUse(10, ("c",)),
    }


def test_recursion_is_named():
    with pytest.raises(CheckFailedError, match="recursion: b calls c calls b"):
        worst_stack(chain(a=["b"], b=["c"], c=["b"]), ["a"])


def test_unknown_functions_are_named():
    with pytest.raises(EdgeSastError, match=r"printf: called by a and not compiled; add its source"):
        worst_stack(chain(a=["printf"]), ["a"])


def test_pointers_without_a_function_are_named():
    graph = chain(a=[])
    graph.members["a"] = {"write"}
    with pytest.raises(
        EdgeSastError, match="a: calls through 'write', to which no source assigns a function"
    ):
        worst_stack(graph, ["a"])
    assert worst_stack(without_callbacks(graph, {"write": 100}), ["a"])["a"].bytes == 110


def test_a_layers_function_may_call_that_of_a_later_layer():
    """Two pools and a layer behind them, all through one member: a chain of three, no recursion."""
    graph = chain(step=[], pool=[], conv=[])
    graph.members |= {"step": {"receive"}, "pool": {"receive"}}
    graph.pointed["receive"] = {Pointed("pool", 0), Pointed("pool", 1), Pointed("conv", 2)}
    assert worst_stack(graph, ["step"])["step"] == StackUse(40, ("step", "pool", "pool", "conv"))


def test_one_layers_function_calling_itself_is_recursion():
    graph = chain(step=[], pool=["pool"])
    graph.members["step"] = {"receive"}
    graph.pointed["receive"] = {Pointed("pool", 0)}
    with pytest.raises(CheckFailedError, match="recursion: pool calls pool"):
        worst_stack(graph, ["step"])


C_TEXT = """
#include <stddef.h>
typedef struct {
    int before; /* filled first; */
    int (*work)(int n);
} worker_t;
static int twice(int n);
static int twice(int n) { volatile char room[100]; room[n] = 1; return 2 * room[n]; }
int run(const worker_t *worker, int n);
int run(const worker_t *worker, int n) { return worker->work(n) + 1; }
const worker_t only = {0, twice};
int other(int (*pointer)(int), int n);
int open(size_t n);
"""


@pytest.mark.needs("gcc")
def test_pointers_are_resolved_by_their_member(tmp_path):
    source = tmp_path / "a.c"
    source.write_text(C_TEXT)
    graph = compiled_call_graph([source], [], ["gcc"], ("-std=c99", "-O0", "-mno-red-zone"))
    use = worst_stack(graph, ["run"])["run"]
    assert [name.rpartition(":")[2] for name in use.path] == ["run", "twice"]
    assert use.bytes > 100


@pytest.mark.needs("gcc")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "int other(int (*pointer)(int), int n) { return (*pointer)(n) + 1; }",
            "through a pointer without a name",
        ),
        (
            "int open(size_t n) { volatile char room[n]; room[0] = 1; return room[n - 1]; }",
            "no variable-length arrays",
        ),
        ("int open(size_t n) { return 1 }", "gcc failed with exit code 1: "),
    ],
)
def test_what_cannot_be_counted_is_refused(tmp_path, body, message):
    source = tmp_path / "a.c"
    source.write_text(C_TEXT + body)
    with pytest.raises(EdgeSastError, match=message):
        compiled_call_graph([source], [], ["gcc"], ("-std=c99", "-O0", "-mno-red-zone"))


NAKED = """
__attribute__((naked)) int counted(int n);
__attribute__((naked)) int counted(int n)
{
    __asm__ volatile("push {r0, r4-r11, lr}\\n" "sub sp, #8\\n" "str r0, [sp]\\n" "%s" "add sp, #8\\n"
                     "pop {r0, r4-r11, pc}\\n" : : : "memory");
}
int run(int n);
int run(int n) { return counted(n) + 1; }
"""


def naked_graph(folder: Path, line: str) -> CallGraph:
    source = folder / "a.c"
    source.write_text(NAKED % line)
    return compiled_call_graph([source], [], compiler("gcc", CORES["cortex-m4"]), ("-std=c99", "-Os"))


@pytest.mark.needs("arm-none-eabi-gcc")
def test_functions_of_assembly_count_what_they_push(tmp_path):
    assert naked_graph(tmp_path, "").frames["counted"] == 10 * 4 + 8
    assert naked_graph(tmp_path, "push {r1}\\n").frames["counted"] == 11 * 4 + 8
    assert naked_graph(tmp_path, "stmdb sp!, {r1, r2}\\n").frames["counted"] == 12 * 4 + 8
    assert naked_graph(tmp_path, "str r1, [sp, #-8]!\\n").frames["counted"] == 10 * 4 + 16
    assert worst_stack(naked_graph(tmp_path, ""), ["run"])["run"].bytes >= 48


@pytest.mark.needs("arm-none-eabi-gcc")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bl run\\n", "counted: 'bl run' calls from assembly"),
        ("mov sp, r1\\n", "counted: 'mov sp, r1' uses the stack in a way that is not counted"),
    ],
)
def test_assembly_that_cannot_be_counted_is_refused(tmp_path, line, message):
    with pytest.raises(EdgeSastError, match=message):
        naked_graph(tmp_path, line)


ENTERED = """
typedef struct {
    int (*work)(int n);
} worker_t;
__attribute__((naked)) int counted(int n);
__attribute__((naked)) int counted(int n)
{
    __asm__ volatile("push {r4, lr}\\n" ".global counted_later\\n" "counted_later:\\n" "pop {r4, pc}\\n");
}
__attribute__((naked)) int entering(int n);
__attribute__((naked)) int entering(int n)
{
    __asm__ volatile("push {r4, r5}\\n" "cbz r0, 1f\\n" "b.w counted_later\\n" "1:\\n" "bx r12 @ ->work\\n");
}
static int twice(int n);
static int twice(int n) { return 2 * n; }
extern const worker_t only;
const worker_t only = {twice};
"""


@pytest.mark.needs("arm-none-eabi-gcc")
def test_what_assembly_jumps_to_is_called(tmp_path):
    """By a name that stands inside another function, and through a pointer: gcc sees neither."""
    source = tmp_path / "a.c"
    source.write_text(ENTERED)
    graph = compiled_call_graph([source], [], compiler("gcc", CORES["cortex-m4"]), ("-std=c99", "-Os"))
    assert graph.calls["entering"] == {"counted"}
    assert graph.members["entering"] == {"work"}
    found = worst_stack(graph, ["entering"])["entering"]
    assert (found.bytes, found.path) == (16, ("entering", "counted"))


TABLES = """
typedef struct { int (*receive)(int n); int (*push)(int n); } table_t;
static int one(int n);
static int one(int n) { return n; }
static const table_t layers[2] = {
    { /* 0: conv2d */
        .receive = one,
    },
    { /* 1: linear */
        .receive = one,
    },
};
extern const table_t model;
const table_t model = {
    .push = one,
};
"""


@pytest.mark.needs("gcc")
def test_what_follows_the_layers_belongs_to_none(tmp_path):
    source = tmp_path / "a.c"
    source.write_text(TABLES)
    graph = compiled_call_graph([source], [], ["gcc"], ("-std=c99", "-O1", "-mno-red-zone"))
    title = f"{source}:one"
    assert graph.pointed["receive"] == {Pointed(title, 0), Pointed(title, 1)}
    assert graph.pointed["push"] == {Pointed(title, None)}


def test_a_missing_compiler_is_an_error(tmp_path):
    message = r"no-such-gcc: cannot be started: No such file or directory; choose another compiler$"
    with pytest.raises(EdgeSastError, match=message):
        compiled_call_graph([tmp_path / "a.c"], [], ["no-such-gcc"])


def test_table_names_the_deepest_first():
    text = by_function({"a": StackUse(8, ("a",)), "b": StackUse(20, ("b", "x.c:c"))})
    assert re.findall(r"`(\w)` \| (\d+) \| (\w*) \|", text) == [("b", "20", "c"), ("a", "8", "")]
