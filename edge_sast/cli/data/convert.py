"""`edge-sast data convert`: event files in another form."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.cli.options.engine import LeftOut, add_engine_arguments, engine_choice, workers
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_sast.bulk.choice import EngineChoice
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.contract import Format
    from edge_sast.formats.convert import Converted, Span
    from edge_sast.formats.source import FileOptions
    from edge_sast.formats.zipped import EventPath


@dataclass(frozen=True)
class Conversion:
    """How each of many files is converted. to: the suffix that they get."""

    to: str
    options: FileOptions
    span: Span

    def __call__(self, item: tuple[EventPath, Path]) -> Converted:
        from edge_sast.formats.convert import convert_file
        from edge_sast.formats.registry import writer_for

        return convert_file(*item, writer_for(self.to), self.options, self.span)


NAME = "convert"
HELP = (
    "Write event files in another form, which OUT's ending says. Times stay as they are; CSV is t,x,y,p with a header, "
    "t in µs, x from the left, y from the top, p 1 for ON. A folder or .zip is converted file by file into the folder "
    "OUT, with --to."
)
EXAMPLES = (
    ("edge-sast data convert camera.raw camera.npz", ""),
    ("edge-sast data convert recordings/ converted/ --to .aedat4 --defects drop", "a whole tree of files"),
    ("edge-sast data convert events.txt - --to .csv --columns x,y,p,t --time-unit s", "to standard output"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="event file, or folder or .zip of event files")
    parser.add_argument(
        "out", metavar="OUT", help="file (- for standard output), or folder where SOURCE is a folder or .zip"
    )
    parser.add_argument("--to", metavar="SUFFIX", help="form to write, such as .npz (default: OUT's ending)")
    parser.add_argument(
        "--keep-going",
        action="store_true",
        help="go on with the other files where one cannot be converted, and end with exit code 1",
    )
    parser.add_argument(
        "--from-s",
        type=float,
        metavar="N",
        help="leave out what comes earlier than N s after the first event",
    )
    parser.add_argument(
        "--until-s", type=float, metavar="N", help="leave out what comes N s after the first event or later"
    )
    add_file_options(parser)
    add_engine_arguments(parser.add_argument_group("many files"))


def run(args: argparse.Namespace) -> int:
    """Convert a file or the files of a folder; nothing is left of a file that fails."""
    from edge_sast.cli.data.recordings import holds_files
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.convert import Span, convert_file

    options, choice = file_options(args), engine_choice(args)
    span = Span.of_seconds(args.from_s, args.until_s)
    source = Path(args.source)
    if holds_files(source):
        return _convert_all(args, source, Conversion(args.to, options, span), choice)
    if args.keep_going:
        raise EdgeSastError(f"--keep-going is for many files, and {source} is one; leave it out")
    if not choice.serial:
        raise EdgeSastError(f"--engine {choice.engine} is for many files, and {source} is one; leave it out")
    target = "/dev/stdout" if args.out == "-" else args.out
    if Path(target).is_dir():
        raise EdgeSastError(f"{args.out}: is a folder, and {source} a file; name a file")
    done = convert_file(source, target, _writer(args), options, span)
    echo(done.line(args.out), error=args.out == "-")
    return 0


def _writer(args: argparse.Namespace) -> Format:
    """Of one file. Raises EdgeSastError: none is of that ending, or OUT's ending and --to name two forms."""
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.registry import known_suffixes, writer_for

    suffix = Path(args.out).suffix
    writer = writer_for(args.to or suffix)
    if suffix.lower() in known_suffixes() and suffix.lower() not in writer.suffixes:
        raise EdgeSastError(
            f"--to {args.to} and OUT {args.out} name two forms; leave --to out, or end OUT in {args.to}"
        )
    return writer


def _convert_all(args: argparse.Namespace, source: Path, convert: Conversion, choice: EngineChoice) -> int:
    from edge_sast.bulk.engine import Engine, Serial
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.registry import writer_for

    if not args.to:
        what = "folder" if source.is_dir() else "zip archive"
        raise EdgeSastError(
            f"{source} is a {what}; say with --to which form its files shall have, such as --to .npz"
        )
    writer_for(args.to)
    left_out = LeftOut(args.keep_going)
    targets = list(_targets(source, Path(args.out), args.to, left_out.tell).items())
    with workers(choice, 1) as engine:
        engine = engine or Engine(Serial())
        for (_, target), outcome in zip(targets, engine.map(convert, targets, name=_source), strict=True):
            if isinstance(outcome.error, EdgeSastError):
                left_out.tell(outcome.error)
            else:
                echo(outcome.get().line(str(target)))
    left_out.check("files that were not converted")
    return 0


def _source(item: tuple[EventPath, Path]) -> str:
    return str(item[0])


def _targets(
    source: Path, out: Path, suffix: str, unreadable: Callable[[EdgeSastError], None]
) -> dict[EventPath, Path]:
    """What each file of a folder or archive becomes; unreadable: see `event_files`."""
    from edge_sast.cli.data.recordings import event_files
    from edge_sast.errors import EdgeSastError

    targets: dict[EventPath, Path] = {}
    taken: dict[Path, EventPath] = {}
    for found in event_files(source, unreadable):
        target = targets[found.path] = out.joinpath(*found.parts).with_suffix(suffix)
        other = taken.setdefault(target, found.path)
        if other != found.path:
            raise EdgeSastError(f"{found.path} and {other} would both become {target}; rename one of them")
    return targets
