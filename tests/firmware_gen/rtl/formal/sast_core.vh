  // Phases: the dispatcher is one ahead of the banks while a sweep is asked for, and only then; the runs that it sent before
  // have left by then. st: a beat that is offered stays until it is taken.
  reg f_begun = 1'b0;
  reg f_offered, f_was_last, f_was_pending, f_run_phase;
  reg [31:0] f_data;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !restart && st_tvalid && !st_tready;
    {f_was_last, f_data} <= {st_tlast, st_tdata};
    f_run_phase <= run_phase;
    f_was_pending <= pending;
  end
  always @* begin
    if (!f_begun) assume(restart);
    if (f_begun && !restart) begin
      assert((run_phase != phase) == (go && pending));
      if (run_phase != f_run_phase && !f_restarted) assert(pending && !f_was_pending && !run_valid);
      if (!go) assert(runs_empty && !run_valid);
      // nothing touches the CRC while it is told
      if (state != QUIET) assert(go && !pending);
      if (state != QUIET && state != COUNTS && state != LISTEN) assert(!walk_busy);
      if (state == CRC || state == CYCLES) assert(!crc_busy);
      if (f_offered) assert(st_tvalid && st_tlast == f_was_last && st_tdata == f_data);
    end
  end
  reg f_restarted;
  always @(posedge clk) f_restarted <= restart;
