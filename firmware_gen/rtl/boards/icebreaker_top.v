// iCEBreaker (iCE40 UP5K): event core behind the UART of its USB port's second channel, 12 MHz oscillator into the PLL.
// The user button, low when pressed, resets. The LEDs light at 0: green is the core's led[0], red its led[1].
// 'edge-sast fpga build' sets CLK_HZ, BAUD and the PLL's numbers.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module icebreaker_top #(
  parameter       CLK_HZ = 24_000_000,
  parameter       BAUD = 115_200,
  parameter       PLL = 1,
  parameter [3:0] DIVR = 4'd0,
  parameter [6:0] DIVF = 7'd63,
  parameter [2:0] DIVQ = 3'd5,
  parameter [2:0] FILTER_RANGE = 3'd1
) (
  input  wire clk_in,
  input  wire button_n,
  // UART
  input  wire uart_rx,
  output wire uart_tx,
  // LEDs
  output wire led_green_n,
  output wire led_red_n
);
  wire clk, locked, rst;
  wire [1:0] led;

  sast_clock_ice40 #(
    .PLL(PLL),
    .PAD(1),
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
    .hold(!locked || !button_n),
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

  assign {led_red_n, led_green_n} = ~led;
endmodule

`default_nettype wire
