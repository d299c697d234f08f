"""What a target imports: each export pays for its own generator alone."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.modelfile import save
from edge_sast.model.running import running_model
from firmware_gen.rtl_gen.loading.sizes import told
from firmware_gen.targets import VERILOG, C, Options, check_target, generator
from tests.firmware_gen.builds import everything_model, small_model
from tests.programs import LIMIT

CODE = """
import sys
from dataclasses import replace
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
        [sys.executable, "-c", CODE, target, str(model)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    assert run.stdout.split() == [package]


def test_room_for_other_models_is_for_fpgas_that_take_them(tmp_path):
    other = tmp_path / "other.safetensors"
    save(everything_model(), other)
    for options, target, why in (
        (
            Options(spram=True),
            VERILOG,
            r"^--spram is for a core that takes other models; add --loadable, or ",
        ),
        (Options(loadable=True), C, r"^--loadable is for FPGAs; leave it out with --target c$"),
        (
            Options(spare_bits=2),
            VERILOG,
            r"^--spare-bits is for a core that takes other models; add --loadable, or ",
        ),
        (
            Options(fits=[str(other)]),
            VERILOG,
            r"^--fits is for a core that takes other models; add --loadable, or ",
        ),
        (Options(loadable=True, fits=[str(tmp_path)]), VERILOG, str(tmp_path)),
    ):
        with pytest.raises(EdgeSastError, match=why):
            check_target(target, options)


def test_models_that_never_forget_have_no_running_state(tmp_path):
    other, forgets = tmp_path / "other.safetensors", tmp_path / "forgets.safetensors"
    save(small_model(), other)
    save(running_model(small_model(), 3), forgets)
    check_target(VERILOG, Options(loadable=True, fits=[str(forgets)], running=True))
    why = (
        rf"^--fits {re.escape(str(other))}: its read-out never forgets, so that it cannot run without end; give the "
        r"model file that 'edge-sast export MODEL --running --target model' writes$"
    )
    with pytest.raises(EdgeSastError, match=why):
        check_target(VERILOG, Options(loadable=True, fits=[str(forgets), str(other)], running=True))
    with pytest.raises(
        EdgeSastError, match=r"^model: its read-out never forgets, so that it cannot run without end; "
    ):
        generator(VERILOG)(small_model(), None, Options(running=True))


def test_only_what_is_asked_for_runs_without_end():
    model = running_model(small_model(), 3)
    windows, running = (
        generator(VERILOG)(model, None, Options(lanes=2, running=asked)) for asked in (False, True)
    )
    changed = {name for name in windows if windows[name] != running[name]}
    assert windows.keys() == running.keys()
    assert changed == {
        "README.md",
        "manifest.json",
        "prediction.json",
        "rtl/link_data.mem",
        "rtl/link_program.mem",
        "rtl/sast_link.vh",
        "rtl/sast_params.vh",
    }
    lines = [set(files["rtl/sast_params.vh"].decode().splitlines()) for files in (windows, running)]
    assert {line.split()[1] for line in lines[0] ^ lines[1]} == {"RUNNING", "STB", "SYNTW", "SPKTW"}
    for files, when in ((windows, b"After step 3 come"), (running, b"After each step come")):
        assert when in files["README.md"]


def test_what_a_core_that_takes_models_adds_to_the_folder(tmp_path):
    other = tmp_path / "other.safetensors"
    save(everything_model(), other)
    plain = generator(VERILOG)(small_model(), None, Options(lanes=2))
    asked = Options(lanes=2, loadable=True, fits=[str(other)], spare_words=10)
    loadable = generator(VERILOG)(small_model(), None, asked)
    spram = generator(VERILOG)(small_model(), None, replace(asked, spram=True))
    assert spram.keys() == loadable.keys()
    for folder, holds in ((plain, 0), (loadable, 0), (spram, 1)):
        assert f"localparam SPRAM = {holds};".encode() in re.sub(rb" +", b" ", folder["rtl/sast_params.vh"])
    assert set(loadable) - set(plain) == {"sizes.json", "rtl/sizes.mem"}
    sizes = json.loads(loadable["sizes.json"])
    words = [int(word, 16) for word in loadable["rtl/sizes.mem"].split()]
    assert told(words).constants == sizes["constants"]
    assert sizes["constants"]["COUNTED"] == len(everything_model().weighted())
    assert f"localparam UDEPTH = {sizes['constants']['UDEPTH']};" in loadable["rtl/sast_params.vh"].decode()
    assert b"localparam LOADABLE = 0;" in plain["rtl/sast_params.vh"]
    assert b"localparam REGISTERS = 0;" in plain["rtl/sast_link.vh"]
