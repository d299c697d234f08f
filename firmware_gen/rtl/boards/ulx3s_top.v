// ULX3S (ECP5-25F): event core behind the UART of its US1 port, 25 MHz oscillator into the PLL.
// Button FIRE 1, high when pressed, resets. LED 0 is the core's led[0], LED 1 its led[1], lit at 1.
// wifi_gpio0 stays high, or the board's ESP32 would take the FPGA over. 'edge-sast fpga build' sets the parameters.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module ulx3s_top #(
  parameter CLK_HZ = 70_000_000,
  parameter BAUD = 115_200,
  parameter PLL = 1,
  parameter CLKI_DIV = 5,
  parameter CLKFB_DIV = 14,
  parameter CLKOP_DIV = 9,
  parameter CLKOP_CPHASE = 8
) (
  input  wire       clk_in,
  input  wire       button,
  // UART
  input  wire       uart_rx,
  output wire       uart_tx,
  // LEDs, ESP32
  output wire [1:0] led,
  output wire       wifi_gpio0
);
  wire clk, locked, rst;

  sast_clock_ecp5 #(
    .PLL(PLL),
    .CLKI_DIV(CLKI_DIV),
    .CLKFB_DIV(CLKFB_DIV),
    .CLKOP_DIV(CLKOP_DIV),
    .CLKOP_CPHASE(CLKOP_CPHASE)
  ) clock (
    .clk_in(clk_in),
    .clk(clk),
    .locked(locked)
  );

  sast_reset reset (
    .clk(clk),
    .hold(!locked || button),
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

  assign wifi_gpio0 = 1'b1;
endmodule

`default_nettype wire
