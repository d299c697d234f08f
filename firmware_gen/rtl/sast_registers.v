// The core's registers on a bus of 32-bit words: control, status, counters, the last answer, and the loading of a model.
// Synthesised as sast_params.vh asks: REGISTERS 0 leaves all out, LOADABLE 0 the loading. docs/fpga.md has the map.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_registers (
  clk, rst, address, write, data, bus_ready, value, clear, observe, cleared, ready, ev_error, ev_waits,
  st_taken, st_data, st_last, res_taken, res_data, res_last, no_model, model, fill
);
  `include "sast_params.vh"

  input  wire        clk;
  input  wire        rst;
  // bus
  input  wire [7:0]  address;
  input  wire        write;                 // pulse, only while bus_ready
  input  wire [31:0] data;
  output wire        bus_ready;
  output wire [31:0] value;                 // of the register whose address stood there a clock before
  // to the core
  output wire        clear;                 // pulse
  output wire        observe;
  // from the core: its state, and what its streams hand over
  input  wire        cleared;               // pulse: a recording was given up, by whomever
  input  wire        ready;
  input  wire        ev_error;
  input  wire        ev_waits;              // an event is there and not taken
  input  wire        st_taken;
  input  wire [31:0] st_data;
  input  wire        st_last;
  input  wire        res_taken;
  input  wire [31:0] res_data;
  input  wire        res_last;
  // the model: while there is none the core must be in reset
  output wire        no_model;
  output wire [95:0] model;                 // see sast_core: {loaded, 5'd0, early, fires, cap, last of layers and entries, last step, row, column}
  output wire [66:0] fill;                  // see sast_rom

  localparam [7:0] CONTROL = 8'h02;
  localparam [7:0] BEGIN = 8'h3C, COMMIT = 8'h3D, FRAME = 8'h3E, ADDRESS = 8'h3F;
  localparam [1:0] DATA = 2'd1;             // 0x40 to 0x7F are one register
  wire [31:0] load_crc, load_address, sizes;
  wire [15:0] load_frames;

  generate if (REGISTERS != 0) begin : there
    // ---- what the core did since it was cleared
    reg         clears, observes;
    reg  [31:0] steps, cycles, stalls, step_crc, step_cycles;
    assign clear = clears;
    assign observe = observes;
    always @(posedge clk) begin
      clears <= !rst && write && address == CONTROL && data[0];
      if (rst) observes <= 1'b0;
      else if (write && address == CONTROL) observes <= data[1];
      if (rst || cleared) begin
        steps <= 32'd0;
        cycles <= 32'd0;
        stalls <= 32'd0;
      end else begin
        if (st_taken && st_last) begin
          steps <= steps + 32'd1;
          cycles <= cycles + st_data;
        end
        if (ev_waits) stalls <= stalls + 32'd1;
      end
      if (rst) begin
        step_crc <= 32'd0;
        step_cycles <= 32'd0;
      end else if (st_taken) begin
        if (st_last) step_cycles <= st_data;
        else step_crc <= st_data;
      end
    end

    // ---- the last answer, as it went by
    (* no_rw_check *) reg [31:0] answers [0:63];
    reg  [31:0] answer;
    reg  [6:0]  beat;                       // 64: what is beyond is not kept
    always @(posedge clk) begin
      if (rst || cleared) beat <= 7'd0;
      else if (res_taken) beat <= res_last ? 7'd0 : beat + {6'd0, !beat[6]};
      if (res_taken && !beat[6]) answers[beat[5:0]] <= res_data;
      answer <= answers[address[5:0]];
    end

    // ---- reading
    reg  [1:0]  page;
    reg  [31:0] plain;
    localparam [31:0] KIND = (LOADABLE != 0 ? 256 : 0) + 1;
    always @(posedge clk) begin
      page <= address[7:6];
      case (address)
        8'h00: plain <= 32'h54534153;
        8'h01: plain <= KIND;
        CONTROL: plain <= {30'd0, observes, 1'b0};
        8'h03: plain <= {29'd0, !no_model, ev_error, ready};
        8'h04: plain <= {31'd0, !no_model};
        8'h05: plain <= steps;
        8'h06: plain <= step_crc;
        8'h07: plain <= step_cycles;
        8'h08: plain <= cycles;
        8'h09: plain <= stalls;
        COMMIT: plain <= load_crc;
        FRAME: plain <= {16'd0, load_frames};
        ADDRESS: plain <= load_address;
        default: plain <= 32'd0;
      endcase
    end
    assign value = page == 2'd2 ? answer : page == 2'd3 ? sizes : page == 2'd0 ? plain : 32'd0;
  end else begin : none
    assign clear = 1'b0;
    assign observe = 1'b0;
    assign value = 32'd0;
  end endgenerate

  // ---- loading: nothing of it is forgotten by rst, as the tables are not either
  generate if (REGISTERS != 0 && LOADABLE != 0) begin : loading
    sast_loader loader (
      .clk(clk), .begins(write && address == BEGIN), .frame(write && address == FRAME),
      .place(write && address == ADDRESS), .word(write && address[7:6] == DATA), .commits(write && address == COMMIT),
      .data(data), .ready(bus_ready), .crc(load_crc), .frames(load_frames), .at(load_address), .no_model(no_model),
      .model(model), .fill(fill)
    );
    sast_rom #(.W(32), .AW(6), .DEPTH(64), .FILE("sizes.mem")) sizes_rom (
      .clk(clk), .en(1'b1), .a(address[5:0]), .q(sizes), .fill(67'd0)
    );
  end else begin : fixed
    assign bus_ready = 1'b1;
    assign load_crc = 32'd0;
    assign load_frames = 16'd0;
    assign load_address = 32'd0;
    assign no_model = 1'b0;
    assign model = 96'd0;
    assign fill = 67'd0;
    assign sizes = 32'd0;
  end endgenerate
endmodule

`default_nettype wire
