  // Phases: the dispatcher is one ahead of the banks while a sweep is asked for, and only then; the runs that it sent before
  // have left by then. st: a beat that is offered stays until it is taken; two a step, tlast with the second. What
  // sast_readout.vh assumes of neurons: a sweep begins, and a recording ends, when the last of them has been taken.
  reg f_begun = 1'b0;
  reg f_offered, f_was_last, f_was_pending, f_run_phase, f_second, f_sweeps;
  reg [31:0] f_data;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !restart && st_tvalid && !st_tready;
    {f_was_last, f_data} <= {st_tlast, st_tdata};
    f_run_phase <= run_phase;
    f_was_pending <= pending;
    if (restart) f_sweeps <= 1'b0;
    else if (first_word) f_sweeps <= 1'b1;
    else if (seen && seen_last) f_sweeps <= 1'b0;
    if (restart) f_second <= 1'b0;
    else if (st_tvalid && st_tready) f_second <= !f_second;
  end
  always @* begin
    if (!f_begun) assume(restart);
    assume(!l_last || l_counted);         // promised by the plan
    if (f_begun && !restart) begin
      assert((run_phase != phase) == (go && pending));
      if (run_phase != f_run_phase && !f_restarted) assert(pending && !f_was_pending && !run_valid);
      if (!go) assert(runs_empty && !run_valid);
      if (st_tvalid) assert(st_tlast == f_second && (f_second || st_tdata == step_crc));
      assert(f_second == (state == CYCLES));
      if (walk_busy || lane) assert(!first_word && !finished && !readout_busy && !st_tvalid && !report);
      if (state != QUIET) assert(go && !pending && !seen);
      if (seen) assert(f_sweeps);
      if (walk_busy) assert(f_sweeps || state != QUIET);
      if (f_sweeps) assert(pending && (clearing || !readout_busy));
      if (clearing) assert(!readout_busy && !walk_busy);
      if (state != QUIET && state != COUNTS && state != LISTEN) assert(!walk_busy);
      if (f_offered) assert(st_tvalid && st_tlast == f_was_last && st_tdata == f_data);
    end
  end
  reg f_restarted;
  always @(posedge clk) f_restarted <= restart;
