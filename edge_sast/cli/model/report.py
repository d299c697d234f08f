"""`edge-sast report`: one page of runs, builds and figures, to look at and to hand over."""

from __future__ import annotations

import argparse

from edge_sast.cli.data.options import add_file_options
from edge_sast.terminal import echo

NAME = "report"
HELP = (
    "Make one page of trainings, models and figures, to look at and to hand over. It shows settings and curves of "
    "runs, weights before and after rounding, memory of each layer, and what other commands wrote with --json: "
    "accuracy of every pass, confusion, faults, costs, verdicts. Several runs stand side by side. The page is one file "
    "without network, which plays recordings, sorts tables and hides runs by itself."
)
EXAMPLES = (
    ("edge-sast report runs/a --out report.html", "settings, curves, weights and memory of a run"),
    (
        "edge-sast report runs/a runs/b evaluate.json build/a verify.json --out report.html",
        "two runs side by side, with what evaluate, export and verify said",
    ),
    (
        "edge-sast report build/a --recording digit-3.bin --sensor 24x24 --out report.html",
        "spikes and membranes of a recording, to be played",
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        metavar="SOURCE",
        nargs="+",
        help="folder made by 'edge-sast train' or 'edge-sast export', model file, or JSON that a command wrote with "
        "--json; any number of each, in any order",
    )
    parser.add_argument("--out", metavar="FILE", required=True, help="page to write (.html)")
    group = parser.add_argument_group("recordings")
    group.add_argument(
        "--recording",
        metavar="SOURCE",
        nargs="+",
        default=[],
        help="event files that the page plays, with the spikes of every network that is given, and whose membranes it "
        "shows",
    )
    group.add_argument("--from-s", type=float, metavar="N", help="begin N s after a recording's first event")
    group.add_argument("--until-s", type=float, metavar="N", help="end N s after a recording's first event")
    add_file_options(group, policy="keep")


def run(args: argparse.Namespace) -> int:
    """Read everything, then write the page: a mistake leaves no page behind."""
    from edge_sast.cli.model.report_inputs import read_inputs
    from edge_sast.errors import EdgeSastError
    from edge_sast.files import check_writable, write_atomic
    from edge_sast.report.page.page import report_page

    if not args.out.lower().endswith((".html", ".htm")):
        raise EdgeSastError(f"--out {args.out}: is no page by its ending; choose a name that ends in .html")
    check_writable("--out", args.out, folder=False)
    inputs = read_inputs(args)
    page = report_page(inputs)
    write_atomic(args.out, page)
    counted = {"runs": inputs.runs, "models": inputs.models, "files of figures": inputs.figures}
    told = ", ".join(f"{len(each)} {name}" for name, each in counted.items() if each)
    echo(f"{args.out}: {told}, {len(page) / 1e6:.2f} MB; open it in a browser")
    return 0
