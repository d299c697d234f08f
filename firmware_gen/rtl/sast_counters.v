// SynOps and spikes of each counted layer: of the step, and their sums over the recording.
// Additions of a layer's own spikes come after its sweep and belong to its next step.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_counters (
  clk, rst, run_sent, run_synops, op_counted, op_ends, op_layer,
  sweep_starts, sweep_ends, seen, seen_spikes, l_layer, step_synops, step_spikes,
  total_layer, total_part, total_half, forget, over, final_layer
);
  parameter LOADS = 0;                      // 1: final_layer counts
  `include "sast_params.vh"
  localparam POPB = LP + 1;
  localparam MOST = SYNTW > SPKTW ? SYNTW : SPKTW;
  localparam SUMW = MOST > 32 ? (MOST + 1) / 2 : 16;
  localparam [31:0] LAST = COUNTED - 1;

  input  wire            clk;
  input  wire            rst;
  // runs as they are sent, of the operation's target
  input  wire            run_sent;
  input  wire [SYNB-1:0] run_synops;
  input  wire            op_counted;
  input  wire            op_ends;
  input  wire [LIB-1:0]  op_layer;
  // the sweep of a layer
  input  wire            sweep_starts;
  input  wire            sweep_ends;        // with its last word
  input  wire            seen;
  input  wire [P-1:0]    seen_spikes;
  input  wire [LIB-1:0]  l_layer;
  output wire [SYNW-1:0] step_synops;       // from the second cycle after sweep_ends on
  output wire [SPKW-1:0] step_spikes;
  // sums: a half of one, a cycle after its place, not in the five cycles after sweep_ends
  input  wire [LIB-1:0]  total_layer;
  input  wire [1:0]      total_part;        // SynOps low, high, spikes low, high
  output wire [SUMW-1:0] total_half;
  input  wire            forget;            // pulse: a new recording
  input  wire            over;              // pulse, with MARGIN: what was added since the last sweep is none of the recording
  input  wire [LIB-1:0]  final_layer;       // of a model that was loaded: the last one with weights

  // ---- SynOps of the operation, then of the layer
  reg  [SYNW-1:0] sum;
  wire [31:0]     synops32 = {{(32-SYNB){1'b0}}, run_synops};
  always @(posedge clk)
    if (rst || op_ends || (MARGIN != 0 && over)) sum <= {SYNW{1'b0}};
    else if (run_sent && op_counted) sum <= sum + synops32[SYNW-1:0];
  reg [SYNW-1:0] synops;
  genvar l;
  assign step_synops = synops;
  generate if (RECURRENT != 0) begin : each
    wire [COUNTED*SYNW-1:0] of_layers;
    for (l = 0; l < COUNTED; l = l + 1) begin : layer
      reg [SYNW-1:0] so_far;
      assign of_layers[l*SYNW +: SYNW] = so_far;
      always @(posedge clk)
        if (rst || (sweep_ends && l_layer == l) || (MARGIN != 0 && over)) so_far <= {SYNW{1'b0}};
        else if (op_ends && op_counted && op_layer == l) so_far <= so_far + sum;
    end
    always @(posedge clk) if (sweep_ends) synops <= of_layers[l_layer*SYNW +: SYNW];
  end else begin : one
    always @(posedge clk) if (op_ends) synops <= sum;
  end endgenerate

  // ---- spikes
  reg [POPB-1:0] in_word;
  reg [POPB-1:0] fired;
  reg            fresh;
  reg [SPKW-1:0] spikes;
  wire [31:0]    fired32 = {{(32-POPB){1'b0}}, fired};
  assign step_spikes = spikes;
  integer i;
  always @* begin
    in_word = {POPB{1'b0}};
    for (i = 0; i < P; i = i + 1) in_word = in_word + {{(POPB-1){1'b0}}, seen_spikes[i]};
  end
  always @(posedge clk) begin
    fired <= in_word;
    fresh <= seen && !rst;
    if (rst || sweep_starts) spikes <= {SPKW{1'b0}};
    else if (fresh) spikes <= spikes + fired32[SPKW-1:0];
  end

  // ---- sums of the recording: in one memory, half a sum a word, worked on by one adder in the five cycles after a sweep:
  // spikes low, high, SynOps low, high
  (* no_rw_check *) reg [SUMW-1:0] sums [0:(4<<LIB)-1];
  reg  [SUMW-1:0] q;
  reg             going, adds, carry;
  reg             begun;                    // there are sums of this recording
  reg  [1:0]      turn;
  reg  [LIB+1:0]  a1;
  wire [LIB+1:0]  a = going ? {l_layer, !turn[1], turn[0]} : {total_layer, total_part};
  wire [2*SUMW-1:0] more = a1[1] ? {{(2*SUMW-SPKW){1'b0}}, spikes} : {{(2*SUMW-SYNW){1'b0}}, synops};
  wire [SUMW:0]   total = {1'b0, q & {SUMW{begun}}} + {1'b0, a1[0] ? more[SUMW +: SUMW] : more[0 +: SUMW]}
                        + {{SUMW{1'b0}}, a1[0] && carry};
  assign total_half = q;
  always @(posedge clk) begin
    if (adds) sums[a1] <= total[SUMW-1:0];
    q <= sums[a];
    a1 <= a;
    carry <= total[SUMW];
    turn <= going ? turn + 2'd1 : 2'd0;
    adds <= going && !rst;
    if (rst) going <= 1'b0;
    else going <= sweep_ends || (going && turn != 2'd3);
    if (rst || forget) begun <= 1'b0;
    else if (adds && !going && a1[LIB+1:2] == (LOADS != 0 ? final_layer : LAST[LIB-1:0])) begun <= 1'b1;
  end
endmodule

`default_nettype wire
