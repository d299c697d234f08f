// iCE40-HX8K breakout board: event core behind the UART of its USB port's second channel, 12 MHz oscillator into the PLL.
// It has no button: reset comes from the PLL alone. LED D2 is the core's led[0], D3 its led[1], lit at 1.
// 'edge-sast fpga build' sets CLK_HZ, BAUD and the PLL's numbers.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module hx8k_breakout_top #(
  parameter       CLK_HZ = 66_000_000,
  parameter       BAUD = 115_200,
  parameter       PLL = 1,
  parameter [3:0] DIVR = 4'd0,
  parameter [6:0] DIVF = 7'd87,
  parameter [2:0] DIVQ = 3'd4,
  parameter [2:0] FILTER_RANGE = 3'd1
) (
  input  wire       clk_in,
  // UART
  input  wire       uart_rx,
  output wire       uart_tx,
  // LEDs
  output wire [1:0] led
);
  wire clk, locked, rst;

  sast_clock_ice40 #(
    .PLL(PLL),
    .PAD(0),
    .DIVR(DIVR),
    .DIVF(DIVF),
    .DIVQ(DIVQ),
    .FILTER_RANGE(FILTER_RANGE)
  ) clock (
    .clk_in(clk_in),
    .clk(clk),
    .locked(locked)
  );

  sast_reset reset (
    .clk(clk),
    .hold(!locked),
    .rst(rst)
  );

  sast_uart_top #(
    .CLK_HZ(CLK_HZ),
    .BAUD(BAUD)
  ) device (
    .clk(clk),
    .rst(rst),
    .uart_rx(uart_rx),
    .uart_tx(uart_tx),
    .led(led)
  );
endmodule

`default_nettype wire
