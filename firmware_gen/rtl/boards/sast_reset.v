// Reset of a board: active from configuration until 1,024 clocks after `hold` was released, and whenever it is held.
// `hold` may be asynchronous (a button, a PLL that has not locked); `rst` is synchronous to clk, active high.
// The clocks also bridge the first 10 us, in which an iCE40's block RAM cannot yet be read.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_reset (
  input  wire clk,
  input  wire hold,
  output reg  rst
);
  reg [1:0] free;
  reg [9:0] count;

  initial begin
    free  = 2'b00;
    count = 10'd0;
    rst   = 1'b1;
  end

  always @(posedge clk) begin
    free <= {free[0], !hold};
    if (!free[1]) begin
      count <= 10'd0;
      rst   <= 1'b1;
    end else begin
      count <= count + 10'd1;
      if (&count) rst <= 1'b0;
    end
  end
endmodule

`default_nettype wire
