// A table with any content: firmware_gen/rtl/sast_rom.v without a file.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_rom #(
  parameter W = 1,
  parameter AW = 1,
  parameter DEPTH = 1,
  parameter FILE = ""
) (
  input  wire          clk,
  input  wire          en,
  input  wire [AW-1:0] a,
  output reg  [W-1:0]  q
);
  reg [W-1:0] words [0:DEPTH-1];

  always @(posedge clk) if (en) q <= words[a];
endmodule

`default_nettype wire
