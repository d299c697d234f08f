"""What a target imports: each export pays for its own generator alone."""

import subprocess
import sys

import pytest

from edge_sast.model.modelfile import save
from tests.firmware_gen.builds import small_model

CODE = """
import sys
from edge_sast.model.modelfile import load
from firmware_gen.targets import Options, generator, notes
files = generator(sys.argv[1])(load(sys.argv[2]), None, Options())
notes(sys.argv[1], files)
print(*sorted({name.split(".")[1] for name in sys.modules if name.startswith("firmware_gen.")} & {"c_gen", "rtl_gen"}))
"""


@pytest.mark.parametrize(("target", "package"), [("c", "c_gen"), ("verilog", "rtl_gen")])
def test_an_export_imports_its_own_generator_alone(target, package, tmp_path):
    model = tmp_path / "model.safetensors"
    save(small_model(), model)
    run = subprocess.run(
        [sys.executable, "-c", CODE, target, str(model)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [package]
