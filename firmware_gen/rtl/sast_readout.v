// The answer: outputs as the last layer's words come by, the largest of them, and at the end the recording's sums.
// Beats of a recording: outputs of all classes, class, then of each layer SynOps low, high, spikes low, high.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_readout (
  clk, rst, begins, lane, lane_ready, lane_next, lane_v, lane_spike, renew, finish, busy,
  total_layer, total_synops, total_spikes, forget,
  res_tvalid, res_tready, res_tdata, res_tlast, final_layer, fires
);
  parameter LOADS = 0;                      // 1: final_layer and fires count
  `include "sast_params.vh"

  input  wire             clk;
  input  wire             rst;
  // neurons of the last layer
  input  wire             begins;           // pulse: a sweep begins
  input  wire             lane;             // there is one; it stays until
  output wire             lane_ready;
  input  wire             lane_next;        // it is taken
  input  wire [MW-1:0]    lane_v;
  input  wire             lane_spike;
  input  wire             renew;            // it is the recording's last step
  input  wire             finish;           // pulse: all counters are there
  output wire             busy;
  // sums
  output reg  [LIB-1:0]   total_layer;
  input  wire [63:0]      total_synops;
  input  wire [63:0]      total_spikes;
  output wire             forget;           // pulse: they have been told
  // AXI4-Stream
  output wire             res_tvalid;
  input  wire             res_tready;
  output reg  [31:0]      res_tdata;
  output reg              res_tlast;
  // of a model that was loaded
  input  wire [LIB-1:0]   final_layer;      // with weights
  input  wire             fires;            // its outputs are spike counts

  localparam [1:0] IDLE = 2'd0, CLASS = 2'd1, SUMS = 2'd2;
  localparam [31:0] LAST_LAYER = COUNTED - 1;
  reg  [1:0]       state;
  reg  [CLB-1:0]   index;                   // class of the next neuron
  reg  [1:0]       part;
  reg  signed [OUTW-1:0] best, value1;
  reg  [CLB-1:0]   index1;
  reg              compare;
  reg  [CLB-1:0]   answer;
  wire signed [OUTW-1:0] value;
  // a beat waits in a register, so that no path leads from res_tready through the core
  reg              full;
  reg  [31:0]      beat;
  wire             ends = state == SUMS && part == 2'd3 && total_layer == (LOADS != 0 ? final_layer : LAST_LAYER[LIB-1:0]);
  wire             put = state == IDLE ? lane_next && renew : !full;
  assign lane_ready = !renew || !full;
  always @(posedge clk)
    if (rst) full <= 1'b0;
    else full <= put || (full && !res_tready);
  always @(posedge clk) if (put) begin
    res_tdata <= beat;
    res_tlast <= ends;
  end

  generate if (LOADS != 0 || LIF_OUT != 0) begin : spike_counts
    reg [OUTW-1:0] counts [0:CLASSES-1];
    reg [CLASSES-1:0] begun;                // classes with a count of this recording
    wire [OUTW-1:0] count = (begun[index] ? counts[index] : {OUTW{1'b0}}) + {{(OUTW-1){1'b0}}, lane_spike};
    assign value = LOADS == 0 || fires ? count : lane_v[OUTW-1:0];
    always @(posedge clk) begin
      if (lane_next) counts[index] <= value;
      if (rst || forget) begun <= {CLASSES{1'b0}};
      else if (lane_next) begun[index] <= 1'b1;
    end
  end else begin : membranes
    assign value = lane_v[OUTW-1:0];        // an output's bits are the state's
  end endgenerate

  always @(posedge clk)
    if (rst) state <= IDLE;
    else case (state)
      IDLE: if (finish) state <= CLASS;
      CLASS: if (put) state <= SUMS;
      default: if (put && ends) state <= IDLE;
    endcase
  always @(posedge clk) begin
    if (state == IDLE) begin
      part <= 2'd0;
      total_layer <= {LIB{1'b0}};
    end
    if (begins) index <= {CLB{1'b0}};
    if (lane_next) begin
      index <= index + 1'b1;
      value1 <= value;
      index1 <= index;
    end
    compare <= lane_next;                   // a clock later: the way to here is long enough
    if (compare && (index1 == {CLB{1'b0}} || value1 > best)) begin
      best <= value1;
      answer <= index1;
    end
    if (state == SUMS && put) begin
      part <= part + 2'd1;
      if (part == 2'd3) total_layer <= total_layer + 1'b1;
    end
  end

  always @*
    case (state)
      IDLE: beat = {{(32-OUTW){value[OUTW-1]}}, value};
      CLASS: beat = {{(32-CLB){1'b0}}, answer};
      default: case (part)
        2'd0: beat = total_synops[31:0];
        2'd1: beat = total_synops[63:32];
        2'd2: beat = total_spikes[31:0];
        default: beat = total_spikes[63:32];
      endcase
    endcase
  assign busy = state != IDLE;
  assign res_tvalid = full && !rst;
  assign forget = put && ends;
endmodule

`default_nettype wire
