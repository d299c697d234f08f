// A UART: 8 bits, no parity, 1 stop bit. One byte is kept until taken; a later one takes its place.
// rx is sampled in the middle of a bit; what has no stop bit is dropped, and what follows until the line rests.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_uart #(
  parameter CLK_HZ = 12_000_000,
  parameter BAUD = 115_200                  // at most CLK_HZ / 8
) (
  input  wire       clk,
  input  wire       rst,
  // wires
  input  wire       rx,
  output reg        tx,
  // received
  output reg        got,                    // a byte waits
  output reg  [7:0] got_data,
  input  wire       take,                   // pulse
  // sent
  output wire       busy,
  input  wire [7:0] data,
  input  wire       send                    // pulse, only while not busy
);
  localparam integer BIT = (CLK_HZ + BAUD / 2) / BAUD;
  localparam W = $clog2(BIT);
  localparam [31:0] LAST = BIT - 1;
  localparam [31:0] MIDDLE = BIT / 2 - 1;

  // ---- receive: ones move out of `in` as bits move in, so that a start bit at its end marks a byte
  reg  [2:0]   line;
  reg  [W-1:0] in_time;
  reg  [8:0]   in;
  reg          hears;
  wire         sample = in_time == MIDDLE[W-1:0];
  always @(posedge clk) begin
    line <= {line[1:0], rx};
    if (rst) hears <= 1'b0;
    else if (!hears) hears <= line[2] && !line[1];
    else if (sample && ((&in && line[1]) || !in[0])) hears <= 1'b0; // no start bit after all, or the stop bit
    if (!hears || in_time == LAST[W-1:0]) in_time <= {W{1'b0}};
    else in_time <= in_time + 1'b1;
    if (!hears) in <= 9'h1FF;
    else if (sample) in <= {line[1], in[8:1]};
    if (rst || take) got <= 1'b0;
    if (hears && sample && !in[0] && line[1] && !rst) begin
      got <= 1'b1;
      got_data <= in[8:1];
    end
  end

  // ---- send: the stop bit is the last one to move out of `out`
  reg  [W-1:0] out_time;
  reg  [9:0]   out;
  assign busy = out != 10'd0;
  always @(posedge clk) begin
    tx <= !busy || out[0];
    if (!busy || out_time == LAST[W-1:0]) out_time <= {W{1'b0}};
    else out_time <= out_time + 1'b1;
    if (rst) out <= 10'd0;
    else if (send) out <= {1'b1, data, 1'b0};
    else if (out_time == LAST[W-1:0]) out <= {1'b0, out[9:1]};
  end
endmodule

`default_nettype wire
