"""Networks trained in other tools, imported by NIR as runs and finished in INT8: accuracy beside the tool's own.

    python benchmarks/nir_finish.py --peers PYTHON --data DIR [--tools NAME ...] [--networks DIR]

PYTHON: one that has the tools (pip install snntorch sinabs norse spikingjelly, then nir==1.0.8 and nirtorch==2.6 with
--no-deps, as sinabs asks for an older nir). DIR: N-MNIST with splits train and valid. Each tool trains the same small
network (nir_finish_peer.py) on train, binned here to 10 steps of 30 ms on 17 x 17 pixels, and answers valid in its own
floats. Its NIR file becomes a run by 'edge-sast import', whose float pass answers the same
recordings; 'edge-sast train --from' finishes that in INT8 on train, which then answers them too. The last epoch's
networks count, of the tool and of the finish: valid chooses nothing. With --networks what the tools trained is kept
there, DIR/TOOL, and taken again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge_sast.cli.main import main as edge_sast
from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.errors import EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.report.tables import print_table, write_json
from trainer.data.batches import in_order
from trainer.network.network import COUNT_GAIN
from trainer.run import checkpoint
from trainer.settings.passes import Spike

GRID = Binning(34, 34, 1, 30_000, 10, 1)
PEER = Path(__file__).with_name("nir_finish_peer.py")
TOOLS = {  # what the files do not say
    "snntorch": ("--reset", "zero"),
    "sinabs": ("--reset", "zero", "--spikes", "one", "--input-gain", "none"),
    "norse": (),
    "spikingjelly": (),
}
HEAD = (
    "tool",
    "float in the tool, %",
    "float here, %",
    "recordings with other spike counts",
    "INT8 as imported, %",
    "INT8 after the finish, %",
    "points",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", required=True, metavar="PYTHON", help="a Python with the tools")
    parser.add_argument("--data", required=True, metavar="DIR", help="N-MNIST, splits train and valid")
    parser.add_argument("--tools", nargs="+", choices=tuple(TOOLS), default=list(TOOLS))
    parser.add_argument("--epochs", type=int, default=8, metavar="N", help="of the tool's training")
    parser.add_argument("--finish", type=int, default=2, metavar="N", help="epochs in INT8")
    parser.add_argument(
        "--networks", metavar="DIR", help="where the tools' networks are kept (default: nowhere)"
    )
    parser.add_argument("--cache-dir", metavar="DIR", help="where binned recordings are kept")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, subprocess.CalledProcessError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict[str, Any]:
    dataset = open_dataset(args.data)
    parts = {name: load_binned(dataset, name, GRID, cache_dir=args.cache_dir) for name in ("train", "valid")}
    found = {}
    with tempfile.TemporaryDirectory() as place:
        for tool in args.tools:
            network = Path(args.networks or place).resolve() / tool
            train_in(tool, network, args, parts)
            found[tool] = of_tool(tool, network, Path(place), args, parts["valid"])
    rows = [
        (tool, *(str(each[name]) for name in ("tool", "float", "other", "imported", "int8", "points")))
        for tool, each in found.items()
    ]
    print_table(rows, HEAD)
    return {"recordings": len(parts["valid"]), "tools": found}


def train_in(tool: str, network: Path, args: argparse.Namespace, parts: dict[str, BinnedEvents]) -> None:
    """The tool's network, net.nir, and its answers to valid, answers.npy, where they are not there yet."""
    if (network / "net.nir").exists():
        print(f"{tool}: taken from {network}")
        return
    network.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for name, binned in parts.items():
            batches = [x.to(torch.uint8) for x, _ in in_order(binned, 500, "cpu")]
            np.save(f"{place}/{name}.npy", torch.cat(batches, 1).transpose(0, 1).contiguous().numpy())
        np.save(f"{place}/labels.npy", parts["train"].labels)
        words = [args.peers, "-u", str(PEER), tool, place, str(args.epochs), str(network)]
        subprocess.run(words, check=True)


def of_tool(
    tool: str, network: Path, place: Path, args: argparse.Namespace, valid: BinnedEvents
) -> dict[str, Any]:
    start = time.monotonic()
    answers = np.load(network / "answers.npy")
    run, finished = place / f"{tool}-imported", place / f"{tool}-finished"
    camera = ["--sensor", "34x34", "--shift", str(GRID.shift), "--dt-us", str(GRID.dt_us)]
    camera += [
        "--steps",
        str(GRID.steps),
        "--classes",
        ",".join(valid.classes),
        "--data",
        str(Path(args.data).resolve()),
    ]
    nir = str(network / "net.nir")
    command("import", nir, "--from", tool, *TOOLS[tool], *camera, "--out", str(run))
    cache = [] if args.cache_dir is None else ["--cache-dir", args.cache_dir]
    command(
        "train",
        "--from",
        str(run),
        "--epochs",
        "0",
        "--qat-epochs",
        str(args.finish),
        *cache,
        "--out",
        str(finished),
    )
    done = time.monotonic()
    imported, int8 = (evaluated(each, place / f"{each.name}.json", cache) for each in (run, finished))
    own = float((answers.argmax(1) == valid.labels).mean())
    return {
        "tool": percent(own),
        "float": percent(imported["hard"]["accuracy"]),
        "other": int((counts(run, valid) != answers).any(1).sum()),
        "imported": percent(imported["int8"]["accuracy"]),
        "int8": percent(int8["int8"]["accuracy"]),
        "points": f"{100 * (int8['int8']['accuracy'] - own):+.2f}",
        "finish_seconds": round(done - start, 1),
    }


def command(*words: str) -> None:
    """Raises EdgeSastError where edge-sast refuses."""
    print("edge-sast " + " ".join(words), flush=True)
    if edge_sast(words) != 0:
        raise EdgeSastError(f"edge-sast {words[0]} failed")


def evaluated(run: Path, out: Path, cache: list[str]) -> dict[str, Any]:
    command("evaluate", str(run), "--split", "valid", *cache, "--json", str(out))
    figures: dict[str, Any] = json.loads(out.read_text())
    return figures


def counts(run: Path, valid: BinnedEvents) -> np.ndarray:
    """Spikes of each output in the float pass [recordings, classes]."""
    network = checkpoint.load(run).network()
    with torch.no_grad():
        logits = [network(x, Spike("hard")).logits for x, _ in in_order(valid, 200, "cpu")]
    spikes: np.ndarray = (torch.cat(logits) * (GRID.steps / COUNT_GAIN)).round().numpy()
    return spikes


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


if __name__ == "__main__":
    sys.exit(main())
