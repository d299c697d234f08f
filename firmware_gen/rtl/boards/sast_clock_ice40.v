// Core clock of an iCE40: the oscillator itself (PLL = 0), or clk_in * (DIVF + 1) / (DIVR + 1) / 2^DIVQ.
// PAD = 1 where the oscillator's pin is the one beside the PLL (it then feeds nothing else), 0 for any other pin.
// FILTER_RANGE depends on clk_in / (DIVR + 1); `locked` is asynchronous.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_clock_ice40 #(
  parameter       PLL = 1,
  parameter       PAD = 0,
  parameter [3:0] DIVR = 4'd0,
  parameter [6:0] DIVF = 7'd79,
  parameter [2:0] DIVQ = 3'd5,
  parameter [2:0] FILTER_RANGE = 3'd1
) (
  input  wire clk_in,
  output wire clk,
  output wire locked
);
  generate
    if (PLL == 0) begin : g_oscillator
      assign clk = clk_in;
      assign locked = 1'b1;
    end else if (PAD != 0) begin : g_pad
      SB_PLL40_PAD #(
        .FEEDBACK_PATH("SIMPLE"),
        .DIVR(DIVR),
        .DIVF(DIVF),
        .DIVQ(DIVQ),
        .FILTER_RANGE(FILTER_RANGE)
      ) pll (
        .PACKAGEPIN(clk_in),
        .PLLOUTGLOBAL(clk),
        .LOCK(locked),
        .RESETB(1'b1),
        .BYPASS(1'b0)
      );
    end else begin : g_core
      SB_PLL40_CORE #(
        .FEEDBACK_PATH("SIMPLE"),
        .DIVR(DIVR),
        .DIVF(DIVF),
        .DIVQ(DIVQ),
        .FILTER_RANGE(FILTER_RANGE)
      ) pll (
        .REFERENCECLK(clk_in),
        .PLLOUTGLOBAL(clk),
        .LOCK(locked),
        .RESETB(1'b1),
        .BYPASS(1'b0)
      );
    end
  endgenerate
endmodule

`default_nettype wire
