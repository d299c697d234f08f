  // What the core's proof needs to know of sast_sweep: where its words are.
  reg f_begun = 1'b0;
  always @(posedge clk) f_begun <= 1'b1;
  always @* if (f_begun && !rst) begin
    if (ask) assert(free && ask_soon);                   // as sast_sweep.vh assumes
    if (act || s1 || seen || !cleared) assert(asked);
    if (act) assert(!(s1 && last1) && !(seen && seen_last));
    if (s1 && last1) assert(!act && !(seen && seen_last));
    if (seen && seen_last) assert(!act && !s1);
  end
