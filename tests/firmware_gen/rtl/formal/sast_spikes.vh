  // The n-th word that is taken is the n-th that was put, since the last rst, and since a rewind again from the first:
  // none is lost, doubled, invented or overtaken. f_n is any n.
  localparam [FIFO_AW:0] CAPACITY = 1 << FIFO_AW;
  reg  [FIFO_AW-1:0] f_n;
  always @(posedge clk) f_n <= f_n;
  reg           f_begun = 1'b0;
  reg [FIFO_AW:0] f_put, f_taken;           // how many were
  reg [W-1:0]   f_word;                     // the n-th
  reg           f_waited;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_waited <= !rst && !rewind && more && !word_valid;
    if (rst) begin
      f_put <= 0;
      f_taken <= 0;
    end else begin
      if (put) f_put <= f_put + 1'b1;
      if (rewind) f_taken <= 0;
      else if (word_valid && word_take) f_taken <= f_taken + 1'b1;
    end
    if (put && f_put == {1'b0, f_n}) f_word <= {put_row, put_k, put_lanes};
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (f_begun && !rst) begin
      // promised: a layer has no more words than fit, and the reader takes none that is not there
      assume(!put || f_put != CAPACITY);
      assume(!word_take || word_valid);

      assert(f_put == wr && f_put <= CAPACITY);
      assert(rd == f_taken + {{FIFO_AW{1'b0}}, word_valid} && rd <= wr);
      assert(more == (f_taken != f_put));
      if (f_put > {1'b0, f_n}) assert(words[f_n] == f_word);
      if (word_valid && f_taken == {1'b0, f_n}) assert({word_row, word_k, word_lanes} == f_word);
      // what waits comes in the next cycle
      if (f_waited) assert(word_valid);
      // no_rw_check: no word is read in the cycle in which it is written
      assert(!(put && read && wr[FIFO_AW-1:0] == rd[FIFO_AW-1:0]));
    end
  end
