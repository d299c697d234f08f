  // A bank takes of a run exactly its own quads, each with its weight: quad f_m * B + ID, any one.
  localparam FQ = MAW + UAW + NB + LB + 2;
  wire [MAW-1:0] f_m;
  wire [FQ-1:0] f_q = run_q, f_u = run_u, f_n = run_n, f_quad = f_m * B + ID, f_away = f_quad - f_q;
  wire [FQ-1:0] f_from = share_m, f_weights = share_u, f_words = share_n, f_word = f_m;
  wire f_covers = f_q <= f_quad && f_away < f_n;
  wire f_shared = f_from <= f_word && f_word - f_from < f_words;
  always @* begin
    assume(f_q + f_n <= MDEPTH * B && f_u + f_n <= UDEPTH * B && f_q % B == f_u % B && f_n != 0);
    assert(push == (run_go && f_words != 0));
    assert(f_covers == f_shared);
    if (f_covers) assert(((f_u + f_away) / B == f_weights + (f_word - f_from)) && (f_u + f_away) % B == ID);
  end
