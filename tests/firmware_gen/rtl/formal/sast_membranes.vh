  // What is read of a word, any one, is what was last written to it; read as it is written, it may be anything.
  // Words before MWIDE hold MLOW bits: promised by the plan.
  reg f_begun = 1'b0;
  reg [MAW-1:0] f_a;
  reg [G*MW-1:0] f_word;
  reg f_known, f_read;
  genvar f_g;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_a <= f_a;
    f_known <= f_begun && (f_known || (write_en && write_a == f_a));
    if (write_en && write_a == f_a) f_word <= write_y;
    f_read <= f_begun && f_known && read_a == f_a && !(write_en && write_a == f_a);
  end
  always @* begin
    assume(f_a < MDEPTH);
    if (f_begun && f_read) assert(read_y == f_word);
  end
  // an invariant for the induction
  wire [G*MLOW-1:0] f_low = words[f_a];
  wire [G*MORE-1:0] f_high = uneven.all[(f_a - MWIDE)*G*MORE +: G*MORE];
  generate for (f_g = 0; f_g < G; f_g = f_g + 1) begin : f_lane
    wire [MW-MLOW:0] upper = write_y[f_g*MW+MLOW-1 +: MW-MLOW+1];
    wire [MW-1:0] word = f_word[f_g*MW +: MW];
    always @* if (f_begun && f_known) begin
      assert(word[MLOW-1:0] == f_low[f_g*MLOW +: MLOW]);
      assert(word[MW-1:MLOW] == (f_a < MWIDE ? {MORE{word[MLOW-1]}} : f_high[f_g*MORE +: MORE]));
    end
    always @* if (write_en && write_a < MWIDE) assume(upper == 0 || &upper);
  end endgenerate
