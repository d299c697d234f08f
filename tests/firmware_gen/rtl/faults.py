"""Faults that somebody could make in the core's Verilog: each must make a test fail (test_faults.py)."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import firmware_gen

RTL = Path(firmware_gen.__file__).parent / "rtl"


@dataclass(frozen=True)
class Fault:
    """In rtl/sast_{module}.v `text`, which stands there once, becomes `instead`."""

    module: str
    text: str
    instead: str
    why: str

    @property
    def name(self) -> str:
        return f"{self.module}: {self.why}"

    @property
    def file(self) -> str:
        return f"sast_{self.module}.v"

    def plant(self, rtl: Path) -> None:
        """In the copy of the sources that a folder holds."""
        text = (RTL / self.file).read_text()
        assert text.count(self.text) == 1, f"{self.file}: {self.text}"
        (rtl / self.file).write_text(text.replace(self.text, self.instead))

    def copy(self, folder: Path) -> Path:
        """All sources, with the fault, in a new folder."""
        shutil.copytree(RTL, folder)
        self.plant(folder)
        return folder


# Not among them, as nothing comes of them: sast_core's OVERLAP always 1 (in networks where the next runs add to the
# layer just swept, they come too late to meet the write of its last word), `empty` of sast_runs without `spare` (v1 is
# set whenever that is), `settled` of sast_sweep without `ask_soon` (an operation takes longer than that look-up), and
# sast_membranes without `write_a >= FIRST` (the difference wraps beyond the last of the wide words), `reads_out` of
# sast_core without `clearing` (`slow` has it).
FAULTS = [
    Fault("bank", "run && !(add && m == add_a);", "run;", "a quad twice in a row: no forwarding"),
    Fault(
        "bank",
        "run_q[MAW+LB-1:LB] + {{(MAW-1){1'b0}}, next}",
        "run_q[MAW+LB-1:LB]",
        "no carry between banks, membranes",
    ),
    Fault(
        "bank",
        "run_u[UAW+LB-1:LB] + {{(UAW-1){1'b0}}, next}",
        "run_u[UAW+LB-1:LB]",
        "no carry between banks, weights",
    ),
    Fault("bank", "run_n} + (B - 1) -", "run_n} + B -", "a bank's share is one too many"),
    Fault(
        "bank", "(!run || (ends && m != first_a))", "(!run || ends)", "a sweep reads what is being written"
    ),
    Fault("bank", "held[0] && h_phase == phase", "held[0]", "runs overtake the sweep"),
    Fault("bank", "ends <= h_n == 1;", "ends <= 1'b0;", "a run of one quad does not end"),
    Fault("bank", "{{(NB-1){1'b0}}, 2'd2}", "{{(NB-1){1'b0}}, 2'd3}", "runs end a quad early"),
    Fault("bank", "{{(MW-WBITS){w1[WBITS-1]}}, w1}", "{{(MW-WBITS){1'b0}}, w1}", "weights without a sign"),
    Fault("bank", "w2 << add_shift", "w2 << shift", "the next run's shift"),
    Fault("bank", "if (take || !held[i])", "if (take)", "nothing enters an empty queue"),
    Fault("bank", "assign run_ready = !held[QUEUE-1];", "assign run_ready = 1'b1;", "the queue overflows"),
    Fault("bank", "else if (take && !push)", "else if (take)", "one in and one out at once loses one"),
    Fault("bank", "w2 << WSHIFT", "w2", "no shift where all layers have the same"),
    Fault("membranes", "{MORE{y[g*MLOW+MLOW-1]}}", "{MORE{1'b0}}", "narrow membranes without a sign"),
    Fault(
        "membranes",
        "is_wide <= read_a >= FIRST",
        "is_wide <= read_a > FIRST",
        "the first wide word is narrow",
    ),
    Fault("neuron", "{MW{negative}} ^ ~mask", "{MW{negative}} ^ ~(mask << 1)", "saturates to a bit more"),
    Fault("neuron", "& mask[MLOW-1:0]) ||", "& {mask[MLOW-2:0], 1'b0}) ||", "saturates a bit late"),
    Fault("neuron", "+ {1'b0, rest};", "+ {1'b0, rest} - 1'b1;", "fires above the threshold only"),
    Fault("neuron", "!negative && (above", "(above", "negative membranes fire"),
    Fault("neuron", "subtract ? u +", "subtract ? u_in +", "soft reset of the sum before saturation"),
    Fault("neuron", "subtract ? u -", "subtract ? u_in -", "an amount is taken of the sum before saturation"),
    Fault(
        "neuron",
        "{{(MW-AMB){1'b0}}, amount}",
        "{{(MW-AMB){1'b0}}, amount} + 1'b1",
        "an amount is one too many",
    ),
    Fault("sweep", "param[i*PARAM + 1 + TB +: AMB]", "param[i*PARAM + TB +: AMB]", "amounts a bit off"),
    Fault("neuron", "shifted = v >>> k1", "shifted = v >> k1", "a logical shift"),
    Fault(
        "neuron", "shifted = v >>> LEAK_ONE", "shifted = v >> LEAK_ONE", "a logical shift, one leak for all"
    ),
    Fault(
        "neuron",
        "shifted = v >>> k2",
        "shifted = (v - less1) >>> k2",
        "the second leak of what the first left",
    ),
    Fault(
        "neuron",
        "less1 = k1 != 0 ? shifted : {MW{1'b0}};\n    end else begin : any",
        "less1 = shifted;\n    end else begin : any",
        "layers without a leak leak",
    ),
    Fault("neuron", "assign x = v - less1;", "assign x = v;", "no leak"),
    Fault("neuron", "? SLAST - 1 : MLOW;", "? SLAST : MLOW;", "a wide layer saturates a bit late"),
    Fault("neuron", "? MLOW - 1 : MW - 1;", "? MLOW - 2 : MW - 1;", "large sums do not fire"),
    Fault(
        "bank",
        "if (load_none) last",
        "if (1'b0) last",
        "recordings begin with the last membranes",
    ),
    Fault(
        "membranes", "load && load_none && was_read", "1'b0", "recordings begin with the last wide membranes"
    ),
    Fault("membranes", "if (load && was_read)", "if (load)", "wide membranes of another word"),
    Fault("bank", "upper <= u[UAW-1];", "upper <= 1'b0;", "weights beyond the first memory"),
    Fault("neuron", "lif && exists && reached", "lif && reached", "lanes that are no channel fire"),
    Fault("neuron", "lif && exists && reached", "exists && reached", "an integrator fires"),
    Fault("bank", "{(MW-VB){bias[VB-1]}}", "{(MW-VB){1'b0}}", "biases without a sign"),
    Fault("sweep", ".a({param_a2, renew})", ".a({param_a2, 1'b0})", "recordings start from the biases alone"),
    Fault("sweep", "param_a2 <= param_a1;", "param_a2 <= param_a;", "the biases of another word"),
    Fault("sweep", "row_ends ? l_tail : {B{1'b1}}", "{B{1'b1}}", "quads behind a row's end exist"),
    Fault(
        "sweep",
        "row_ends ? l_tail : {B{1'b1}}",
        "l_tail",
        "the mask of a row's last word in all of its words",
    ),
    Fault("sweep", "row_ends || pn == l_pn ?", "pn == l_pn ?", "parameters do not begin anew with a row"),
    Fault("sweep", "if (row_ends) row <= row + 1'b1;", "", "all spikes are of row 0"),
    Fault("sweep", "renew <= ask_renew;", "renew <= 1'b0;", "recordings run on into one another"),
    Fault(
        "sweep",
        "!cleared && layer != (LOADS != 0 ? final_layer : LAST_ENTRY[EAW-1:0])",
        "1'b0",
        "a clear clears the first layer only",
    ),
    Fault("sweep", "renew <= 1'b1;", "renew <= 1'b0;", "a clear leaks instead"),
    Fault("sweep", "&& !act && banks_idle", "&& !act", "a sweep begins while banks add"),
    Fault(
        "sweep",
        "cleared && !asked && may_start",
        "cleared && !asked",
        "the next layer's entry before the last one is reported",
    ),
    Fault(
        "sweep",
        "slow && (s1 || seen || busy)",
        "slow && (s1 || busy)",
        "a word comes before the last one is told",
    ),
    Fault(
        "sweep",
        "if (rests) layer <= ask_layer;",
        "layer <= ask_layer;",
        "the entry changes under the sweep",
    ),
    Fault("sweep", "param_a = l_pb + ", "param_a = ", "every layer has the first one's parameters"),
    Fault("dispatch", "skipped = op_skip && last_step;", "skipped = 1'b0;", "skip_last ignored"),
    Fault(
        "dispatch",
        "if (op_sweep) phase <= !phase;",
        "if (op_last) phase <= !phase;",
        "the phase of a step, not of a sweep",
    ),
    Fault(
        "dispatch",
        "state == ASK && runs_empty &&",
        "state == ASK &&",
        "an operation ends before its runs are sent",
    ),
    Fault("dispatch", "state == REWIND && op_rewind", "1'b0", "no rewind"),
    Fault("dispatch", "!spikes_more && lanes == {P{1'b0}}", "!spikes_more", "the last word of spikes is cut"),
    Fault(
        "dispatch",
        "for (i = P - 1; i >= 0; i = i - 1)",
        "for (i = 0; i < P; i = i + 1)",
        "the highest lane, while the lowest is dropped",
    ),
    Fault("dispatch", "last_step ? {STB{1'b0}} : step + 1'b1", "step + 1'b1", "a recording has no end"),
    Fault(
        "dispatch",
        "RUNNING == 0 && step == (LOADS != 0 ? final_step : LAST_STEP[STB-1:0])",
        "step == LAST_STEP[STB-1:0]",
        "running state renews, and leaves out spikes of recurrent layers",
    ),
    Fault(
        "dispatch",
        "skipped = op_skip && last_step;",
        "skipped = op_skip;",
        "recurrent layers forget their spikes",
    ),
    Fault(
        "dispatch",
        "sweep_first = op_events;",
        "sweep_first = 1'b1;",
        "observe is looked at in the middle of a step",
    ),
    Fault("dispatch", "{j[31-LG:0], place_lane}", "{j[31-LG:0], {LGB{1'b0}}}", "LANE_TABLE looks up lane 0"),
    Fault(
        "events",
        "if (ev_tlast) times <= 8'd0;\n        else if (counts)",
        "if (counts)",
        "the step before decides on order and cap",
    ),
    Fault(
        "events", "repeated && times == most", "repeated && times == most - 8'd1", "caps one early, or never"
    ),
    Fault("events", "times != 0 && now < site", "times != 0 && now <= site", "a repeated event is an error"),
    Fault("events", "x[XB-1:0] > width;", "1'b0;", "columns beyond the last"),
    Fault(
        "events",
        "!none && (outside || backwards)",
        "outside || backwards",
        "a beat without an event is an error",
    ),
    Fault(
        "events",
        "take ? counts || ev_tlast :",
        "take ? counts :",
        "a step without an event at its end has none",
    ),
    Fault(
        "spikes",
        "if (rewind) word_valid <= 1'b0;\n      else if (read)",
        "if (read)",
        "a rewind keeps the word that is shown",
    ),
    Fault("spikes", "if (rewind) rd <= {(FIFO_AW+1){1'b0}};", "if (rewind) rd <= wr;", "a rewind to the end"),
    Fault("spikes", "more = word_valid || wr != rd", "more = wr != rd", "the last word is overlooked"),
    Fault("spikes", "reg [FIFO_AW:0] wr, rd;", "reg [FIFO_AW-1:0] wr, rd;", "full is empty"),
    Fault("crc", "{(32-MW){lane_v[MW-1]}}", "{(32-MW){1'b0}}", "membranes without a sign"),
    Fault("crc", "count <= quads - 1'b1;", "count <= B - 1;", "partial words count as whole ones"),
    Fault("crc", "FROM = i - (B - 1 - q) * G;", "FROM = i;", "partial words are not moved up"),
    Fault("crc", "for (i = MW - 1; i < 32;", "for (i = MW; i < 32;", "the sign misses its own bit"),
    Fault("crc", "lane_ends && !in_counts ?", "lane_ends ?", "counters end like neurons"),
    Fault(
        "crc",
        "if (restart) crc <= 32'hFFFFFFFF;\n      else if (wide_busy)",
        "if (wide_busy)",
        "steps run on into one another",
    ),
    Fault("crc", "part <= {PB{1'b0}};\n      crc", "crc", "a clear keeps half a neuron"),
    Fault(
        "readout", "full <= put || (full && !res_tready);", "full <= put;", "a beat that nobody took is lost"
    ),
    Fault("readout", "+ {1'b0, less};", "+ {1'b0, less} + 1'b1;", "the last of equal classes"),
    Fault(
        "readout",
        "index == {CLB{1'b0}} || better[OUTW]",
        "better[OUTW]",
        "the best of the recording before",
    ),
    Fault("readout", "if (rst || forget) begun", "if (rst) begun", "counts of the recording before"),
    Fault("readout", "if (rst || forget) begun", "if (forget) begun", "a clear keeps the counts"),
    Fault("readout", "part[0] ? total[63:32]", "part[0] ? 32'd0", "SynOps of 32 bits"),
    Fault("readout", "lane_next && answers : !full", "lane_next : !full", "outputs of every step are told"),
    Fault(
        "readout",
        "^ {1'b1, {(OUTW-1){1'b0}}};",
        ";",
        "an unsigned comparison",
    ),
    Fault(
        "readout",
        "if (state == SUMS && put) begin",
        "if (state == SUMS) begin",
        "sums that nobody took are lost",
    ),
    Fault(
        "counters",
        "if (rst || (sweep_ends && l_layer == l) ||",
        "if ((sweep_ends && l_layer == l) ||",
        "a clear keeps recurrent SynOps",
    ),
    Fault("counters", "run_sent && op_counted", "run_sent", "or stages count"),
    Fault("counters", "if (rst || forget) begun", "if (rst) begun", "sums of the recording before"),
    Fault("counters", "if (rst || forget) begun", "if (forget) begun", "a clear keeps the sums"),
    Fault("counters", "if (rst || sweep_starts) spikes", "if (rst) spikes", "spikes of the layer before"),
    Fault(
        "counters",
        "op_ends && op_counted && op_layer == l",
        "op_ends && op_counted && l_layer == l",
        "SynOps of the layer that is swept",
    ),
    Fault("walk", "busy && (!todo[0] || next)", "busy && next", "waits for a lane that does not exist"),
    Fault(
        "walk", "if (others == {P{1'b0}}) busy", "if (&lane) busy", "a clock for each lane behind the last"
    ),
    Fault(
        "walk",
        "assign there = busy && todo[0];",
        "assign there = busy;",
        "lanes that do not exist are told",
    ),
    Fault(
        "runs",
        "{{(32-RPB){1'b0}}, op_rpw} << LB",
        "{{(32-RPB){1'b0}}, op_rpw}",
        "rows of targets a quad apart",
    ),
    Fault("runs", "u <= u + u_along[UQ-1:0];", "", "chunks share their weights"),
    Fault("runs", "nc <= nc_row; ny", "ny", "chunks of the first row only"),
    Fault("runs", "first ? syn : {SYNB{1'b0}}", "syn", "SynOps once a chunk"),
    Fault("runs", "lane1[1] ? s32 << 1", "lane1[1] ? s32", "lanes 1 and 2 share their weights"),
    Fault("runs", "&& r_ny != {NYB{1'b0}}", "", "a row without targets has runs"),
    Fault(
        "runs",
        "if (go1) lane1 <=",
        "lane1 <=",
        "the lane of another place, behind a queue that is full",
    ),
    Fault(
        "runs", "spare ? spare_lane : place_lane", "place_lane", "a place that waited has another one's lane"
    ),
    Fault(
        "runs",
        "spare <= !go1 && (spare || place_valid);",
        "spare <= !go1 && place_valid;",
        "a place that waits is lost",
    ),
    Fault(
        "spike_stream", "assign room = !held[1];", "assign room = 1'b1;", "a word comes when there is no room"
    ),
    Fault("spike_stream", "else if (take && !put)", "else if (take)", "one in and one out at once loses one"),
    Fault("core", "RUNNING != 0 || renew || (MARGIN", "renew || (MARGIN", "running state has no answers"),
    Fault(
        "core",
        ".finish(finished && answers)",
        ".finish(finished && renew)",
        "running state has no end of an answer",
    ),
    Fault("core", "restart <= rst || clear;", "restart <= rst;", "no clear"),
    Fault(
        "core",
        ".spikes_more(more || pending)",
        ".spikes_more(more)",
        "an operation ends before its spikes come",
    ),
    Fault("core", ".rst(anew || ask)", ".rst(anew)", "spikes of the layer before"),
    Fault("core", "if (ask && first_sweep) observed", "observed", "observe is looked at at any time"),
    Fault(
        "core", "!walk_busy && !readout_busy;", "!walk_busy;", "a layer is swept while the last answer waits"
    ),
    Fault(
        "core", "bank_ready & ~bank_has &", "bank_ready &", "a bank takes a run again while another is full"
    ),
    Fault(
        "core",
        "LISTEN: if (!crc_busy && !walk_busy)",
        "LISTEN: if (!crc_busy)",
        "a layer ends before its last neurons are told",
    ),
    Fault(
        "core",
        "(LOADABLE != 0 ? constants[88] : LIF_OUT != 0)",
        "1'b0",
        "spikes of the last step alone are counted",
    ),
    Fault("rom", "piece == 6'd0", "1'b1", "any piece of a short word is written"),
    Fault("rom", "memory == MEMORY &&", "", "words of another memory are written"),
    Fault("rom", "{8'd0, address} < DEPTH", "1'b1", "an address beyond the last one is written"),
    Fault("rom", "{26'd0, piece} == i", "1'b1", "a piece goes to all places of its word"),
    Fault("rom", "data[REST-1:0];", "{REST{1'b0}};", "the last piece of a word is lost"),
    Fault("loader", "commits && data == crc", "commits", "any CRC will do"),
    Fault("loader", "data[15:0] != number;", "1'b1;", "a beginning that comes late begins anew"),
    Fault("loader", "heeds <= data == {16'd0, frames};", "heeds <= 1'b1;", "a frame counts twice"),
    Fault(
        "loader", "no_model && heeds && (place", "heeds && (place", "words are taken while there is a model"
    ),
    Fault("loader", "if (fresh) sum <=", "if (1'b0) sum <=", "the CRC goes on from the last load"),
    Fault("loader", "if (fresh) frames <= 16'd0;", "", "frames of the last load are counted"),
    Fault("loader", "      piece <= 6'd0;\n", "", "a word begins in the middle"),
    Fault("loader", "if (piece == last) address", "address", "a word's pieces go to several addresses"),
    Fault("loader", "{takes && word, memory", "{takes, memory", "a place is written as a word"),
    Fault("loader", "assign ready = left == 6'd0;", "assign ready = 1'b1;", "words faster than their CRC"),
    Fault("loader", "if (takes) left <= 6'd32;", "if (takes) left <= 6'd31;", "a bit of the CRC is missing"),
    Fault(
        "loader",
        "frame && no_model && data ==",
        "frame && data ==",
        "frames count while there is a model",
    ),
    Fault(
        "registers", "!rst && write && address == CONTROL", "write && address == CONTROL", "reset clears late"
    ),
    Fault("registers", "if (rst || cleared) begin", "if (rst) begin", "counters go on after a clear"),
    Fault("registers", "if (ev_waits) stalls", "stalls", "every clock is a stall"),
    Fault(
        "registers", "if (st_last) step_cycles", "if (1'b1) step_cycles", "the CRC of a step as its cycles"
    ),
    Fault("registers", "if (st_taken && st_last) begin", "if (st_taken) begin", "a step counts twice"),
    Fault(
        "registers",
        "if (rst || cleared) beat <= 7'd0;",
        "if (rst) beat <= 7'd0;",
        "an answer after half of one",
    ),
    Fault("registers", "res_last ? 7'd0 : beat", "beat", "an answer goes on where the last one ended"),
    Fault("registers", "{6'd0, !beat[6]}", "7'd1", "an answer's end in place of its beginning"),
    Fault(
        "axi_lite",
        "writes || (bvalid && !bready)",
        "writes || bvalid && bready",
        "an answer that nobody took is lost",
    ),
    Fault("axi_lite", "looks || (rvalid && !rready)", "looks", "a value that nobody took is lost"),
    Fault("axi_lite", "bus_ready && !bvalid", "!bvalid", "a write while the bus is not ready"),
    Fault(
        "axi_lite",
        "!rvalid && !looks && !writes",
        "!looks && !writes",
        "a second read before the first is told",
    ),
    Fault(
        "axi_lite",
        "writes ? awaddr[9:2] : araddr",
        "arvalid ? araddr[9:2] : araddr",
        "a write goes to another address",
    ),
    Fault("axi_lite", "if (looks) rdata <= value;", "rdata <= value;", "a value that waits changes"),
    Fault("registers", "page <= address[7:6];", "page <= 2'd0;", "only the first registers are read"),
    Fault(
        "registers",
        "write && address[7:6] == DATA",
        "write && address == 8'h40",
        "one address of words alone",
    ),
]
