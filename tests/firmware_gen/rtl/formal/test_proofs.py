"""Every proof holds, and finds each fault that is planted for it."""

from __future__ import annotations

import pytest

from tests.firmware_gen.rtl.formal.proofs import PROOFS
from tests.firmware_gen.rtl.formal.solver import BROKEN, PROVED, RTL, attempt

FAULTS = [(name, fault) for name, proof in PROOFS.items() for fault in proof.faults]

# also in every run of the tests
QUICK = (
    "events",
    "dispatch",
    "dispatch, running",
    "dispatch, early",
    "runs",
    "membranes",
    "sweep",
    "spikes",
    "spike stream",
    "readout",
    "readout, early",
    "walk",
    "crc",
    "axi lite",
)


@pytest.mark.needs("yosys")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.quality) for n in PROOFS]
)
def test_proof(tmp_path, name):
    assert attempt(PROOFS[name], tmp_path) == PROVED


def test_faults_are_of_the_verilog_as_it_is():
    texts = {fault.module: (RTL / f"{fault.module}.v").read_text() for _, fault in FAULTS}
    assert not [fault for _, fault in FAULTS if texts[fault.module].count(fault.old) != 1]


@pytest.mark.quality
@pytest.mark.needs("yosys")
@pytest.mark.parametrize(("name", "fault"), FAULTS, ids=[f"{name}-{fault.new}" for name, fault in FAULTS])
def test_planted_fault(tmp_path, name, fault):
    assert attempt(PROOFS[name], tmp_path, fault).startswith(BROKEN)
