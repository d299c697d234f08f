// Goes through the lanes of a word one by one, for what takes neurons singly: the narrow CRC and the answer.
// The word stays at its registers meanwhile; a lane stays until `next`, lanes that do not exist pass by.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_walk (clk, rst, word, lanes, v, spikes, busy, there, next, lane_v, lane_spike);
  `include "sast_params.vh"
  localparam LPB = LP == 0 ? 1 : LP;

  input  wire            clk;
  input  wire            rst;
  input  wire            word;              // pulse
  input  wire [P-1:0]    lanes;             // which exist
  input  wire [P*MW-1:0] v;
  input  wire [P-1:0]    spikes;
  output reg             busy;
  output wire            there;             // a lane that exists
  input  wire            next;              // it is done with
  output wire [MW-1:0]   lane_v;
  output wire            lane_spike;

  reg  [LPB-1:0] lane;
  wire [MW-1:0]  of_lanes [0:P-1];
  genvar i;
  generate for (i = 0; i < P; i = i + 1) begin : each
    assign of_lanes[i] = v[i*MW +: MW];
  end endgenerate
  reg  [P-1:0]   todo;                      // of this lane and those after it: which exist
  wire [P-1:0]   others = todo >> 1;
  assign there = busy && todo[0];
  assign lane_v = of_lanes[lane];
  assign lane_spike = spikes[lane];
  always @(posedge clk)
    if (rst) busy <= 1'b0;
    else if (word) begin
      busy <= 1'b1;
      lane <= {LPB{1'b0}};
      todo <= lanes;
    end else if (busy && (!todo[0] || next)) begin
      lane <= lane + 1'b1;
      todo <= others;
      if (others == {P{1'b0}}) busy <= 1'b0;
    end
endmodule

`default_nettype wire
