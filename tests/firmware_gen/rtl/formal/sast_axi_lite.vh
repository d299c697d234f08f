  // Every write and every read that is taken gets one answer, which stays as it is until it is taken; a write is handed on
  // once, when the bus is ready, and a read's answer is what the bus gave for its address.
  reg        f_begun = 1'b0;
  wire       f_written = awvalid && awready; // address and data are taken together
  wire       f_asked = arvalid && arready;
  reg        f_writing, f_reading;          // an answer is due
  reg        f_looked;                      // a read was taken a cycle before: the bus gives its value now
  reg        f_held_b, f_held_r;            // an answer waited a cycle before
  reg [31:0] f_value, f_held;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_looked <= f_asked;
    f_held_b <= !rst && bvalid && !bready;
    f_held_r <= !rst && rvalid && !rready;
    f_held <= rdata;
    if (f_looked) f_value <= value;
    if (rst) f_writing <= 1'b0;
    else f_writing <= f_written || (f_writing && !(bvalid && bready));
    if (rst) f_reading <= 1'b0;
    else f_reading <= f_asked || (f_reading && !(rvalid && rready));
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (rst) assert(!awready && !wready && !arready && !write);
    if (f_begun && !rst) begin
      assert(awready == wready);
      assert(!awready || (awvalid && wvalid && bus_ready));
      assert(write == f_written);
      if (write) assert(address == awaddr[9:2] && data == wdata);
      if (f_asked) assert(address == araddr[9:2] && !write);
      // one answer each: none is taken while one is due, none comes of nothing
      assert(!(f_written && f_writing) && !(f_asked && f_reading));
      assert(bvalid == f_writing);
      assert(rvalid == (f_reading && !f_looked));
      if (f_looked) assert(f_reading);
      if (rvalid) assert(rdata == f_value && rresp == 2'b00);
      if (bvalid) assert(bresp == 2'b00);
      // it stays
      if (f_held_b) assert(bvalid);
      if (f_held_r) assert(rvalid && rdata == f_held);
      // and nobody waits without a reason
      if (!f_writing && !f_reading && awvalid && wvalid && bus_ready) assert(awready);
      if (!f_writing && !f_reading && arvalid && !(awvalid && wvalid && bus_ready)) assert(arready);
      // an invariant for the induction
      assert(looks == f_looked);
    end
  end
