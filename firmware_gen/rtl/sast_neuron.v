// One lane of the sweep: saturates, fires, resets; then it leaks.
// One register deep: `v` and `spike`; `x` is what leaks out of them, to which a bank adds the bias.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_neuron (clk, en, u_in, exists, rest, amount, lif, subtract, smask, k1, k2, v, spike, x);
  `include "sast_params.vh"

  input  wire                 clk;
  input  wire                 en;           // a word is at the first stage
  // the sum of the step, and the channel's threshold
  input  wire signed [MW-1:0] u_in;
  input  wire                 exists;
  input  wire [TB-1:0]        rest;         // 2^TB - threshold, so that a carry tells what reaches it; 0: nothing does
  input  wire [(AMB > 0 ? AMB : 1)-1:0] amount;    // what a spike takes off where it is not the threshold: AMB > 0
  // of the layer, steady while it is swept
  input  wire                 lif;
  input  wire                 subtract;
  input  wire [MW-SMIN:0]     smask;        // bits at and above the sign bit of the state
  input  wire [3:0]           k1;           // leak shifts, 0: none
  input  wire [3:0]           k2;
  // a cycle later: membrane after reset, and leaked
  output reg  signed [MW-1:0] v;
  output reg                  spike;
  output wire signed [MW-1:0] x;

  // saturation: all bits from the state's sign bit upwards must equal the sign
  wire           negative = u_in[MW-1];
  wire [MW-1:0]  mask = {smask, {(SMIN-1){1'b0}}};
  // bits from MLOW on differ in the last layer alone, whose sign bit is known
  localparam SURE = MLOW == MW ? MW - 1 : SLAST - 1 > MLOW ? SLAST - 1 : MLOW;
  wire [MW-1:0]  differs = u_in ^ {MW{negative}};
  wire           over = |(differs[MLOW-1:0] & mask[MLOW-1:0]) || (SURE < MW - 1 && differs[MW-1:SURE] != 0);
  wire signed [MW-1:0] limit = {MW{negative}} ^ ~mask;    // sign above, its inverse below
  wire signed [MW-1:0] u = over ? limit : u_in;

  // threshold <= largest state, so the unsaturated sum decides in the same way
  localparam TOP = MLOW < MW && LIF_OUT == 0 ? MLOW - 1 : MW - 1;   // the last layer never fires: the others' sign bit
  wire [TB:0]    reach = {1'b0, u_in[TB-1:0]} + {1'b0, rest};
  wire           above;
  generate if (TB < TOP) begin : longer
    assign above = |u_in[TOP-1:TB];
  end else begin : as_long
    assign above = 1'b0;
  end endgenerate
  wire           reached = !negative && (above || reach[TB]);
  wire           fire = lif && exists && reached;
  wire signed [MW-1:0] left;
  generate if (SUBTRACT != 0 && AMB > 0) begin : takes
    assign left = subtract ? u - {{(MW-AMB){1'b0}}, amount} : {MW{1'b0}};
  end else if (SUBTRACT != 0) begin : subtracts
    assign left = subtract ? u + {{(MW-TB){1'b1}}, rest} : {MW{1'b0}};
  end else begin : zeroes
    assign left = {MW{1'b0}};
  end endgenerate

  always @(posedge clk) if (en) begin
    v <= fire ? left : u;
    spike <= fire;
  end

  // leak: both shifts of the same v
  wire signed [MW-1:0] less1;
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
      wire signed [MW-1:0] less2 = k2 != 0 ? shifted : {MW{1'b0}};
      assign x = v - less1 - less2;
    end else begin : single
      assign x = v - less1;
    end
  endgenerate
endmodule

`default_nettype wire
