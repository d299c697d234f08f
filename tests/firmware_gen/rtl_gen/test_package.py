"""What makes a folder of Verilog usable elsewhere: lists and a README."""

from __future__ import annotations

import subprocess

import pytest
import yaml

import edge_sast
from edge_sast.model.modelfile import model_hash
from firmware_gen.rtl_gen.package import TOP, file_lists
from firmware_gen.rtl_gen.target import Room, generate
from tests.firmware_gen.builds import small_model
from tests.firmware_gen.fpga.tiny import tiny_folder
from tests.programs import LIMIT


def test_lists_for_other_tools():
    files = ["rtl/rows.mem", "rtl/sast_core.v", "rtl/sast_params.vh", "rtl/sast_uart_top.v"]
    lists = file_lists(files, "1.2.3")
    assert lists["files.f"] == b"+incdir+rtl\nrtl/sast_core.v\nrtl/sast_uart_top.v\n"
    core = lists["sast.core"].decode()
    assert core.startswith("CAPI=2:\n")  # by which FuseSoC knows the format
    document = yaml.safe_load(core)
    assert document["name"] == "edge-sast:core:sast:1.2.3"
    assert document["filesets"] == {
        "rtl": {
            "files": [
                {"rtl/sast_params.vh": {"is_include_file": True}},
                "rtl/sast_core.v",
                "rtl/sast_uart_top.v",
            ],
            "file_type": "verilogSource",
        },
        "tables": {"files": [{"rtl/rows.mem": {"copyto": "rows.mem"}}], "file_type": "user"},
    }
    assert document["targets"] == {"default": {"filesets": ["rtl", "tables"], "toplevel": "sast_uart_top"}}


def test_an_export_has_them_of_all_its_verilog():
    files = generate(small_model(), lanes=2)
    there = [path for path in sorted(files) if path.startswith("rtl/")]
    assert {"rtl/sast_core.v", "rtl/sast_params.vh", "rtl/weights_0.mem"} < set(there)
    assert file_lists(there, edge_sast.__version__).items() <= files.items()


@pytest.mark.needs("iverilog")
def test_a_simulator_takes_the_list_as_it_is(tmp_path):
    folder = tiny_folder(tmp_path / "tiny")
    files = ["rtl/rows.mem", "rtl/sast_params.vh", "rtl/sast_uart_top.v"]
    (folder / "files.f").write_bytes(file_lists(files, "1")["files.f"])
    command = ["iverilog", "-g2005", "-t", "null", "-s", TOP, "-f", "files.f"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_readme_says_what_the_folder_is():
    model = small_model()
    text = generate(model, lanes=2)["README.md"].decode()
    grid = model.binning
    assert f"model `{model_hash(model)}`" in text
    assert f"| input | events of {grid.sensor_width} x {grid.sensor_height} pixels, two polarities" in text
    assert f"| a recording | {grid.steps} steps of {grid.dt_us} µs |" in text
    assert "| the core | 2 membranes a clock; " in text
    assert "    edge-sast fpga build . --board icebreaker\n" in text
    assert "| other models | by a new export and synthesis |" in text
    assert "$" not in text.replace("`$readmemh`", "")


def test_a_readme_says_that_models_can_be_loaded():
    loadable = generate(small_model(), lanes=2, room=Room(loadable=True))["README.md"].decode()
    assert "| other models | `edge-sast fpga load MODEL --port PORT` |" in loadable


@pytest.mark.needs("iverilog")
def test_what_the_readme_shows_of_a_design_compiles(tmp_path):
    files = generate(small_model(), lanes=2)
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    text = files["README.md"].decode()
    instance = text.partition("```verilog\n")[2].partition("```")[0]
    ports = ["clk", "rst", "ev_valid", "none", "polarity", "step_ends", "res_ready", "[14:0]y", "[14:0]x"]
    outputs = ["ready", "ev_ready", "ev_error", "res_valid", "res_last", "[31:0]res_data"]
    names = [f"input wire {port}" for port in ports] + [f"output wire {port}" for port in outputs]
    (tmp_path / "mine.v").write_text(f"module mine({', '.join(names)});\n{instance}endmodule\n")
    command = ["iverilog", "-g2005", "-t", "null", "-s", "mine", "-f", "files.f", "mine.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
