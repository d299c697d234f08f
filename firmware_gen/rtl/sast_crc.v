// The CRC-32 of a step (that of zlib): of each lane that exists the membrane (int32, little-endian) and the spike, and after a
// layer's words its two counters. Two bits a cycle; with WIDE bytes, and whole quads, a word a cycle, two cycles deep.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_crc (
  clk, rst, word, quads, v, spikes, lane, lane_v, lane_spike, lane_ends, lane_next, counts, synops, spike_count, busy, value,
  restart
);
  parameter WIDE = 1;
  `include "sast_params.vh"
  localparam QB = LB + 1;
  localparam N = MW + 1;                    // bits of a lane: membrane, spike
  localparam [31:0] POLYNOMIAL = 32'hEDB88320;

  input  wire             clk;
  input  wire             rst;
  // only with WIDE: a word whose first `quads` quads exist with all their lanes
  input  wire             word;             // pulse
  input  wire [QB-1:0]    quads;
  input  wire [P*MW-1:0]  v;
  input  wire [P-1:0]     spikes;
  // a neuron
  input  wire             lane;             // there is one; it stays until
  input  wire [MW-1:0]    lane_v;
  input  wire             lane_spike;
  output wire             lane_ends;        // its last part is due
  input  wire             lane_next;        // and is taken
  input  wire             counts;           // pulse: take a layer's counters
  input  wire [31:0]      synops;
  input  wire [31:0]      spike_count;
  output wire             busy;
  output wire [31:0]      value;            // once not busy
  input  wire             restart;          // pulse: a new step begins

  function [31:0] advance(input [31:0] crc, input integer bits);    // by so many zero bits
    integer i;
    begin
      advance = crc;
      for (i = 0; i < bits; i = i + 1) advance = advance[0] ? (advance >> 1) ^ POLYNOMIAL : advance >> 1;
    end
  endfunction

  // ---- part by part
  localparam D = WIDE != 0 ? 8 : 2;         // bits of a part
  localparam PB = WIDE != 0 ? 3 : 5;
  localparam [31:0] LAST_OF_NEURON = 40 / D - 1;
  reg  [31:0]     crc;
  reg             in_counts;
  reg  [PB-1:0]   part;                     // of a neuron or of the counters
  wire [39:0]     neuron = {7'd0, lane_spike, {(32-MW){lane_v[MW-1]}}, lane_v};
  wire [63:0]     counters = {spike_count, synops};
  wire [D-1:0]    data = in_counts ? counters[part*D +: D] : neuron[part*D +: D];
  wire            due = in_counts || (lane && (!lane_ends || lane_next));
  assign lane_ends = part == LAST_OF_NEURON[PB-1:0];

  // ---- whole quads: the CRC is linear, so what a word adds and what it does to the CRC before it are worked out apart
  wire            wide_busy;
  wire [31:0]     wide_next;
  generate if (WIDE != 0) begin : wide
    reg             fresh;
    reg  [QB-1:0]   count;
    reg  [31:0]     added;
    wire [P*N-1:0]  bits;                   // lanes moved up, so that the last quad that exists ends the word
    genvar i, j, q;
    for (i = 0; i < P; i = i + 1) begin : lane_bits
      wire [N-1:0] of_quads [0:B-1];        // by the number of quads that exist, less one
      for (q = 0; q < B; q = q + 1) begin : moved
        localparam FROM = i - (B - 1 - q) * G;
        if (FROM >= 0) begin : there
          assign of_quads[q] = {spikes[FROM], v[FROM*MW +: MW]};
        end else begin : none
          assign of_quads[q] = {N{1'b0}};
        end
      end
      if (B == 1) begin : one
        assign bits[i*N +: N] = of_quads[0];
      end else begin : some
        wire [QB-1:0] which = quads - 1'b1;
        assign bits[i*N +: N] = of_quads[which[LB-1:0]];
      end
    end
    wire [P*N-1:0] mask [0:31];
    wire [1023:0] rows [0:B-1];             // row by row, of each number of quads
    for (i = 0; i < P; i = i + 1) begin : column
      for (j = 0; j < N; j = j + 1) begin : of_bit
        // the membrane's sign stands for all higher bits too: their columns add up
        localparam AFTER = (P - 1 - i) * 40;
        localparam [31:0] C = j == MW ? advance(POLYNOMIAL, AFTER + 7)
                            : j == MW - 1 ? sign_column(AFTER) : advance(POLYNOMIAL, AFTER + 39 - j);
        for (q = 0; q < 32; q = q + 1) begin : row
          assign mask[q][i*N + j] = C[q];
        end
      end
    end
    for (q = 0; q < B; q = q + 1) begin : ahead
      for (j = 0; j < 32; j = j + 1) begin : of_bit
        localparam [31:0] ONE = 32'd1 << j;
        localparam [31:0] C = advance(ONE, (q + 1) * G * 40);
        for (i = 0; i < 32; i = i + 1) begin : row
          assign rows[q][i*32 + j] = C[i];
        end
      end
    end
    // within `if`s, so that a simulator works only where there is something to do
    integer m, n;
    always @(posedge clk) begin
      fresh <= !rst && word;
      if (word) begin
        count <= quads - 1'b1;
        for (m = 0; m < 32; m = m + 1) added[m] <= ^(bits & mask[m]);
      end
    end
    assign wide_busy = fresh;
    reg [31:0] moved;
    always @* begin
      moved = 32'd0;
      for (m = 0; m < B; m = m + 1)
        if (fresh && count == m[QB-1:0])
          for (n = 0; n < 32; n = n + 1) moved[n] = ^(crc & rows[m][n*32 +: 32]);
    end
    assign wide_next = moved ^ added;
  end else begin : narrow_only
    assign wide_busy = 1'b0;
    assign wide_next = crc;
  end endgenerate

  function [31:0] sign_column(input integer zeros);
    integer i;
    begin
      sign_column = 32'd0;
      for (i = MW - 1; i < 32; i = i + 1) sign_column = sign_column ^ advance(POLYNOMIAL, zeros + 39 - i);
    end
  endfunction

  assign busy = in_counts || wide_busy;
  assign value = ~crc;
  always @(posedge clk)
    if (rst) begin
      in_counts <= 1'b0;
      part <= {PB{1'b0}};
      crc <= 32'hFFFFFFFF;
    end else begin
      if (counts) in_counts <= 1'b1;
      else if (&part) in_counts <= 1'b0;
      if (due) part <= lane_ends && !in_counts ? {PB{1'b0}} : part + 1'b1;
      if (restart) crc <= 32'hFFFFFFFF;
      else if (wide_busy) crc <= wide_next;
      else if (due) crc <= advance(crc ^ {{(32-D){1'b0}}, data}, D);
    end
endmodule

`default_nettype wire
