"""Faults in what ends recordings early: as those of faults.py, each must make a test fail (test_faults.py)."""

from __future__ import annotations

from tests.firmware_gen.rtl.faults import Fault

# Not among them, as nothing comes of them: `ended` of sast_core without `!restart` (what is cleared already is cleared
# again), sast_spikes that `over` does not reset (the next sweep does, before anything asks for spikes), `dropping` of
# sast_dispatch that ends without `running` (nothing is due then), and sums of sast_counters forgotten at the end (they
# are told as they stand). That no cycle of dropped events is told, tests/firmware_gen/fpga/test_early.py looks for.
EARLY_FAULTS = [
    Fault("readout", "beyond >= LEAST ||", "beyond > LEAST ||", "a lead of the margin itself ends nothing"),
    Fault(
        "readout", "beyond <= -LEAST", "beyond < -LEAST", "an output that is the margin behind is too near"
    ),
    Fault("readout", "(better[OUTW] || lead)", "lead", "a new best output has no lead"),
    Fault(
        "readout",
        "(far && (better[OUTW] || lead))",
        "(far && better[OUTW]) || lead",
        "an output that is near is forgotten with the next that is far",
    ),
    Fault(
        "readout",
        "(far && (better[OUTW] || lead))",
        "(better[OUTW] ? far : lead)",
        "an output that came later and is near",
    ),
    Fault("readout", "index == {CLB{1'b0}} || (far", "(far", "the lead of the step before"),
    Fault(
        "readout",
        "if (begins || (MARGIN != 0 && finish)) class_no",
        "if (begins) class_no",
        "outputs are told from the last class on",
    ),
    Fault(
        "readout",
        "wire signed [32:0]   beyond",
        "wire signed [31:0]   beyond",
        "a difference of 32 bits wraps",
    ),
    Fault(
        "readout",
        "{(32-OUTW){kept[OUTW-1]}}, kept}",
        "{(32-OUTW){1'b0}}, kept}",
        "negative outputs without a sign",
    ),
    Fault(
        "core",
        "ended <= finished && leads && !renew && !restart",
        "ended <= finished && leads && !restart",
        "what comes behind a last step with a lead is lost",
    ),
    Fault(
        "core",
        "if (anew || run_go) bank_has",
        "if (restart || run_go) bank_has",
        "a bank leaves out the first run of the next recording",
    ),
    Fault("core", "if (anew) phase <=", "if (restart) phase <=", "runs wait for another phase"),
    Fault(
        "core",
        ".rst(anew), .empty(runs_empty)",
        ".rst(restart), .empty(runs_empty)",
        "runs of a step that is not computed",
    ),
    Fault(
        "core",
        ".rst(anew), .phase(phase_now)",
        ".rst(restart), .phase(phase_now)",
        "runs of a step that is not computed wait at banks",
    ),
    Fault(
        "core",
        ".rst(anew), .go(go)",
        ".rst(restart), .go(go)",
        "the next recording begins with the membranes of this one",
    ),
    Fault(
        "core",
        ".over(over), .final_layer",
        ".over(1'b0), .final_layer",
        "SynOps of steps that are not computed",
    ),
    Fault("core", ".over(over), .drops(drops)", ".over(1'b0), .drops(drops)", "the recording goes on"),
    Fault("core", "(MARGIN != 0 || (LOADABLE", "((LOADABLE", "outputs of the last step alone are compared"),
    Fault("core", "(MARGIN != 0 && leads); //", "1'b0; //", "an early end has no answer"),
    Fault("counters", "rst || op_ends || (MARGIN != 0 && over)", "rst || op_ends", "sum kept"),
    Fault("counters", "l_layer == l) || (MARGIN != 0 && over)", "l_layer == l)", "recurrent sums kept"),
    Fault("dispatch", "step_ends && !drops", "step_ends", "dropped steps are computed"),
    Fault("dispatch", "event_valid && !drops", "event_valid", "dropped events become places"),
    Fault(
        "dispatch", "events_due = !dropping || due !=", "events_due = 1; //", "next recording dropped: due"
    ),
    Fault("dispatch", "event_take = place_take || drops", "event_take = place_take", "drop not taken"),
    Fault("dispatch", "anew = rst || (MARGIN != 0 && over);", "anew = rst;", "dispatch itself goes on"),
    Fault(
        "dispatch",
        "      step <= {STB{1'b0}};\n      state <= FETCH;\n",
        "      state <= FETCH; if (rst) step <= 0;\n",
        "step kept",
    ),
    Fault("dispatch", "      phase <= 1'b0;\n", "      if (rst) phase <= 1'b0;\n", "dispatch phase kept"),
    Fault(
        "dispatch",
        "      pc <= {OAW{1'b0}};\n      step",
        "      if (rst) pc <= {OAW{1'b0}};\n      step",
        "pc kept",
    ),
    Fault("dispatch", "if (anew) lanes <=", "if (rst) lanes <=", "lanes kept"),
    Fault("dispatch", "due == LAST_STEP[STB-1:0] ?", "1'b0 ?", "due counts on"),
    Fault(
        "dispatch",
        "        due <= {STB{1'b0}};\n        dropping",
        "        dropping",
        "due not reset by a clear",
    ),
    Fault(
        "dispatch",
        "        dropping <= 1'b0;\n      end else begin",
        "      end else begin",
        "dropping not reset by clear",
    ),
    Fault(
        "core",
        ".clk(clk), .rst(restart), .put(counted_word",
        ".clk(clk), .rst(anew), .put(counted_word",
        "spike stream flushed",
    ),
    Fault(
        "core",
        ".clk(clk), .rst(restart), .ev_tvalid",
        ".clk(clk), .rst(anew), .ev_tvalid",
        "waiting event flushed",
    ),
    Fault("core", ".clk(clk), .rst(restart), .begins", ".clk(clk), .rst(anew), .begins", "readout flushed"),
    Fault("core", "    if (restart) state <= QUIET;", "    if (anew) state <= QUIET;", "record flushed"),
]
