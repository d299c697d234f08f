  // spk: the words with a spike, any one of them, leave once, in order, as they were put; a beat that is offered stays until
  // it is taken. A word for which there was room two cycles ago finds a place.
  reg f_begun = 1'b0;
  reg f_offered, f_room1, f_room2;
  reg [32+P:0] f_beat;
  reg [2:0] f_count;                        // words that wait
  wire f_choose;                            // follow the one that is put now
  reg f_follows;
  reg [2:0] f_before;                       // how many leave before it
  reg [W-1:0] f_word;
  wire [7:0]  f_layer = put_layer;
  wire [11:0] f_row = put_row, f_k = put_k;
  wire f_taken = spk_tvalid && spk_tready;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !rst && spk_tvalid && !spk_tready;
    f_beat <= {spk_tlast, spk_lanes, spk_tdata};
    {f_room2, f_room1} <= rst ? 2'b00 : {f_room1, room};
    if (rst) {f_count, f_follows} <= 0;
    else begin
      f_count <= f_count + put - f_taken;
      if (f_follows) begin
        f_before <= f_before - f_taken;
        f_follows <= !(f_taken && f_before == 0);
      end else if (f_choose && put) begin
        f_follows <= 1'b1;
        f_before <= f_count - f_taken;
        f_word <= {put_last, put_lanes, f_layer, f_row, f_k};
      end
    end
  end
  genvar f_i;
  generate for (f_i = 0; f_i < 4; f_i = f_i + 1) begin : f_place
    always @* if (f_begun && !rst && f_follows && f_before == f_i) assert(entry[f_i].here == f_word);
  end endgenerate
  always @* begin
    if (!f_begun) assume(rst);
    if (put) assume(f_room2);               // as sast_sweep issues words
    if (f_begun && !rst) begin
      assert(spk_tvalid == (f_count != 0));
      if (put) assert(f_count < 4);
      if (f_follows && f_before == 0) assert(spk_tvalid && {spk_tlast, spk_lanes, spk_tdata} == f_word);
      if (f_offered) assert(spk_tvalid && {spk_tlast, spk_lanes, spk_tdata} == f_beat);
      if (f_count == 0) assert(room);       // it does not stall for good
      // an invariant for the induction
      assert(f_count <= 4 && held == (5'd1 << f_count) - 5'd1);
      if (f_follows) assert(f_before < f_count);
      if (f_room1) assert(f_count <= 2);
      if (f_room2) assert(f_count <= 3);
    end
  end
