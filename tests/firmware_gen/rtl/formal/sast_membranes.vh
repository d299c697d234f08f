  // What is read of a word, any one, is what was last written to it; read as it is written, it may be anything. The upper bits of
  // a wide word are those that were loaded or written last, at once. Words before MWIDE hold MLOW bits: promised by the plan.
  reg f_begun = 1'b0, f_twice = 1'b0;
  reg [MAW-1:0] f_a, f_a1, f_a2;            // a word; those that were read a cycle ago, and two
  reg [G*MLOW-1:0] f_low;
  reg [G*MORE-1:0] f_upper;
  reg f_known, f_read;
  wire [MAW-1:0] f_w = f_a1 - MWIDE;
  wire f_loads = load && f_a2 == f_a;
  wire f_writes = write_en && write_a == f_a;
  genvar f_g;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_twice <= f_begun;
    {f_a, f_a1, f_a2} <= {f_a, read_a, f_a1};
    f_known <= f_begun && (f_known || f_writes);
    f_read <= f_begun && f_known && read_a == f_a && !f_writes;
  end
  always @* begin
    if (!f_begun) assume(rst);
    assume(f_a < MDEPTH);
    if (load) assume(f_twice || rst);
    // an invariant for the induction
    if (f_begun) assert(uneven.is_wide == (f_a1 >= MWIDE) && uneven.read_w == f_w);
  end
  generate
    for (f_g = 0; f_g < MDEPTH - MWIDE; f_g = f_g + 1) begin : f_wide
      always @* if (f_twice) assert(uneven.wide[f_g].was_read == (f_a2 == MWIDE + f_g));
    end
    for (f_g = 0; f_g < G; f_g = f_g + 1) begin : f_lane
      wire [MW-MLOW:0] sign = write_y[f_g*MW+MLOW-1 +: MW-MLOW+1];
      wire [MLOW-1:0]  low = f_low[f_g*MLOW +: MLOW];
      wire [MORE-1:0]  upper = f_a < MWIDE ? {MORE{low[MLOW-1]}} : f_upper[f_g*MORE +: MORE];
      wire [G*MLOW-1:0] held = words[f_a];
      wire [G*MORE-1:0] high = uneven.all[(f_a - MWIDE)*G*MORE +: G*MORE];
      wire [G*MW-1:0]  old = write_old;
      always @(posedge clk) begin
        if (f_writes) f_low[f_g*MLOW +: MLOW] <= write_y[f_g*MW +: MLOW];
        if (rst || (f_loads && load_none)) f_upper[f_g*MORE +: MORE] <= 0;
        else if (f_loads) f_upper[f_g*MORE +: MORE] <= load_x[f_g*MW+MLOW +: MORE];
        else if (f_writes) f_upper[f_g*MORE +: MORE] <= write_y[f_g*MW+MLOW +: MORE];
      end
      always @* begin
        if (write_en && write_a < MWIDE) assume(sign == 0 || &sign);
        if (f_begun && f_read) assert(read_y[f_g*MW +: MW] == {upper, low});
        if (f_begun && f_a >= MWIDE && write_a == f_a) assert(old[f_g*MW+MLOW +: MORE] == upper);
        assert(old[f_g*MW +: MLOW] == (write_fresh ? y[f_g*MLOW +: MLOW] : write_last[f_g*MLOW +: MLOW]));
        if (f_begun && f_known) assert(low == held[f_g*MLOW +: MLOW]);
        if (f_begun && f_a >= MWIDE) assert(upper == high[f_g*MORE +: MORE]);
      end
    end
  endgenerate
