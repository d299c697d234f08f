"""What every test relies on, and the virtual board and codec of several folders."""

import ctypes
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from edge_sast.environment import let_threads_sleep
from tests import tools
from tests.schemas import check_file

# A first call compiles, and machines are busy: no time is a failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive():
    """What a shell starts in the background, or `nohup` starts, ignores signals, and child processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN:
        signal.signal(hangup, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def figures_are_as_described(monkeypatch):
    """Every file that a command writes with --json, in this process, is held against the command's schema."""
    from edge_sast.report import figures

    def write(path, *rest):
        written(path, *rest)
        if path is not None:
            check_file(path)

    written = figures.write_document
    monkeypatch.setattr(figures, "write_document", write)


# Threads of several workers share the cores: one that waits must not spin. Before PyTorch and Numba start theirs.
let_threads_sleep()

# The files that take longest, the longest first; with `--dist loadfile --no-loadscope-reorder` workers take them so.
LONG = (
    "firmware_gen/boards/test_application.py",
    "trainer/operations/test_lif_triton.py",
    "trainer/workers/test_workers.py",
    "firmware_gen/emulator/test_verify_emulated.py",
    "cli/sweep/test_run.py",
    "firmware_gen/verify/test_parity.py",
    "firmware_gen/emulator/test_kernels.py",
    "hil/test_session.py",
    "trainer/operations/test_event.py",
    "firmware_gen/boards/test_build.py",
    "trainer/network/test_variants.py",
    "firmware_gen/sizes/test_prediction.py",
    "firmware_gen/c/test_misra.py",
    "cli/learn/test_demo.py",
    "firmware_gen/emulator/test_guard.py",
    "firmware_gen/emulator/test_parity_emulated.py",
    "firmware_gen/boards/test_echo.py",
    "link/test_board_link.py",
    "benchmarks/test_study.py",
    "firmware_gen/c_gen/test_build.py",
    "test_page_commands.py",
    "test_wheel.py",
)


def pytest_collection_modifyitems(items):
    """Long files first: one that is met last would keep all other workers waiting."""
    places = {str(Path(__file__).parent / name): i for i, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(str(item.path), len(LONG)))


def pytest_runtest_setup(item):
    """Of `@pytest.mark.needs("cmake", ...)`."""
    for mark in item.iter_markers("needs"):
        tools.require(*mark.args)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """The last line of a run: what was skipped because this machine lacks a program."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:  # a worker of xdist has none
        skipped = reporter.stats.get("skipped", [])
        line = tools.closing_line(report.longrepr[2] for report in skipped)
        if line is not None:
            reporter.write_line(line)
    return result


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    """The virtual board of everything_model."""
    from firmware_gen.virtual.board import build_virtual_board
    from tests.firmware_gen.builds import everything_model, export
    from tests.hil.boards import make_bench

    folder = tmp_path_factory.mktemp("board")
    build_virtual_board(export(everything_model(), folder / "build"), folder / "virtual")
    return make_bench(folder / "virtual")


@pytest.fixture(scope="session")
def codec(tmp_path_factory):
    """The board's codec, loaded into this process."""
    from tests.firmware_gen.builds import PROGRAMS, compile_c
    from tests.hil.boards import C_FOLDER

    library = tmp_path_factory.mktemp("codec") / "codec.so"
    board = [C_FOLDER / "board" / f"sast_{name}.c" for name in ("frame", "events")]
    sources = [PROGRAMS / "wire_calls.c", *board, C_FOLDER / "src" / "sast_crc.c"]
    flags = ["-std=c99", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC"]
    flags += ["-fvisibility=hidden", "-ffunction-sections", "-Wl,--gc-sections"]
    compile_c(flags, sources, library, C_FOLDER / "include", C_FOLDER / "board")
    loaded = ctypes.CDLL(str(library))
    loaded.wire_decode.restype = loaded.wire_encode.restype = ctypes.c_size_t
    loaded.wire_events.restype = ctypes.c_long
    return loaded
