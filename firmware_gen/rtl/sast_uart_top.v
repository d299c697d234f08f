// The event core behind a UART that speaks the board protocol (docs/protocol.md): all that a board's top needs.
// LEDs: 0 is lit while a request is worked on, 1 once the core has dropped an event (it never should).
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_uart_top #(
  parameter CLK_HZ = 12_000_000,
  parameter BAUD = 115_200,                 // at most CLK_HZ / 8
  parameter CRC_WIDE = 0                    // see sast_core
) (
  input  wire       clk,
  input  wire       rst,
  input  wire       uart_rx,                // of this part: the host's transmitter
  output wire       uart_tx,
  output wire [1:0] led
);
  // ---- UART and protocol
  wire        rx_valid, rx_take, tx_busy, tx_send, idle;
  wire [7:0]  rx_data, tx_data;
  wire        link_clear, link_observe, ev_tvalid, ev_tready, ev_tlast, st_tvalid, st_tready, st_tlast, res_tvalid, res_tready, res_tlast;
  wire [31:0] ev_tdata, st_tdata, res_tdata;
  wire        ev_error, ready;
  // the core's registers
  wire [7:0]  bus_address;
  wire        bus_write, bus_ready, bus_clear, bus_observe, no_model;
  wire [31:0] bus_data, bus_value;
  wire [66:0] fill;
  wire [95:0] model;
  wire        clear = link_clear || bus_clear;
  wire        observe = link_observe || bus_observe;

  sast_uart #(.CLK_HZ(CLK_HZ), .BAUD(BAUD)) uart (
    .clk(clk), .rst(rst), .rx(uart_rx), .tx(uart_tx), .got(rx_valid), .got_data(rx_data), .take(rx_take), .busy(tx_busy),
    .data(tx_data), .send(tx_send)
  );
  sast_link #(.CLK_HZ(CLK_HZ), .PROGRAM("link_program.mem"), .DATA("link_data.mem")) link (
    .clk(clk), .rst(rst), .bus_address(bus_address), .bus_write(bus_write), .bus_data(bus_data), .bus_ready(bus_ready),
    .bus_value(bus_value), .fill(fill), .idle(idle), .rx_valid(rx_valid), .rx_data(rx_data), .rx_take(rx_take), .tx_busy(tx_busy),
    .tx_data(tx_data), .tx_send(tx_send), .clear(link_clear), .observe(link_observe), .ev_tvalid(ev_tvalid), .ev_tready(ev_tready),
    .ev_tdata(ev_tdata), .ev_tlast(ev_tlast), .st_tvalid(st_tvalid), .st_tready(st_tready), .st_tdata(st_tdata),
    .res_tvalid(res_tvalid), .res_tready(res_tready), .res_tdata(res_tdata)
  );

  // ---- core; what only benches look at stays open
  /* verilator lint_off PINCONNECTEMPTY */
  sast_core #(.CRC_WIDE(CRC_WIDE), .PACED(1)) core (
    .clk(clk), .rst(rst || no_model), .clear(clear), .observe(observe), .ready(ready), .ev_tvalid(ev_tvalid), .ev_tready(ev_tready),
    .ev_tdata(ev_tdata), .ev_tlast(ev_tlast), .ev_error(ev_error), .st_tvalid(st_tvalid), .st_tready(st_tready),
    .st_tdata(st_tdata), .st_tlast(st_tlast), .res_tvalid(res_tvalid), .res_tready(res_tready), .res_tdata(res_tdata), .res_tlast(res_tlast),
    .spk_tvalid(), .spk_tready(1'b1), .spk_tdata(), .spk_lanes(), .spk_tlast(),
    .obs_valid(), .obs_lanes(), .obs_v(), .obs_spk(), .obs_end(), .obs_synops(), .obs_spikes(),
    .model(model), .fill(fill)
  );
  /* verilator lint_on PINCONNECTEMPTY */
  sast_registers registers (
    .clk(clk), .rst(rst), .address(bus_address), .write(bus_write), .data(bus_data), .bus_ready(bus_ready), .value(bus_value),
    .clear(bus_clear), .observe(bus_observe), .cleared(clear), .ready(ready), .ev_error(ev_error), .ev_waits(ev_tvalid && !ev_tready),
    .st_taken(st_tvalid && st_tready), .st_data(st_tdata), .st_last(st_tlast), .res_taken(res_tvalid && res_tready),
    .res_data(res_tdata), .res_last(res_tlast), .no_model(no_model), .model(model), .fill(fill)
  );
  assign led = {ev_error, !idle};
endmodule

`default_nettype wire
