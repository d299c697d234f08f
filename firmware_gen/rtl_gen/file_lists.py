"""Lists of an exported folder's Verilog for other tools than this project's."""

from __future__ import annotations

from pathlib import PurePosixPath

TOP, CORE = "sast_uart_top", "sast_core"


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
