// Core clock of an ECP5: the oscillator itself (PLL = 0), or clk_in * CLKFB_DIV / CLKI_DIV.
// The PLL's own oscillator runs at the core clock * CLKOP_DIV, 400 to 800 MHz; CLKOP_CPHASE = CLKOP_DIV - 1: no phase.
// `locked` is asynchronous.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_clock_ecp5 #(
  parameter PLL = 1,
  parameter CLKI_DIV = 1,
  parameter CLKFB_DIV = 3,
  parameter CLKOP_DIV = 8,
  parameter CLKOP_CPHASE = 7
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
      (* ICP_CURRENT = "12" *) (* LPF_RESISTOR = "8" *) (* MFG_ENABLE_FILTEROPAMP = "1" *) (* MFG_GMCREF_SEL = "2" *)
      EHXPLLL #(
        .FEEDBK_PATH("CLKOP"),
        .OUTDIVIDER_MUXA("DIVA"),
        .CLKI_DIV(CLKI_DIV),
        .CLKFB_DIV(CLKFB_DIV),
        .CLKOP_ENABLE("ENABLED"),
        .CLKOP_DIV(CLKOP_DIV),
        .CLKOP_CPHASE(CLKOP_CPHASE),
        .CLKOP_FPHASE(0)
      ) pll (
        .CLKI(clk_in),
        .CLKFB(clk),
        .CLKOP(clk),
        .LOCK(locked),
        .RST(1'b0),
        .STDBY(1'b0),
        .PHASESEL0(1'b0),
        .PHASESEL1(1'b0),
        .PHASEDIR(1'b1),
        .PHASESTEP(1'b1),
        .PHASELOADREG(1'b1),
        .PLLWAKESYNC(1'b0),
        .ENCLKOP(1'b0)
      );
    end
  endgenerate
endmodule

`default_nettype wire
