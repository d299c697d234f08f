"""At which sizes the core's Verilog is proved, and the faults that are planted in it."""

from __future__ import annotations

from firmware_gen.rtl_gen.params_vh import LOCALPARAMS
from tests.firmware_gen.rtl.formal.solver import Fault

# The smallest of everything; a proof says what it wants larger.
NONE = (
    "LB",
    "LG",
    "LP",
    "WSHIFT",
    "WSHW",
    "MARGIN",
    "LIF_OUT",
    "LANE_TABLE",
    "CHUNKS",
    "SUBTRACT",
    "AMB",
    "LEAKS",
    "LEAK_ONE",
    "RECURRENT",
    "RUNNING",
    "LOADABLE",
    "REGISTERS",
    "SPRAM",
)
SMALLEST = {name: 0 if name in NONE else 1 for name in LOCALPARAMS} | {"SMIN": 2}


def sizes(**larger: int) -> dict[str, int]:
    assert larger.keys() <= LOCALPARAMS.keys()
    # all words hold all bits of a membrane, and one memory all weights
    same = {"MLOW": larger.get("MW", 1), "ULOW": larger.get("UDEPTH", 1)}
    return SMALLEST | same | {"BDEPTH": 2 * larger.get("PDEPTH", 1)} | larger


NEURON = sizes(MW=12, SMIN=6, TB=11)
NEURON_FAULTS = tuple(
    Fault("sast_neuron", old, new)
    for old, new in (
        ("~mask;    //", "mask;    //"),
        ("+ {1'b0, rest};", "+ {1'b0, rest} - 1'b1;"),
        ("lif && exists &&", "lif &&"),
        ("subtract ? u +", "subtract ? u_in +"),
        ("v >>> k1", "{v} >>> k1"),
        ("v >>> k2", "(v - less1) >>> k2"),
        ("v <= fire ? left : u;", "v <= fire ? left : u_in;"),
    )
)
RUNS = sizes(
    B=2, LB=1, LG=2, G=4, MAW=2, UAW=2, NB=2, NYB=2, CQB=2, CUB=2, SYNB=2, RPB=2, URB=2, SBITS=2, CWB=2, CUB2=2
)  # fmt: skip
RUNS_FAULTS = tuple(
    Fault("sast_runs", old, new)
    for old, new in (
        ("if (go1) v1 <=", "if (go2) v1 <="),
        ("assign go1 = !v1 || go2;", "assign go1 = !v1 || load;"),
        ("if (go1) lane1 <=", "lane1 <="),
        ("v1 && c_n != {NB{1'b0}} && r_ny", "v1 && r_ny"),
        (".en(go1), .a(spare ? spare_row", ".en(1'b1), .a(spare ? spare_row"),
        ("s32 << 1 : 32'd0);", "s32 : 32'd0);"),
        ("!spare && !v1 &&", "!spare &&"),
        ("!v3 || (sent && ends)", "!v3 || (sent && row_ends)"),
    )
)
SWEEP = sizes(MW=3, MAW=3, MDEPTH=7, EAW=2, EDEPTH=3, RPB=2, YB=2, PAW=2, PDEPTH=3, PNB=2)
SWEEP_FAULTS = tuple(
    Fault("sast_sweep", old, new)
    for old, new in (
        ("(cleared || ready) &&", ""),
        ("assign free = rests && settled;", "assign free = rests;"),
        ("a3 <= a2;", "a3 <= a1;"),
        ("row_ends || pn == l_pn", "row_ends"),
        ("if (row_ends) row <=", "row <="),
        (
            "wire ends = row_ends && row == l_rows;".replace("ends =", "           ends ="),
            "wire ends = row == l_rows;",
        ),
        ("slow && (s1 || seen || busy)", "slow && (s1 || busy)"),
        ("act && !hold && room", "act && !hold"),
        ("layer != (LOADS != 0 ? final_layer : LAST_ENTRY[EAW-1:0])", "1'b1"),
        ("!cleared && layer != (LOADS != 0 ? final_layer : LAST_ENTRY[EAW-1:0])", "1'b0"),
    )
)
READOUT = sizes(MW=4, OUTW=3, CLASSES=4, CLB=2, COUNTED=2)
EARLY_FAULTS = tuple(
    Fault("sast_readout", old, new)
    for old, new in (
        ("beyond >= LEAST", "beyond > LEAST"),
        ("beyond <= -LEAST", "beyond < -LEAST"),
        ("far && (better[OUTW] || lead)", "far && lead"),
        ("far && (better[OUTW] || lead)", "far"),
        ("lead <= index == {CLB{1'b0}} ||", "lead <="),
        ("{1'b0, told} - {1'b0, ~less}", "{told[OUTW-1], told} - {less[OUTW-1], ~less}"),
        ("MARGIN == 0 && lane_next && answers", "lane_next && answers"),
        ("(MARGIN == 0 && !answers) || !full", "!answers || !full"),
        ("lane_next || (outputs && put)", "lane_next || outputs"),
        ("put && last_kept", "put"),
        ("counts[class_no];\n    assign last_kept", "counts[0];\n    assign last_kept"),
    )
)
READOUT_FAULTS = tuple(
    Fault("sast_readout", old, new)
    for old, new in (
        ("lane_next && answers : !full &&", "lane_next && answers : "),
        ("assign lane_ready = (MARGIN == 0 && !answers) || !full;", "assign lane_ready = 1'b1;"),
        ("put || (full && !res_tready);", "put || full;"),
        ("if (load) begin", "if (1'b1) begin"),
        ("total_layer == (LOADS != 0 ? final_layer : LAST_LAYER[LIB-1:0])", "1'b1"),
        ("{1'b0, told} + {1'b0, less}", "{1'b0, told} + {1'b0, less} + 1'b1"),
        ("index == {CLB{1'b0}} || better[OUTW]", "better[OUTW]"),
        ("res_tdata[OUTW-1:0] ^ {1'b1, {(OUTW-1){1'b0}}}", "res_tdata[OUTW-1:0]"),
        ("if (begins) index <=", "if (rst) index <="),
        ("{{(32-OUTW){value[OUTW-1]}}, value}", "{{(32-OUTW){1'b0}}, value}"),
        ("state == CLASS || age == 2'd2", "state == CLASS || age != 2'd0"),
        ("|| (age[0] && (SUMW != 16 || !full))", ""),
        ("total_part = {part[1],", "total_part = {1'b0,"),
        ("part[0] ? total[63:32]", "part[1] ? total[63:32]"),
        ("SUMW == 16 && !full && age", "SUMW == 16 && age"),
    )
)
COUNTERS = sizes(P=2, LP=1, LIB=1, COUNTED=2, SYNB=2, SYNW=3, SPKW=3)
COUNTERS_FAULTS = tuple(
    Fault("sast_counters", old, new)
    for old, new in (
        ("a1[0] && carry}", "carry}"),
        ("q & {SUMW{begun}}", "q"),
        ("turn != 2'd3);", "turn != 2'd2);"),
        ("if (rst || forget) begun", "if (rst) begun"),
        ("a1[LIB+1:2] == (", "1'b1 || a1[LIB+1:2] == ("),
        ("run_sent && op_counted", "run_sent"),
        ("fresh <= seen && !rst;", "fresh <= seen && !sweep_ends;"),
        ("a1[1] ? {{(2*SUMW-SPKW)", "!a1[1] ? {{(2*SUMW-SPKW)"),
    )
)
CORE = tuple(
    f"sast_{name}"
    for name in (
        *(
            "rom",
            "events",
            "dispatch",
            "runs",
            "bank",
            "membranes",
            "sweep",
            "neuron",
            "spikes",
            "counters",
            "walk",
            "crc",
            "readout",
        ),
    )
)
CORE_SIZES = sizes(
    MW=4, P=1, MAW=2, MDEPTH=3, EDEPTH=2, ODEPTH=2, RDEPTH=2, CDEPTH=2, UDEPTH=2, CLB=1, CLASSES=2, OUTW=2
)  # fmt: skip
CORE_FAULTS = (
    Fault("sast_core", "else if (done) phase <= !phase;", "else if (done && !run_go) phase <= !phase;"),
    Fault("sast_core", "CRC: if (st_tready) state <= CYCLES;", "CRC: state <= CYCLES;"),
    Fault("sast_core", "bank_ready & ~bank_has &", "bank_ready &"),
    Fault("sast_core", "if (anew || run_go) bank_has", "if (anew) bank_has"),
    Fault("sast_core", "LISTEN: if (!crc_busy && !walk_busy) state", "LISTEN: if (!crc_busy) state"),
    Fault(
        "sast_core", "!ends && !crc_busy && !walk_busy && !readout_busy;", "!ends && !crc_busy && !walk_busy;"
    ),
    Fault("sast_core", "assign told = state == QUIET && ", "assign told = "),
    Fault("sast_core", ".busy(walk_busy), .room(room)", ".busy(1'b0), .room(room)"),
    Fault("sast_core", "(ask && first_sweep) observed", "(first_sweep) observed"),
    Fault("sast_core", "REPORT: state <= l_last ? FINISH : QUIET;", "REPORT: state <= FINISH;"),
    Fault("sast_core", "state == CYCLES ? step_cycles : crc;", "state == CYCLES ? cycles : crc;"),
    Fault("sast_core", "COUNTS: state <= LISTEN;", "COUNTS: state <= REPORT;"),
    Fault("sast_core", "default: if (st_tready) state", "default: state"),
    Fault("sast_core", "assign st_tlast = state == CYCLES;", "assign st_tlast = state == CRC;"),
    Fault("sast_core", "if (finished) step_cycles <=", "if (finished || op_ends) step_cycles <="),
    Fault("sast_dispatch", "state == ASK && runs_empty &&", "state == ASK &&"),
    Fault("sast_sweep", "wire rests = cleared && !asked &&", "wire rests = cleared &&"),
)
BANK = sizes(G=2, LG=1, MW=3, WBITS=2, MDEPTH=2, UAW=2, UDEPTH=3, BB=2, SB=2)
BANKS = ("sast_rom", "sast_membranes")
SHARE_FAULTS = tuple(
    Fault("sast_bank", old, new)
    for old, new in (
        (" && share_n != 0", ""),
        ("run_q[MAW+LB-1:LB] + {{(MAW-1){1'b0}}, next}", "run_q[MAW+LB-1:LB]"),
        ("run_u[UAW+LB-1:LB] + {{(UAW-1){1'b0}}, next}", "run_u[UAW+LB-1:LB]"),
        ("+ (B - 1) -", "-"),
    )
)
BANK_FAULTS = tuple(
    Fault("sast_bank", old, new)
    for old, new in (
        ("held[i+1] ? entry[i+1].here : fresh", "held[i+1] || push ? entry[i+1].here : fresh"),
        ("(take || !held[i]) here", "(take) here"),
        ("ends <= h_n == 1;", "ends <= 1'b0;"),
        ("h_phase == phase;", "1'b1;"),
        ("(ends && m != first_a)", "ends"),
        ("run && !(add && m == add_a);", "run;"),
        ("load_x[g*MW +: MLOW]", "load_x[0 +: MLOW]"),
        ("w[g*WBITS +: WBITS]", "w[0 +: WBITS]"),
        ("run && !(add && m == add_a);", "run && !add;"),
        ("{{(MW-VB){bias[VB-1]}}, bias}", "{{(MW-VB){1'b0}}, bias}"),
        ("if (load_none) last", "if (1'b0) last"),
        ("{(MW-WBITS){w1[WBITS-1]}}", "{(MW-WBITS){1'b0}}"),
    )
)

