  // What the core's proof needs to know of sast_dispatch: until the memories are cleared it stands still.
  reg f_begun = 1'b0, f_asks;
  reg [EAW-1:0] f_layer;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_asks <= !rst && sweep_soon;
    f_layer <= sweep_layer;
  end
  always @* if (f_begun && !rst) begin
    if (!go) assert(state == FETCH);
    if (f_asks && sweep_soon) assert(sweep_layer == f_layer);      // as sast_sweep.vh assumes
  end
