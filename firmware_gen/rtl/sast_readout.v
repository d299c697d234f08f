// The answer: outputs as the last layer's words come by, the largest of them, and at the end the sums of SynOps and spikes.
// Beats of an answer: outputs of all classes, class, then of each layer SynOps low, high, spikes low, high. One after each
// recording, of all its steps; in running state one after each step, with that step's sums. With MARGIN the outputs of every
// step are compared, and told once it is known that the recording has ended.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_readout (
  clk, rst, begins, lane, lane_ready, lane_next, lane_v, lane_spike, answers, finish, leads, busy,
  total_layer, total_part, total_half, forget,
  res_tvalid, res_tready, res_tdata, res_tlast, final_layer, fires
);
  parameter LOADS = 0;                      // 1: final_layer and fires count
  `include "sast_params.vh"

  localparam MOST = SYNTW > SPKTW ? SYNTW : SPKTW;
  localparam SUMW = MOST > 32 ? (MOST + 1) / 2 : 16;

  input  wire             clk;
  input  wire             rst;
  // neurons of the last layer
  input  wire             begins;           // pulse: a sweep begins
  input  wire             lane;             // there is one; it stays until
  output wire             lane_ready;
  input  wire             lane_next;        // it is taken
  input  wire [MW-1:0]    lane_v;
  input  wire             lane_spike;
  input  wire             answers;          // the step ends with an answer
  input  wire             finish;           // pulse: all counters are there
  output wire             leads;            // with MARGIN, when all neurons were taken: the largest output leads by as much
  output wire             busy;
  // sums, by halves: see sast_counters
  output reg  [LIB-1:0]   total_layer;
  output wire [1:0]       total_part;
  input  wire [SUMW-1:0]  total_half;
  output wire             forget;           // pulse: they have been told
  // AXI4-Stream
  output wire             res_tvalid;
  input  wire             res_tready;
  output reg  [31:0]      res_tdata;
  output reg              res_tlast;
  // of a model that was loaded
  input  wire [LIB-1:0]   final_layer;      // with weights
  input  wire             fires;            // its outputs are spike counts

  localparam [1:0] IDLE = 2'd0, CLASS = 2'd1, SUMS = 2'd2, OUTPUTS = 2'd3;
  localparam [31:0] LAST_LAYER = COUNTED - 1;
  reg  [1:0]       state;
  reg  [1:0]       part;
  reg  [CLB-1:0]   index;                   // class of the next output that is compared
  reg              compare;                 // an output is in res_tdata, just put there
  reg  [CLB-1:0]   answer;
  reg  [OUTW-1:0]  less;                    // the best output so far: what makes another one carry that is better
  wire [OUTW-1:0]  value;
  // a beat waits in a register, so that no path leads from res_tready through the core
  reg              full;
  reg  [31:0]      beat;
  wire             ends = state == SUMS && part == 2'd3 && total_layer == (LOADS != 0 ? final_layer : LAST_LAYER[LIB-1:0]);
  wire             outputs = MARGIN != 0 && state == OUTPUTS; // they are told
  wire             put = state == IDLE ? MARGIN == 0 && lane_next && answers : !full && (outputs || state == CLASS || age == 2'd2);
  wire             load = put || (MARGIN != 0 && lane_next); // with MARGIN an output goes through res_tdata to be compared
  // a sum: its lower half is there when `age` is 1, and kept, its upper half when it is 2
  reg  [1:0]       age;
  wire [SUMW-1:0]  lower;
  wire [63:0]      total = {{(64-2*SUMW){1'b0}}, total_half, lower};
  generate if (SUMW == 16) begin : in_beat
    assign lower = res_tdata[15:0];
  end else begin : beside
    reg [SUMW-1:0] kept;
    assign lower = kept;
    always @(posedge clk) if (age == 2'd1) kept <= total_half;
  end endgenerate
  assign total_part = {part[1], age[1] || (age[0] && (SUMW != 16 || !full))};
  assign lane_ready = (MARGIN == 0 && !answers) || !full;
  always @(posedge clk)
    if (rst) full <= 1'b0;
    else full <= put || (full && !res_tready);
  always @(posedge clk) begin
    if (load) begin
      res_tdata <= beat;
      res_tlast <= ends;
    end else if (SUMW == 16 && !full && age == 2'd1) res_tdata[15:0] <= total_half[15:0];
  end

  wire [OUTW-1:0] kept;                     // with MARGIN: the output that is told
  wire            last_kept;
  localparam [31:0] LAST_CLASS = CLASSES - 1;
  generate if (LOADS != 0 || LIF_OUT != 0 || MARGIN != 0) begin : spike_counts
    reg [OUTW-1:0] counts [0:CLASSES-1];    // or all outputs of the step, if they are no counts
    reg [CLASSES-1:0] begun;                // classes with a count of this recording
    reg [CLB-1:0] class_no;                 // of the next neuron
    wire [OUTW-1:0] count = (begun[class_no] ? counts[class_no] : {OUTW{1'b0}}) + {{(OUTW-1){1'b0}}, lane_spike};
    assign value = (LOADS != 0 ? fires : LIF_OUT != 0) ? count : lane_v[OUTW-1:0];
    assign kept = counts[class_no];
    assign last_kept = class_no == LAST_CLASS[CLB-1:0];
    always @(posedge clk) begin
      if (begins || (MARGIN != 0 && finish)) class_no <= {CLB{1'b0}};
      else if (lane_next || (outputs && put)) class_no <= class_no + 1'b1;
      if (lane_next) counts[class_no] <= value;
      if (rst || forget) begun <= {CLASSES{1'b0}};
      else if (lane_next) begun[class_no] <= 1'b1;
    end
  end else begin : membranes
    assign value = lane_v[OUTW-1:0];        // an output's bits are the state's
    assign kept = {OUTW{1'b0}};
    assign last_kept = 1'b0;
  end endgenerate

  // signed: the sign bits change sides
  wire [OUTW-1:0] told = res_tdata[OUTW-1:0] ^ {1'b1, {(OUTW-1){1'b0}}};
  wire [OUTW:0]   better = {1'b0, told} + {1'b0, less};
  // The largest leads all others by MARGIN if the one that became the largest did then, and none that came since is nearer.
  generate if (MARGIN != 0) begin : early
    localparam signed [32:0] LEAST = MARGIN;
    wire        [OUTW:0] apart = {1'b0, told} - {1'b0, ~less};
    wire signed [32:0]   beyond = {{(32-OUTW){apart[OUTW]}}, apart};
    wire                 far = beyond >= LEAST || beyond <= -LEAST;
    reg                  lead;
    always @(posedge clk) if (compare) lead <= index == {CLB{1'b0}} || (far && (better[OUTW] || lead));
    assign leads = lead;
  end else begin : late
    assign leads = 1'b0;
  end endgenerate

  always @(posedge clk)
    if (rst) state <= IDLE;
    else if (outputs) begin
      if (put && last_kept) state <= CLASS;
    end else case (state)
      IDLE: if (finish) state <= MARGIN != 0 ? OUTPUTS : CLASS;
      CLASS: if (put) state <= SUMS;
      default: if (put && ends) state <= IDLE;
    endcase
  always @(posedge clk) begin
    if (state == IDLE) begin
      part <= 2'd0;
      total_layer <= {LIB{1'b0}};
    end
    compare <= state == IDLE && load;       // a clock later: the way to here is long enough
    if (begins) index <= {CLB{1'b0}};
    else if (compare) index <= index + 1'b1;
    if (compare && (index == {CLB{1'b0}} || better[OUTW])) begin
      less <= ~told;
      answer <= index;
    end
    if (state != SUMS || put) age <= 2'd0;
    else if (age == 2'd0 || (age == 2'd1 && (SUMW != 16 || !full))) age <= age + 2'd1;
    if (state == SUMS && put) begin
      part <= part + 2'd1;
      if (part == 2'd3) total_layer <= total_layer + 1'b1;
    end
  end

  always @*
    if (outputs) beat = {{(32-OUTW){kept[OUTW-1]}}, kept};
    else case (state)
      IDLE: beat = {{(32-OUTW){value[OUTW-1]}}, value};
      CLASS: beat = {{(32-CLB){1'b0}}, answer};
      default: beat = part[0] ? total[63:32] : total[31:0];
    endcase
  assign busy = state != IDLE;
  assign res_tvalid = full && !rst;
  assign forget = put && ends;
endmodule

`default_nettype wire
