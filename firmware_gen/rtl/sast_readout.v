// The answer: outputs as the last layer's words come by, the largest of them, and at the end the recording's sums.
// Beats of a recording: outputs of all classes, class, then of each layer SynOps low, high, spikes low, high.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_readout (
  clk, rst, word, begins, lanes, v, spikes, renew, finish, busy,
  total_layer, total_synops, total_spikes, forget,
  res_tvalid, res_tready, res_tdata, res_tlast
);
  `include "sast_params.vh"
  localparam LPB = LP == 0 ? 1 : LP;

  input  wire             clk;
  input  wire             rst;
  // a word of the last layer; it stays while busy
  input  wire             word;             // pulse
  input  wire             begins;           // pulse: its sweep begins
  input  wire [P-1:0]     lanes;
  input  wire [P*MW-1:0]  v;
  input  wire [P-1:0]     spikes;
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
  output wire             res_tlast;

  localparam [1:0] IDLE = 2'd0, LANES = 2'd1, CLASS = 2'd2, SUMS = 2'd3;
  localparam [31:0] LAST = P - 1;
  localparam [31:0] LAST_LAYER = COUNTED - 1;
  reg  [1:0]       state;
  reg  [LPB-1:0]   lane;
  reg  [CLB-1:0]   index;                   // class of the next lane that exists
  reg  [1:0]       part;
  reg  signed [OUTW-1:0] best;
  reg  [CLB-1:0]   answer;
  wire             exists = lanes[lane];
  wire signed [OUTW-1:0] value;
  wire             tells = state == LANES && exists && renew;
  wire             goes_on = state == LANES && (!exists || !renew || res_tready);

  generate if (LIF_OUT != 0) begin : spike_counts
    reg [OUTW-1:0] counts [0:CLASSES-1];
    reg [CLASSES-1:0] begun;                // classes with a count of this recording
    assign value = (begun[index] ? counts[index] : {OUTW{1'b0}}) + {{(OUTW-1){1'b0}}, spikes[lane]};
    always @(posedge clk) begin
      if (goes_on && exists) counts[index] <= value;
      if (rst || forget) begun <= {CLASSES{1'b0}};
      else if (goes_on && exists) begun[index] <= 1'b1;
    end
  end else begin : membranes
    assign value = v[lane*MW +: OUTW];      // an output's bits are the state's
  end endgenerate

  always @(posedge clk)
    if (rst) state <= IDLE;
    else case (state)
      IDLE: if (word) state <= LANES; else if (finish) state <= CLASS;
      LANES: if (goes_on && lane == LAST[LPB-1:0]) state <= IDLE;
      CLASS: if (res_tready) state <= SUMS;
      default: if (res_tready && res_tlast) state <= IDLE;
    endcase
  always @(posedge clk) begin
    if (state == IDLE) begin
      lane <= {LPB{1'b0}};
      part <= 2'd0;
      total_layer <= {LIB{1'b0}};
    end
    if (begins) index <= {CLB{1'b0}};
    if (goes_on) begin
      lane <= lane + 1'b1;
      if (exists) index <= index + 1'b1;
      if (exists && (index == {CLB{1'b0}} || value > best)) begin
        best <= value;
        answer <= index;
      end
    end
    if (state == SUMS && res_tready) begin
      part <= part + 2'd1;
      if (part == 2'd3) total_layer <= total_layer + 1'b1;
    end
  end

  always @*
    case (state)
      LANES: res_tdata = {{(32-OUTW){value[OUTW-1]}}, value};
      CLASS: res_tdata = {{(32-CLB){1'b0}}, answer};
      default: case (part)
        2'd0: res_tdata = total_synops[31:0];
        2'd1: res_tdata = total_synops[63:32];
        2'd2: res_tdata = total_spikes[31:0];
        default: res_tdata = total_spikes[63:32];
      endcase
    endcase
  assign busy = state != IDLE;
  assign res_tvalid = tells || state == CLASS || state == SUMS;
  assign res_tlast = state == SUMS && part == 2'd3 && total_layer == LAST_LAYER[LIB-1:0];
  assign forget = state == SUMS && res_tready && res_tlast;
endmodule

`default_nettype wire
