  // What the core's proof needs to know of sast_sweep: where its words are, and that the layer stays while they are there.
  reg f_begun = 1'b0;
  reg [EAW-1:0] f_layer;
  always @(posedge clk) {f_begun, f_layer} <= {1'b1, layer};
  always @* if (f_begun && !rst) begin
    if (ask) assert(free && ask_soon);                   // as sast_sweep.vh assumes
    if (act || s1 || seen || !cleared) assert(asked);
    if (act) assert(!(s1 && last1) && !(seen && seen_last));
    if (s1 && last1) assert(!act && !(seen && seen_last));
    if (seen && seen_last) assert(!act && !s1);
    if (asked) assert(layer == f_layer || (!cleared && !ready));
    if (act || s1 || seen) assert(layer == f_layer);
    if (slow && s1) assert(!seen && !busy);
  end
