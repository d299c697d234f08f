  // Phases: the dispatcher is one ahead of the banks while a sweep is asked for, and only then; the runs that it sent before
  // have left by then. st: a beat that is offered stays until it is taken; two after each step, which its
  // last layer's sweep ends, tlast with the second. What sast_readout.vh assumes of neurons: a sweep begins, and a recording
  // ends, when the last of them has been taken; and of sums: they are asked for when sast_counters is done with a sweep. What
  // sast_counters.vh assumes of sweeps: one ends when the one before has been added, and its layer stays until then. A run is
  // gone when every bank has taken it, each once, and none before it was ready. In running state no sweep but those of a clear
  // writes start values, and an answer follows each step. With MARGIN, a recording that is over has all layers cleared once its
  // answer has left, and its last step's record.
  reg f_begun = 1'b0, f_restarted;
  reg f_offered, f_was_last, f_was_pending, f_run_phase, f_second, f_sweeps, f_due, f_finished;
  reg [31:0] f_data;
  reg [LIB-1:0] f_l_layer;
  reg [B-1:0] f_has;                        // banks that took the run that is offered
  reg [5:1] f_ended;                        // a sweep ended so many cycles ago
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_restarted <= anew;
    f_finished <= finished && !restart;
    f_offered <= !restart && st_tvalid && !st_tready;
    {f_was_last, f_data} <= {st_tlast, st_tdata};
    f_run_phase <= run_phase;
    f_was_pending <= pending;
    f_ended <= restart ? 5'd0 : {f_ended[4:1], ends};
    f_l_layer <= l_layer;
    if (anew) f_sweeps <= 1'b0;
    else if (first_word) f_sweeps <= 1'b1;
    else if (seen && seen_last) f_sweeps <= 1'b0;
    f_has <= anew || run_go ? {B{1'b0}} : f_has | bank_go;
    if (restart) f_second <= 1'b0;
    else if (st_tvalid && st_tready) f_second <= !f_second;
    if (restart) f_due <= 1'b0;
    else if (ends && l_last) f_due <= 1'b1;
    else if (st_tvalid && st_tready && st_tlast) f_due <= 1'b0;
  end
  reg f_over;                             // the layers are cleared as a recording was over
  always @(posedge clk) f_over <= !restart && MARGIN != 0 && (over || (f_over && !go));
  reg [95:0] f_model;                     // of a model that was loaded: steady
  always @(posedge clk) f_model <= f_model;
  always @* begin
    if (!f_begun) assume(restart);
    if (LOADABLE != 0) assume(model == f_model);
    assume(!l_last || l_counted);         // promised by the plan
    if (f_begun && !restart) begin
      assert((run_phase != phase) == (go && pending));
      if (run_phase != f_run_phase && !f_restarted) assert(pending && !f_was_pending && !run_valid);
      if (!go) assert(runs_empty && !run_valid);
      assert((bank_go & (f_has | ~bank_ready | ~{B{run_valid}})) == 0 && (!run_go || &(f_has | bank_go)) && bank_has == f_has);
      if (run_valid && (&bank_ready)) assert(run_go);
      if (st_tvalid) assert(st_tlast == f_second && (f_second || st_tdata == crc));
      if (st_tvalid) assert(f_due);
      if (RUNNING != 0 && pending && !clearing) assert(!renew);
      if (RUNNING != 0 && f_finished) assert(readout_busy);
      if (seen && !clearing) assert(!f_due);               // none is left out
      assert(f_second == (state == CYCLES));
      if (walk_busy || lane) assert(!first_word && !finished && !readout_busy && !st_tvalid && !report);
      // nothing touches the CRC while it is told
      if (state != QUIET && !f_over) assert(go && !pending && !seen);
      if (f_over && (state != QUIET || readout_busy)) assert(!f_sweeps && !seen && !walk_busy && !crc_busy);
      if (over) assert(readout_busy && state == CRC && !f_over);
      if (state != QUIET && f_over) assert(state == CRC || state == CYCLES);
      if (state != QUIET && state != COUNTS && state != LISTEN) assert(!walk_busy);
      if (state == CRC || state == CYCLES) assert(!crc_busy);
      if (seen) assert(f_sweeps && !(slow && walk_busy));  // a word stays until the last of its neurons has been taken
      if (walk_busy) assert(f_sweeps || state != QUIET);
      if (f_sweeps) assert(pending && (clearing || !readout_busy));
      if (clearing) assert((!readout_busy || f_over) && !walk_busy);
      if (readout_busy) assert(f_ended[4:1] == 0 && !ends);
      if (ends) assert(f_ended == 0 && !first_word && !ask);
      if (f_ended != 0) assert(l_layer == f_l_layer);
      if (first_word || seen) assert(f_ended[3:1] == 0);
      if (ask) assert(f_ended[4:1] == 0);
      if (forget) assert(f_ended == 0);
      if (f_offered) assert(st_tvalid && st_tlast == f_was_last && st_tdata == f_data);
      // an invariant for the induction
      assert(state <= CYCLES && f_due == (state != QUIET && (l_last || f_over)));
      if (state == FINISH || state == CRC || state == CYCLES) assert(f_due);
      if (state == COUNTS || state == LISTEN || state == REPORT || state == FINISH) assert(!readout_busy);
      if (f_ended[1]) assert(state == COUNTS);
      if (f_ended[2]) assert(state == LISTEN);
      if (f_ended[3]) assert(state == LISTEN || state == REPORT);
      if (f_ended[4]) assert(state == LISTEN || state == REPORT || state == FINISH || state == QUIET);
    end
  end
