// The membranes of a bank: a quad a word, one read and one write a cycle. A word that is read as it is written is not known.
// Of the last layer alone, if it needs more bits than the others, the upper ones stand in registers.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_membranes (clk, read_a, read_y, write_en, write_a, write_y);
  `include "sast_params.vh"
  localparam MORE = MW - MLOW;

  input  wire            clk;
  input  wire [MAW-1:0]  read_a;
  output wire [G*MW-1:0] read_y;            // a cycle after its address
  input  wire            write_en;
  input  wire [MAW-1:0]  write_a;
  input  wire [G*MW-1:0] write_y;

  (* no_rw_check *) reg [G*MLOW-1:0] words [0:MDEPTH-1];
  reg  [G*MLOW-1:0] y;
  wire [G*MLOW-1:0] fresh;
  always @(posedge clk) begin
    if (write_en) words[write_a] <= fresh;
    y <= words[read_a];
  end

  genvar g;
  generate if (MORE == 0) begin : even
    assign fresh = write_y;
    assign read_y = y;
  end else begin : uneven
    localparam [31:0] FIRST = MWIDE;        // the last layer's words
    localparam DEPTH = MDEPTH - MWIDE;
    wire [MAW-1:0]    read_w = read_a - FIRST[MAW-1:0];
    wire [MAW-1:0]    write_w = write_a - FIRST[MAW-1:0];
    reg               is_wide;
    wire [G*MORE-1:0] upper_fresh;
    wire [DEPTH*G*MORE-1:0] all;
    reg  [G*MORE-1:0] upper;
    for (g = 0; g < DEPTH; g = g + 1) begin : wide
      reg [G*MORE-1:0] here;
      always @(posedge clk) if (write_en && write_a >= FIRST[MAW-1:0] && write_w == g) here <= upper_fresh;
      assign all[g*G*MORE +: G*MORE] = here;
    end
    always @(posedge clk) begin
      is_wide <= read_a >= FIRST[MAW-1:0];
      upper <= all[read_w*G*MORE +: G*MORE];
    end
    for (g = 0; g < G; g = g + 1) begin : lane
      assign fresh[g*MLOW +: MLOW] = write_y[g*MW +: MLOW];
      assign upper_fresh[g*MORE +: MORE] = write_y[g*MW+MLOW +: MORE];
      assign read_y[g*MW +: MW] = {is_wide ? upper[g*MORE +: MORE] : {MORE{y[g*MLOW+MLOW-1]}}, y[g*MLOW +: MLOW]};
    end
  end endgenerate
endmodule

`default_nettype wire
