  // res: a beat that is offered stays, with the same data, until it is taken, and then is gone; none is put over it. Those of a
  // recording: an output of each class, the class with the largest, of equals the lowest, four for each layer, which are its
  // sums; tlast with the last. With MARGIN the outputs come after the end of the recording's last step, whichever that is; after
  // each step `leads` says whether the largest of them is at least MARGIN more than the second largest.
  localparam FW = 16;
  // of a model that was loaded: no more classes and layers than the core's, and steady
  reg  [FW-1:0] f_loaded;
  reg  [LIB:0]  f_steady;
  wire [FW-1:0] f_classes = LOADS != 0 ? f_loaded : CLASSES, f_layers = LOADS != 0 ? final_layer + 1 : COUNTED;
  wire [FW-1:0] f_beats = f_classes + 1 + 4 * f_layers;
  wire f_fires = LOADS != 0 ? fires : LIF_OUT != 0;
  always @(posedge clk) {f_loaded, f_steady} <= {f_loaded, f_steady};
  always @* if (LOADS != 0) assume({final_layer, fires} == f_steady && f_layers <= COUNTED && f_loaded != 0 && f_loaded <= CLASSES);
  reg f_begun = 1'b0;
  reg f_offered, f_last, f_waited, f_busy, f_spike, f_answer, f_took;
  reg [31:0] f_data;
  reg [MW-1:0] f_v;

  // ---- sweeps: of another layer, or of the last one, which gives a neuron for each class
  wire f_other;
  reg  f_reads, f_answers;                   // such a one is under way; in the recording's last step
  reg  [FW-1:0] f_n, f_beat;                // neurons of it, beats of the recording that were put
  reg  [CLB-1:0] f_c;                       // a class, any one
  reg  signed [OUTW-1:0] f_output;          // its output
  reg  [OUTW-1:0] f_count;                  // its spikes of the recording
  wire begun_of_c;
  wire [OUTW-1:0] count_of_c;
  wire [CLB-1:0] next_class;
  reg  f_known;                             // a neuron of class f_c came since the last answer
  wire signed [OUTW-1:0] f_best = ~less ^ {1'b1, {(OUTW-1){1'b0}}};
  wire signed [OUTW-1:0] f_value = value, f_waiting = res_tdata[OUTW-1:0];
  wire signed [31:0] f_wide = value[OUTW-1] ? {32{1'b1}} << OUTW | value : value;
  wire f_of_c = lane_next && f_n == f_c;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !rst && res_tvalid && !res_tready;
    {f_last, f_data} <= {res_tlast, res_tdata};
    f_waited <= !rst && lane && !lane_next;
    {f_v, f_spike, f_answer} <= {lane_v, lane_spike, answers};
    f_took <= !rst && res_tvalid && res_tready && !put;
    f_busy <= !rst && busy;
    f_c <= f_c;
    if (begins) f_n <= 0;
    else if (lane_next) f_n <= f_n + 1;
    if (rst || finish) f_reads <= 1'b0;
    else if (begins) f_reads <= !f_other;
    if (begins) f_answers <= answers;
    if (rst) f_beat <= 0;
    else if (put) f_beat <= ends ? 0 : f_beat + 1;
    if (f_of_c) f_output <= value;
    if (rst || forget) f_count <= 0;
    else if (f_of_c) f_count <= f_count + lane_spike;
    if (rst || forget) f_known <= 1'b0;
    else if (f_of_c) f_known <= 1'b1;
  end
  always @* begin
    if (!f_begun) assume(rst);
    assume(f_c < f_classes);
    // promised by sast_core: a neuron stays until it is taken, and nothing begins or ends meanwhile
    if (lane_next) assume(lane && lane_ready);
    if (f_begun && f_waited) assume(lane && {lane_v, lane_spike, answers} == {f_v, f_spike, f_answer});
    if (lane) assume(!begins && !finish && !busy && f_reads && f_n < f_classes && (f_fires || answers || MARGIN != 0));
    if (f_reads && MARGIN == 0) assume(answers == f_answers || begins);
    if (MARGIN == 0) begin
      if (begins) assume(!busy && !finish && (!f_reads || (!f_answers && (!f_fires || f_n == f_classes))));
      if (finish) assume(f_reads && f_answers && answers && f_n == f_classes && !busy);
    end else begin
      if (begins) assume(!busy && !finish && !f_lately && (!f_reads || f_n == f_classes));
      if (finish) assume(f_reads && f_n == f_classes && !busy && !f_lately);
    end
    assume(f_count < (1 << (OUTW - 1)) - 1);             // a recording has fewer steps
    if (f_begun) assert(state != 2'd3 || rst || MARGIN != 0);
    if (f_begun && !rst && full) assert(res_tvalid);
    if (f_begun && !rst) assert(!(put && full));
    if (f_begun && !rst && f_took) assert(!res_tvalid);
    if (f_begun && !rst && f_offered) assert(res_tvalid && res_tlast == f_last && res_tdata == f_data);
    if (f_begun && !rst) begin
      if (put) assert(f_beat < f_beats && ends == (f_beat + 1 == f_beats));
      if (forget) assert(put && ends);
      if (put && f_beat < f_classes && MARGIN == 0) assert(f_beat == f_n && state == IDLE && beat == f_wide);
      if (put && f_beat < f_classes && MARGIN != 0) assert(state == OUTPUTS && (f_beat != f_c || beat == f_wide_output));
      if (f_of_c && f_fires) assert(value == f_count + lane_spike);
      if (f_of_c && !f_fires) assert(value == lane_v[OUTW-1:0]);
      if (put && f_beat == f_classes) assert(state == CLASS && beat == answer && answer < f_classes);
      if (put && f_beat == f_classes) assert(f_best >= f_output && (f_best != f_output || answer <= f_c) && (answer != f_c || f_best == f_output));
      if (put && f_beat > f_classes) assert(state == SUMS && f_beat == f_classes + 1 + 4 * total_layer + part);
      // an invariant for the induction
      if (state == IDLE) assert(f_beat == (f_reads && f_answers && MARGIN == 0 ? f_n : 0));
      if (outputs) assert(f_beat < f_classes && next_class == f_beat[CLB-1:0] && part == 0 && total_layer == 0 && !f_reads);
      if (state == CLASS) assert(f_beat == f_classes && part == 0 && total_layer == 0 && !f_reads);
      if (state == SUMS) assert(f_beat == f_classes + 1 + 4 * total_layer + part && total_layer < f_layers && !f_reads);
      if (f_reads) assert(f_n <= f_classes);
      if (MARGIN != 0 && (f_reads ? f_c < f_n : outputs)) assert(f_known);
      if (MARGIN != 0 && f_known) assert(count_of_c == f_output);
      if ((f_fires || MARGIN != 0) && f_reads) assert(next_class == f_n[CLB-1:0]);
      if (f_fires) assert(begun_of_c == f_known && (!f_known || count_of_c == f_count) && (f_known || f_count == 0));
    end
  end
  generate if (LOADS != 0 || LIF_OUT != 0 || MARGIN != 0) begin : f_counts
    assign begun_of_c = spike_counts.begun[f_c];
    assign count_of_c = spike_counts.counts[f_c];
    assign next_class = spike_counts.class_no;
  end else begin : f_none
    assign begun_of_c = 1'b0;
    assign count_of_c = 0;
    assign next_class = 0;
  end endgenerate

  // ---- the largest so far: all neurons of the sweep but one that was taken last, which is compared now
  wire [FW-1:0] f_compared = f_n - compare;
  wire f_whole = state == IDLE ? f_reads && (f_answers || MARGIN != 0) : state == CLASS || outputs;
  always @* if (f_begun && !rst) begin
    if (f_whole) begin
      if (state == IDLE || MARGIN == 0) assert(index == f_compared[CLB-1:0]);
      if (compare) assert((full || MARGIN != 0) && f_n != 0 && (f_compared != f_c || f_waiting == f_output));
      if (f_compared != 0) assert(answer < f_compared);
      if (f_c < f_compared) assert(f_best >= f_output && (f_best != f_output || answer <= f_c) && (answer != f_c || f_best == f_output));
    end
    if (state == CLASS || outputs) assert(f_n == f_classes && !compare);
    if (f_reads && !f_answers && MARGIN == 0) assert(!compare);
  end

  // ---- the lead, by the two largest of all outputs of the step: nothing is said of less than two
  reg  f_lately;                            // a neuron was taken a clock ago
  reg  [CLASSES*OUTW-1:0] f_outputs;
  wire signed [31:0] f_wide_output = f_output;
  function f_clear(input [CLASSES*OUTW-1:0] all, input [FW-1:0] count);
    integer n;
    reg signed [33:0] one, best, second;
    begin
      best = -(34'sd1 <<< 32);
      second = -(34'sd1 <<< 32);
      for (n = 0; n < CLASSES; n = n + 1) if (n < count) begin
        one = $signed(all[n*OUTW +: OUTW]);
        if (one > best) begin
          second = best;
          best = one;
        end else if (one > second) second = one;
      end
      f_clear = best - second >= MARGIN;
    end
  endfunction
  wire [CLASSES-1:0] f_beaten;              // of the outputs compared, those that are not above the best
  genvar f_i;
  generate for (f_i = 0; f_i < CLASSES; f_i = f_i + 1) begin : f_each
    assign f_beaten[f_i] = f_i >= f_compared || $signed(f_outputs[f_i*OUTW +: OUTW]) <= f_best;
  end endgenerate
  always @(posedge clk) begin
    f_lately <= !rst && lane_next;
    if (lane_next) f_outputs[f_n*OUTW +: OUTW] <= value;
  end
  always @* if (f_begun && !rst && MARGIN != 0) begin
    if (f_reads && f_n == f_classes && !f_lately) assert(leads == f_clear(f_outputs, f_classes));
    // an invariant for the induction
    if (f_reads) assert(compare == f_lately);
    if (f_whole && f_compared != 0) assert(f_compared < 2 ? leads : leads == f_clear(f_outputs, f_compared));
    if (f_whole && f_compared != 0) assert($signed(f_outputs[answer*OUTW +: OUTW]) == f_best);
    if (f_whole && f_compared != 0) assert(&f_beaten);
    if (f_whole && f_c < f_n) assert($signed(f_outputs[f_c*OUTW +: OUTW]) == f_output);
    if (f_whole && compare) assert($signed(f_outputs[f_compared*OUTW +: OUTW]) == f_waiting);
  end

  // ---- the sums of a layer, any one: as sast_counters gives them, a half a cycle after its place
  reg  [LIB-1:0] f_l;
  reg  [2*SUMW-1:0] f_synops, f_spikes;
  wire [2*SUMW-1:0] f_any_synops, f_any_spikes;
  reg  [LIB+1:0] f_place;
  wire [2*SUMW-1:0] f_sum = f_place[1] ? f_spikes : f_synops;
  wire [63:0] f_told = part[1] ? f_spikes : f_synops;
  always @(posedge clk) begin
    f_l <= f_l;
    f_place <= {total_layer, total_part};
    if (!busy) {f_synops, f_spikes} <= {f_any_synops, f_any_spikes};
  end
  always @* if (f_begun && !rst) begin
    if (f_busy && f_place[LIB+1:2] == f_l) assume(total_half == (f_place[0] ? f_sum[SUMW +: SUMW] : f_sum[0 +: SUMW]));
    if (put && state == SUMS && total_layer == f_l) assert(beat == (part[0] ? f_told[63:32] : f_told[31:0]));
    // an invariant for the induction
    if (state == CLASS) assert(age == 0);
    if (state == SUMS) assert(age != 2'd3 && f_busy);
    if (state == SUMS && age == 1) assert(f_place == {total_layer, part[1], 1'b0});
    if (state == SUMS && age == 2) assert(f_place == {total_layer, part[1], 1'b1} && (SUMW != 16 || !full));
    if (state == SUMS && age == 2 && total_layer == f_l) assert(lower == f_told[SUMW-1:0]);
  end
