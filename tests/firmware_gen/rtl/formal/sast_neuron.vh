  // docs/arithmetic.md in integers of 24 bits, without a shift of a signed number: whatever comes in, what comes out is
  // leak(reset(saturate(u))), and no step of it leaves MW bits; sast_bank.vh adds the bias.
  localparam FW = 24;
  reg  [4:0] f_bits;          // state_bits of the layer
  always @(posedge clk) f_bits <= f_bits;
  reg  f_begun = 1'b0;                      // a word is at the second stage
  reg  f_fire, f_wide;                      // f_wide: the last layer, whose sums alone have more than MLOW bits
  always @(posedge clk) f_wide <= f_wide;
  reg  signed [FW-1:0] f_v;

  function signed [FW-1:0] f_floor(input signed [FW-1:0] value, input [3:0] shift);    // value / 2^shift, rounded down
    f_floor = ((value + 24'sh400000) / (24'd1 << shift)) - (24'd1 << (22 - shift));
  endfunction

  wire signed [FW-1:0] f_in = u_in;
  wire signed [FW-1:0] f_most = (24'sd1 << (f_bits - 1)) - 24'sd1;
  wire signed [FW-1:0] f_least = -f_most - 24'sd1;
  wire signed [FW-1:0] f_u = f_in > f_most ? f_most : f_in < f_least ? f_least : f_in;
  wire [TB-1:0]        f_rest = rest;
  wire signed [FW-1:0] f_threshold = (24'sd1 << TB) - {1'b0, f_rest};
  wire signed [FW-1:0] f_taken = AMB > 0 ? {1'b0, amount} : f_threshold;
  wire f_fires = lif && exists && f_u >= f_threshold;
  wire signed [FW-1:0] f_leaked = f_v - (k1 != 0 ? f_floor(f_v, k1) : 24'sd0) - (k2 != 0 ? f_floor(f_v, k2) : 24'sd0);
  wire signed [FW-1:0] f_given = x, f_shown = v;

  genvar f_i;
  generate for (f_i = 0; f_i <= MW - SMIN; f_i = f_i + 1) begin : f_mask
    always @* assume(smask[f_i] == (SMIN - 1 + f_i >= f_bits - 1));
  end endgenerate
  always @* begin
    // promised by the plan
    assume(f_bits >= SMIN && f_bits <= MW);
    assume(!lif || f_threshold <= f_most);
    if (!f_wide && MLOW < MW) assume(f_bits <= MLOW && f_in >= -(24'sd1 << (MLOW - 1)) && f_in < (24'sd1 << (MLOW - 1)));
    if (f_wide) assume(MLOW < MW && f_bits == SLAST && (LIF_OUT != 0 || !lif));
    assume(SUBTRACT != 0 || !subtract);
    assume(AMB == 0 || (amount > 0 && f_taken <= f_most));
    assume(LEAKS > 0 || k1 == 0);
    assume(LEAKS > 1 || k2 == 0);
    assume(LEAKS < 2 || k1 != k2 || k1 == 0);
    assume(LEAK_ONE == 0 || k1 == 0 || k1 == LEAK_ONE);
  end
  always @(posedge clk) begin
    f_begun <= f_begun || en;
    if (en) begin
      f_fire <= f_fires;
      f_v <= !f_fires ? f_u : SUBTRACT != 0 && subtract ? f_u - f_taken : 24'sd0;
    end
  end
  always @* begin
    if (f_begun) assert(f_shown == f_v && spike == f_fire);
    if (f_begun) assert(f_v <= f_most && f_v >= f_least);
    if (f_begun) assert(f_leaked >= f_least && f_leaked <= f_most);      // no leak leaves the state's range
    if (f_begun) assert(f_given == f_leaked);
  end
