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

from edge_sast.cli.options.checks import arguments_of, check_arguments
from edge_sast.cli.options.parser import Examples, Parser, add_command, example_text, first_sentence
from edge_sast.environment import check_environment, let_threads_sleep
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.files import is_no_space
from edge_sast.terminal import echo, one_line

GROUPS = {
    "learn": ("demo", "train", "sweep", "evaluate", "calibrate", "compare-dense"),
    "model": ("export", "import", "run", "inspect", "report"),
    "device": ("verify", "stream", "board", "fpga", "hil", "hil ports"),
    "data": ("data",),
    "help": ("doctor", "completion", "schema"),
}
MODULES = {"import": "import_nir"}  # of commands whose name is a word of Python
SUBCOMMANDS = tuple(name for names in GROUPS.values() for name in names)

EXAMPLES = (
    ("edge-sast train", "on built-in data; then: edge-sast export --bits 8, and: edge-sast verify"),
    ("edge-sast inspect examples/nmnist-int8.safetensors", "what a model costs a device"),
    ("edge-sast train --help", "a command's options, and examples of it"),
)
EPILOG = (
    "exit codes: 0 success; 1 a check was run and failed; 2 a mistake in arguments, files or setup; 130 interrupted\n"
    "Every command that measures writes its figures with --json FILE, which 'edge-sast schema' describes.\n"
    "The pages are in docs/ (index: docs/README.md)."
)


class Subcommand(Protocol):
    """What the module of each command offers.

    Some also: `fill(args)`, which finds what was not named; MAKES, the files that it writes into --out.
    """

    NAME: str
    HELP: str  # sentences, of which the list of commands shows the first
    EXAMPLES: Examples

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def build_parser(only: str | None = None, options: bool = True) -> Parser:
    """The parser of all subcommands, without importing numpy, numba or torch.

    only: build this command's, where no other can be meant. options: False leaves out those of the commands, which the
    list of commands does not show. Both for the time that it takes.
    """
    places = {name: group for group, names in GROUPS.items() for name in names if only in (None, name)}
    modules = {name: _module(group, name) for name, group in places.items()}
    parser = Parser(
        prog="edge-sast",
        description=_overview(modules) if only is None else None,
        epilog=f"{example_text(EXAMPLES)}\n\n{EPILOG}",
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, module in modules.items():
        child = add_command(subparsers, name, module.HELP, module.EXAMPLES, listed=False)
        if options:
            module.add_arguments(child)
        child.set_defaults(run=module.run, fill=getattr(module, "fill", _nothing))
        child.set_defaults(arguments=arguments_of(child), makes=getattr(module, "MAKES", ()))
        if options and hasattr(module, "USUAL"):
            child.show_usual(module.USUAL)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The words of a command line, those after `edge-sast`; as they were given in `argv` of what is returned."""
    args = _parsed(list(argv))
    args.argv = list(argv)
    return args


def _parsed(argv: list[str]) -> argparse.Namespace:
    two_words = " ".join(argv[:2])
    if len(argv) > 1 and two_words in SUBCOMMANDS:
        argv = [two_words, *argv[2:]]
    if argv and argv[0] in SUBCOMMANDS:
        return build_parser(only=argv[0]).parse_args(argv)
    return build_parser(options=any(word in SUBCOMMANDS for word in argv)).parse_args(argv)


def _module(group: str, name: str) -> Subcommand:
    """A group is a folder here, but for those that help with all of them."""
    folder = "edge_sast.cli" if group == "help" else f"edge_sast.cli.{group}"
    stem = MODULES.get(name, name.replace(" ", "_").replace("-", "_"))
    return importlib.import_module(f"{folder}.{stem}")


def _overview(modules: dict[str, Subcommand]) -> str:
    """What the program is for, and every command under the name of its group."""
    lines = ["Train spiking networks on event-camera recordings and run them bit for bit on small devices."]
    for group, names in GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:<15}{first_sentence(modules[name].HELP)}" for name in names)]
    return "\n".join(lines)


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
    words = list(sys.argv[1:] if argv is None else argv)
    args = parse(words)
    if args.version:
        import edge_sast

        echo(f"edge-sast {edge_sast.__version__}")
        return 0
    if args.command is None:
        build_parser(options=False).print_help()
        return 2
    args.fill(args)
    let_threads_sleep()  # before torch is imported
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
    except (MemoryError, RuntimeError) as error:  # PyTorch has no exception of its own for it
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        raise EdgeSastError(f"out of memory; {_less_memory(args)}") from error
    return code


def _less_memory(args: argparse.Namespace) -> str:
    """What a command can do with less, by its options."""
    has = {argument.shown for argument in args.arguments.values()}
    lower = [name for name in ("--batch-size", "--steps", "--limit") if name in has]
    ways = [f"lower {' or '.join(filter(None, (', '.join(lower[:-1]), lower[-1])))}"] if lower else []
    ways += ["use a smaller --arch"] if "--arch" in has else []
    ways += ["read a part with --from-s and --until-s"] if {"--from-s", "--until-s"} <= has else []
    return ", or ".join(ways) or "end other programs, or use a machine with more of it"


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
