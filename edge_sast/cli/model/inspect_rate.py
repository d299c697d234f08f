"""What rate of events a part sustains, as `edge-sast inspect --on` shows it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from edge_sast.cli.options.recordings import data_options
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.terminal import echo

if TYPE_CHECKING:
    from edge_sast.model.model import Model
    from firmware_gen.step_bound.bound import StepBound
    from firmware_gen.step_bound.probe import Probe
    from firmware_gen.step_bound.speed import Speed

HEADERS = (
    "events in a step",
    "instructions",
    "of them sast_push",
    "sast_step",
    "cycles, about",
    "time, about",
)
SHOWN = (0, 1, 10, 100, 1_000, 10_000)
MOST_COUNTED = 100
NOT_INCLUDED = "your own code, observers, sast_stream, interrupts, wait states of flash"


def add_rate_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--on",
        metavar="NAME@FREQUENCY",
        help="say what rate of events a core, microcontroller or board keeps at a frequency (cortex-m4@80MHz, "
        "rp2040@125MHz, ...): the C is compiled, and a bound on a step's instructions is proven on an emulated core; "
        f"with --data also what up to {MOST_COUNTED} recordings take",
    )
    parser.add_argument(
        "--toolchain", metavar="NAME", help="for --on: gcc or zig (default: gcc where installed)"
    )
    parser.add_argument(
        "--flags", metavar="FLAGS", help="for --on: how to compile, such as --flags=-Os (default: -O2)"
    )
    parser.add_argument(
        "--cycles-per-instruction",
        type=float,
        metavar="N",
        help="for --on: of your core, on average (default: an estimate, which is said)",
    )


def asked_speed(args: argparse.Namespace) -> Speed | None:
    """What --on names; None where it is not given.

    Raises EdgeSastError: an unknown part, a frequency without a unit, or options that want --on.
    """
    if args.on is None:
        for option in ("toolchain", "flags", "cycles_per_instruction"):
            if getattr(args, option) is not None:
                name = option.replace("_", "-")
                raise EdgeSastError(f"--{name} has an effect only beside --on; add that one, or leave it out")
        return None
    from firmware_gen.step_bound.speed import parse_speed

    return parse_speed(args.on, args.cycles_per_instruction)


def rate_figures(model: Model, speed: Speed, args: argparse.Namespace) -> dict[str, Any]:
    """For --json, and for print_rate.

    Raises:
        EdgeSastError: toolchain or emulator is missing.
        CheckFailedError: a recording's step took more than the bound, or the program is not as the bound supposes.
    """
    from firmware_gen.emulator.build import DEFAULT_FLAGS
    from firmware_gen.sizes.prediction import not_included
    from firmware_gen.step_bound.bound import bound_of
    from firmware_gen.step_bound.probe import Probe
    from firmware_gen.step_bound.speed import kept
    from firmware_gen.toolchain.cross import usual_toolchain

    toolchain = args.toolchain or usual_toolchain(speed.core.family)
    flags = tuple(args.flags.split()) if args.flags is not None else DEFAULT_FLAGS
    probe = Probe(model, speed.core, toolchain, flags)
    bound = bound_of(probe, toolchain, flags)
    figures: dict[str, Any] = {
        "on": speed.name,
        "core": speed.core.name,
        "hz": speed.hz,
        "toolchain": toolchain,
        "flags": list(flags),
        "cycles_per_instruction": speed.cycles,
        "cycles_basis": speed.basis,
        "step_us": model.binning.dt_us,
        "kept": asdict(kept(bound, speed)),
        "not_included": not_included(model, NOT_INCLUDED),
    }
    shown = {n for n in SHOWN if n <= 2 * model.binning.neurons} | {model.binning.neurons}
    if args.data:
        figures["recordings"] = _recordings(probe, bound, args)
        shown |= {figures["recordings"]["most_events"]}
    if figures["kept"]["events"]:
        shown.add(figures["kept"]["events"])
    figures["steps"] = [_step(bound, speed, events) for events in sorted(shown)]
    return figures


def _step(bound: StepBound, speed: Speed, events: int) -> dict[str, Any]:
    found = bound.step(events)
    return {
        "events": events,
        "instructions": found.total,
        "push_instructions": found.events,
        "step_instructions": found.step,
        "layer_instructions": list(found.layers),
        "layer_spikes": list(found.spikes),
        "seconds": speed.seconds(found.total),
    }


def _recordings(probe: Probe, bound: StepBound, args: argparse.Namespace) -> dict[str, Any]:
    """Instructions of each step of recordings, as the sensor sent them.

    Raises CheckFailedError: one is above the bound.
    """
    from edge_sast.report.spread import spread

    events, counts = [], []
    recordings = 0
    for source, steps in _sent_steps(probe.model, args):
        recordings += 1
        probe.network.reset()
        for i, step in enumerate(steps):
            count, pushed = probe.count(step), (len(step) - 4) // 5
            if count > bound.step(pushed).total:
                raise CheckFailedError(
                    f"{source}: step {i} of {pushed} events took {count} instructions, more than the bound, "
                    f"{bound.step(pushed).total}"
                )
            events.append(pushed)
            counts.append(count)
            if probe.network.is_decided():
                break
    found = spread(counts) or {}
    nearest = max(count / bound.step(pushed).total for count, pushed in zip(counts, events, strict=True))
    return {
        "recordings": recordings,
        "steps": len(counts),
        "mean_events": sum(events) / len(events),
        "most_events": max(events),
        "mean_instructions": found["mean"],
        "p99_instructions": int(found["p99"]),
        "most_instructions": max(counts),
        "nearest_to_bound": nearest,
    }


def _sent_steps(model: Model, args: argparse.Namespace) -> Iterator[tuple[str, list[bytes]]]:
    """Source, and the steps, of up to MOST_COUNTED recordings."""
    from edge_sast.datasets.selection import bin_split, open_split
    from firmware_gen.build.event_bytes import sent_step_bytes

    options = data_options(args)
    options = replace(options, limit=min(options.limit or MOST_COUNTED, MOST_COUNTED))
    dataset, split = open_split(options)
    binned = bin_split(dataset, split, model.binning, options)
    load = {ref.source: ref.load for ref in dataset.recordings(split)}
    for source in binned.sources:
        yield source, sent_step_bytes(load[source]().events, model.binning)


def print_rate(figures: dict[str, Any]) -> None:
    """The same as text."""
    from edge_sast.report.tables import print_table

    f, kept = figures, figures["kept"]
    cycles = f"{f['cycles_per_instruction']:g} cycles per instruction ({f['cycles_basis']})"
    echo(
        "",
        f"{f['on']} at {f['hz'] / 1e6:g} MHz ({f['core']}, {f['toolchain']} {' '.join(f['flags'])}): "
        "no step takes more instructions than this, proven;",
        f"times are estimates, at {cycles}:",
    )
    rows = [
        [
            f"{step['events']:,}",
            *(f"{step[name]:,}" for name in ("instructions", "push_instructions", "step_instructions")),
            f"{step['instructions'] * f['cycles_per_instruction']:,.0f}",
            _time(step["seconds"]),
        ]
        for step in f["steps"]
    ]
    print_table(rows, HEADERS)
    echo(*_kept_lines(f["step_us"], kept))
    if "recordings" in f:
        echo(*_recording_lines(f["recordings"], f))
    echo(f"not included: {f['not_included']}")


def _kept_lines(step_us: int, kept: dict[str, Any]) -> list[str]:
    if kept["events"] is None:
        return [
            f"it does not keep steps of {step_us} µs for certain: even one without events may take "
            f"{_time(kept['shortest_s'])}; take a higher frequency, longer steps or a smaller network"
        ]
    return [
        f"it keeps steps of {step_us} µs with up to {kept['events']:,} events each, {kept['events_per_second']:,.0f} a "
        f"second; shortest step {_time(kept['shortest_s'])}, and as long as its row for more events",
        f"latency: a decision at most {_time(kept['latency_s'])} after the last event of such a step",
    ]


def _recording_lines(r: dict[str, Any], f: dict[str, Any]) -> list[str]:
    def time(instructions: float) -> str:
        return _time(instructions * f["cycles_per_instruction"] / f["hz"])

    shares = [
        f"{r['mean_instructions']:,.0f} on average ({time(r['mean_instructions'])})",
        f"99 % within {r['p99_instructions']:,} ({time(r['p99_instructions'])})",
        f"at most {r['most_instructions']:,} ({time(r['most_instructions'])})",
    ]
    return [
        f"{r['recordings']} recordings, {r['steps']:,} steps of {r['mean_events']:,.0f} events on average, at most "
        f"{r['most_events']:,}: instructions {', '.join(shares)}; none above its bound, the nearest at "
        f"{100 * r['nearest_to_bound']:.0f} % of it"
    ]


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:,.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:,.3g} µs"
