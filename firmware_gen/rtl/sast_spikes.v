// The spikes of a layer from its sweep to the operations that consume them: words of P lanes, first in, first out.
// It holds a whole layer's, so it is never full; they can be read again from the first one.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_spikes (clk, rst, put, put_row, put_k, put_lanes, more, word_valid, word_take, word_row, word_k, word_lanes, rewind);
  `include "sast_params.vh"

  input  wire           clk;
  input  wire           rst;                // also before every sweep: forget all
  // from the sweep: lanes has at least one spike
  input  wire           put;
  input  wire [YB-1:0]  put_row;
  input  wire [RPB-1:0] put_k;
  input  wire [P-1:0]   put_lanes;
  // to the dispatcher
  output wire           more;               // some are not read yet
  output reg            word_valid;
  input  wire           word_take;
  output wire [YB-1:0]  word_row;
  output wire [RPB-1:0] word_k;
  output wire [P-1:0]   word_lanes;
  input  wire           rewind;             // begin again with the first one

  localparam W = YB + RPB + P;
  (* no_rw_check *) reg [W-1:0] words [0:(1<<FIFO_AW)-1];
  reg [W-1:0]     word;
  reg [FIFO_AW:0] wr, rd;
  wire            read = wr != rd && (!word_valid || word_take) && !rewind;

  assign more = word_valid || wr != rd;
  assign {word_row, word_k, word_lanes} = word;
  always @(posedge clk) begin
    if (put) words[wr[FIFO_AW-1:0]] <= {put_row, put_k, put_lanes};
    if (read) word <= words[rd[FIFO_AW-1:0]];
  end
  always @(posedge clk)
    if (rst) begin
      wr <= {(FIFO_AW+1){1'b0}};
      rd <= {(FIFO_AW+1){1'b0}};
      word_valid <= 1'b0;
    end else begin
      if (put) wr <= wr + 1'b1;
      if (rewind) rd <= {(FIFO_AW+1){1'b0}};
      else if (read) rd <= rd + 1'b1;
      if (rewind) word_valid <= 1'b0;
      else if (read) word_valid <= 1'b1;
      else if (word_take) word_valid <= 1'b0;
    end
endmodule

`default_nettype wire
