// Spikes for other logic, as the sweep finds them: a beat for each word of P neurons in which one spikes, and one that ends the step.
// Four beats wait here: a sweep issues no word unless two and those under way have room.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_spike_stream (clk, rst, put, put_layer, put_row, put_k, put_lanes, put_last, room, spk_tvalid, spk_tready, spk_tdata,
                          spk_lanes, spk_tlast);
  `include "sast_params.vh"
  localparam W = 1 + P + 32;

  input  wire           clk;
  input  wire           rst;
  // from the sweep
  input  wire           put;
  input  wire [LIB-1:0] put_layer;
  input  wire [YB-1:0]  put_row;
  input  wire [RPB-1:0] put_k;
  input  wire [P-1:0]   put_lanes;
  input  wire           put_last;
  output wire           room;               // a word may be issued, which comes two cycles later
  // AXI4-Stream: {layer[7:0], row[11:0], word[11:0]} and which of its P neurons spiked; tlast: the step's last beat
  output wire           spk_tvalid;
  input  wire           spk_tready;
  output wire [31:0]    spk_tdata;
  output wire [P-1:0]   spk_lanes;
  output wire           spk_tlast;

  wire [31:0]  row = {{(32-YB){1'b0}}, put_row};
  wire [31:0]  k = {{(32-RPB){1'b0}}, put_k};
  wire [31:0]  layer = {{(32-LIB){1'b0}}, put_layer};
  wire [W-1:0] fresh = {put_last, put_lanes, layer[7:0], row[11:0], k[11:0]};
  wire         take = spk_tvalid && spk_tready;
  reg  [3:0]   held;                        // entry 0 is the oldest
  always @(posedge clk)
    if (rst) held <= 4'd0;
    else if (put && !take) held <= {held[2:0], 1'b1};
    else if (take && !put) held <= held >> 1;
  genvar i;
  generate for (i = 0; i < 4; i = i + 1) begin : entry
    reg  [W-1:0] here;
    wire [W-1:0] next;
    if (i < 3) begin : middle
      assign next = held[i+1] ? entry[i+1].here : fresh;
    end else begin : youngest
      assign next = fresh;
    end
    always @(posedge clk) if (take || !held[i]) here <= next;
  end endgenerate
  assign room = !held[1];
  assign spk_tvalid = held[0] && !rst;
  assign {spk_tlast, spk_lanes, spk_tdata} = entry[0].here;
endmodule

`default_nettype wire
