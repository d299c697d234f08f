import shutil
import subprocess
from pathlib import Path

import pytest

from tests.firmware_gen.builds import SANITIZED, everything_model, export, library_sources, small_model


@pytest.fixture(scope="session")
def gcc():
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")


@pytest.fixture(scope="session")
def everything(tmp_path_factory) -> Path:
    """Build folder of everything_model, name "a"."""
    return export(everything_model(), tmp_path_factory.mktemp("everything") / "build")


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """Build folder of small_model, name "a", with one short known answer."""
    return export(small_model(), tmp_path_factory.mktemp("small") / "build", count=1)


@pytest.fixture(scope="session")
def sanitized_library(request, everything, tmp_path_factory) -> Path:
    """Library and host program under the sanitizers, compiled once; a model's own two files are added to it."""
    request.getfixturevalue("gcc")  # skips without one
    folder = tmp_path_factory.mktemp("library")
    sources = [str(path) for path in [*library_sources(everything), everything / "host" / "sast_host.c"]]
    includes = [f"-I{everything / name}" for name in ("include", "host")]
    subprocess.run(["gcc", *SANITIZED, *includes, "-c", *sources], cwd=folder, check=True, timeout=120)
    archive = folder / "libsast.a"
    subprocess.run(["ar", "rcs", str(archive), *map(str, folder.glob("*.o"))], check=True, timeout=60)
    return archive
