// Runs the list of operations of a step: takes events or spikes, and hands their places to sast_runs, one a cycle.
// After an operation it may ask for a sweep; runs sent from then on belong to the next phase.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_dispatch (
  clk, rst, go, waiting,
  events_open, event_valid, event_take, event_y, event_x, event_p, step_ends,
  spikes_more, word_valid, word_take, word_row, word_k, word_lanes, word_rewind,
  place_valid, place_take, place_row, place_column, place_lane, runs_empty,
  op_rpw, op_urw, op_s, op_cw, op_cu, op_shift, op_counted, op_layer, op_ends, phase,
  sweep_soon, sweep_ask, sweep_first, sweep_free, sweep_layer, sweep_renew, over, drops, final_step, fill
);
  parameter LOADS = 0;                      // 1: the list can be written, and final_step counts
  `include "sast_params.vh"
  localparam SHW = WSHW == 0 ? 1 : WSHW;
  localparam LGB = LG == 0 ? 1 : LG;
  localparam LPB = LP == 0 ? 1 : LP;

  input  wire              clk;
  input  wire              rst;
  input  wire              go;              // the memories are cleared
  output wire              waiting;         // for events, and nothing else to do
  // events
  output wire              events_open;
  input  wire              event_valid;
  output wire              event_take;
  input  wire [14:0]       event_y;
  input  wire [14:0]       event_x;
  input  wire              event_p;
  input  wire              step_ends;
  // spikes of the last sweep, a word of P lanes at a time
  input  wire              spikes_more;     // some wait, or the sweep may bring some
  input  wire              word_valid;
  output wire              word_take;
  input  wire [YB-1:0]     word_row;
  input  wire [RPB-1:0]    word_k;
  input  wire [P-1:0]      word_lanes;
  output wire              word_rewind;     // pulse: the same spikes once more
  // places in the tables: of a source neuron's row, of its quad or neuron in the row; its lane in the quad
  output wire              place_valid;
  input  wire              place_take;
  output wire [RAW-1:0]    place_row;
  output wire [CAW-1:0]    place_column;
  output wire [LGB-1:0]    place_lane;
  input  wire              runs_empty;      // nothing is being worked out from places taken
  // the operation under way
  output wire [RPB-1:0]    op_rpw;
  output wire [URB-1:0]    op_urw;
  output wire [SBITS-1:0]  op_s;
  output wire [CWB-1:0]    op_cw;
  output wire [CUB2-1:0]   op_cu;
  output wire [SHW-1:0]    op_shift;
  output wire              op_counted;
  output wire [LIB-1:0]    op_layer;
  output wire              op_ends;         // pulse
  output reg               phase;
  // sweeps
  output wire              sweep_soon;      // sweep_layer is that of the next one
  output wire              sweep_ask;       // pulse, when sweep_free
  output wire              sweep_first;     // with it: the first one of a step
  input  wire              sweep_free;
  output wire [EAW-1:0]    sweep_layer;
  output wire              sweep_renew;     // it is the last step of a recording; in running state none is
  // with MARGIN
  input  wire              over;            // pulse: the recording ends with the step whose sweeps are done, before its last one
  output wire              drops;           // events of its other steps are taken, and count for nothing
  // of a model that was loaded
  input  wire [STB-1:0]    final_step;      // of a recording
  input  wire [66:0]       fill;            // see sast_rom

  // ---- the list
  localparam OPW = 6 + LIB + EAW + RAW + CAW + RPB + URB + SBITS + CWB + CUB2 + WSHW;
  localparam [31:0] LAST_STEP = STEPS - 1;
  localparam [1:0] FETCH = 2'd0, REWIND = 2'd1, RUN = 2'd2, ASK = 2'd3;
  reg  [OAW-1:0]  pc;
  reg  [STB-1:0]  step;
  reg  [1:0]      state;
  reg  [P-1:0]    lanes;                    // of the word of spikes that is taken apart
  wire [OPW-1:0]  op;
  wire            op_events, op_rewind, op_skip, op_sweep, op_last;
  wire [RAW-1:0]  op_rows;
  wire [CAW-1:0]  op_columns;
  sast_rom #(.W(OPW), .AW(OAW), .DEPTH(ODEPTH), .FILE("ops.mem"), .LOADS(LOADS), .ID(7)) ops (
    .clk(clk), .en(1'b1), .a(pc), .q(op), .fill(fill)
  );
  generate if (WSHW != 0) begin : shifts
    assign op_shift = op[OPW-1 -: SHW];
  end else begin : shift
    assign op_shift = {SHW{1'b0}};
  end endgenerate
  assign {op_cu, op_cw, op_s, op_urw, op_rpw, op_columns, op_rows, sweep_layer, op_layer, op_counted, op_last, op_sweep,
          op_skip, op_rewind, op_events} = op[OPW-WSHW-1:0];

  wire last_step = RUNNING == 0 && step == (LOADS != 0 ? final_step : LAST_STEP[STB-1:0]);
  wire skipped = op_skip && last_step;
  wire source_ends = skipped || (op_events ? step_ends && !drops : !spikes_more && lanes == {P{1'b0}});
  wire anew = rst || (MARGIN != 0 && over);
  assign op_ends = state == ASK && runs_empty && (!op_sweep || sweep_free);
  always @(posedge clk)
    if (anew) begin
      pc <= {OAW{1'b0}};
      step <= {STB{1'b0}};
      state <= FETCH;
      phase <= 1'b0;
    end else
      case (state)
        FETCH: if (go) state <= RECURRENT != 0 ? REWIND : RUN;
        REWIND: state <= RUN;
        RUN: if (source_ends) state <= ASK;
        default: if (op_ends) begin
          state <= FETCH;
          pc <= op_last ? {OAW{1'b0}} : pc + 1'b1;
          if (op_last) step <= last_step ? {STB{1'b0}} : step + 1'b1;
          if (op_sweep) phase <= !phase;
        end
      endcase
  wire running = state == RUN && !skipped;
  assign sweep_ask = op_ends && op_sweep;
  assign sweep_soon = (state == RUN || state == ASK) && op_sweep;
  assign sweep_first = op_events;
  assign sweep_renew = last_step;
  assign word_rewind = state == REWIND && op_rewind;
  wire events_due;
  assign events_open = running && op_events && events_due && !rst;
  assign waiting = events_open && !event_valid && runs_empty;

  // ---- a recording that ended early: its events come all the same, to the end of its last step
  generate if (MARGIN != 0) begin : early
    reg [STB-1:0] due;                      // the step whose events come next
    reg           dropping;
    always @(posedge clk)
      if (rst) begin
        due <= {STB{1'b0}};
        dropping <= 1'b0;
      end else begin
        if (step_ends) due <= due == LAST_STEP[STB-1:0] ? {STB{1'b0}} : due + 1'b1;
        if (over) dropping <= 1'b1;
        else if (running && due == {STB{1'b0}}) dropping <= 1'b0;
      end
    assign drops = dropping;
    assign events_due = !dropping || due != {STB{1'b0}};
  end else begin : whole
    assign drops = 1'b0;
    assign events_due = 1'b1;
  end endgenerate

  // ---- a word of spikes, lowest lane first
  reg  [YB-1:0]  row;
  reg  [RPB-1:0] k;
  wire [P-1:0]   others = lanes & (lanes - {{(P-1){1'b0}}, 1'b1});
  wire           spike_take = place_take && running && !op_events;
  assign place_valid = op_events ? event_valid && !drops : running && lanes != {P{1'b0}};
  assign word_take = running && !op_events && word_valid && (lanes == {P{1'b0}} || (place_take && others == {P{1'b0}}));
  assign event_take = place_take || drops;
  always @(posedge clk)
    if (anew) lanes <= {P{1'b0}};
    else if (word_take) begin
      lanes <= word_lanes;
      row <= word_row;
      k <= word_k;
    end else if (spike_take) lanes <= others;
  reg [LPB-1:0] lane;
  integer i;
  always @* begin
    lane = {LPB{1'b0}};
    for (i = P - 1; i >= 0; i = i - 1) if (lanes[i]) lane = i[LPB-1:0];
  end

  // ---- its place: quads of a row count from 0, and a quad's lanes are its channels
  wire [31:0] event_j, spike_j, j, y, jg;
  wire [LGB-1:0] event_g, spike_g;
  generate
    if (LG == 0) begin : one_lane
      assign event_j = {16'd0, event_x, event_p};
      assign event_g = 1'b0;
      assign spike_g = 1'b0;
    end else begin : lanes_of_quad
      assign event_j = {17'd0, event_x};
      assign event_g = {{(LGB-1){1'b0}}, event_p};
      assign spike_g = lane[LGB-1:0];
    end
    if (LB == 0) begin : one_bank
      assign spike_j = {{(32-RPB){1'b0}}, k};
    end else begin : banks
      assign spike_j = {{(32-RPB-LB){1'b0}}, k, lane[LPB-1 -: LB]};
    end
    if (LANE_TABLE != 0 && LG != 0) begin : by_neuron
      assign jg = {j[31-LG:0], place_lane};
    end else begin : by_quad
      assign jg = j;
    end
  endgenerate
  assign j = op_events ? event_j : spike_j;
  assign y = op_events ? {17'd0, event_y} : {{(32-YB){1'b0}}, row};
  assign place_lane = op_events ? event_g : spike_g;
  assign place_row = op_rows + y[RAW-1:0];
  assign place_column = op_columns + jg[CAW-1:0];
endmodule

`default_nettype wire
