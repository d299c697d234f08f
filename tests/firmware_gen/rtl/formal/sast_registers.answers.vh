  // Words of an answer are read as they went by, the first 64 of it; f_n is any of them. Not as it comes.
  reg         f_begun = 1'b0;
  reg  [5:0]  f_n;
  always @(posedge clk) f_n <= f_n;
  reg  [31:0] f_answer;                     // word f_n of the last answer that had so many
  reg         f_kept;                       // there was one
  reg  [6:0]  f_beat;                       // of the answer that comes by; 64: any beyond
  reg         f_asked;                      // its address stood there a cycle before
  reg  [31:0] f_value;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    if (rst || cleared || (res_taken && res_last)) f_beat <= 7'd0;
    else if (res_taken && f_beat != 7'd64) f_beat <= f_beat + 7'd1;
    if (!f_begun) f_kept <= 1'b0;
    else if (res_taken && f_beat == {1'b0, f_n}) f_kept <= 1'b1;
    if (res_taken && f_beat == {1'b0, f_n}) f_answer <= res_data;
    f_asked <= f_begun && f_kept && address == {2'd2, f_n} && !(res_taken && f_beat == {1'b0, f_n});
    f_value <= f_answer;
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (f_begun && f_asked) assert(value == f_value);
    // an invariant for the induction
    if (f_begun) assert(there.beat == f_beat && f_beat <= 7'd64);
    if (f_begun && f_kept) assert(there.answers[f_n] == f_answer);
  end
