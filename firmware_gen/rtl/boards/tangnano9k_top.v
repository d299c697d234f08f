// Tang Nano 9K (Gowin GW1NR-9C): event core behind the UART of its USB port, 27 MHz oscillator into the PLL.
// Button S1, low when pressed, resets. The LEDs light at 0: LED 0 is the core's led[0], LED 1 its led[1].
// 'edge-sast fpga build' sets CLK_HZ, BAUD and the PLL's numbers.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module tangnano9k_top #(
  parameter CLK_HZ = 45_000_000,
  parameter BAUD = 115_200,
  parameter PLL = 1,
  parameter IDIV_SEL = 2,
  parameter FBDIV_SEL = 4,
  parameter ODIV_SEL = 16
) (
  input  wire       clk_in,
  input  wire       button_n,
  // UART
  input  wire       uart_rx,
  output wire       uart_tx,
  // LEDs
  output wire [1:0] led_n
);
  wire clk, locked, rst;
  wire [1:0] led;

  sast_clock_gowin #(
    .PLL(PLL),
    .FCLKIN("27"),
    .IDIV_SEL(IDIV_SEL),
    .FBDIV_SEL(FBDIV_SEL),
    .ODIV_SEL(ODIV_SEL)
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

  assign led_n = ~led;
endmodule

`default_nettype wire
