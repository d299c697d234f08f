"""`edge-sast data convert`: event files in another form."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_sast.cli.data.options import add_file_options, file_options
from edge_sast.terminal import echo

NAME = "convert"
HELP = (
    "Write event files in another form, which OUT's ending says. Times stay as they are; CSV is t,x,y,p with a header, "
    "t in µs, x from the left, y from the top, p 1 for ON. A folder is converted file by file into the folder OUT, "
    "with --to."
)
EXAMPLES = (
    ("edge-sast data convert camera.raw camera.npz", ""),
    ("edge-sast data convert recordings/ converted/ --to .aedat4 --defects drop", "a whole tree of files"),
    ("edge-sast data convert events.txt - --to .csv --columns x,y,p,t --time-unit s", "to standard output"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", help="event file, or folder of event files")
    parser.add_argument(
        "out", metavar="OUT", help="file (- for standard output), or folder where SOURCE is one"
    )
    parser.add_argument("--to", metavar="SUFFIX", help="form to write, such as .npz (default: OUT's ending)")
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
    from edge_sast.errors import EdgeSastError
    from edge_sast.formats.convert import Span, convert_file, writer_for
    from edge_sast.formats.registry import known_suffixes

    options = file_options(args)
    span = Span.of_seconds(args.from_s, args.until_s)
    source = Path(args.source)
    if not source.is_dir():
        target = "/dev/stdout" if args.out == "-" else args.out
        if Path(target).is_dir():
            raise EdgeSastError(f"{args.out}: is a folder, and {source} a file; name a file")
        done = convert_file(source, target, writer_for(args.to or Path(args.out).suffix), options, span)
        echo(done.line(args.out), error=args.out == "-")
        return 0
    if not args.to:
        raise EdgeSastError(
            f"{source} is a folder; say with --to which form its files shall have, such as --to .npz"
        )
    writer = writer_for(args.to)
    suffixes = known_suffixes()
    files = [path for path in sorted(source.rglob("*")) if path.is_file() and path.suffix.lower() in suffixes]
    if not files:
        raise EdgeSastError(
            f"{source}: holds no event file ({', '.join(suffixes)}); name a file or another folder"
        )
    targets = {path: (Path(args.out) / path.relative_to(source)).with_suffix(args.to) for path in files}
    taken: dict[Path, Path] = {}
    for path, target in targets.items():
        if taken.setdefault(target, path) != path:
            raise EdgeSastError(f"{path} and {taken[target]} would both become {target}; rename one of them")
    for path, target in targets.items():
        echo(convert_file(path, target, writer, options, span).line(str(target)))
    return 0
