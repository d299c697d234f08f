"""The `edge-sast` command: finds the subcommand, turns a user's mistake into one line and exit code 2."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from edge_sast.cli.options.checks import check_arguments
from edge_sast.environment import check_environment
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.files import is_no_space
from edge_sast.terminal import echo, one_line

SUBCOMMANDS = (
    "learn.demo",
    "learn.train",
    "learn.sweep",
    "learn.evaluate",
    "learn.calibrate",
    "model.export",
    "model.run",
    "model.inspect",
    "device.verify",
    "device.board",
    "device.hil",
    "data",
    "doctor",
)

EPILOG = """exit codes: 0 success; 1 a check was run and failed; 2 a mistake in the arguments, files or set-up;
130 interrupted. Every command that measures writes its figures with --json FILE."""


class Subcommand(Protocol):
    """What the module of each command offers; some also `fill(args)`, which finds what was not named."""

    NAME: str
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


class _Formatter(argparse.HelpFormatter):
    """Shows defaults, but only those that tell something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        telling = action.default not in (None, False, argparse.SUPPRESS, "", []) and action.option_strings
        text = action.help or ""
        mentions = "default" in text or "%(default)" in text
        return f"{text} (default: %(default)s)".strip() if telling and not mentions else action.help


class _Parser(argparse.ArgumentParser):
    """Errors in one line, without the usage in front."""

    def error(self, message: str) -> None:  # type: ignore[override]
        self.exit(2, f"{self.prog}: {one_line(message)}; see '{self.prog} --help'\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all subcommands; builds without importing numpy, numba or torch."""
    parser = _Parser(
        prog="edge-sast",
        description="Train spiking networks on event-camera recordings and run them bit for bit on small devices.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in SUBCOMMANDS:
        module: Subcommand = importlib.import_module(f"edge_sast.cli.{name}")
        child = subparsers.add_parser(
            module.NAME,
            help=module.HELP,
            description=module.HELP,
            formatter_class=_Formatter,
        )
        module.add_arguments(child)
        child.set_defaults(run=module.run, fill=getattr(module, "fill", _nothing))
    return parser


def _nothing(args: argparse.Namespace) -> None:
    """Of a command that wants all its arguments named."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    try:
        code = run_command(argv)
        sys.stdout.flush()
        return code
    except BaseException as error:
        return exit_code(error)


def run_command(argv: Sequence[str] | None = None) -> int:
    """The same, but raises what ends it; `exit_code` tells that to the user."""
    parser = build_parser()
    args = parser.parse_args(argv)
    args.argv = list(sys.argv[1:] if argv is None else argv)
    if args.version:
        import edge_sast

        echo(f"edge-sast {edge_sast.__version__}")
        return 0
    if args.command is None:
        parser.print_help()
        return 2
    args.fill(args)
    check_arguments(args)
    if args.command != "doctor":  # which tells it beside the rest
        check_environment()
    try:
        code: int = args.run(args)
    except ModuleNotFoundError as error:  # the base installation runs models; training is an extra
        if error.name != "torch":
            raise
        raise EdgeSastError(
            f"{args.command}: PyTorch is not installed; pip install 'edge-sast[train]'"
        ) from error
    return code


def exit_code(error: BaseException) -> int:
    """Say in one line why a command ended; returns its exit code. What no user can mend is raised again."""
    try:
        raise error
    except SystemExit as error:  # argparse
        return error.code if isinstance(error.code, int) else 2
    except EdgeSastError as error:
        return _say(str(error), 2)
    except CheckFailedError as error:
        return _say(str(error), 1)
    except KeyboardInterrupt as error:
        return _say(str(error) or "interrupted", 130)
    except BrokenPipeError:  # `edge-sast ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (MemoryError, RuntimeError) as error:  # PyTorch has no exception of its own for it
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        return _say("out of memory; lower --batch-size, --steps or --limit, or use a smaller --arch", 2)
    except OSError as error:
        # Whoever writes a file names it.
        where = error.filename or ("standard output" if is_no_space(error) else "system")
        return _say(f"{where}: {error.strerror or error}; check space and permissions", 2)


def entry_point() -> None:
    """The installed script."""
    for stream in (sys.stdout, sys.stderr):  # a terminal without Greek letters shows them escaped
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = main()
    if "LOCAL_RANK" in os.environ:
        # A worker of a training: PyTorch's threads may still drop Python objects, and abort at the interpreter's end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _say(message: str, code: int) -> int:
    with suppress(OSError):  # a full disk: the code tells it
        echo(f"edge-sast: {one_line(message)}", error=True)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Python would try again as it ends, and end with a code of its own
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


if __name__ == "__main__":
    entry_point()
