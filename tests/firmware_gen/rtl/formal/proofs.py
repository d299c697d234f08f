"""What is proved of the core's Verilog, at which sizes, how, and which faults each proof was seen to find."""

from __future__ import annotations

from firmware_gen.rtl_gen.params_vh import LOCALPARAMS
from tests.firmware_gen.rtl.formal.solver import Fault, Proof

# The smallest of everything; a proof says what it wants larger.
SMALLEST = {name: 1 for name in LOCALPARAMS} | {"LB": 0, "LG": 0, "LP": 0, "WSHIFT": 0, "WSHW": 0, "SMIN": 2} | dict.fromkeys(
    ("LIF_OUT", "LANE_TABLE", "CHUNKS", "SUBTRACT", "LEAKS", "LEAK_ONE", "RECURRENT"), 0
)  # fmt: skip


def sizes(**larger: int) -> dict[str, int]:
    assert larger.keys() <= LOCALPARAMS.keys()
    return SMALLEST | larger


NEURON = sizes(MW=12, SMIN=6, TB=11, BB=11, SB=12)
NEURON_FAULTS = tuple(
    Fault("sast_neuron", old, new)
    for old, new in (
        ("~mask;    //", "mask;    //"),
        ("u_in >= t;", "u_in > t;"),
        ("lif && exists &&", "lif &&"),
        ("subtract ? u - t", "subtract ? u_in - t"),
        ("v >>> k1", "{v} >>> k1"),
        ("v >>> k2", "(v - less1) >>> k2"),
        ("{(MW-BB){bias1[BB-1]}}", "{(MW-BB){1'b0}}"),
        ("v <= fire ? rest : u;", "v <= fire ? rest : u_in;"),
    )
)
BANK = sizes(MW=5, WBITS=2, WSHW=1, MAW=2, MDEPTH=3, UAW=2, UDEPTH=3, NB=2)
BANK_FAULTS = tuple(
    Fault("sast_bank", old, new)
    for old, new in (
        ("held[i+1] ? entry[i+1].here : fresh", "held[i+1] || push ? entry[i+1].here : fresh"),
        ("(take || !held[i]) here", "(take) here"),
        ("ends <= h_n == 1;", "ends <= 1'b0;"),
        ("assign take = due && (!run || ends);", "assign take = due && !run;"),
        ("h_phase == phase;", "1'b1;"),
        ("(ends && m != first_a)", "ends"),
        ("again <= add && run && m == add_a;", "again <= 1'b0;"),
        ("run && m == add_a;", "run;"),
    )
)


PROOFS = {
    "spikes": Proof(
        "sast_spikes",
        ("sast_spikes",),
        sizes(FIFO_AW=2, YB=1, RPB=1, P=2, LP=1, G=2, LG=1),
        depth=3,
        faults=(
            Fault("sast_spikes", "if (put) wr <= wr + 1'b1;", "if (put && !rewind) wr <= wr + 1'b1;"),
            Fault("sast_spikes", "if (rewind) word_valid <= 1'b0;\n      else ", ""),
            Fault("sast_spikes", "else if (read) rd <=", "else if (read && !put) rd <="),
            Fault("sast_spikes", "wr != rd && (!word_valid", "(put || wr != rd) && (!word_valid"),
        ),
    ),
    "neuron, any leaks": Proof(
        "sast_neuron", ("sast_neuron",), NEURON | {"LEAKS": 2, "SUBTRACT": 1}, depth=2, faults=NEURON_FAULTS
    ),
    "neuron, one leak": Proof(
        "sast_neuron",
        ("sast_neuron",),
        NEURON | {"LEAKS": 1, "LEAK_ONE": 3},
        depth=2,
        faults=(Fault("sast_neuron", "v >>> LEAK_ONE", "{v} >>> LEAK_ONE"),),
    ),
    "neuron, no leak": Proof(
        "sast_neuron",
        ("sast_neuron",),
        NEURON | {"SUBTRACT": 1},
        depth=2,
        faults=(Fault("sast_neuron", "wide_bias - less2", "wide_bias + 1 - less2"),),
    ),
    "bank, alone": Proof("sast_bank", ("sast_bank",), BANK, depth=2, modules=("sast_rom",), faults=BANK_FAULTS),
}
