// A table with any content, in place of firmware_gen/rtl/sast_rom.v, which reads a file.
// Its words are registers that keep what they begin with: anything.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_rom #(
  parameter W = 1,
  parameter AW = 1,
  parameter DEPTH = 1,
  parameter FILE = "",
  parameter LOADS = 0,
  parameter ID = 0
) (
  input  wire          clk,
  input  wire          en,
  input  wire [AW-1:0] a,
  output reg  [W-1:0]  q,
  input  wire [66:0]   fill
);
  reg [DEPTH*W-1:0] words;
  always @(posedge clk) words <= words;

  always @(posedge clk) if (en) q <= words[a*W +: W];
endmodule

`default_nettype wire
