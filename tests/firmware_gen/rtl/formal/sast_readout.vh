  // res: a beat that is offered stays, with the same data, until it is taken, and then is gone; none is put over it. Those of a
  // recording: an output of each class, the class with the largest, of equals the lowest, four for each layer; tlast with the last.
  localparam FW = 16;
  localparam [FW-1:0] F_BEATS = CLASSES + 1 + 4 * COUNTED;
  reg f_begun = 1'b0;
  reg f_offered, f_last, f_waited, f_busy, f_spike, f_renew, f_took;
  reg [31:0] f_data;
  reg [MW-1:0] f_v;
  reg [LIB-1:0] f_layer;
  reg [127:0] f_totals;

  // ---- sweeps: of another layer, or of the last one, which gives a neuron for each class
  wire f_other;
  reg  f_reads, f_renews;                   // such a one is under way; in the recording's last step
  reg  [FW-1:0] f_n, f_beat;                // neurons of it, beats of the recording that were put
  reg  [CLB-1:0] f_c;                       // a class, any one
  reg  signed [OUTW-1:0] f_output;          // its output
  reg  [OUTW-1:0] f_count;                  // its spikes of the recording
  wire begun_of_c;
  wire [OUTW-1:0] count_of_c;
  reg  f_known;                             // a neuron of class f_c came since the last answer
  wire signed [OUTW-1:0] f_best = best;
  wire f_of_c = lane_next && f_n == f_c;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !rst && res_tvalid && !res_tready;
    {f_last, f_data} <= {res_tlast, res_tdata};
    f_waited <= !rst && lane && !lane_next;
    {f_v, f_spike, f_renew} <= {lane_v, lane_spike, renew};
    f_took <= !rst && res_tvalid && res_tready && !put;
    f_busy <= !rst && busy;
    {f_layer, f_totals} <= {total_layer, total_synops, total_spikes};
    f_c <= f_c;
    if (begins) f_n <= 0;
    else if (lane_next) f_n <= f_n + 1;
    if (rst || finish) f_reads <= 1'b0;
    else if (begins) f_reads <= !f_other;
    if (begins) f_renews <= renew;
    if (rst) f_beat <= 0;
    else if (put) f_beat <= ends ? 0 : f_beat + 1;
    if (f_of_c) f_output <= value;
    if (rst || forget) f_count <= 0;
    else if (f_of_c) f_count <= f_count + lane_spike;
  end
  always @* begin
    if (!f_begun) assume(rst);
    assume(f_c < CLASSES);
    // promised by sast_core: a neuron stays until it is taken, and nothing begins or ends meanwhile
    if (lane_next) assume(lane && lane_ready);
    if (f_begun && f_waited) assume(lane && {lane_v, lane_spike, renew} == {f_v, f_spike, f_renew});
    if (lane) assume(!begins && !finish && !busy && f_reads && f_n < CLASSES && (LIF_OUT != 0 || renew));
    if (f_reads) assume(renew == f_renews || begins);
    if (begins) assume(!busy && !finish && (!f_reads || (!f_renews && (LIF_OUT == 0 || f_n == CLASSES))));
    if (finish) assume(f_reads && f_renews && renew && f_n == CLASSES && !busy);
    if (f_begun) assert(state != 2'd3 || rst);
    if (f_begun && f_busy && busy && total_layer == f_layer) assume({total_synops, total_spikes} == f_totals);
    assume(f_count < (1 << (OUTW - 1)) - 1);             // a recording has fewer steps
    if (f_begun && !rst && full) assert(res_tvalid);
    if (f_begun && !rst) assert(!(put && full));
    if (f_begun && !rst && f_took) assert(!res_tvalid);
    if (f_begun && !rst && f_offered) assert(res_tvalid && res_tlast == f_last && res_tdata == f_data);
    if (f_begun && !rst) begin
      if (put) assert(f_beat < F_BEATS && ends == (f_beat + 1 == F_BEATS));
      if (forget) assert(put && ends);
      if (put && f_beat < CLASSES) assert(f_beat == f_n && state == IDLE && beat[OUTW-1:0] == value && $signed(beat) == value);
      if (f_of_c && LIF_OUT != 0) assert(value == f_count + lane_spike);
      if (f_of_c && LIF_OUT == 0) assert(value == lane_v[OUTW-1:0]);
      if (put && f_beat == CLASSES) assert(state == CLASS && beat == answer && answer < CLASSES);
      if (put && f_beat == CLASSES) assert(f_best >= f_output && (f_best != f_output || answer <= f_c) && (answer != f_c || f_best == f_output));
      if (put && f_beat > CLASSES) assert(state == SUMS && f_beat == CLASSES + 1 + 4 * total_layer + part);
      // an invariant for the induction
      if (state == IDLE) assert(f_beat == (f_reads && f_renews ? f_n : 0));
      if (state == CLASS) assert(f_beat == CLASSES && part == 0 && total_layer == 0 && !f_reads);
      if (state == SUMS) assert(f_beat == CLASSES + 1 + 4 * total_layer + part && total_layer < COUNTED && !f_reads);
      if (f_reads) assert(index == f_n[CLB-1:0] && f_n <= CLASSES);
      if (LIF_OUT != 0) assert(begun_of_c == f_known && (!f_known || count_of_c == f_count) && (f_known || f_count == 0));
      if (compare && f_reads) assert(index1 < CLASSES);
    end
  end
  generate if (LIF_OUT != 0) begin : f_counts
    assign begun_of_c = spike_counts.begun[f_c];
    assign count_of_c = spike_counts.counts[f_c];
  end else begin : f_none
    assign begun_of_c = 1'b0;
    assign count_of_c = 0;
  end endgenerate
  always @(posedge clk)
    if (rst || forget) f_known <= 1'b0;
    else if (f_of_c) f_known <= 1'b1;

  // ---- the largest so far: all neurons of the sweep but one that was taken last, which is compared now
  wire [FW-1:0] f_compared = f_n - compare;
  wire f_whole = state == IDLE ? f_reads : state == CLASS;
  always @* if (f_begun && !rst && f_whole) begin
    if (compare) assert(f_n != 0 && index1 == f_n - 1 && (index1 != f_c || value1 == f_output));
    if (f_compared != 0) assert(answer < f_compared);
    if (f_c < f_compared) assert(f_best >= f_output && (f_best != f_output || answer <= f_c) && (answer != f_c || f_best == f_output));
  end
  always @* if (f_begun && !rst && state == CLASS) assert(f_n == CLASSES && !compare);