EVENTS = sizes(IN_W=5, IN_H=3, COUNT_CAP=2)
EVENTS_FAULTS = tuple(
    Fault("sast_events", old, new)
    for old, new in (
        ("repeated && times == most", "repeated && times >= most - 8'd1"),
        ("x[XB-1:0] > width", "x[XB-1:0] >= width"),
        ("y >> YB_IN != 0 || ", ""),
        ("times != 0 && now < site", "now < site"),
        ("open && full && (event_take || !held)", "open && full && event_take"),
        ("(!full || (PACED == 0 && leaves))", "(!full || (PACED == 0 && open))"),
        ("full <= take ? counts || ev_tlast :", "full <= take ? counts :"),
        ("held <= counts;", "held <= !none && !wrong;"),
        ("if (ev_tlast) times <= 8'd0;", "if (ev_tlast && counts) times <= 8'd0;"),
        ("if (counts) site <= now;", "site <= now;"),
        ("wrong = !none && (outside || backwards)", "wrong = !none && outside"),
    )
)
DISPATCH = sizes(
    P=8, LP=3, G=4, LG=2, B=2, LB=1, RPB=2, YB=2, RAW=3, RDEPTH=7, CAW=4, CDEPTH=13, OAW=2, ODEPTH=3, EAW=1, EDEPTH=2,
    IN_W=3, IN_H=2, STEPS=3, STB=2,
)  # fmt: skip
DISPATCH_FAULTS = tuple(
    Fault("sast_dispatch", old, new)
    for old, new in (
        ("op_last ? {OAW{1'b0}} : pc + 1'b1", "pc + 1'b1"),
        ("if (op_last) step <=", "if (op_last && !op_sweep) step <="),
        ("op_rows + y[RAW-1:0]", "op_rows + y[RAW-1:0] + 1'b1"),
        ("{{(32-RPB-LB){1'b0}}, k, lane[LPB-1 -: LB]}", "{{(32-RPB-LB){1'b0}}, k, 1'b1}"),
        ("(place_take && others == {P{1'b0}})", "place_take"),
        ("!spikes_more && lanes == {P{1'b0}}", "!spikes_more"),
        ("else if (spike_take) lanes <= others;", ""),
        ("i = P - 1; i >= 0; i = i - 1", "i = 0; i < P; i = i + 1"),
        ("RUN: if (source_ends)", "RUN: if (source_ends || word_take)"),
    )
)
DROP_FAULTS = tuple(
    Fault("sast_dispatch", old, new)
    for old, new in (
        ("event_valid && !drops", "event_valid"),
        ("place_take || drops", "place_take"),
        ("step_ends && !drops", "step_ends"),
        ("running && due == {STB{1'b0}}", "running"),
        ("due == LAST_STEP[STB-1:0] ? {STB{1'b0}} : due + 1'b1", "due + 1'b1"),
        ("!dropping || due != {STB{1'b0}}", "1'b1"),
        ("if (anew) lanes", "if (rst) lanes"),
        ("    if (anew) begin\n      pc", "    if (rst) begin\n      pc"),
    )
)
