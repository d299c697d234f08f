  // The recording's sums of a layer, any one, are those of its steps: of the SynOps of counted runs that were sent, and of the
  // spikes that its sweeps saw; by halves, a cycle after their place, but for five cycles after a sweep. In integers that
  // count from the beginning of a recording; a step's are there from the second cycle after its sweep on. With MARGIN, what was
  // added since the last sweep counts for nothing once the recording is over.
  localparam FW = 2 * SUMW;
  reg f_begun = 1'b0;
  reg  [LIB-1:0] f_l, f_l_was;
  reg  [8:1] f_ended;                       // a sweep ended so many cycles ago
  reg  f_swept, f_known, f_told_once;       // f_l was in this step; in this recording; an operation ended
  reg  [FW-1:0] f_sum, f_synops, f_own, f_spikes;         // of the operation, of the sweep
  reg  [FW-1:0] f_all_synops, f_all_spikes, f_end_synops, f_end_spikes;  // of the recording; of the last sweep that ended
  wire [FW-1:0] f_fired = f_popcount(seen_spikes);
  wire [FW-1:0] f_more = seen ? f_fired : 0;
  wire [FW-1:0] f_step = RECURRENT != 0 ? f_own : f_synops;
  wire f_of_l = sweep_ends && l_layer == f_l;
  wire f_last = sweep_ends && l_layer == f_final;
  wire [LIB-1:0] f_final = LOADS != 0 ? final_layer : LAST[LIB-1:0];
  reg  [LIB-1:0] f_loaded;
  reg  [LIB+1:0] f_place;
  wire [FW-1:0]  f_told = f_place[1] ? f_all_spikes : f_all_synops;
  function [FW-1:0] f_popcount(input [P-1:0] lanes);
    integer n;
    begin
      f_popcount = 0;
      for (n = 0; n < P; n = n + 1) f_popcount = f_popcount + lanes[n];
    end
  endfunction
  always @(posedge clk) begin
    f_begun <= 1'b1;
    {f_l, f_loaded} <= {f_l, f_loaded};
    f_l_was <= l_layer;
    f_place <= {total_layer, total_part};
    f_ended <= rst ? 8'd0 : {f_ended[7:1], sweep_ends};
    if (rst || op_ends || (MARGIN != 0 && over)) f_sum <= 0;
    else if (run_sent && op_counted) f_sum <= f_sum + run_synops;
    if (op_ends) f_synops <= f_sum;
    if (rst) f_told_once <= 1'b0;
    else if (op_ends) f_told_once <= 1'b1;
    if (rst || f_of_l || (MARGIN != 0 && over)) f_own <= 0;
    else if (op_ends && op_counted && op_layer == f_l) f_own <= f_own + f_sum;
    if (rst || sweep_starts) f_spikes <= 0;
    else f_spikes <= f_spikes + f_more;
    if (f_of_l) {f_end_synops, f_end_spikes} <= {f_step, f_spikes + f_more};
    if (rst || f_last) f_swept <= 1'b0;
    else if (f_of_l) f_swept <= 1'b1;
    if (rst || forget) f_known <= 1'b0;
    else if (f_of_l) f_known <= 1'b1;
    if (f_of_l) begin
      f_all_synops <= (f_known ? f_all_synops : 0) + f_step;
      f_all_spikes <= (f_known ? f_all_spikes : 0) + f_spikes + f_more;
    end
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (LOADS != 0) assume(f_final == f_loaded);
    assume(f_l <= f_final);
    // promised by sast_core: a sweep ends when the one before has been added, its layer stays until then, each layer is swept
    // once a step, the last one last; a recording ends after that
    assume(l_layer <= f_final && (f_ended[5:1] == 0 || l_layer == f_l_was));
    if (sweep_ends) assume(f_ended[5:1] == 0 && !sweep_starts && f_told_once);
    if (sweep_starts || seen) assume(f_ended[3:1] == 0 && !(sweep_starts && seen));
    if (op_ends) assume(RECURRENT != 0 ? !sweep_ends || f_sum == 0 : f_ended[4:1] == 0 && !sweep_ends);
    if (f_of_l) assume(!f_swept);
    if (f_last && !f_of_l) assume(f_swept);
    if (forget) assume(f_ended[5:1] == 0 && !f_swept && !sweep_ends);
    // promised by the plan: they fit
    assume(f_sum + run_synops < (1 << SYNW) && f_own + f_sum < (1 << SYNW) && f_spikes + f_more < (1 << SPKW));
    if (f_begun && !rst) begin
      if (f_known && f_ended[6:1] == 0 && f_place[LIB+1:2] == f_l)
        assert(total_half == (f_place[0] ? f_told[SUMW +: SUMW] : f_told[0 +: SUMW]));
      if (f_ended[4:2] != 0 && l_layer == f_l) assert(step_synops == f_end_synops && step_spikes == f_end_spikes);
      // an invariant for the induction
      assert(sum == f_sum);
      if (RECURRENT == 0) assert(!f_told_once || synops == f_synops);
      assert(f_spikes == spikes + (fresh ? fired : 0));
      if (f_ended[5:1] == 0) begin
        assert(!going && !adds);
        if (f_known) assert({sums[{f_l, 2'd1}], sums[{f_l, 2'd0}]} == f_all_synops && {sums[{f_l, 2'd3}], sums[{f_l, 2'd2}]} == f_all_spikes);
        if (begun) assert(f_known);
        if (f_known && !f_swept) assert(begun);
        if (f_swept) assert(f_known);
      end
    end
  end
  generate if (RECURRENT != 0) begin : f_each
    always @* if (f_begun && !rst) assert(each.of_layers[f_l*SYNW +: SYNW] == f_own);
  end endgenerate
