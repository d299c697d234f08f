"""Whether a device computes the same: verification, hardware in the loop, and what an FPGA's tools say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_sast.report.page.blocks import Cell, Section, Table, count, number, percent, row, text
from edge_sast.report.page.inputs import FiguresInput, Inputs

EQUAL, DIFFERS, PARTLY = "equal", "DIFFERS", "equal, not complete"


def verified(inputs: Inputs) -> Section:
    """Files of `verify` and `demo`."""
    section = Section("verified", "Verified bit for bit")
    rows = []
    for file in inputs.of("verify", "demo"):
        values = file.values
        reports = values.get("reports") or values.get("verified") or [values]
        for report in reports:
            cells = [
                file.label,
                text(report["target"]),
                text(report.get("toolchain") or ""),
                count(report["samples"]),
            ]
            cells += [
                count(report["steps"]),
                count(report["mismatches"]),
                _verdict(report["mismatches"] == 0),
            ]
            cells += [text(_mismatch(report["first_mismatch"])), number(report.get("cycles"), ",.0f")]
            rows.append(row([*cells, file.line], file.label))
    if rows:
        headers = ["file", "target", "made with", "recordings", "steps", "values that differ", "verdict"]
        headers += ["first difference", "cycles per recording", "command"]
        caption = "Every membrane, spike, counter and CRC of every step, beside the runtime's"
        section.blocks.append(Table(caption, headers, tuple(rows)))
    return section


def _verdict(equal: bool, complete: bool = True) -> Cell:
    said = (EQUAL if complete else PARTLY) if equal else DIFFERS
    return Cell(said, said)


def _mismatch(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "none"
    places = ", ".join(
        f"{name} {found[name]}"
        for name in ("sample", "step", "layer", "neuron")
        if found.get(name) is not None
    )
    return (
        f"{places}: {found.get('quantity', 'value')} expected {found.get('expected')}, got {found.get('got')}"
    )


def boards(inputs: Inputs) -> Section:
    """Files of `hil`."""
    section = Section("hil", "On boards")
    files = list(inputs.of("hil"))
    if not files:
        return section
    rows = []
    for file in files:
        v = file.values
        cells = [file.label, text(v.get("data", "")), f"{v['compared']:,} of {v['recordings']:,}", v["check"]]
        cells += [percent(v["accuracy"]), percent(v["runtime_accuracy"]), count(v["mismatches"])]
        cells += [
            _verdict(v["mismatches"] == 0, v["complete"]),
            text(_mismatch(v["first_mismatch"])),
            file.line,
        ]
        rows.append(row(cells, file.label))
    headers = ["file", "data", "recordings", "check", "accuracy %", "runtime's %", "recordings that differ"]
    headers += ["verdict", "first difference", "command"]
    section.blocks.append(Table("Recordings on boards, beside the runtime", headers, tuple(rows)))
    section.blocks.extend([_ports(file) for file in files])
    section.blocks.extend([_counters(file) for file in files if file.values["layers"]])
    return section


def _ports(file: FiguresInput) -> Table:
    rows = []
    for board in file.values["boards"]:
        latency, ticks = board["latency_s"], board.get("ticks_per_recording") or {}
        cells = [board["port"], board["board"], count(board["recordings"])]
        cells += [number(latency[name], ",.1f", 1000) for name in ("mean", "p99", "max")]
        cells += [board["clock"], *(count(ticks.get(name)) for name in ("mean", "p99", "max"))]
        rows.append(row([*cells, count(board["failures"]), count(board["restarts"])], file.label))
    headers = [
        "port",
        "board",
        "recordings",
        "latency ms",
        "99 % within",
        "most",
        "clock",
        "ticks per recording",
    ]
    headers += ["99 % within", "most", "failures", "restarts"]
    return Table(f"{file.label}: boards", headers, tuple(rows), file.line)


def _counters(file: FiguresInput) -> Table:
    each = max(file.values["compared"], 1)
    names = ("synops", "runtime_synops", "spikes", "runtime_spikes")
    rows = tuple(
        row(
            [str(r["layer"]), *(number(r[name] / each, ",.1f") for name in names), _verdict(r["equal"])],
            file.label,
        )
        for r in file.values["layers"]
    )
    headers = [
        "layer",
        "SynOps per recording",
        "runtime's",
        "spikes per recording",
        "runtime's",
        "every recording",
    ]
    return Table(f"{file.label}: layers", headers, rows, file.line)


def fpga(inputs: Inputs) -> Section:
    """Files of `fpga build` and `fpga report`: area and time, beside what the export predicted."""
    section = Section("fpga", "On FPGAs")
    designs = [(file, file.values) for file in inputs.of("fpga build")]
    designs += [(file, each) for file in inputs.of("fpga report") for each in file.values["designs"]]
    if not designs:
        return section
    rows = []
    for file, v in designs:
        fast = v["fmax_hz"] >= v["clock_hz"]
        cells = [file.label, text(v.get("design") or v.get("model") or ""), v["board"], count(v.get("lanes"))]
        cells += [number(v[name], ",.2f", 1e-6) for name in ("clock_hz", "fmax_hz")]
        cells += [Cell("fast enough", 1) if fast else Cell("TOO SLOW", 0)]
        cells += [_used(v, name) for name in ("logic", "ff", "bram", "spram", "dsp")]
        cells += [count(v.get("cycles")), number(v.get("microseconds"), ",.1f")]
        cells += [number(v.get("predicted_microseconds"), ",.1f"), file.line]
        rows.append(row(cells, file.label))
    headers = ["file", "design", "board", "lanes", "clock MHz", "reached MHz", "verdict"]
    headers += [
        "logic of all",
        "FF",
        "BRAM",
        "SPRAM",
        "DSP",
        "cycles per recording",
        "µs",
        "predicted µs",
        "command",
    ]
    caption = "Designs, placed and routed; built here, not run on a board"
    section.blocks.append(Table(caption, headers, tuple(rows)))
    return section


def _used(design: Mapping[str, Any], name: str) -> Cell:
    used, available = design["used"].get(name), design["available"].get(name)
    if not available or used is None:
        return text("")
    return Cell(f"{used:,} ({used / available:.0%})", used)
