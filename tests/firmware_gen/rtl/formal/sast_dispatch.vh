  // No place lies outside the tables, and a word of spikes that is taken becomes the places of its spikes, each once, the
  // lowest lane first: none is lost or invented. The list is read from its first word to the one that is marked, and again: a
  // step each time; after the last step of a recording, and no other, all begins anew; in running state after none, and no
  // operation is left out. With MARGIN a recording may be over in any cycle: no event of its other steps becomes a place, all are
  // taken, and the events of a step that is computed are always that step's.
  // Tables with any content that keeps what the plan promises (tests/firmware_gen/rtl_gen/test_promises.py).
  localparam FW = 16;
  localparam F_LANES = LANE_TABLE != 0 && LG != 0 ? G : 1;              // entries of a quad in `columns`
  localparam F_EVENT_QUADS = G == 1 ? 2 * IN_W : IN_W;
  reg f_begun = 1'b0;
  reg [ODEPTH*OPW-1:0] f_ops;               // the list
  reg [ODEPTH*FW-1:0]  f_rows, f_quads;     // of the source of each operation: its rows, the quads of one
  always @(posedge clk) {f_ops, f_rows, f_quads} <= {f_ops, f_rows, f_quads};
  reg [STB-1:0] f_loaded;                   // the last step of a model that was loaded: steady
  always @(posedge clk) f_loaded <= f_loaded;
  wire [FW-1:0] f_final = LOADS != 0 ? final_step : STEPS - 1;
  reg  [FW-1:0] f_step;                     // of the recording
  always @(posedge clk)
    if (rst || (MARGIN != 0 && over)) f_step <= 0;
    else if (op_ends && op_last) f_step <= f_step == f_final ? 0 : f_step + 1;
  always @* if (LOADS != 0) assume(final_step == f_loaded);
  always @* if (f_begun && !rst) begin
    if (RUNNING != 0) assert(!sweep_renew && !skipped);
    else assert(step == f_step && f_step <= f_final && sweep_renew == (f_step == f_final));
  end
  genvar f_i;
  generate for (f_i = 0; f_i < ODEPTH; f_i = f_i + 1) begin : f_op
    wire [OPW-1:0] entry = f_ops[f_i*OPW +: OPW];
    wire [RAW-1:0] rows;
    wire [CAW-1:0] columns;
    wire [EAW-1:0] layer;
    wire           last, sweep, skip, rewind, events;
    wire [LIB:0]   counted;
    wire [RPB+URB+SBITS+CWB+CUB2-1:0] others;
    assign {others, columns, rows, layer, counted, last, sweep, skip, rewind, events} = entry[OPW-WSHW-1:0];
    wire [FW-1:0] wide_rows = rows, wide_columns = columns, of = f_rows[f_i*FW +: FW], quads = f_quads[f_i*FW +: FW];
    always @* begin
      assume((LOADS != 0 ? last || f_i != ODEPTH - 1 : last == (f_i == ODEPTH - 1)) && events == (f_i == 0) && layer < EDEPTH);
      if (MARGIN != 0) assume(!(events && skip));
      assume(of != 0 && of <= RDEPTH && quads != 0 && quads <= CDEPTH);
      assume(wide_rows + (events ? IN_H : of) <= RDEPTH);
      assume(wide_columns + (events ? F_EVENT_QUADS : quads) * F_LANES <= CDEPTH);
    end
  end endgenerate

  // ---- the word under way, and what of it has been taken
  reg  [YB-1:0]  f_row;
  reg  [RPB-1:0] f_k;
  reg  [P-1:0]   f_word, f_done;
  reg  [OAW-1:0] f_pc;
  wire [OPW-1:0] f_entry = f_ops[pc*OPW +: OPW];
  wire [FW-1:0]  f_of = f_rows[pc*FW +: FW], f_quads_of = f_quads[pc*FW +: FW];
  wire           f_spike = place_valid && place_take && !op_events;
  reg  [LPB-1:0] f_lane;                    // the lowest that is not taken
  integer f_n;
  always @* begin
    f_lane = 0;
    for (f_n = P - 1; f_n >= 0; f_n = f_n - 1) if (f_word[f_n] && !f_done[f_n]) f_lane = f_n;
  end
  wire [FW-1:0] f_j = f_k * B + f_lane / G, f_g = f_lane % G;
  wire [FW-1:0] f_column = op_columns + (F_LANES == 1 ? f_j : f_j * G + f_g);
  wire [P-1:0]  f_bit = {{(P-1){1'b0}}, 1'b1} << f_lane;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_pc <= pc;
    if (rst || (MARGIN != 0 && over)) {f_word, f_done} <= 0;
    else if (word_take) begin
      {f_word, f_row, f_k} <= {word_lanes, word_row, word_k};
      f_done <= 0;
    end else if (f_spike) f_done <= f_done | f_bit;
  end
  wire f_fresh = f_pc == pc;                // the operation is there
  // promised: quads of a word exist that spike
  wire [FW-1:0] f_word_row = word_row;
  wire [P-1:0]  f_exist;
  generate for (f_i = 0; f_i < P; f_i = f_i + 1) begin : f_quad
    wire [FW-1:0] j = word_k * B + f_i / G;
    assign f_exist[f_i] = j < f_quads_of;
  end endgenerate
  wire [FW-1:0] f_place_row = place_row, f_place_column = place_column;
  always @* begin
    if (!f_begun) assume(rst);
    if (word_valid) assume(spikes_more);
    if (word_valid) assume(f_word_row < f_of && (word_lanes & ~f_exist) == 0 && word_lanes != 0);
    if (event_valid) assume(events_open && event_y < IN_H && event_x < IN_W);
    if (step_ends) assume(events_open);
    if (place_take) assume(place_valid);
    if (sweep_free) assume(go);
    if (f_begun && f_pc < ODEPTH) assume(op == f_ops[f_pc*OPW +: OPW]);
    if (f_begun && !rst) begin
      assert(pc < ODEPTH);
      if (state != FETCH) assert(op == f_entry);
      if (place_valid) assert(state == RUN && f_place_row < RDEPTH && f_place_column < CDEPTH);
      if (sweep_ask) assert(sweep_layer < EDEPTH && sweep_soon && sweep_free);
      // a word is taken when the one before has been, and only for the operation whose it is
      if (word_take) assert(word_valid && state == RUN && !op_events && ((f_word & ~f_done) == 0 || (f_spike && (f_word & ~f_done) == f_bit)));
      if (place_valid && !op_events) assert(f_word[f_lane] && !f_done[f_lane]);
      if (place_valid && !op_events) assert(f_place_row == op_rows + f_row && f_place_column == f_column && (G == 1 || place_lane == f_g));
      if (place_valid && op_events) assert(event_valid && f_place_row == op_rows + event_y && (G == 1 || place_lane == event_p));
      if (event_valid) assert(drops ? !place_valid && event_take : place_valid && event_take == place_take);
      if (op_ends) assert(runs_empty && (f_word & ~f_done) == 0);
      // an invariant for the induction
      assert(lanes == (f_word & ~f_done));
      if (lanes != 0) assert(state == RUN && !op_events && !skipped && row == f_row && k == f_k && row < f_of);
      if (state == FETCH) assert(lanes == 0);
    end
  end
  reg [FW-1:0] f_ends;                      // steps of the recording whose events have all been taken
  always @(posedge clk)
    if (rst) f_ends <= 0;
    else if (step_ends) f_ends <= f_ends == f_final ? 0 : f_ends + 1;
  wire [FW-1:0] f_next = f_step == f_final ? 0 : f_step + 1;
  always @* if (f_begun && !rst && MARGIN != 0) begin
    if (place_valid && op_events) assert(f_ends == f_step);
    if (events_open) assert(drops ? f_ends != 0 : f_ends == f_step);
    // an invariant for the induction
    if (drops) assert(pc == 0 && state != ASK && f_step == 0 && lanes == 0);
    else assert(f_ends == (pc == 0 && state != ASK ? f_step : f_next));
    assert(f_ends <= f_final);
  end
  generate if (MARGIN != 0) begin : f_early
    always @* if (f_begun && !rst) assert(early.due == f_ends);
  end endgenerate
  generate for (f_i = 0; f_i < P; f_i = f_i + 1) begin : f_left
    wire [FW-1:0] j = k * B + f_i / G;
    always @* if (f_begun && !rst && lanes[f_i]) assert(j < f_quads_of);
  end endgenerate
