"""The wheel, in an environment that holds nothing but what it asks for: whole, and the README's first commands run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.programs import LIMIT

ROOT = Path(__file__).parent.parent
PACKAGES = ("edge_sast", "firmware_gen", "trainer")
EXTRA = "emulator"  # of the README's first commands
BUILD = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"
MODEL = "examples/digits-int8.safetensors"
VERSIONS = ("3.12", "3.13", "3.14")
WHERE = "from pathlib import Path; print(*(Path(m.__file__).parent.parent for m in (edge_sast, firmware_gen, trainer)))"


def tracked(*folders: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )
    if listed.returncode:
        pytest.skip("the files of a checkout are asked of git")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def built(kind: str, source: Path, place: Path) -> Path:
    """The wheel or the sdist of a folder, by the hook that pip calls, without its download of setuptools."""
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", BUILD.format(kind), str(place)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    (made,) = place.iterdir()
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with `source`, the tracked files and no others."""
    place = tmp_path_factory.mktemp("wheel")
    for name in tracked():
        target = place / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return place


@pytest.fixture(scope="module")
def wheel(home):
    return built("wheel", home / "source", home / "wheel")


def contents(wheel: Path) -> dict[str, str]:
    """The SHA-256 of every file in it; RECORD lists them, and has none of its own."""
    with zipfile.ZipFile(wheel) as packed:
        return {name: hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist()}


def test_the_wheel_holds_every_file_of_the_packages(wheel):
    inside = {name for name in contents(wheel) if name.startswith(PACKAGES)}
    inside = {name for name in inside if ".dist-info/" not in name}
    pages = {"firmware_gen/c/README.md"}  # for who reads the repository
    assert inside == set(tracked(*PACKAGES)) - pages
    kinds = {Path(name).suffix for name in inside}
    assert {".c", ".h", ".S", ".ld", ".v", ".cpp", ".html", ".ino", ".cmake", ".json", ".typed"} < kinds


def test_the_sdist_makes_the_same_wheel(home, wheel):
    sdist = built("sdist", home / "source", home / "sdist")
    with tarfile.open(sdist) as packed:
        packed.extractall(home, filter="data")
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert not any(name.startswith("tests") for name in names)  # some without the others could not run
    again = built("wheel", home / sdist.name.removesuffix(".tar.gz"), home / "again")
    assert (again.name, contents(again)) == (wheel.name, contents(wheel))


def requirements(distribution_text: list[str], extra: str) -> list[Requirement]:
    wanted = [Requirement(text) for text in distribution_text]
    return [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": extra})]


def link_requirements(wheel: Path, site: Path) -> None:
    """What the wheel asks for, and what that asks for, as links to where it is installed; nothing else is found."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        fields = Parser().parsestr(packed.read(name).decode())
    waiting, seen = requirements(fields.get_all("Requires-Dist"), EXTRA), set()
    while waiting:
        wanted = waiting.pop()
        if wanted.name in seen:
            continue
        seen.add(wanted.name)
        found = importlib.metadata.distribution(wanted.name)
        assert found.files is not None, wanted
        for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
            source = Path(str(found.locate_file(top)))
            if source.exists() and not (site / top).exists():
                (site / top).symlink_to(source)
        waiting += requirements(found.requires or [], "")
    assert {"numpy", "numba", "llvmlite"} <= seen


@pytest.fixture(scope="module")
def installed(home, wheel):
    """Runs a program of an environment with the wheel and what it asks for; returns what it says."""
    place = home / "environment"
    venv.create(place, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install", "-q"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True, timeout=LIMIT)
    (site,) = (place / "lib").glob("python*/site-packages")
    link_requirements(wheel, site)
    shutil.copytree(home / "source" / "examples", home / "work" / "examples")
    # Bytecode is kept, or each command would compile the package anew.
    unwanted = ("PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR")
    variables = {name: value for name, value in os.environ.items() if name not in unwanted}
    variables["XDG_CACHE_HOME"] = str(home / "cache")

    def run(program: str, *words: str) -> str:
        done = subprocess.run(
            [str(place / "bin" / program), *words],
            cwd=home / "work",
            env=variables,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    run.site = site
    return run


needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links what is installed")


@needs_links
def test_what_runs_is_the_wheels(installed):
    told = installed("python", "-c", f"import edge_sast, firmware_gen, trainer; {WHERE}")
    assert told.split() == [str(installed.site)] * 3
    version = installed("python", "-c", "import edge_sast; print(edge_sast.__version__)").strip()
    assert installed("edge-sast", "--version") == f"edge-sast {version}\n"
    code = "import importlib.util as u; print([n for n in ('torch', 'pytest', 'yaml', 'scipy') if u.find_spec(n)])"
    assert installed("python", "-c", code) == "[]\n"
    config = "TrainConfig.of('hard', data='digits', dt_us=1000, steps=5, arch='tiny').method"
    assert installed("python", "-c", f"from trainer import TrainConfig; print({config})") == "hard\n"


@needs_links
def test_the_first_commands_run(installed, home):
    assert "flash 19294 bytes" in installed("edge-sast", "inspect", MODEL)
    rows = installed("edge-sast", "run", MODEL, "examples/digit-7.bin", "--sensor", "24x24").split("\n")
    assert rows[2].split()[:2] == ["examples/digit-7.bin", "7"]
    assert "wrote build/digits-int8 " in installed("edge-sast", "export", MODEL, "--no-data")
    if shutil.which("cc"):
        assert "CRC equal" in installed("edge-sast", "verify", "--on", "host")
    told = installed("edge-sast", "export", MODEL, "--no-data", "--target", "verilog")
    assert "wrote build/digits-int8-verilog " in told
    assert '"const": "board list"' in installed("edge-sast", "schema", "board", "list")
    view = ("data", "view", "examples/digit-7.bin", "--sensor", "24x24", "--out", "seven.html")
    installed("edge-sast", *view)
    assert "<canvas" in (home / "work" / "seven.html").read_text("utf-8")
    assert "ready" in installed("edge-sast", "doctor").split("\n")[-2]


# Of two extras a package comes as source, which a C compiler makes: `cobs` of hil everywhere, `expelliarmus` of tonic
# from 3.12 on. The README says so.
EXTRAS = "train,triton,digits,sweep,plots,hdf5,aedat4,emulator,boards,fpga,completion,dev,docs"
RESOLVE = (
    "pip",
    "install",
    "--quiet",
    "--dry-run",
    "--only-binary=:all:",
    "-c",
    str(ROOT / "constraints.txt"),
)


def resolved(version: str, place: Path, *wanted: str) -> bool:
    """Whether the registry that pip is set to has wheels of all that is wanted; nothing is installed."""
    words = [*RESOLVE, "--python-version", version, "--target", str(place), *wanted]
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=LIMIT)
    if "Failed to establish a new connection" in done.stderr:
        pytest.skip("pip reaches no registry")
    return done.returncode == 0


@pytest.mark.quality
@pytest.mark.parametrize("version", VERSIONS)
def test_every_dependency_has_a_wheel_for_later_pythons(version, wheel, tmp_path):
    """Markers of dependencies are those of the Python that asks: pip has no others."""
    assert resolved(version, tmp_path, f"{wheel}[{EXTRAS}]", "pyserial>=3.5")
    assert not resolved(version, tmp_path, "cobs>=1.2", "--no-deps")
    assert not resolved(version, tmp_path, "expelliarmus", "--no-deps")
