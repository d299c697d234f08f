  // When a sweep reads word f_a, any one, it holds what was last written to it and the weights of all runs of the phase that
  // cover it, each once: the share of a run, queue, phases and forwarding lose, double and invent nothing. In integers, too,
  // as the exporter proves its models (edge_sast.model.bounds): what starts within f_low and f_high and gets negative weights
  // of at least f_negative and positive ones of at most f_positive until its sweep never wraps, if the ends fit MW bits.
  parameter OVERLAP = 0;                      // as in sast_core
  localparam FW = MW + 4;
  localparam signed [FW-1:0] F_MOST = (1 << (MW - 1)) - 1, F_LEAST = -F_MOST - 1;
  reg signed [FW-1:0] f_low, f_high, f_negative, f_positive;
  always @(posedge clk) {f_low, f_high, f_negative, f_positive} <= {f_low, f_high, f_negative, f_positive};
  always @* begin
    assume(f_low >= F_LEAST && f_low <= f_high && f_high <= F_MOST);
    assume(f_negative <= 0 && f_negative >= F_LEAST - f_low && f_positive >= 0 && f_positive <= F_MOST - f_high);
  end
  localparam FQ = MAW + UAW + NB + LB + 2;
  reg  [MAW-1:0] f_a;
  always @(posedge clk) f_a <= f_a;
  reg  [UDEPTH*G*WBITS-1:0] f_table;        // all weights
  always @(posedge clk) f_table <= f_table;
  reg f_begun = 1'b0;

  // ---- the sweep, as sast_sweep.vh and sast_core.vh prove it: begun when idle, words read once each, in any cycles, and
  // written three cycles later; the phase changes when the last one is seen, or a cycle later
  wire f_start, f_issue, f_last, f_clears;
  reg f_act, f_none_yet, f_s1, f_s2, f_s3, f_last1, f_last2, f_go, f_phase, f_once;
  reg [MAW-1:0] f_a1, f_a2, f_a3, f_first_a;
  wire f_busy = f_act || f_s1 || f_s2;
  wire f_ends = f_s2 && f_last2;
  wire f_done = f_ends && f_go;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    {f_a1, f_a2, f_a3} <= {read_a, f_a1, f_a2};
    {f_last1, f_last2} <= {f_last, f_last1};
    if (f_start) f_first_a <= first_a;
    if (f_start) f_none_yet <= 1'b1;
    else if (f_issue) f_none_yet <= 1'b0;
    if (f_start) f_once <= 1'b0;
    else if (f_issue && read_a == f_a) f_once <= 1'b1;
    if (rst) {f_act, f_s1, f_s2, f_s3, f_go, f_phase} <= 0;
    else begin
      f_act <= f_start || (f_act && !(f_issue && f_last));
      {f_s1, f_s2, f_s3} <= {f_issue, f_s1, f_s2};
      if (f_ends && !f_clears) f_go <= 1'b1;
      if (f_done) f_phase <= !f_phase;
    end
  end
  wire f_ahead = run_phase != f_phase;
  reg  f_was_ahead, f_may_ask, f_run_phase, f_swept;
  always @(posedge clk) begin
    f_run_phase <= run_phase;
    f_may_ask <= !rst && f_go && !f_ahead;
    if (rst || run_phase != f_run_phase) f_swept <= 1'b0;
    else if (f_issue && read_a == f_a) f_swept <= 1'b1;
  end
  always @* begin
    if (!f_begun) assume(rst);
    assume(f_a < MDEPTH);
    assume(phase == (OVERLAP != 0 ? f_phase ^ f_done : f_phase));
    assume(load == f_s2 && (load || !load_none));
    assume(write_en == f_s3);
    assume(write_a == f_a3);
    if (f_start) assume(idle && !f_busy && !f_s3 && (f_ahead || !f_go));
    if (f_issue) assume(f_act && (!f_none_yet || read_a == f_first_a) && !(f_once && read_a == f_a) && read_a < MDEPTH);
    if (!f_go) assume(run_phase == f_phase && !run_go);
    // the dispatcher goes on to the next phase when it asks for a sweep, and asks for one at a time
    if (f_begun && f_go && run_phase != f_run_phase) assume(f_may_ask);
  end

  // ---- a run: within the tables, equal mod B
  wire [FQ-1:0] f_q = run_q, f_u = run_u, f_n = run_n, f_quad = f_a * B + ID;
  wire [FQ-1:0] f_away = f_quad - f_q;
  wire f_covers = run_go && f_q <= f_quad && f_away < f_n;
  reg  f_touched;                           // a run of the next phase covers f_a
  always @* begin
    if (run_go) assume(run_ready && run_n != 0);
    assume(f_q + f_n <= MDEPTH * B && f_u + f_n <= UDEPTH * B && f_q % B == f_u % B);
    // OVERLAP: layers take turns, so a phase's runs do not touch the layer that was swept before it
    if (OVERLAP != 0 && f_issue && read_a == f_a) assume(!f_touched && !(f_covers && f_ahead));
    if (OVERLAP != 0 && f_swept && run_phase == f_run_phase) assume(!f_covers);
  end

  // ---- what word f_a is to hold
  function [G*MW-1:0] f_weight(input [FQ-1:0] at, input [SHW-1:0] by);
    integer l;
    for (l = 0; l < G; l = l + 1)
      f_weight[l*MW +: MW] = $signed(f_table[(at*G+l)*WBITS +: WBITS]) * $signed({1'b0, 32'd1 << (WSHW != 0 ? by : WSHIFT)});
  endfunction
  function [G*MW-1:0] f_plus(input [G*MW-1:0] one, input [G*MW-1:0] other);
    integer l;
    for (l = 0; l < G; l = l + 1) f_plus[l*MW +: MW] = one[l*MW +: MW] + other[l*MW +: MW];
  endfunction
  wire [G*MW-1:0] f_new = f_covers ? f_weight((f_u + f_away) / B, run_shift) : {G*MW{1'b0}};
  reg  [G*MW-1:0] f_word;                   // what the memory holds
  always @(posedge clk) if ((add || write_en) && (add ? add_a : write_a) == f_a) f_word <= sum;
  reg  [G*MW-1:0] f_base, f_now, f_then;    // written last; since then added in this phase and before, in the next one
  wire f_reads = f_issue && read_a == f_a;
  wire [G*MW-1:0] f_now2 = f_ahead ? f_now : f_plus(f_now, f_new);
  wire [G*MW-1:0] f_then2 = f_ahead ? f_plus(f_then, f_new) : f_then;
  always @(posedge clk)
    if (rst) begin
      f_base <= (add ? add_a : write_a) == f_a && (add || write_en) ? sum : f_word;
      f_now <= 0;
      f_then <= 0;
      f_touched <= 1'b0;
    end else begin
      f_base <= write_en && write_a == f_a ? sum : f_reads ? f_plus(f_base, f_now) : f_base;
      f_now <= f_done ? f_plus(f_now, f_then2) : f_reads ? 0 : f_now2;
      f_then <= f_done ? 0 : f_then2;
      f_touched <= !f_done && (f_touched || (f_ahead && f_covers));
    end
  always @* if (f_begun && !rst && f_s1 && f_a1 == f_a) assert(read_y == f_base);

  // ---- the same in integers, lane 0: sums of all weights, of the negative and of the positive ones
  wire signed [MW-1:0] f_new0 = f_new[MW-1:0], f_sum0 = sum[MW-1:0], f_read0 = read_y[MW-1:0];
  wire signed [FW-1:0] f_wide_new = f_new0;
  wire signed [FW-1:0] f_less_new = f_wide_new < 0 ? f_wide_new : 0, f_more_new = f_wide_new > 0 ? f_wide_new : 0;
  reg  signed [FW-1:0] f_wide_base, f_wide_now, f_less_now, f_more_now, f_wide_then, f_less_then, f_more_then;
  wire signed [FW-1:0] f_less_now2 = f_less_now + (f_ahead ? 0 : f_less_new), f_more_now2 = f_more_now + (f_ahead ? 0 : f_more_new);
  wire signed [FW-1:0] f_less_then2 = f_less_then + (f_ahead ? f_less_new : 0), f_more_then2 = f_more_then + (f_ahead ? f_more_new : 0);
  always @(posedge clk)
    if (rst) {f_wide_now, f_less_now, f_more_now, f_wide_then, f_less_then, f_more_then} <= 0;
    else begin
      if (write_en && write_a == f_a) f_wide_base <= f_sum0;
      else if (f_reads) f_wide_base <= f_wide_base + f_wide_now;
      f_wide_now <= f_done ? f_wide_now + f_wide_then + f_wide_new : f_reads ? 0 : f_wide_now + (f_ahead ? 0 : f_wide_new);
      f_less_now <= f_done ? f_less_now2 + f_less_then2 : f_reads ? 0 : f_less_now2;
      f_more_now <= f_done ? f_more_now2 + f_more_then2 : f_reads ? 0 : f_more_now2;
      f_wide_then <= f_done ? 0 : f_wide_then + (f_ahead ? f_wide_new : 0);
      f_less_then <= f_done ? 0 : f_less_then2;
      f_more_then <= f_done ? 0 : f_more_then2;
    end
  reg f_wide;                               // f_a was written since the reset
  reg f_summed;                             // and read, so that f_wide_base is a whole sum, since
  always @(posedge clk) begin
    if (rst) f_wide <= 1'b0;
    else if (write_en && write_a == f_a) f_wide <= 1'b1;
    if (write_en && write_a == f_a) f_summed <= 1'b0;
    else if (f_reads) f_summed <= 1'b1;
  end
  always @* begin
    if (write_en && write_a == f_a) assume(f_sum0 >= f_low && f_sum0 <= f_high);
    // of one phase, and of two where the sweep between them leaves the word out
    assume(f_less_now2 >= f_negative && f_more_now2 <= f_positive && f_less_then2 >= f_negative && f_more_then2 <= f_positive);
    if (f_done) assume(f_less_now2 + f_less_then2 >= f_negative && f_more_now2 + f_more_then2 <= f_positive);
    if (f_begun && !rst && f_wide && f_s1 && f_a1 == f_a) assert(f_read0 == f_wide_base);
  end

  // ---- what is written by a sweep: what was loaded a cycle before, or 0, and the bias
  reg [G*MW-1:0] f_loaded;
  always @(posedge clk) if (load) f_loaded <= load_none ? {G*MW{1'b0}} : load_x;
  genvar f_g;
  generate for (f_g = 0; f_g < G; f_g = f_g + 1) begin : f_biased
    wire signed [VB-1:0] f_bias = write_b[f_g*VB +: VB];
    wire signed [MW-1:0] f_kept = f_loaded[f_g*MW +: MW], f_next = f_kept + f_bias, f_sum = sum[f_g*MW +: MW];
    always @* if (f_begun && !rst && write_en) assert(f_sum == f_next);
    always @* if (f_begun && !rst && f_s3) assert(last[f_g*MLOW +: MLOW] == f_kept[MLOW-1:0] && !fresh_y);
  end endgenerate

  // ---- memories: no word is used that was read in the cycle in which it was written, none beyond the last one is touched
  reg f_collided, f_read;
  reg [UAW-1:0] f_u1;
  always @(posedge clk) begin
    f_collided <= (add || write_en) && mem_a == f_a && (add ? add_a : write_a) == f_a;
    f_read <= mem_a == f_a;
    f_u1 <= u;
  end
  always @* if (f_begun) begin
    if (f_read && !f_collided) assume(y == f_word);      // as sast_membranes.vh proves it
    if (f_u1 < UDEPTH) assume(w == f_table[f_u1*G*WBITS +: G*WBITS]);
    if (!rst) begin
      assert(!(add && write_en) && !(run && f_issue));
      if (f_collided) assert(!f_s1 && !(add && fresh_y));
      if (run) assert(m < MDEPTH && u < UDEPTH);
    end
  end

  // ---- why: an invariant that an induction can hold on to
  wire [QUEUE-1:0] f_of_next;               // entries of the next phase
  wire [G*MW-1:0] f_in_now [0:QUEUE], f_in_then [0:QUEUE];
  assign f_in_now[QUEUE] = run && (f_a - m) < {1'b0, left} && f_a >= m ? f_weight(u + (f_a - m), shift) : {G*MW{1'b0}};
  assign f_in_then[QUEUE] = {G*MW{1'b0}};
  genvar f_i;
  generate for (f_i = 0; f_i < QUEUE; f_i = f_i + 1) begin : f_entry
    wire           e_phase;
    wire [SHW-1:0] e_shift;
    wire [MAW-1:0] e_m;
    wire [UAW-1:0] e_u;
    wire [NB-1:0]  e_n;
    assign {e_phase, e_shift, e_m, e_u, e_n} = entry[f_i].here;
    wire [FQ-1:0]  e_away = f_a - e_m, wide_m = e_m, wide_u = e_u, wide_n = e_n;
    wire           covers = held[f_i] && f_a >= e_m && e_away < e_n;
    wire [G*MW-1:0] weight = covers ? f_weight(wide_u + e_away, e_shift) : {G*MW{1'b0}};
    assign f_of_next[f_i] = e_phase != f_phase;
    assign f_in_now[f_i] = f_of_next[f_i] ? f_in_now[f_i+1] : f_plus(f_in_now[f_i+1], weight);
    assign f_in_then[f_i] = f_of_next[f_i] ? f_plus(f_in_then[f_i+1], weight) : f_in_then[f_i+1];
    always @* if (f_begun && !rst && held[f_i]) begin
      assert(wide_m + wide_n <= MDEPTH && wide_u + wide_n <= UDEPTH && e_n != 0);
      if (f_of_next[f_i]) assert(f_ahead && f_go);
      else assert(!f_busy && f_go);
      if (f_i > 0) assert(held[f_i-1] && (f_of_next[f_i] || !f_of_next[f_i-1]));
      if (OVERLAP != 0 && f_swept) assert(!covers);
      if (covers && f_of_next[f_i]) assert(f_touched);
    end
  end endgenerate
  wire [2:0] f_of_a = {f_s1 && f_a1 == f_a, f_s2 && f_a2 == f_a, f_s3 && f_a3 == f_a};
  wire f_run_covers = run && f_a >= m && f_a - m < left;
  wire [FQ-1:0] f_m = m, f_left = left, f_at = u;
  always @* if (f_begun && !rst) begin
    if (run) assert(left != 0 && ends == (left == 1) && f_m + f_left <= MDEPTH && f_at + f_left <= UDEPTH && f_go && !f_busy);
    if (f_none_yet && f_act && run_phase == f_phase) assert(!f_go);
    if (f_busy && f_go) assert(f_ahead);
    if (add) assert(add_a < MDEPTH);
    if (add && add_a == f_a) assert((fresh_y ? y : last) == f_word);
    if (add && f_act) assert(f_none_yet && add_a != f_first_a);
    if (add && f_busy) assert(f_act && f_none_yet);
    if (f_s1) assert(f_a1 < MDEPTH);
    if (f_s1 && f_a1 == f_a) assert(y == f_word);
    if (f_s2) assert(f_a2 < MDEPTH);
    if (f_s3) assert(f_a3 < MDEPTH);
    if (f_act && f_none_yet) assert(!f_s1 && !f_s2 && !f_s3);
    // of one word at most one write is to come in a sweep
    assert(f_of_a == 3'b000 || (f_once && (f_of_a == 3'b001 || f_of_a == 3'b010 || f_of_a == 3'b100)));
    assert(f_in_then[0] == f_then);
    if (!f_go || (f_busy && f_once)) assert(f_now == 0 && f_wide_now == 0 && f_less_now == 0 && f_more_now == 0);
    if (f_of_a != 0) assert(f_in_now[0] == f_now && !(add && add_a == f_a));
    if (f_s3 && run) assert(OVERLAP != 0);
    if (OVERLAP != 0 && f_of_a != 0) assert(f_swept && run_phase == f_run_phase);
    if (OVERLAP != 0 && f_swept) assert(!f_touched && !f_run_covers && !(add && add_a == f_a));
    if (!f_ahead) assert(f_wide_then == 0 && f_less_then == 0 && f_more_then == 0);
    if (f_then != 0) assert(f_touched);
    if (f_touched) assert(f_ahead && f_go);
    assert(f_less_now <= 0 && f_less_now >= f_negative && f_more_now >= 0 && f_more_now <= f_positive);
    assert(f_less_then <= 0 && f_less_then >= f_negative && f_more_then >= 0 && f_more_then <= f_positive);
    assert(f_wide_now == f_less_now + f_more_now && f_wide_then == f_less_then + f_more_then);
    assert(f_now[MW-1:0] == f_wide_now[MW-1:0] && f_then[MW-1:0] == f_wide_then[MW-1:0]);
    if (f_wide) begin
      assert(f_base[MW-1:0] == f_wide_base[MW-1:0] && f_summed == (f_of_a != 0));
      if (!f_summed) assert(f_wide_base >= f_low && f_wide_base <= f_high);
      else assert(f_wide_base >= f_low + f_negative && f_wide_base <= f_high + f_positive);
    end
    assert(f_plus(f_in_now[0], add && add_a == f_a ? sum : f_word) == f_plus(f_base, f_now));
    assert(!f_act || !(f_s1 && f_last1) && !(f_s2 && f_last2));
    assert(!(f_s1 && f_last1 && f_s2 && f_last2));
  end
