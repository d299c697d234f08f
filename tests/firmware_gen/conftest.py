import os
import subprocess
from pathlib import Path

import pytest

from tests import tools
from tests.firmware_gen.builds import LIBRARY, SANITIZED, everything_model, export, small_model


@pytest.fixture(scope="session")
def everything(tmp_path_factory) -> Path:
    """Build folder of everything_model, name "a"."""
    return export(everything_model(), tmp_path_factory.mktemp("everything") / "build")


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Path:
    """Build folder of small_model, name "a", with one short known answer."""
    return export(small_model(), tmp_path_factory.mktemp("small") / "build", count=1)


@pytest.fixture(scope="session")
def sanitized_library(everything, tmp_path_factory) -> Path:
    """The whole library and the host program under the sanitizers, compiled once; a model's own files are added."""
    tools.require("gcc")
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "libsast.a"
    if shared.exists():  # another worker made it
        return shared
    folder = tmp_path_factory.mktemp("library")
    host = (everything / "host").glob("sast_*.c")
    sources = [str(path) for path in sorted([*LIBRARY.glob("*.c"), *host])]
    includes = [f"-I{everything / name}" for name in ("include", "host")]
    subprocess.run(["gcc", *SANITIZED, *includes, "-c", *sources], cwd=folder, check=True, timeout=120)
    archive = folder / "libsast.a"
    subprocess.run(["ar", "rcs", str(archive), *map(str, folder.glob("*.o"))], check=True, timeout=60)
    return archive.replace(shared)
