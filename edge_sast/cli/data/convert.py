"""`edge-sast data convert`: event files in another form."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.convert import Span
    from edge_sast.formats.source import FileOptions
    from edge_sast.formats.zipped import EventPath

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
        help="go on with the other files where one cannot be converted, and end with exit code 2",
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


def run(args: argparse.Namespace) -> int:
    """Convert a file or the files of a folder; nothing is left of a file that fails."""
    from edge_sast.cli.data.recordings import holds_files
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.convert import Span, convert_file
    from edge_sast.formats.registry import writer_for

    options = file_options(args)
    span = Span.of_seconds(args.from_s, args.until_s)
    source = Path(args.source)
    if holds_files(source):
        return _convert_all(args, source, options, span)
    if args.keep_going:
        raise EdgeSastError(f"--keep-going is for many files, and {source} is one; leave it out")
    target = "/dev/stdout" if args.out == "-" else args.out
    if Path(target).is_dir():
        raise EdgeSastError(f"{args.out}: is a folder, and {source} a file; name a file")
    done = convert_file(source, target, writer_for(args.to or Path(args.out).suffix), options, span)
    echo(done.line(args.out), error=args.out == "-")
    return 0


def _convert_all(args: argparse.Namespace, source: Path, options: FileOptions, span: Span) -> int:
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.convert import convert_file
    from edge_sast.formats.registry import writer_for

    if not args.to:
        what = "folder" if source.is_dir() else "zip archive"
        raise EdgeSastError(
            f"{source} is a {what}; say with --to which form its files shall have, such as --to .npz"
        )
    writer = writer_for(args.to)
    bad: list[EdgeSastError] = []

    def told(error: EdgeSastError) -> None:
        if not args.keep_going:
            raise error
        bad.append(error)
        echo(f"edge-sast: {one_line(str(error))}", error=True)

    targets = _targets(source, Path(args.out), args.to, told)
    for path, target in targets.items():
        try:
            echo(convert_file(path, target, writer, options, span).line(str(target)))
        except EdgeSastError as error:
            told(error)
    if bad:
        raise EdgeSastError(f"files that were not converted: {len(bad)}; the lines above say why")
    return 0


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
