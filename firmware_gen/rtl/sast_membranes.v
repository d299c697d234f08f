// The membranes of a bank: a quad a word, one read and one write a cycle. A word that is read as it is written is not known.
// Of the last layer alone, if it needs more bits than the others, the upper ones stand in registers, which know no delay.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_membranes (
  clk, rst, read_a, read_y, load, load_none, load_x, write_en, write_a, write_fresh, write_last, write_old, write_y
);
  `include "sast_params.vh"
  localparam MORE = MW - MLOW;

  input  wire              clk;
  input  wire              rst;
  input  wire [MAW-1:0]    read_a;
  output wire [G*MW-1:0]   read_y;          // a cycle after its address
  // what is to be written later to the word that was read two cycles ago: the upper bits are taken
  input  wire              load;
  input  wire              load_none;       // with it: 0
  input  wire [G*MW-1:0]   load_x;
  // a word to write, and what it held: what was read in the cycle before if `write_fresh`, else `write_last`
  input  wire              write_en;
  input  wire [MAW-1:0]    write_a;
  input  wire              write_fresh;
  input  wire [G*MLOW-1:0] write_last;
  output wire [G*MW-1:0]   write_old;
  input  wire [G*MW-1:0]   write_y;

  (* no_rw_check *) reg [G*MLOW-1:0] words [0:MDEPTH-1];
  reg  [G*MLOW-1:0] y;
  wire [G*MLOW-1:0] fresh;
  wire [G*MLOW-1:0] old = write_fresh ? y : write_last;
  always @(posedge clk) begin
    if (write_en) words[write_a] <= fresh;
    y <= words[read_a];
  end

  genvar g, w;
  generate if (MORE == 0) begin : even
    assign fresh = write_y;
    assign read_y = y;
    assign write_old = old;
  end else begin : uneven
    localparam [31:0] FIRST = MWIDE;        // the last layer's words
    localparam DEPTH = MDEPTH - MWIDE;
    wire [DEPTH*G*MORE-1:0] all;
    wire [G*MORE-1:0] upper_x, upper_y;
    wire [MAW-1:0]    write_w = write_a - FIRST[MAW-1:0];
    reg  [MAW-1:0]    read_w;
    reg               is_wide;
    for (w = 0; w < DEPTH; w = w + 1) begin : wide
      reg  [G*MORE-1:0] here;
      reg               was_read;
      wire              writes = write_en && write_a >= FIRST[MAW-1:0] && write_w == w;
      assign all[w*G*MORE +: G*MORE] = here;
      always @(posedge clk) begin
        was_read <= is_wide && read_w == w;
        if (rst || (load && load_none && was_read)) here <= {G*MORE{1'b0}};
        else if (load && was_read) here <= upper_x;
        else if (writes) here <= upper_y;
      end
    end
    always @(posedge clk) begin
      is_wide <= read_a >= FIRST[MAW-1:0];
      read_w <= read_a - FIRST[MAW-1:0];
    end
    reg [G*MORE-1:0] read_upper, write_upper;       // if not of a wide word, then any
    integer i;
    always @* begin
      read_upper = all[0 +: G*MORE];
      write_upper = all[0 +: G*MORE];
      for (i = 1; i < DEPTH; i = i + 1) begin
        if (read_w == i[MAW-1:0]) read_upper = all[i*G*MORE +: G*MORE];
        if (write_w == i[MAW-1:0]) write_upper = all[i*G*MORE +: G*MORE];
      end
    end
    for (g = 0; g < G; g = g + 1) begin : lane
      assign fresh[g*MLOW +: MLOW] = write_y[g*MW +: MLOW];
      assign upper_x[g*MORE +: MORE] = load_x[g*MW+MLOW +: MORE];
      assign upper_y[g*MORE +: MORE] = write_y[g*MW+MLOW +: MORE];
      assign read_y[g*MW +: MW] = {is_wide ? read_upper[g*MORE +: MORE] : {MORE{y[g*MLOW+MLOW-1]}}, y[g*MLOW +: MLOW]};
      assign write_old[g*MW +: MW] = {write_upper[g*MORE +: MORE], old[g*MLOW +: MLOW]};
    end
  end endgenerate
endmodule

`default_nettype wire
