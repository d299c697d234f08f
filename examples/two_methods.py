"""For who studies training: does sharpness-aware training (SAST) lose less on the way to a device than its baseline?

    python examples/two_methods.py --seeds 5

Trains networks of examples/README.md's shape on the built-in digits, each seed once by SAST and once by its baseline,
the same surrogate spikes without sharpness, and without integer epochs, which train for few bits. Then
evaluates each in five forward passes: with the surrogate's smooth spikes that it was trained with, with hard spikes,
and with the integers of 8, 4 and 2 bits that a device computes. methods.png shows accuracy, and what is lost of it,
seed by seed; methods.json holds every figure.

Few epochs on one small data set: it shows how such a comparison is made, not which method is better. The study is
docs/results.md. Needs `pip install 'edge-sast[train,digits,plots]'`. Takes 30 s of processor time per seed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from worked import BLUE, RED, new_figure, new_folder, parser_of, run, write_picture

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METHODS = {"sast": ("SAST", BLUE), "surrogate": ("without sharpness", RED)}
PASSES = {"surrogate": "smooth", "hard": "hard", "int8": "INT8", "int4": "INT4", "int2": "INT2"}

# Of each method, a row for each seed: accuracy in the passes, in their order.
Accuracies = Mapping[str, Sequence[Sequence[float]]]


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of(__doc__, "examples-out/methods")
    parser.add_argument(
        "--seeds", type=int, default=5, metavar="N", help="trainings of each method (default: 5)"
    )
    parser.add_argument("--epochs", type=int, default=8, metavar="N", help="of each training (default: 8)")
    parser.add_argument("--limit", type=int, metavar="N", help="recordings to train on (default: all)")
    args = parser.parse_args(argv)
    if args.seeds < 1:
        raise EdgeSastError(f"--seeds is {args.seeds}; it must be 1 or more")
    out = new_folder(args.out)
    found = {
        method: [
            trained(method, seed, args.epochs, args.limit, out / f"{method}-{seed}")
            for seed in range(args.seeds)
        ]
        for method in METHODS
    }
    (out / "methods.json").write_text(
        json.dumps({"passes": list(PASSES), "accuracy": found}, indent=2) + "\n"
    )
    print("\n".join(table(found)))
    write_picture(picture(found), out / "methods.png")


def trained(method: str, seed: int, epochs: int, limit: int | None, folder: Path) -> list[float]:
    """Accuracy on the test recordings in each of PASSES.

    Raises EdgeSastError as `train` and `evaluate` do.
    """
    from trainer import TrainConfig, evaluate, train

    config = TrainConfig.of(
        method, data="digits", dt_us=30_000, steps=10, arch="8c5s2p2-20c3s2p1-out", epochs=epochs,
        qat_epochs=0, batch_size=32, lr=1e-2, limit=limit, seed=seed,
    )  # fmt: skip
    measured = evaluate(train(config, folder))
    accuracy = [measured[name]["accuracy"] for name in PASSES]
    print(f"{folder.name}: {', '.join(f'{100 * each:.1f} %' for each in accuracy)}", flush=True)
    return accuracy


def table(found: Accuracies) -> list[str]:
    """Means over seeds, and the least and the largest, in percent."""
    lines = [f"{'':<18}" + "".join(f"{name:>20}" for name in PASSES.values())]
    for method, rows in found.items():
        cells = [
            f"{100 * sum(each) / len(each):.1f} ({100 * min(each):.1f}..{100 * max(each):.1f})"
            for each in zip(*rows, strict=True)
        ]
        lines.append(f"{METHODS[method][0]:<18}" + "".join(f"{cell:>20}" for cell in cells))
    return lines


def picture(found: Accuracies) -> Figure:
    """Accuracy of each pass, and what it lacks of the first one."""
    figure = new_figure(9, 3.6)
    reached, lost = figure.subplots(1, 2)
    _draw(reached, found)
    reached.set_ylabel("accuracy on the test recordings, %")
    reached.legend(fontsize=8, frameon=False, loc="lower left")
    gaps = {method: [[each - row[0] for each in row] for row in rows] for method, rows in found.items()}
    _draw(lost, gaps)
    lost.axhline(0, color="black", linewidth=0.8)
    lost.set_ylabel("against the smooth spikes, points")
    seeds = len(next(iter(found.values())))
    reached.set_title(f"means of {seeds} seeds, range, and each seed", loc="left", fontsize=9)
    return figure


def _draw(ax: Axes, found: Accuracies) -> None:
    """The mean of each pass with a bar from the least to the largest, and a dot for each seed."""
    for method, shift in zip(found, (-0.1, 0.1), strict=True):
        name, colour = METHODS[method]
        columns = [[100 * each for each in column] for column in zip(*found[method], strict=True)]
        places = [number + shift for number in range(len(PASSES))]
        means = [sum(column) / len(column) for column in columns]
        spread = [
            [mean - min(column) for mean, column in zip(means, columns, strict=True)],
            [max(column) - mean for mean, column in zip(means, columns, strict=True)],
        ]
        ax.errorbar(places, means, yerr=spread, fmt="o-", ms=5, lw=1, capsize=3, color=colour, label=name)
        for place, column in zip(places, columns, strict=True):
            ax.plot([place] * len(column), column, ".", ms=4, color=colour, alpha=0.5)
    ax.set_xticks(range(len(PASSES)), list(PASSES.values()))
    ax.grid(True, axis="y", linewidth=0.4)


if __name__ == "__main__":
    sys.exit(run(main))
