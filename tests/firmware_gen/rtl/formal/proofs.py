"""What is proved of the core's Verilog, at which sizes, how, and which faults each proof was seen to find."""

from __future__ import annotations

from tests.firmware_gen.rtl.formal.around import (
    ANSWERS_FAULTS,
    AXI_FAULTS,
    CRC,
    CRC_FAULTS,
    LOADER,
    LOADER_FAULTS,
    REGISTERS,
    REGISTERS_FAULTS,
    WALK,
    WALK_FAULTS,
)
from tests.firmware_gen.rtl.formal.planted import (
    BANK,
    BANK_FAULTS,
    BANKS,
    CORE,
    CORE_FAULTS,
    CORE_SIZES,
    COUNTERS,
    COUNTERS_FAULTS,
    DISPATCH,
    DISPATCH_FAULTS,
    DROP_FAULTS,
    EARLY_FAULTS,
    EVENTS,
    EVENTS_FAULTS,
    NEURON,
    NEURON_FAULTS,
    READOUT,
    READOUT_FAULTS,
    RUNS,
    RUNS_FAULTS,
    SHARE_FAULTS,
    SWEEP,
    SWEEP_FAULTS,
    sizes,
)
from tests.firmware_gen.rtl.formal.solver import Fault, Proof

PROOFS = {
    "events": Proof("sast_events", ("sast_events",), EVENTS, depth=2, faults=EVENTS_FAULTS),
    "events of one pixel": Proof(
        "sast_events", ("sast_events",), sizes(IN_W=1, IN_H=1, COUNT_CAP=255), depth=2
    ),
    "events, paced": Proof(
        "sast_events",
        ("sast_events",),
        EVENTS,
        depth=2,
        parameters={"PACED": 1},
        faults=(Fault("sast_events", "PACED == 0 && leaves", "leaves"),),
    ),
    "events, loaded": Proof(
        "sast_events",
        ("sast_events",),
        EVENTS,
        depth=2,
        parameters={"LOADS": 1},
        faults=tuple(
            Fault("sast_events", f"LOADS != 0 ? {old} :", f"LOADS != 0 ? {new} :")
            for old, new in (
                ("cap", "CAP"),
                ("grid[XB-1:0]", "WIDTH[XB-1:0]"),
                ("grid[16 +: YB_IN]", "HEIGHT[YB_IN-1:0]"),
            )
        ),
    ),
    "dispatch": Proof(
        "sast_dispatch", ("sast_dispatch",), DISPATCH, depth=3, modules=("sast_rom",), faults=DISPATCH_FAULTS
    ),
    "dispatch, one lane": Proof(
        "sast_dispatch",
        ("sast_dispatch",),
        DISPATCH | {"P": 1, "LP": 0, "G": 1, "LG": 0, "B": 1, "LB": 0, "RECURRENT": 1},
        depth=3,
        modules=("sast_rom",),
    ),
    "dispatch, loaded": Proof(
        "sast_dispatch",
        ("sast_dispatch",),
        DISPATCH,
        depth=3,
        modules=("sast_rom",),
        parameters={"LOADS": 1},
        faults=(Fault("sast_dispatch", "LOADS != 0 ? final_step :", "LOADS != 0 ? LAST_STEP[STB-1:0] :"),),
    ),
    "dispatch, early": Proof(
        "sast_dispatch",
        ("sast_dispatch",),
        DISPATCH | {"MARGIN": 1},
        depth=3,
        modules=("sast_rom",),
        faults=DROP_FAULTS,
    ),
    "dispatch, running": Proof(
        "sast_dispatch",
        ("sast_dispatch",),
        DISPATCH | {"RUNNING": 1, "STB": 1},
        depth=3,
        modules=("sast_rom",),
        faults=(
            Fault("sast_dispatch", "RUNNING == 0 && step ==", "step =="),
            Fault("sast_dispatch", "sweep_renew = last_step;", "sweep_renew = step == LAST_STEP[STB-1:0];"),
        ),
    ),
    "dispatch, a table of lanes": Proof(
        "sast_dispatch",
        ("sast_dispatch",),
        DISPATCH | {"P": 4, "LP": 2, "B": 1, "LB": 0, "LANE_TABLE": 1, "CAW": 5, "CDEPTH": 25},
        depth=3,
        modules=("sast_rom",),
        faults=(Fault("sast_dispatch", "{j[31-LG:0], place_lane}", "{j[31-LG:0], ~place_lane}"),),
    ),
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
    "spike stream": Proof(
        "sast_spike_stream",
        ("sast_spike_stream",),
        sizes(YB=2, RPB=3, LIB=2, P=2, LP=1, G=2, LG=1),
        depth=2,
        faults=(
            Fault("sast_spike_stream", "assign room = !held[1];", "assign room = !held[2];"),
            Fault("sast_spike_stream", "if (put && !take) held", "if (put) held"),
            Fault("sast_spike_stream", "if (take || !held[i]) here", "if (!held[i]) here"),
            Fault("sast_spike_stream", "held[i+1] ? entry[i+1].here : fresh", "fresh"),
            Fault("sast_spike_stream", "layer[7:0], row[11:0], k[11:0]", "layer[7:0], k[11:0], row[11:0]"),
        ),
    ),
    "neuron, any leaks": Proof(
        "sast_neuron", ("sast_neuron",), NEURON | {"LEAKS": 2, "SUBTRACT": 1}, depth=2, faults=NEURON_FAULTS
    ),
    "neuron, amounts": Proof(
        "sast_neuron",
        ("sast_neuron",),
        NEURON | {"LEAKS": 1, "SUBTRACT": 1, "AMB": 11},
        depth=2,
        faults=(
            Fault("sast_neuron", "subtract ? u -", "subtract ? u_in -"),
            Fault("sast_neuron", "{{(MW-AMB){1'b0}}, amount}", "{{(MW-AMB){amount[AMB-1]}}, amount}"),
        ),
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
        faults=(Fault("sast_neuron", "assign x = v - less1;", "assign x = v + 1 - less1;"),),
    ),
    "neuron, wide in the last layer": Proof(
        "sast_neuron",
        ("sast_neuron",),
        NEURON | {"TB": 5, "SMIN": 4, "MLOW": 8, "SLAST": 10},
        depth=2,
        faults=(
            Fault("sast_neuron", "? SLAST - 1 : MLOW;", "? SLAST : MLOW;"),
            Fault("sast_neuron", "? MLOW - 1 : MW - 1;", "? MLOW - 2 : MW - 1;"),
        ),
    ),
    "bank": Proof("sast_bank", ("sast_bank",), BANK, depth=2, modules=BANKS, faults=BANK_FAULTS),
    "bank, overlap": Proof(
        "sast_bank",
        ("sast_bank",),
        BANK,
        depth=2,
        modules=BANKS,
        parameters={"OVERLAP": 1, "QUEUE": 2},
        faults=(Fault("sast_bank", "(ends && m != first_a)", "ends"),),
    ),
    "bank, weights apart": Proof(
        "sast_bank",
        ("sast_bank.apart",),
        BANK | {"UAW": 3, "ULOW": 4, "UDEPTH": 7},
        depth=1,
        modules=BANKS,
        faults=(
            Fault("sast_bank", "upper <= u[UAW-1];", "upper <= u[0];"),
            Fault("sast_bank", "more[u[MOREAW-1:0]]", "more[0]"),
            Fault("sast_bank", "w = upper ? high : low", "w = low"),
        ),
    ),
    **{
        f"bank {bank} of {banks}": Proof(
            "sast_bank",
            ("sast_bank",),
            BANK | {"G": 1, "LG": 0, "B": banks, "LB": banks // 2, "NB": banks // 2 + 2},
            depth=2,
            modules=BANKS,
            parameters={"ID": bank},
            faults=SHARE_FAULTS
            if bank == 0
            else (),  # the last bank has its share of a run in its first word
        )
        for bank, banks in ((0, 2), (1, 2), (3, 4))
    },
    **{
        f"share of bank {bank} of 4": Proof(
            "sast_bank",
            ("sast_bank.share",),
            sizes(B=4, LB=2, MW=2, MAW=3, MDEPTH=7, UAW=4, UDEPTH=13, NB=4),
            depth=1,
            modules=BANKS,
            parameters={"ID": bank},
            faults=SHARE_FAULTS,
        )
        for bank in (0, 2)
    },
    "membranes": Proof(
        "sast_membranes",
        ("sast_membranes",),
        sizes(G=2, LG=1, MW=5, MLOW=3, MWIDE=3, MAW=3, MDEPTH=5),
        depth=2,
        faults=(
            Fault("sast_membranes", "is_wide <= read_a >=", "is_wide <= read_a >"),
            Fault("sast_membranes", "write_w == w;", "write_a == w;"),
            Fault("sast_membranes", "else if (load && was_read)", "else if (load)"),
            Fault("sast_membranes", "load && load_none && was_read", "1'b0"),
            Fault("sast_membranes", "{MORE{y[g*MLOW+MLOW-1]}}", "{MORE{1'b0}}"),
        ),
    ),
    "runs": Proof("sast_runs", ("sast_runs",), RUNS, depth=2, modules=("sast_rom",), faults=RUNS_FAULTS),
    "runs, chunks": Proof(
        "sast_runs",
        ("sast_runs",),
        RUNS | {"CHUNKS": 1, "NCB": 2, "LG": 1, "G": 2},
        depth=2,
        modules=("sast_rom",),
        faults=(
            Fault("sast_runs", "nc <= nc_row; ny", "ny"),
            Fault("sast_runs", "q_row <= q_next;", ""),
            Fault("sast_runs", "assign lane_u = lane1[0] ?", "assign lane_u = place_lane[0] ?"),
            Fault("sast_runs", "first ? syn :", "1'b1 ? syn :"),
        ),
    ),
    "sweep": Proof(
        "sast_sweep",
        ("sast_sweep",),
        SWEEP,
        depth=3,
        modules=("sast_rom", "sast_neuron"),
        faults=SWEEP_FAULTS,
    ),
    "sweep, loaded": Proof(
        "sast_sweep",
        ("sast_sweep",),
        SWEEP,
        depth=3,
        modules=("sast_rom", "sast_neuron"),
        parameters={"LOADS": 1},
        faults=(Fault("sast_sweep", "LOADS != 0 ? final_layer :", "LOADS != 0 ? LAST_ENTRY[EAW-1:0] :"),),
    ),
    "core": Proof(
        "sast_core",
        ("sast_core", "sast_sweep.in_core", "sast_dispatch.in_core"),
        CORE_SIZES,
        depth=4,
        modules=CORE,
        parameters={"CRC_WIDE": 0},
        faults=CORE_FAULTS,
    ),
    "core, early": Proof(
        "sast_core",
        ("sast_core", "sast_sweep.in_core", "sast_dispatch.in_core"),
        CORE_SIZES | {"MARGIN": 1},
        depth=4,
        modules=CORE,
        parameters={"CRC_WIDE": 0},
        faults=(
            Fault("sast_core", "if (anew || run_go) bank_has", "if (restart || run_go) bank_has"),
            Fault("sast_core", "if (anew) phase <=", "if (restart) phase <="),
            Fault("sast_core", ".rst(anew), .empty(runs_empty)", ".rst(restart), .empty(runs_empty)"),
        ),
    ),
    "core, loaded": Proof(
        "sast_core",
        ("sast_core", "sast_sweep.in_core", "sast_dispatch.in_core"),
        CORE_SIZES | {"LOADABLE": 1},
        depth=4,
        modules=CORE,
        parameters={"CRC_WIDE": 0},
        faults=CORE_FAULTS[:1],
    ),
    "core, running": Proof(
        "sast_core",
        ("sast_core", "sast_sweep.in_core", "sast_dispatch.in_core"),
        CORE_SIZES | {"RUNNING": 1},
        depth=4,
        modules=CORE,
        parameters={"CRC_WIDE": 0},
        faults=(
            Fault("sast_core", "answers = RUNNING != 0 || renew ||", "answers = renew ||"),
            Fault("sast_core", ".finish(finished && answers)", ".finish(finished && renew)"),
            Fault("sast_sweep", "renew <= ask_renew;", "renew <= 1'b1;"),
        ),
    ),
    "walk": Proof("sast_walk", ("sast_walk",), WALK, depth=2, faults=WALK_FAULTS),
    "walk, one lane": Proof("sast_walk", ("sast_walk",), sizes(MW=2), depth=2),
    "crc": Proof("sast_crc", ("sast_crc",), CRC, depth=2, parameters={"WIDE": 0}, faults=CRC_FAULTS),
    "loader": Proof("sast_loader", ("sast_loader",), LOADER, depth=2, faults=LOADER_FAULTS),
    "loader, into SPRAM": Proof(
        "sast_loader",
        ("sast_loader",),
        LOADER | {"SPRAM": 1, "CHUNKS": 1, "SYNB": 60},
        depth=2,
        faults=(Fault("sast_loader", "no_model = SPRAM != 0;", "no_model = 1'b0;"),),
    ),
    "registers": Proof("sast_registers", ("sast_registers",), REGISTERS, depth=2, faults=REGISTERS_FAULTS),
    "registers, answers": Proof(
        "sast_registers", ("sast_registers.answers",), REGISTERS, depth=1, faults=ANSWERS_FAULTS
    ),
    "axi lite": Proof("sast_axi_lite", ("sast_axi_lite",), sizes(), depth=2, faults=AXI_FAULTS),
    "counters": Proof("sast_counters", ("sast_counters",), COUNTERS, depth=7, faults=COUNTERS_FAULTS),
    "counters, recurrence": Proof(
        "sast_counters",
        ("sast_counters",),
        COUNTERS | {"RECURRENT": 1},
        depth=7,
        faults=(Fault("sast_counters", "op_layer == l) so_far", "1'b1) so_far"),),
    ),
    "counters, early": Proof(
        "sast_counters",
        ("sast_counters",),
        COUNTERS | {"RECURRENT": 1, "MARGIN": 1},
        depth=7,
        faults=(
            Fault("sast_counters", "op_ends || (MARGIN != 0 && over)", "op_ends"),
            Fault("sast_counters", "l_layer == l) || (MARGIN != 0 && over)", "l_layer == l)"),
        ),
    ),
    "readout": Proof("sast_readout", ("sast_readout",), READOUT, depth=2, faults=READOUT_FAULTS),
    "readout, early": Proof(
        "sast_readout", ("sast_readout",), READOUT | {"MARGIN": 3}, depth=2, faults=EARLY_FAULTS
    ),
    "readout, early, never": Proof("sast_readout", ("sast_readout",), READOUT | {"MARGIN": 8}, depth=2),
    "readout, early, counts": Proof(
        "sast_readout",
        ("sast_readout",),
        READOUT | {"MARGIN": 2, "LIF_OUT": 1, "CLASSES": 3},
        depth=2,
        faults=(
            Fault("sast_readout", "if (rst || forget) begun <=", "if (rst) begun <="),
            Fault("sast_readout", "begins || (MARGIN != 0 && finish)", "begins"),
        ),
    ),
    "readout, wide sums": Proof(
        "sast_readout",
        ("sast_readout",),
        READOUT | {"SYNTW": 40},
        depth=2,
        faults=(Fault("sast_readout", "if (age == 2'd1) kept <=", "if (age == 2'd0) kept <="),),
    ),
    "readout, loaded": Proof(
        "sast_readout",
        ("sast_readout",),
        READOUT,
        depth=2,
        parameters={"LOADS": 1},
        faults=(
            Fault("sast_readout", "LOADS != 0 ? final_layer :", "LOADS != 0 ? LAST_LAYER[LIB-1:0] :"),
            Fault("sast_readout", "LOADS != 0 ? fires :", "LOADS != 0 ? !fires :"),
        ),
    ),
    "readout, counts": Proof(
        "sast_readout",
        ("sast_readout",),
        READOUT | {"LIF_OUT": 1, "CLASSES": 3},
        depth=2,
        faults=(
            Fault(
                "sast_readout", "if (begins || (MARGIN != 0 && finish)) class_no <=", "if (rst) class_no <="
            ),
            Fault("sast_readout", "if (rst || forget) begun <=", "if (rst || begins) begun <="),
            Fault(
                "sast_readout", "{{(OUTW-1){1'b0}}, lane_spike}", "{{(OUTW-1){1'b0}}, lane_spike && answers}"
            ),
        ),
    ),
}
