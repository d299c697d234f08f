"""The tables that 'edge-sast hil' prints of its figures."""

from __future__ import annotations

import itertools
from typing import Any

MEGA = 1e6


def board_table(found: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows and headers: one line per board."""
    headers = [
        "port",
        "board",
        "recordings",
        "latency ms",
        "p99",
        "max",
        "wire bytes",
        "failures",
        "restarts",
    ]
    rows = []
    for board in found["boards"]:
        latency = [f"{1000 * board['latency_s'][name]:.1f}" for name in ("mean", "p99", "max")]
        counts = [f"{board[name]}" for name in ("wire_bytes", "failures", "restarts")]
        rows.append((board["port"], board["board"], str(board["recordings"]), *latency, *counts))
    return rows, headers


def tick_table(found: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows and headers: what each board's clock says of a step and a recording; no rows without a clock.

    First with all events, as the sensor sent them, then with those that count.
    """
    headers = [
        "port",
        "clock",
        "events",
        "recordings",
        "a step, mean",
        "p99",
        "max",
        "a recording, mean",
        "p99",
        "max",
        "ms per recording",
    ]
    rows = []
    kinds = (("", "as sent"), ("unique_", "those that count"))
    for board, (kind, events) in itertools.product(found["boards"], kinds):
        if board[f"{kind}ticks_per_step"] is None:
            continue
        hz = board["clock_hz"]
        clock = f"{board['clock']} at {hz / MEGA:g} MHz" if hz else board["clock"]
        cells = [
            f"{board[kind + of][name]:.0f}"
            for of in ("ticks_per_step", "ticks_per_recording")
            for name in ("mean", "p99", "max")
        ]
        timed = hz and board["clock"] != "instructions"
        time_ms = f"{1000 * board[f'{kind}ticks_per_recording']['mean'] / hz:.3f}" if timed else "-"
        recordings = str(board[f"{kind}ticks_recordings"])
        rows.append((board["port"], clock, events, recordings, *cells, time_ms))
    return rows, headers


def layer_table(found: dict[str, Any]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows and headers: each layer's SynOps and spikes per recording, the board's and the runtime's."""
    headers = ["layer", "SynOps", "runtime's", "spikes", "runtime's", "every recording"]
    n = max(found["compared"], 1)
    rows = [
        (
            str(row["layer"]),
            *(f"{row[name] / n:.1f}" for name in ("synops", "runtime_synops", "spikes", "runtime_spikes")),
            "equal" if row["equal"] else "MISMATCH",
        )
        for row in found["layers"]
    ]
    return rows, headers
