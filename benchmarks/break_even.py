"""Below what rate of spikes a network costs less energy than its dense twin, by its shapes alone: no recordings.

python benchmarks/break_even.py --arch 16c5s2p2-or2-64c3p1-or2-out --steps 10 5 2
"""

from __future__ import annotations

import argparse
import sys

from edge_sast.errors import EdgeSastError
from edge_sast.report.tables import print_table
from trainer.measure.energy import alike, break_even, dense, inference
from trainer.measure.energy_prices import read_prices
from trainer.network.network import Network
from trainer.settings.config import TrainConfig


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arch", default="16c5s2p2-or2-64c3p1-or2-out", help="layers, as of train")
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 5, 2], help="numbers of time steps")
    parser.add_argument("--side", type=int, default=34, help="rows and columns of the sensor")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--energy-table", help="prices, as of evaluate")
    args = parser.parse_args()
    prices, rows = read_prices(args.energy_table), []
    for steps in args.steps:
        config = TrainConfig.of("hard", data="none", arch=args.arch, dt_us=1000, steps=steps)
        network = Network(config.network(config.binning((args.side, args.side)), args.classes))
        layers, bits = network.weighted(), config.integer().bits
        pairs = list(zip(layers, bits, strict=True))
        silent = sum(
            inference(layer, alike(layer, 0.0), b).picojoules(prices, integer=True) for layer, b in pairs
        )
        twin = sum(dense(layer, b).picojoules(prices, integer=True) for layer, b in pairs)
        rate = break_even(layers, bits, silent, prices)["break_even_rate"]
        told = "none" if rate is None else f"{100 * rate:.1f} %"
        rows.append([str(steps), f"{silent / 1e3:,.0f}", f"{twin / 1e3:,.0f}", told])
    print_table(rows, ["T", "F, nJ", "E_dense, nJ", "cheaper below a rate of"])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EdgeSastError as error:
        print(f"break_even: {error}", file=sys.stderr)
        sys.exit(2)
