"""A model in NeuroBench's harness: its figures beside those of edge-sast on the same recordings, and why they differ.

    python benchmarks/neurobench_harness.py MODEL --data DATA [--split S] [--limit N] [--batch N] [--json FILE]

MODEL is a model file or a build folder. NeuroBench 2.3 is wanted: pip install 'edge-sast[train,neurobench]'. The
network that it runs computes the model's integers; outputs and SynOps are compared with the runtime's, and each figure
of NeuroBench with what its definition gives by our own counts. Exit code 1 when one of these differs, or a metric
raised.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from importlib.metadata import version

from edge_sast.cli.model.inspect_memory import memory_figures
from edge_sast.cli.options.newest import model_in
from edge_sast.cli.options.recordings import add_data_arguments, data_options
from edge_sast.datasets.selection import load_split
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.model import modelfile
from edge_sast.model.model import Model
from edge_sast.report.tables import print_table, write_json
from edge_sast.terminal import echo
from trainer.neurobench.account import take_account
from trainer.neurobench.table import DeviceBytes, cells, compare


def main() -> int:
    args = parse_arguments()
    from trainer.neurobench.harness import run_harness  # here, where a missing NeuroBench is told in one line

    model = modelfile.load(model_in(args.model))
    found = load_split(model.binning, model.classes, data_options(args))
    device = device_bytes(model, args.core)
    results = run_harness(model, found.binned, args.batch)
    rows = compare(results, take_account(model, found.binned, args.batch), device)
    versions = {name: version(name) for name in ("neurobench", "snntorch", "torch")}
    told = ", ".join(f"{name} {which}" for name, which in versions.items())
    echo(f"{found.name}, {len(found.binned)} recordings in batches of {args.batch}; {told}")
    print_table(cells(rows), ["metric", "NeuroBench", "edge-sast"])
    echo("", *(f"{row.metric}: {row.why}." for row in rows))
    figures = {
        "model_hash": modelfile.model_hash(model),
        "data": found.name,
        "recordings": len(found.binned),
        "batch": args.batch,
        "versions": versions,
        "rows": [asdict(row) for row in rows],
    }
    write_json(args.json, figures)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", metavar="MODEL", help="model file or build folder")
    add_data_arguments(parser)
    parser.add_argument("--batch", type=int, default=1, metavar="N", help="recordings per batch (default: 1)")
    parser.add_argument("--core", metavar="NAME", help="core whose memory is predicted (default: cortex-m4)")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    return parser.parse_args()


def device_bytes(model: Model, core: str | None) -> DeviceBytes:
    """The prediction of `edge-sast inspect`."""
    memory = memory_figures(model, core)
    tables, state = memory["tables_bytes"] + memory["descriptors_bytes"], memory["state_bytes"]
    return DeviceBytes(
        memory["core"], tables, state, memory["flash_bytes"] + memory["ram_bytes"] - tables - state
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeSastError, CheckFailedError) as error:
        print(f"neurobench_harness: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, EdgeSastError) else 1)
