"""`edge-sast import`: a network of another tool, from NIR, to an integer model file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.parser import Parser
from edge_sast.errors import EdgeSastError
from edge_sast.exchange.rules import CHOICES, OPTIONS, TOOLS, Rules, choose
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.events.binning import Binning
    from edge_sast.exchange.graph import Graph
    from edge_sast.exchange.nir_read import Imported

NAME = "import"
HELP = (
    "Turn another tool's network, a NIR file, into an integer model file with the same spikes. What a NIR file does "
    "not say are the rules of its tool, which --from brings; what cannot be held exactly is refused, or told. A file "
    "that 'edge-sast export --target nir' wrote needs no option but --out, and comes back to the bit."
)
EXAMPLES = (
    (
        "edge-sast import net.nir --from snntorch --reset zero --dt-us 1000 --steps 100 --out net.safetensors",
        "of a network with reset_mechanism='zero'; then: edge-sast export net.safetensors --no-data",
    ),
    (
        "edge-sast import net.nir --from sinabs --spikes one --sensor 34x34 --dt-us 5000 --steps 60 --out a.st",
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
    "bits",
    "threshold",
    "reset",
    "json",
)


def add_arguments(parser: Parser) -> None:
    parser.add_argument("nir", metavar="NIR", help="file that the tool wrote with nir.write")
    parser.add_argument("--out", required=True, metavar="FILE", help="model file to write")
    parser.add_argument(
        "--from",
        dest="tool",
        choices=tuple(TOOLS),
        help="tool that wrote the file: what it means by its numbers, unless another option says it",
    )
    given = parser.add_argument_group("input")
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
    _add_rules(parser.add_argument_group("rules, instead of those of --from"))
    held = parser.add_argument_group("what is not exact")
    held.add_argument("--bits", type=int, default=8, metavar="N", help="weight bits at most, 2 to 8")
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
    parser.add_argument(
        "--json", metavar="FILE", help="write the rules, what is not exact, and the model's hash"
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
        help="factor of a neuron's input: file (r dt/tau), leak (r times what the leak takes), none or a "
        "number (default: the tool's)",
    )


def run(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.exchange import nir_file
    from edge_sast.model import modelfile

    graph = nir_file.read(args.nir)
    try:
        imported, rules, where = _imported(args, graph)
    except EdgeSastError as error:
        raise EdgeSastError(f"{args.nir}: {error}") from error
    modelfile.save(imported.model, args.out)
    told_hash = modelfile.model_hash(imported.model)
    version = f", NIR {graph.version}" if graph.version else ""
    echo(f"{args.nir}: {len(graph.nodes)} nodes{version}")
    if rules is not None:
        echo("rules:", *(f"  {text}  [{where[name]}]" for name, text in explain(rules).items()))
    echo(*(f"note: {line}" for line in imported.told)) if imported.told else None
    echo(f"wrote {args.out} (model {told_hash[:16]})")
    write_figures(
        args,
        {
            "rules": {name: getattr(rules, name) for name in where} if rules is not None else None,
            "rules_from": where,
            "notes": list(imported.told),
            "model_hash": told_hash,
        },
    )
    return 0


def _imported(args: argparse.Namespace, graph: Graph) -> tuple[Imported, Rules | None, dict[str, str]]:
    from edge_sast import __version__
    from edge_sast.exchange.nir_own import is_own, read_own
    from edge_sast.exchange.nir_read import Imported, Reading, read_model

    given: dict[str, Any] = {name: getattr(args, name) for name in OPTIONS}
    if not 2 <= args.bits <= 8:
        raise EdgeSastError(f"--bits is {args.bits}; it must be 2 to 8")
    if is_own(graph) and args.tool is None and not any(value is not None for value in given.values()):
        return (
            Imported(
                read_own(graph), ("written by edge-sast: what its metadata says, not the rules of a tool",)
            ),
            None,
            {},
        )
    rules, where = choose(args.tool, given)
    for name in ("dt_us", "steps"):
        if getattr(args, name) is None:
            raise EdgeSastError(
                f"--{name.replace('_', '-')} is missing: NIR does not say how events become steps; "
                "give --dt-us and --steps"
            )
    reading = Reading(
        rules, args.bits, args.nearest_leak, args.read_out is not None, args.order == "channel-first"
    )
    imported = read_model(
        graph, reading, _binning(args, graph), _classes(args.classes), f"edge-sast {__version__}"
    )
    return imported, rules, where


def _binning(args: argparse.Namespace, graph: Graph) -> Binning:
    from edge_sast.events.binning import Binning
    from edge_sast.events.recording import parse_sensor
    from edge_sast.exchange.nir_read import input_size

    if args.sensor is not None:
        width, height = parse_sensor(args.sensor)
    else:
        size = input_size(graph)
        if size is None:
            raise EdgeSastError(
                "--sensor is missing: the file's input has no rows and columns; give --sensor WxH"
            )
        width, height = (side << args.shift if 0 <= args.shift <= 7 else side for side in size)
    return Binning(width, height, args.shift, args.dt_us, args.steps, args.count_cap)


def _classes(text: str | None) -> list[str] | None:
    from edge_sast.files import read_bytes

    if text is None:
        return None
    if Path(text).is_file():
        lines = read_bytes(text).decode("utf-8", "replace").splitlines()
        return [line.strip() for line in lines if line.strip()]
    return [name.strip() for name in text.split(",")]


def explain(rules: Rules) -> dict[str, str]:
    """Each rule in words, by name."""
    tau = "tau" if rules.tau == "plain" else "(tau / dt)"
    resets = {
        "zero": "a spike sets the membrane to v_reset",
        "subtract": "a spike takes the threshold off",
        "subtract-later": "a spike takes the threshold off in the next step, after the leak",
    }
    starts = {"zero": "0", "reset": "v_reset", "leak": "v_leak"}
    gains = {"file": f"r dt / {tau}", "leak": "r (1 - decay)", "none": "1"}
    return {
        "threshold": f"a neuron spikes where u {'>' if rules.threshold == 'gt' else '>='} threshold",
        "reset": resets[rules.reset],
        "spikes": "one spike per step"
        if rules.spikes == "one"
        else "a spike for each threshold that u holds",
        "decay": f"decay {f'1 - dt / {tau}' if rules.decay == 'euler' else f'exp(-dt / {tau})'}",
        "tau": f"tau {'as written' if rules.tau == 'plain' else 'written too small by the factor dt'}",
        "dt": f"dt {rules.dt:g}",
        "gain": f"input of a LIF times {gains.get(rules.gain, rules.gain)}",
        "if_gain": f"input of an IF times {'r' if rules.if_gain == 'r' else 'r dt'}",
        "start": f"membranes start at {starts[rules.start]}",
    }
