  // A register read is what came by until the cycle in which its address stood there; control is a pulse and a bit. Words
  // of the last answer: sast_registers.answers.vh.
  reg         f_begun = 1'b0;
  reg  [31:0] f_steps, f_cycles, f_stalls, f_crc, f_last;
  reg         f_observes, f_clears;
  reg  [31:0] f_value;                      // of the register whose address stood there a cycle before
  reg         f_told = 1'b0;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_clears <= !rst && write && address == 2 && data[0];
    if (rst) f_observes <= 1'b0;
    else if (write && address == 2) f_observes <= data[1];
    if (rst || cleared) {f_steps, f_cycles, f_stalls} <= 96'd0;
    else begin
      if (st_taken && st_last) f_steps <= f_steps + 1;
      if (st_taken && st_last) f_cycles <= f_cycles + st_data;
      if (ev_waits) f_stalls <= f_stalls + 1;
    end
    if (rst) {f_crc, f_last} <= 64'd0;
    else if (st_taken && !st_last) f_crc <= st_data;
    else if (st_taken) f_last <= st_data;
    f_told <= f_begun;
    case (address)
      0: f_value <= {"T", "S", "A", "S"};
      1: f_value <= LOADABLE != 0 ? 32'h101 : 32'h001;
      2: f_value <= f_observes ? 2 : 0;
      3: f_value <= {!no_model, ev_error, ready};
      4: f_value <= !no_model;
      5: f_value <= f_steps;
      6: f_value <= f_crc;
      7: f_value <= f_last;
      8: f_value <= f_cycles;
      9: f_value <= f_stalls;
      8'h3D: f_value <= load_crc;
      8'h3E: f_value <= load_frames;
      8'h3F: f_value <= load_address;
      default: f_value <= 0;
    endcase
    if (address[7]) f_told <= 1'b0;         // the answer; sizes, a table
  end
  always @* begin
    if (!f_begun) assume(rst);
    assert(clear == f_clears || !f_begun);
    if (f_begun) assert(observe == f_observes);
    if (f_told) assert(value == f_value);
    if (LOADABLE == 0) assert(bus_ready && !no_model && model == 96'd0 && !fill[66]);
    // an invariant for the induction
    if (f_begun) begin
      assert({there.steps, there.cycles, there.stalls} == {f_steps, f_cycles, f_stalls});
      assert({there.step_crc, there.step_cycles, there.clears, there.observes} == {f_crc, f_last, f_clears, f_observes});
    end
  end
