"""Running one network beside snnTorch, SpikingJelly, sinabs, norse and Spyx: recordings/s on one core, by batch.

    python benchmarks/inference_peers.py --data DIR --json peers.json

The network of peer_networks.py with the common weights, normalisation as it is after 30 batches: the peers in float32
with torch.inference_mode, each in its fastest documented way and also channels-last, both as they are and compiled by
PyTorch where that can be had, and Spyx by XLA; edge-sast as the INT8 model that is exported of the same weights. Peers
get dense batches that lie in memory, edge-sast binned events: making either is not counted. All work in turn in one
process of one thread, round after round; of each the least time counts, and ratios are those of these. Before anything
is timed the firing rates must agree. The peers: pip install snntorch spikingjelly sinabs norse spyx.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from peer_networks import CHANNELS_LAST, CLASSES, NORSE, OURS, PEERS, OurNetwork, PeerNetwork, build
from runtime import cpu_name
from spyx_network import spyx_network
from torch import Tensor, nn

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.open import open_dataset
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents
from edge_sast.events.binning import Binning
from edge_sast.report.tables import print_table, write_json
from edge_sast.runtime import Simulator
from trainer.network.to_integers import export

BATCHES = (1, 8, 64)
RECORDING_US = 300_000  # of N-MNIST: three saccades
SETTLING = 30  # batches that the statistics of batch norm come from
RATE_TOLERANCE = 0.02  # of a firing rate: 8 bits round weights


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DATA", help="N-MNIST")
    parser.add_argument("--steps", type=int, default=10, help="time steps of a recording")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each; the quickest counts")
    parser.add_argument("--json", metavar="FILE", help="write the figures")
    args = parser.parse_args()
    try:
        figures = benchmark(args)
    except (EdgeSastError, CheckFailedError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2 if isinstance(error, EdgeSastError) else 1
    write_json(args.json, figures)
    return 0


def benchmark(args: argparse.Namespace) -> dict:
    """The table, printed too. Raises EdgeSastError for a user's mistake, CheckFailedError where networks differ."""
    if not args.data or args.rounds < 1 or not 1 <= args.steps <= 1000:
        raise EdgeSastError("--data DIR, 1 round or more and 1 to 1000 --steps are needed")
    torch.set_num_threads(1)
    present = [name for name in (*PEERS, NORSE) if _version(name)]
    versions = {name: _version(name) for name in (*present, "spyx", "jax", "torch")}
    print(f"{cpu_name()}, one thread;", ", ".join(f"{name} {of}" for name, of in versions.items() if of))
    binning = Binning(34, 34, 0, RECORDING_US // args.steps, args.steps, 1)
    dataset = open_dataset(args.data, sensor=None)
    binned = load_binned(dataset, dataset.splits[0], binning, limit=max(BATCHES))
    if len(binned) < max(BATCHES):
        raise EdgeSastError(f"--data has {len(binned)} recordings; give {max(BATCHES)} or more")
    x = dense(binned)
    networks = _peers(present, x)
    simulator = _ours(x, binned)
    _check_rates(simulator, binned, networks)
    runs = {OURS: _turns_of_ours(simulator, binned)}
    runs |= {name: _turns(peer, x) for name, peer in networks.items()}
    best = {name: {batch: np.inf for batch in BATCHES} for name in runs}
    for _ in range(args.rounds):
        for name, turns in runs.items():
            for batch, turn in turns.items():
                began = time.process_time()
                turn()
                best[name][batch] = min(best[name][batch], (time.process_time() - began) / _in_turn(batch))
    rows = []
    for name, seconds in best.items():
        single, most = seconds[1] / best[OURS][1], min(seconds.values()) / min(best[OURS].values())
        each = [f"{1 / seconds[batch]:,.0f}" for batch in BATCHES]
        rows.append([name, *each, f"{single:.1f}", f"{most:.1f}"])
    headers = ["", *(f"recordings/s, batch {batch}" for batch in BATCHES)]
    print_table(rows, [*headers, "× edge-sast, batch 1", "best batch"])
    return {"cpu": cpu_name(), "steps": args.steps, "seconds_per_recording": best}


def dense(binned: BinnedEvents) -> Tensor:
    """Presence, float32 [T, B, 2, height, width]."""
    x = binned.dense(np.arange(len(binned))).transpose(1, 0, 4, 2, 3)
    return torch.from_numpy(np.ascontiguousarray(x, np.float32))


@dataclass(frozen=True)
class Peer:
    """network: of an input of its library's kind, gives logits and firing rates. given: makes one of x [T, B, ...]."""

    network: Callable[[Any], tuple[Any, Any]]
    given: Callable[[Tensor], Any]


def _peers(present: list[str], x: Tensor) -> dict[str, Peer]:
    """Each library's ways of running the network."""
    peers: dict[str, Peer] = {}
    for name in present:
        for order in ("", CHANNELS_LAST):
            network, time_dim = settled(name + order, x)
            given = _batch_first if time_dim else Tensor.contiguous
            peers[name + order] = Peer(network, given)
            compiled = Peer(torch.compile(network), given)
            if _runs(f"{name}{order} compiled", compiled, x):
                peers[f"{name}{order} compiled"] = compiled
    if _version("spyx") and present:
        network, _ = settled(present[0], x)
        assert isinstance(network, PeerNetwork)
        peers["spyx"] = Peer(*spyx_network(network))
    return peers


def _runs(name: str, peer: Peer, x: Tensor) -> bool:
    """Whether PyTorch can compile it, for each batch; says why not."""
    try:
        with torch.inference_mode():
            for batch in BATCHES:
                peer.network(peer.given(x[:, :batch]))
    except Exception as error:  # whatever a library's code and the compiler make of each other
        print(f"{name}: left out, {type(error).__name__}: {str(error).splitlines()[0]}")
        return False
    return True


def _batch_first(x: Tensor) -> Tensor:
    return x.transpose(0, 1).contiguous()


def settled(library: str, x: Tensor) -> tuple[nn.Module, int]:
    """The network with common weights and the statistics of the same batches, and its dimension of time."""
    network, time_dim = build(library, len(x))
    with torch.no_grad():
        for _ in range(SETTLING):
            network(x.transpose(0, 1) if time_dim else x)
    return network.eval(), time_dim


def _ours(x: Tensor, binned: BinnedEvents) -> Simulator:
    network, _ = settled(OURS, x)
    assert isinstance(network, OurNetwork)
    widths = (8,) * len(list(network.network.weighted()))
    return Simulator(export(network.network, binned.binning, tuple(map(str, range(CLASSES))), widths, OURS))


def _check_rates(simulator: Simulator, binned: BinnedEvents, networks: dict[str, Peer]) -> None:
    """Raises CheckFailedError where a library's network does not fire as the integer one does."""
    spikes = simulator.run(binned).spikes.sum(axis=0)
    sizes = [layer.stop - layer.start for layer in simulator.layers]
    steps = len(binned) * binned.binning.steps
    own = [float(spikes[i]) / (sizes[i] * steps) for i in range(2)]
    x = dense(binned)
    for name, peer in networks.items():
        with torch.inference_mode():
            rates = [float(rate) for rate in peer.network(peer.given(x))[1]]
        print(f"{name}: firing rates {rates[0]:.4f}, {rates[1]:.4f} (edge-sast {own[0]:.4f}, {own[1]:.4f})")
        if max(abs(a - b) for a, b in zip(rates, own, strict=True)) > RATE_TOLERANCE:
            raise CheckFailedError(f"{name}: fires otherwise than edge-sast's network; nothing was timed")


def _turns(peer: Peer, x: Tensor) -> dict[int, Callable[[], object]]:
    """By batch, a turn: recordings in batches of so many."""

    def turn(batches: list[Any]) -> None:
        with torch.inference_mode():
            for batch in batches:
                peer.network(batch)

    def given(n: int) -> list[Any]:
        return [peer.given(x[:, i : i + n]) for i in range(0, _in_turn(n), n)]

    return {n: partial(turn, given(n)) for n in BATCHES}


def _turns_of_ours(simulator: Simulator, binned: BinnedEvents) -> dict[int, Callable[[], object]]:
    def turn(batches: list[BinnedEvents]) -> None:
        for batch in batches:
            simulator.run(batch)

    def given(n: int) -> list[BinnedEvents]:
        return [binned.select(np.arange(i, i + n)) for i in range(0, _in_turn(n), n)]

    return {n: partial(turn, given(n)) for n in BATCHES}


def _in_turn(batch: int) -> int:
    """Recordings of a turn."""
    return max(16, batch)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main())
