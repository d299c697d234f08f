// One lane of the sweep: saturates, fires, resets; a cycle later it leaks and adds the bias.
// Two registers deep: `v`, `spike` after the first, `x` + `y` = the new content of the memory after the second.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_neuron (clk, en, u_in, exists, threshold, bias, start, lif, subtract, smask, k1, k2, renew, v, spike, x, y);
  `include "sast_params.vh"

  input  wire                 clk;
  input  wire                 en;           // a word is at the first stage
  // first stage: the sum of the step and the channel's parameters
  input  wire signed [MW-1:0] u_in;
  input  wire                 exists;
  input  wire [TB-1:0]        threshold;
  input  wire [BB-1:0]        bias;
  input  wire [SB-1:0]        start;
  // of the layer, steady while it is swept
  input  wire                 lif;
  input  wire                 subtract;
  input  wire [MW-SMIN:0]     smask;        // bits at and above the sign bit of the state
  input  wire [3:0]           k1;           // leak shifts, 0: none
  input  wire [3:0]           k2;
  input  wire                 renew;        // the recording ends: begin with `start`
  // second stage: membrane after reset; third: what to add up
  output reg  signed [MW-1:0] v;
  output reg                  spike;
  output reg  signed [MW-1:0] x;
  output reg  signed [MW-1:0] y;

  // saturation: all bits from the state's sign bit upwards must equal the sign
  wire           negative = u_in[MW-1];
  wire [MW-1:0]  mask = {smask, {(SMIN-1){1'b0}}};
  wire           over = |((u_in ^ {MW{negative}}) & mask);
  wire signed [MW-1:0] limit = {MW{negative}} ^ ~mask;    // sign above, its inverse below
  wire signed [MW-1:0] u = over ? limit : u_in;

  // threshold <= largest state, so the unsaturated sum decides in the same way
  wire signed [MW-1:0] t = {{(MW-TB){1'b0}}, threshold};
  wire           above;
  generate if (TB < MW - 1) begin : longer
    assign above = |u_in[MW-2:TB];
  end else begin : as_long
    assign above = 1'b0;
  end endgenerate
  wire           reached = !negative && (above || u_in[TB-1:0] >= threshold);
  wire           fire = lif && exists && reached;
  wire signed [MW-1:0] rest;
  generate if (SUBTRACT != 0) begin : subtracts
    assign rest = subtract ? u - t : {MW{1'b0}};
  end else begin : zeroes
    assign rest = {MW{1'b0}};
  end endgenerate

  reg [BB-1:0] bias1;
  reg [SB-1:0] start1;
  always @(posedge clk) if (en) begin
    v <= fire ? rest : u;
    spike <= fire;
    bias1 <= bias;
    start1 <= start;
  end

  // leak: both shifts of the same v; x takes the first, y the second
  wire signed [MW-1:0] wide_bias = {{(MW-BB){bias1[BB-1]}}, bias1};
  wire signed [MW-1:0] wide_start = {{(MW-SB){start1[SB-1]}}, start1};
  wire signed [MW-1:0] less1;
  wire signed [MW-1:0] less2;
  generate
    if (LEAKS == 0) begin : keeps
      assign less1 = {MW{1'b0}};
    end else if (LEAK_ONE != 0) begin : one
      wire signed [MW-1:0] shifted = v >>> LEAK_ONE;
      assign less1 = k1 != 0 ? shifted : {MW{1'b0}};
    end else begin : any
      wire signed [MW-1:0] shifted = v >>> k1;
      assign less1 = k1 != 0 ? shifted : {MW{1'b0}};
    end
    if (LEAKS == 2) begin : two
      wire signed [MW-1:0] shifted = v >>> k2;
      assign less2 = k2 != 0 ? shifted : {MW{1'b0}};
    end else begin : single
      assign less2 = {MW{1'b0}};
    end
  endgenerate
  always @(posedge clk) begin
    x <= renew ? {MW{1'b0}} : v - less1;
    y <= renew ? wide_start : wide_bias - less2;
  end
endmodule

`default_nettype wire
