// A table: one word a cycle, known a cycle after its address. The core only reads it.
// Its file is in $readmemh's format, one word a line; with LOADS its words can be written, 32 bits at a time.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_rom #(
  parameter W = 1,
  parameter AW = 1,
  parameter DEPTH = 1,
  parameter FILE = "",                      // "" only while a tool elaborates the defaults
  parameter LOADS = 0,
  parameter ID = 0                          // its number on `fill`
) (
  input  wire          clk,
  input  wire          en,                  // 0: q stays
  input  wire [AW-1:0] a,                   // below DEPTH whenever q is used
  output reg  [W-1:0]  q,
  input  wire [66:0]   fill                 // {write, memory[3:0], piece of its word[5:0], address[23:0], data[31:0]}
);
  localparam IB = DEPTH > 2 ? AW : 1;       // of two words, biases of a lone word of parameters, AW is 2
  (* no_rw_check *) reg [W-1:0] words [0:DEPTH-1];

  initial if (FILE != "") $readmemh(FILE, words);

  always @(posedge clk) if (en) q <= words[a[IB-1:0]];

  generate if (LOADS != 0) begin : loads
    localparam LAST = (W - 1) / 32;         // piece
    localparam REST = W - 32 * LAST;        // bits of it
    localparam [3:0] MEMORY = ID;
    wire           write;
    wire [3:0]     memory;
    wire [5:0]     piece;
    wire [23:0]    address;
    wire [31:0]    data;
    assign {write, memory, piece, address, data} = fill;
    wire           mine = write && memory == MEMORY && {8'd0, address} < DEPTH;
    if (LAST == 0) begin : short
      always @(posedge clk) if (mine && piece == 6'd0) words[address[IB-1:0]] <= data[W-1:0];
    end else begin : long
      integer i;
      always @(posedge clk) if (mine) begin
        for (i = 0; i < LAST; i = i + 1) if ({26'd0, piece} == i) words[address[IB-1:0]][32*i +: 32] <= data;
        if ({26'd0, piece} == LAST) words[address[IB-1:0]][32*LAST +: REST] <= data[REST-1:0];
      end
    end
  end endgenerate
endmodule

`default_nettype wire
