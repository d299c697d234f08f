// Core clock of a Gowin GW1NR-9C: the oscillator itself (PLL = 0), or clk_in * (FBDIV_SEL + 1) / (IDIV_SEL + 1).
// The PLL's own oscillator runs at the core clock * ODIV_SEL, 400 to 1,200 MHz. FCLKIN: clk_in in MHz, as text.
// `locked` is asynchronous.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_clock_gowin #(
  parameter PLL = 1,
  parameter FCLKIN = "27",
  parameter IDIV_SEL = 0,
  parameter FBDIV_SEL = 1,
  parameter ODIV_SEL = 16
) (
  input  wire clk_in,
  output wire clk,
  output wire locked
);
  generate
    if (PLL == 0) begin : g_oscillator
      assign clk = clk_in;
      assign locked = 1'b1;
    end else begin : g_pll
      rPLL #(
        .DEVICE("GW1NR-9C"),
        .FCLKIN(FCLKIN),
        .IDIV_SEL(IDIV_SEL),
        .FBDIV_SEL(FBDIV_SEL),
        .ODIV_SEL(ODIV_SEL)
      ) pll (
        .CLKIN(clk_in),
        .CLKOUT(clk),
        .LOCK(locked),
        .CLKFB(1'b0),
        .RESET(1'b0),
        .RESET_P(1'b0),
        .FBDSEL(6'd0),
        .IDSEL(6'd0),
        .ODSEL(6'd0),
        .DUTYDA(4'd0),
        .PSDA(4'd0),
        .FDLY(4'd0)
      );
    end
  endgenerate
endmodule

`default_nettype wire
