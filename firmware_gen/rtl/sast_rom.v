// A table: read only, one word a cycle, known a cycle after its address.
// The file is in $readmemh's format, one word a line.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_rom #(
  parameter W = 1,
  parameter AW = 1,
  parameter DEPTH = 1,
  parameter FILE = ""                       // "" only while a tool elaborates the defaults
) (
  input  wire          clk,
  input  wire          en,                  // 0: q stays
  input  wire [AW-1:0] a,                   // below DEPTH whenever q is used
  output reg  [W-1:0]  q
);
  reg [W-1:0] words [0:DEPTH-1];

  initial if (FILE != "") $readmemh(FILE, words);

  always @(posedge clk) if (en) q <= words[a];
endmodule

`default_nettype wire
