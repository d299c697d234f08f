// Takes a model word by word and writes it where it belongs; a model is valid once its CRC-32 (that of zlib) was given.
// A frame counts once: what follows a number that is not the next one is dropped, so that frames may come again.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_loader (
  clk, begins, frame, place, word, commits, data, ready, crc, frames, at, no_model, model, fill
);
  `include "sast_params.vh"

  input  wire        clk;
  // pulses, only while ready, with data
  input  wire        begins;                // data: a number that the last beginning had not; there is no model from here on
  input  wire        frame;                 // data: its number, from 0
  input  wire        place;                 // data: {memory[7:0], address[23:0]} of the next word
  input  wire        word;                  // 32 bits of a word, the lowest first; what is left over of the last ones is 0
  input  wire        commits;               // data: the CRC of all data of `place` and `word`, each little-endian
  input  wire [31:0] data;
  output wire        ready;
  // state
  output wire [31:0] crc;
  output reg  [15:0] frames;                // that counted
  output wire [31:0] at;
  output reg         no_model;
  output reg  [95:0] model;                 // see sast_registers
  output reg  [66:0] fill;                  // see sast_rom

  // ---- pieces of 32 bits in a word of each memory, less one
  localparam MODEL = 4'd15;
  localparam VB = BB > SB ? BB : SB;
  localparam ROW_BITS = NYB + MAW + UAW;
  localparam COLUMN_BITS = NB + (CHUNKS != 0 ? NCB : 0) + CQB + CUB + SYNB;
  localparam OP_BITS = 6 + LIB + EAW + RAW + CAW + RPB + URB + SBITS + CWB + CUB2 + WSHW;
  localparam LAYER_BITS = YB + RPB + MAW + PAW + PNB + B + 7 + LIB + 8 + (MW - SMIN + 1);
  localparam [5:0] IN_WEIGHTS = (G * WBITS - 1) / 32;
  localparam [5:0] IN_PARAMS = (P * (1 + TB + AMB) - 1) / 32;
  localparam [5:0] IN_BIASES = (P * VB - 1) / 32;
  localparam [5:0] IN_ROWS = (ROW_BITS - 1) / 32;
  localparam [5:0] IN_COLUMNS = (COLUMN_BITS - 1) / 32;
  localparam [5:0] IN_OPS = (OP_BITS - 1) / 32;
  localparam [5:0] IN_LAYERS = (LAYER_BITS - 1) / 32;
  reg  [5:0]  last;
  reg  [3:0]  memory;
  reg  [23:0] address;
  reg  [5:0]  piece;
  always @*
    case (memory)
      4'd0, 4'd1, 4'd2, 4'd3: last = IN_WEIGHTS;
      4'd4: last = IN_PARAMS;
      4'd5: last = IN_ROWS;
      4'd6: last = IN_COLUMNS;
      4'd7: last = IN_OPS;
      4'd8: last = IN_LAYERS;
      4'd10: last = IN_BIASES;
      default: last = 6'd0;
    endcase

  // ---- a frame that begins and comes late begins nothing anew
  reg  [15:0] number;
  wire        fresh = begins && data[15:0] != number;
  always @(posedge clk) if (begins) number <= data[15:0];

  // ---- its CRC, a bit a clock
  reg  [31:0] sum, shifted;
  reg  [5:0]  left;
  reg         heeds;                        // the frame counts
  wire        takes = no_model && heeds && (place || word);
  wire        feedback = sum[0] ^ shifted[0];
  assign ready = left == 6'd0;
  assign crc = ~sum;
  assign at = {4'd0, memory, address};
  initial begin                             // reset changes none of it
    left = 6'd0;
    number = 16'd0;
    sum = 32'd0;
    memory = 4'd0;
    address = 24'd0;
    piece = 6'd0;
    heeds = 1'b0;
    frames = 16'd0;
    no_model = SPRAM != 0;                  // which has no contents yet
    model = 96'd0;
    fill = 67'd0;
  end
  always @(posedge clk) begin
    if (fresh) sum <= 32'hFFFFFFFF;
    else if (!ready) sum <= {1'b0, sum[31:1]} ^ (feedback ? 32'hEDB88320 : 32'd0);
    shifted <= takes ? data : {1'b0, shifted[31:1]};
    if (takes) left <= 6'd32;
    else if (!ready) left <= left - 6'd1;
  end

  // ---- words to their places
  always @(posedge clk) begin
    if (fresh) no_model <= 1'b1;
    else if (commits && data == crc) no_model <= 1'b0;
    if (fresh) heeds <= 1'b0;
    else if (frame) heeds <= data == {16'd0, frames};
    if (fresh) frames <= 16'd0;
    else if (frame && no_model && data == {16'd0, frames}) frames <= frames + 16'd1;
    if (takes && place) begin
      memory <= data[27:24];
      address <= data[23:0];
      piece <= 6'd0;
    end else if (takes) begin
      piece <= piece == last ? 6'd0 : piece + 6'd1;
      if (piece == last) address <= address + 24'd1;
      if (memory == MODEL && address[1:0] == 2'd0) model[31:0] <= data;
      if (memory == MODEL && address[1:0] == 2'd1) model[63:32] <= data;
      if (memory == MODEL && address[1:0] == 2'd2) model[95:64] <= data;
    end
    fill <= {takes && word, memory, piece, address, data};
  end
endmodule

`default_nettype wire
