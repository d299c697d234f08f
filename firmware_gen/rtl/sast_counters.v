// SynOps and spikes of each counted layer: of the step, and their sums over the recording.
// Additions of a layer's own spikes come after its sweep and belong to its next step.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_counters (
  clk, rst, run_sent, run_synops, op_counted, op_ends, op_layer,
  sweep_starts, sweep_ends, seen, seen_spikes, l_layer, report, step_synops, step_spikes,
  total_layer, total_synops, total_spikes, forget
);
  `include "sast_params.vh"
  localparam POPB = LP + 1;

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
  input  wire            report;            // pulse, two cycles after sweep_ends or later: add to the sums
  output wire [SYNW-1:0] step_synops;
  output wire [SPKW-1:0] step_spikes;
  // sums
  input  wire [LIB-1:0]  total_layer;
  output wire [63:0]     total_synops;
  output wire [63:0]     total_spikes;
  input  wire            forget;            // pulse: a new recording

  // ---- SynOps of the operation, then of the layer
  reg  [SYNW-1:0] sum;
  wire [31:0]     synops32 = {{(32-SYNB){1'b0}}, run_synops};
  always @(posedge clk)
    if (rst || op_ends) sum <= {SYNW{1'b0}};
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
        if (rst || (sweep_ends && l_layer == l)) so_far <= {SYNW{1'b0}};
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

  // ---- sums of the recording
  wire [COUNTED*SYNTW-1:0] all_synops;
  wire [COUNTED*SPKTW-1:0] all_spikes;
  generate for (l = 0; l < COUNTED; l = l + 1) begin : total
    reg [SYNTW-1:0] synops_so_far;
    reg [SPKTW-1:0] spikes_so_far;
    assign all_synops[l*SYNTW +: SYNTW] = synops_so_far;
    assign all_spikes[l*SPKTW +: SPKTW] = spikes_so_far;
    always @(posedge clk)
      if (rst || forget) begin
        synops_so_far <= {SYNTW{1'b0}};
        spikes_so_far <= {SPKTW{1'b0}};
      end else if (report && l_layer == l) begin
        synops_so_far <= synops_so_far + {{(SYNTW-SYNW){1'b0}}, synops};
        spikes_so_far <= spikes_so_far + {{(SPKTW-SPKW){1'b0}}, spikes};
      end
  end endgenerate
  assign total_synops = {{(64-SYNTW){1'b0}}, all_synops[total_layer*SYNTW +: SYNTW]};
  assign total_spikes = {{(64-SPKTW){1'b0}}, all_spikes[total_layer*SPKTW +: SPKTW]};
endmodule

`default_nettype wire
