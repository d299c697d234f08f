"""What makes a folder of Verilog usable elsewhere: lists of its files for other tools, and a README."""

from __future__ import annotations

from importlib import resources
from pathlib import PurePosixPath
from string import Template

import edge_sast
from firmware_gen.build.readme import class_names
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.predict.prediction import Prediction

TOP, CORE = "sast_uart_top", "sast_core"

_BUILD = """\
    edge-sast fpga build . --board icebreaker

Boards: `edge-sast fpga build --help`. They speak the board protocol of edge-sast over a UART (`rtl/sast_uart_top.v`),
so that `edge-sast hil --port` runs recordings on them. No board was attached where the tops were written."""
_NO_UART = (
    "The model's input or results are too large for the UART of edge-sast's boards: there is the core alone."
)


def readme(plan: RtlPlan, prediction: Prediction, *, uart: bool, loadable: bool) -> bytes:
    """What the folder is, and how to check, build and connect it. uart: it has TOP."""
    model, grid, run = plan.model, plan.model.binning, prediction.run
    cycles = (
        f"{run.cycles:,.0f} cycles per recording (mean of {run.recordings:,})"
        if run
        else f"{prediction.least_cycles:,} cycles per recording at least"
    )
    text = (resources.files("firmware_gen") / "rtl" / "templates" / "README.md").read_text("utf-8")
    filled = Template(text).substitute(
        tool=f"edge-sast {edge_sast.__version__}",
        model_hash=plan.model_hash,
        sensor=f"{grid.sensor_width} x {grid.sensor_height} pixels",
        shifted=f"; the core takes x >> {grid.shift} and y >> {grid.shift}" if grid.shift else "",
        steps=grid.steps,
        dt_us=grid.dt_us,
        classes=len(model.classes),
        class_names=class_names(model.classes),
        lanes=plan.lanes,
        memory_bits=f"{prediction.memory_bits:,}",
        cycles=cycles,
        answer=_when(plan),
        clear="clear" if plan.running else "1'b0",
        clears="; clear for a clock begins a stream anew, as a jump of its time does" if plan.running else "",
        loading="`edge-sast fpga load MODEL --port PORT`" if loadable else "by a new export and synthesis",
        board=_BUILD if uart else _NO_UART,
    )
    return filled.encode()


def _when(plan: RtlPlan) -> str:
    """When an answer comes, as the beginning of a sentence."""
    if plan.running:
        return "After each step"
    steps, margin = plan.model.binning.steps, plan.model.early_margin
    if margin is None:
        return f"After step {steps}"
    return (
        f"After step {steps}, or the first one after which the largest output leads by {margin}\n(events of the steps "
        "that are left are taken, and count for nothing),"
    )


def file_lists(files: list[str], version: str) -> dict[str, bytes]:
    """The same files for other tools: a FuseSoC core (CAPI 2), and a list as simulators, Vivado and Quartus read it.

    files: paths in the exported folder, with /. Returns path to content.
    """
    verilog = [path for path in files if path.endswith(".v")]
    headers = [path for path in files if path.endswith(".vh")]
    tables = [path for path in files if path.endswith(".mem")]
    top = TOP if f"rtl/{TOP}.v" in verilog else CORE  # some models have no UART
    lines = ["CAPI=2:", "", f"name: edge-sast:core:sast:{version}"]
    lines += [
        "description: Event-driven spiking network, exported by edge-sast",
        "",
        "filesets:",
        "  rtl:",
        "    files:",
    ]
    lines += [f"      - {path}: {{is_include_file: true}}" for path in headers]
    lines += [f"      - {path}" for path in verilog]
    lines += ["    file_type: verilogSource", "  tables:", "    files:"]
    lines += [f"      - {path}: {{copyto: {PurePosixPath(path).name}}}" for path in tables]
    lines += ["    file_type: user", "", "targets:", "  default:", "    filesets: [rtl, tables]"]
    lines += [f"    toplevel: {top}", ""]
    listed = ["+incdir+rtl", *verilog]
    return {"sast.core": "\n".join(lines).encode(), "files.f": ("\n".join(listed) + "\n").encode()}
