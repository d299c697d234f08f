"""The table of code sizes is what the compilers make of the library today."""

from __future__ import annotations

import copy
import json

import pytest
from code_sizes import COMMAND, PATH, dumps, staleness

from edge_sast.errors import EdgeSastError
from firmware_gen.sizes.code_sizes import core_code, core_names
from firmware_gen.sizes.measure_code import CORES, measure, to_json
from tests import tools

STORED = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "rv32"])
def test_the_table_is_up_to_date(core):
    """Cores of the three kinds of code: without and with the DSP instructions, RISC-V."""
    tools.require_compiler("gcc", core)
    stale = staleness(STORED[core], json.loads(json.dumps(to_json(measure(CORES[core])))))
    assert not stale, f"the kernels have changed; run '{COMMAND}' ({'; '.join(stale)})"


def test_the_table_reads_as_it_was_written():
    assert PATH.read_text("utf-8") == dumps(STORED)
    assert set(core_names()) == set(CORES)
    for core in core_names():
        assert json.loads(json.dumps(to_json(core_code(core)))) == STORED[core]


def test_every_change_beyond_five_percent_is_told():
    old = STORED["cortex-m4"]
    new = copy.deepcopy(old)
    assert staleness(old, new) == []
    step = new["sections"]["sast_step:sast_step"]
    step["bytes"] = old["sections"]["sast_step:sast_step"]["bytes"] * 2
    new["functions"]["sast_push"]["frame"] += 80
    new["functions"]["sast_step"]["calls"] = []
    new["sections"]["a:new"] = {"bytes": 4, "uses": []}
    del new["functions"]["sast_result"]
    new["structs"] = {**old["structs"], "layer": 4}
    found = "\n".join(staleness(old, new))
    for text in (
        f"sast_step:sast_step: bytes {step['bytes'] // 2}, now {step['bytes']}",
        "sast_push: frame",
        "sast_step: refers to other functions",
        "a:new: only in the library",
        "sast_result: only in the file",
        "structs: ",
    ):
        assert text in found


def test_an_unknown_core_is_named():
    with pytest.raises(EdgeSastError, match="--core is 'z80'; use one of cortex-m0, "):
        core_code("z80")
