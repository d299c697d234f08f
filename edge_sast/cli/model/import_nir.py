"""`edge-sast import`: a network of another tool, from NIR, to an integer model file or to a run."""

from __future__ import annotations

import argparse

from edge_sast.cli.options.checks import RUN
from edge_sast.cli.options.parser import Parser
from edge_sast.errors import EdgeSastError
from edge_sast.exchange.rules import CHOICES, OPTIONS, TOOLS
from edge_sast.terminal import echo

NAME = "import"
HELP = (
    "Turn another tool's network, a NIR file, into an integer model file, or into a run with float weights, with the "
    "same spikes. What a NIR file does not say are the rules of its tool, which --from brings; what cannot be held "
    "exactly is refused, or told. A file that 'edge-sast export --target nir' wrote needs no option but --out, and "
    "comes back to the bit."
)
MAKES = RUN
EXAMPLES = (
    (
        "edge-sast import net.nir --from snntorch --reset zero --dt-us 1000 --steps 100 --out net.safetensors",
        "of a network with reset_mechanism='zero'; then: edge-sast export net.safetensors --no-data",
    ),
    (
        "edge-sast import net.nir --from snntorch --reset zero --dt-us 1000 --steps 100 --out runs/a",
        "as a run, to finish in integers: edge-sast train --from runs/a --data DIR --epochs 0 --out runs/b",
    ),
    (
        "edge-sast import a.nir --from sinabs --spikes one --sensor 34x34 --dt-us 5000 --steps 60 --out a.safetensors",
        "of one whose neurons never reach twice their threshold",
    ),
)

USUAL = (
    "nir",
    "tool",
    "out",
    "sensor",
    "shift",
    "dt_us",
    "steps",
    "classes",
    "data",
    "bits",
    "threshold",
    "reset",
    "json",
)


def add_arguments(parser: Parser) -> None:
    parser.add_argument("nir", metavar="NIR", help="file that the tool wrote with nir.write")
    parser.add_argument(
        "--out",
        required=True,
        metavar="OUT",
        help="where its name ends in .safetensors, the model file to write, of integers; else a folder, a run with "
        "float weights as 'edge-sast train' makes one, for evaluate, export and 'train --from'",
    )
    parser.add_argument(
        "--from",
        dest="tool",
        choices=tuple(TOOLS),
        help="tool that wrote the file: what it means by its numbers, unless another option says it",
    )
    _add_input(parser.add_argument_group("input"))
    _add_rules(parser.add_argument_group("rules, instead of those of --from"))
    _add_inexact(parser.add_argument_group("what is not exact"))
    parser.add_argument(
        "--json", metavar="FILE", help="write the rules, what is not exact, and a model's hash"
    )


def _add_input(given: argparse._ActionsContainer) -> None:
    given.add_argument(
        "--sensor",
        metavar="WxH",
        help="camera's size in pixels (default: the file's input, where that has rows)",
    )
    given.add_argument(
        "--shift",
        type=int,
        default=0,
        metavar="N",
        help="coordinates are shifted right by so many bits (default: 0)",
    )
    given.add_argument("--dt-us", type=int, metavar="N", help="length of a step of a recording in µs")
    given.add_argument("--steps", type=int, metavar="N", help="number of steps of a recording")
    given.add_argument(
        "--count-cap",
        type=int,
        default=1,
        metavar="N",
        help="largest count of events per pixel, polarity and step (default: 1, whether there was one)",
    )
    given.add_argument(
        "--order",
        choices=("channel-first", "channel-last"),
        default="channel-first",
        help="order of an input of one axis: a flattened [2, rows, columns] or [rows, columns, 2]",
    )
    given.add_argument(
        "--classes", metavar="NAME,NAME", help="class names, or a file with one per line (default: 0, 1, ...)"
    )
    given.add_argument(
        "--data",
        metavar="DATA",
        help="recordings that a run names, for evaluate, export and 'train --from' (default: none)",
    )


def _add_inexact(held: argparse._ActionsContainer) -> None:
    held.add_argument(
        "--bits", type=int, metavar="N", help="weight bits of a model file at most, 2 to 8 (default: 8)"
    )
    held.add_argument(
        "--nearest-leak",
        action="store_true",
        help="take the nearest leak of shifts where a decay is none, and tell it",
    )
    held.add_argument(
        "--read-out",
        choices=("sum",),
        help="what to do with a last layer that has no neuron: sum it over the steps (default: refuse it)",
    )


def _add_rules(group: argparse._ActionsContainer) -> None:
    texts = {
        "threshold": "whether a membrane above the threshold spikes (gt), or one that reaches it too (ge)",
        "reset": "what a spike does to the membrane",
        "spikes": "number of spikes that a neuron may give in a step",
        "decay": "decay of a step: 1 - dt/tau (euler) or exp(-dt/tau) (exp)",
        "tau": "whether the file's tau is what it says (plain) or too small by the factor dt (times-dt)",
        "if_gain": "factor of an IF's input: r, or r times dt (r-dt)",
        "start": "membrane at the first step: zero, v_reset (reset) or v_leak (leak)",
    }
    for name, text in texts.items():
        group.add_argument(
            OPTIONS[name], dest=name, choices=CHOICES[name], help=f"{text} (default: the tool's)"
        )
    group.add_argument(
        OPTIONS["dt"],
        type=float,
        dest="dt",
        metavar="X",
        help="time of a step in the file's unit (default: the tool's)",
    )
    group.add_argument(
        OPTIONS["gain"],
        dest="gain",
        metavar="X",
        help="factor of a LIF's input: file (r dt/tau), leak (r times what the leak takes), none or a "
        "number (default: the tool's)",
    )


def run(args: argparse.Namespace) -> int:
    from edge_sast.cli.model import import_made
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.exchange import nir_file
    from edge_sast.exchange.rules import explain

    as_run = import_made.check_out(args)
    graph = nir_file.read(args.nir)
    try:
        made = (import_made.to_run if as_run else import_made.to_model)(args, graph)
    except EdgeSastError as error:
        raise EdgeSastError(f"{args.nir}: {error}") from error
    version = f", NIR {graph.version}" if graph.version else ""
    echo(f"{args.nir}: {len(graph.nodes)} nodes{version}")
    if made.rules is not None:
        texts = explain(made.rules)
        echo("rules:", *(f"  {text}  [{made.where[name]}]" for name, text in texts.items()))
    echo(*(f"note: {line}" for line in made.told)) if made.told else None
    made.write()
    echo(f"wrote {args.out} ({made.kind})")
    rules = {name: getattr(made.rules, name) for name in made.where} if made.rules is not None else None
    figures = {"rules": rules, "rules_from": made.where, "notes": list(made.told), **made.figures}
    write_figures(args, figures)
    return 0
