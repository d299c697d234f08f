"""How decisions settle: recordings joined to one stream, in windows as they fall, overlapping, and in running state.

python benchmarks/running.py examples/nmnist-int8.safetensors --data valid.zip --limit 500 --leak 2 3 4 5
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from sent_events import load_sent

from edge_sast.cli.options.recordings import add_data_arguments
from edge_sast.errors import EdgeSastError
from edge_sast.model.modelfile import load
from edge_sast.report.tables import print_table, write_json
from edge_sast.streaming.session import Session, Wishes
from edge_sast.streaming.stream import EventStream


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model file")
    add_data_arguments(parser)
    parser.add_argument("--pause-us", type=int, default=5000, help="between two recordings")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the recordings")
    parser.add_argument(
        "--leak", type=int, nargs="*", default=[], help="of running state, beside its usual one"
    )
    parser.add_argument("--json", help="write the figures")
    args = parser.parse_args()
    try:
        model = load(args.model)
        name, binned, recordings = load_sent(args, model.binning)
        order = np.random.default_rng(args.seed).permutation(len(recordings))
        place = [model.classes.index(name) for name in binned.classes]
        labels = [place[binned.labels[i]] for i in order]
        events, spans = join([recordings[i] for i in order], args.pause_us)
        ways = {"windows": Wishes(), "--every 1": Wishes(every=1), "--running": Wishes(running=True)}
        ways |= {f"--running --leak {k}": Wishes(running=True, leak=k) for k in args.leak}
        rows = [
            {"way": way, **settled(Session(model, wishes).stream, events, spans, labels)}
            for way, wishes in ways.items()
        ]
    except EdgeSastError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{len(labels)} recordings of {name} in one stream, {args.pause_us} µs between two of them")
    print_table([_cells(row) for row in rows], list(rows[0]))
    write_json(args.json, {"recordings": len(labels), "data": name, "ways": rows})
    return 0


def join(recordings: list[np.ndarray], pause_us: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """One behind the other: EVENT_DTYPE of all, and when each begins and ends."""
    parts, spans, begin = [], [], 0
    for events in recordings:
        moved = events.copy()
        moved["t"] += begin - events["t"][0]
        parts.append(moved)
        spans.append((begin, int(moved["t"][-1])))
        begin = spans[-1][1] + pause_us
    return np.concatenate(parts), spans


def settled(
    stream: EventStream, events: np.ndarray, spans: list[tuple[int, int]], labels: list[int]
) -> dict[str, object]:
    """Of the steps that end within a recording, the last one's decision; and from which of them on all are right."""
    found = [stream.push(events), stream.finish()]
    ends = np.concatenate([part.end_us for part in found])
    classes = np.concatenate([part.classes for part in found])
    synops = sum(int(part.synops.sum()) for part in found)
    right, first = 0, []
    for (begin, end), label in zip(spans, labels, strict=True):
        inside = slice(*np.searchsorted(ends, [begin, end], side="right"))
        wrong = np.flatnonzero(classes[inside] != label)
        steps = len(classes[inside])
        after = int(wrong[-1]) + 1 if len(wrong) else 0
        if after < steps:
            right += 1
            first.append(after + 1)
    return {
        "right at the end": right / len(labels),
        "settled in step, median": float(np.median(first)) if first else None,
        "90 %": float(np.percentile(first, 90)) if first else None,
        "SynOps per step": synops // len(ends),
    }


def _cells(row: dict[str, object]) -> list[str]:
    return [f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()]


if __name__ == "__main__":
    sys.exit(main())
