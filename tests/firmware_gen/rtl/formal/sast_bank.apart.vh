  // Weights in two memories, the upper one of those from ULOW on: what comes a cycle after an address is its word.
  reg f_begun = 1'b0;
  reg [UAW-1:0] f_u;
  reg [UDEPTH*G*WBITS-1:0] f_table;         // all weights
  always @(posedge clk) {f_begun, f_u, f_table} <= {1'b1, u, f_table};
  wire [UAW-2:0] f_same;
  always @(posedge clk) apart.more[f_same] <= apart.more[f_same];      // what nothing writes would read as 0
  wire [UAW-2:0] f_low = f_u[UAW-2:0];
  genvar f_i;
  generate for (f_i = ULOW; f_i < UDEPTH; f_i = f_i + 1) begin : f_upper
    always @* assume(apart.more[f_i - ULOW] == f_table[f_i*G*WBITS +: G*WBITS]);
  end endgenerate
  always @* if (f_begun) begin
    assume(apart.low == f_table[f_low*G*WBITS +: G*WBITS]);
    if (f_u < UDEPTH) assert(w == f_table[f_u*G*WBITS +: G*WBITS]);
  end
