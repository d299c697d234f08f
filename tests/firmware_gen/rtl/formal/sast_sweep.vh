  // A sweep reads every word of the layer that was asked for once, in order, and writes it three cycles later; it begins at
  // the layer's first word, and says `done` with the last one that is seen. No table is read beyond its end.
  localparam FW = 12;
  reg f_begun = 1'b0;
  reg [EAW-1:0] f_l;                        // a layer, any one, and its entry
  reg [EW-1:0]  f_e;
  reg [EAW-1:0] f_layer_was, f_ask_layer, f_wanted;      // f_wanted: to be swept now or next
  reg           f_soon, f_was_cleared;
  reg [MAW-1:0] f_a1, f_a2, f_a3, f_first;
  reg           f_s1, f_s2, f_s3, f_last1, f_last2;
  reg [FW-1:0]  f_count, f_row, f_k, f_row1, f_k1, f_row2, f_k2;
  wire [FW-1:0] f_rpw = l_rpw + 1, f_all = (l_rows + 1) * f_rpw, f_base = l_base, f_at = read_a, f_pn = l_pn + 1;
  wire [FW-1:0] f_param = l_pb + f_k % f_pn;
  reg  [EAW-1:0] f_loaded;                  // the last layer of a model that was loaded: steady
  wire [FW-1:0] f_final = LOADS != 0 ? final_layer : EDEPTH - 1;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_loaded <= f_loaded;
    {f_l, f_e} <= {f_l, f_e};
    f_layer_was <= layer;
    f_soon <= ask_soon;
    f_was_cleared <= cleared || rst;
    f_ask_layer <= ask_layer;
    if (rst) f_wanted <= 0;
    else if (ask) f_wanted <= ask_layer;
    else if (last_seen && !cleared && f_wanted != f_final) f_wanted <= f_wanted + 1;
    if (start) begin
      {f_count, f_row, f_k} <= 0;
      f_first <= first_a;
    end else if (issue) begin
      f_count <= f_count + 1;
      f_k <= f_k + 1 == f_rpw ? 0 : f_k + 1;
      f_row <= f_k + 1 == f_rpw ? f_row + 1 : f_row;
    end
    {f_a1, f_a2, f_a3, f_row1, f_k1, f_row2, f_k2} <= {read_a, f_a1, f_a2, f_row, f_k, f_row1, f_k1};
    {f_s1, f_s2, f_s3} <= rst ? 0 : {issue, f_s1, f_s2};
    {f_last1, f_last2} <= {f_count + 1 == f_all, f_last1};
  end
  wire f_sweeps = act || f_s1 || f_s2 || f_s3;
  always @* begin
    if (!f_begun) assume(rst);
    if (LOADS != 0) assume(final_layer == f_loaded && f_final < EDEPTH);
    if (f_begun && f_layer_was == f_l) assume(entry == f_e);
    // promised by the plan and by sast_dispatch
    assume(f_base + f_all <= MDEPTH && l_pb + f_pn <= PDEPTH && f_pn <= f_rpw && f_rpw <= MDEPTH);
    if (ask) assume(free && ask_soon);
    assume(ask_layer < EDEPTH);
    if (f_begun && f_soon && ask_soon) assume(ask_layer == f_ask_layer);
    if (f_begun && !rst) begin
      // the layer is the one asked for, from the first word to the last write; after a reset, each in turn
      assert(f_wanted < EDEPTH && layer < EDEPTH);
      if (cleared && !f_was_cleared) assert(f_layer_was == f_final);
      if ((start || act || f_s1 || f_s2) && f_wanted == f_l) assert(entry == f_e);
      if (issue) assert(f_at == f_base + f_count && f_count < f_all && f_at < MDEPTH && param_a == f_param && f_param < PDEPTH);
      if (issue && f_count == 0) assert(read_a == f_first);
      if (act) assert(f_count < f_all && row == f_row && k == f_k && f_count == f_row * f_rpw + f_k && pn == f_k % f_pn);
      assert(s1 == f_s1 && seen == f_s2 && write_en == f_s3);
      if (seen) assert(seen_row == f_row2 && seen_k == f_k2 && seen_last == f_last2);
      if (write_en) assert(write_a == f_a3);
      assert(done == (cleared && f_s2 && f_last2));
      if (start) assert(banks_idle && pending && !f_sweeps);
      if (slow && (f_s1 || f_s2 || busy)) assert(!issue);
      if (!room) assert(!issue);

      // an invariant for the induction
      if (!cleared) assert(f_wanted <= f_final);
      if (f_sweeps) assert(layer == f_wanted || (f_s3 && !act && !f_s1 && !f_s2));
      if (act || f_s1 || f_s2) assert(asked && layer == f_wanted && f_layer_was == layer);
      if (act) assert(f_at == f_base + f_count && f_k < f_rpw && f_row <= l_rows && (f_count != 0 || (read_a == f_first && !f_s1)));
      if (asked) assert(layer == f_wanted && (f_layer_was == layer || (!cleared && !ready)));
      if (settled && rests) assert(layer == f_ask_layer && f_soon);
      if (f_s1) assert(a1 == f_a1 && row1 == f_row1 && k1 == f_k1 && last1 == f_last1 && f_last1 == !act);
      if (f_s2) assert(a2 == f_a2 && (!f_last2 || (!act && !f_s1)));
      if (f_s2 && !f_last2) assert(act || f_s1);
      if (f_s1 || f_s2 || act) assert(f_count <= f_all);
      if (f_s3) assert(a3 == f_a3);
    end
  end
