  // A place that is taken, any one, gives exactly the runs of its row and its column, in their order, and then is gone;
  // as many places are under way as stages are full. So none is lost, doubled or invented.
  localparam FW = 16;
  reg f_begun = 1'b0;
  wire f_choose;                            // follow the place that is taken now
  reg  f_chosen;                            // one was: f_row, f_column, f_lane
  reg  [RAW-1:0] f_row;
  reg  [CAW-1:0] f_column;
  reg  [LGB-1:0] f_lane;
  reg  [RW-1:0]  f_r;                       // the words that the tables hold for it
  reg  [CW-1:0]  f_c;
  always @(posedge clk) begin
    f_r <= f_r;
    f_c <= f_c;
  end
  wire [FW-1:0] f_ny = f_r[NYB-1:0], f_rq = f_r[NYB +: MAW], f_ru = f_r[NYB+MAW +: UAW];
  wire [FW-1:0] f_n = f_c[NB-1:0], f_nc = CHUNKS != 0 ? f_c[NB +: CHB] : 1;
  localparam FC = NB + (CHUNKS != 0 ? NCB : 0);
  wire [FW-1:0] f_cq = f_c[FC +: CQB], f_cu = f_c[FC+CQB +: CUB], f_syn = f_c[FC+CQB+CUB +: SYNB];
  wire f_none = f_ny == 0 || f_n == 0;

  // ---- where it is: in stage 1 .. 3, gone, or before them
  reg  [2:0] f_at;
  localparam [2:0] GONE = 3'd4, SPARE = 3'd5;
  reg  [FW-1:0] f_r_done, f_k_done;         // rows of runs that have left, chunks of the next one
  wire f_here = f_chosen && f_at == 3'd3;
  wire f_row_left = f_here && sent && f_k_done + 1 == f_nc;
  wire f_lane_u = LANE_TABLE == 0 && LG != 0;
  wire [FW-1:0] f_rows = f_r_done, f_chunks = f_k_done;
  wire [FW-1:0] f_q = (f_rq + f_rows * op_rpw) * B + f_cq + f_chunks * op_cw;
  wire [FW-1:0] f_u = (f_ru + f_rows * op_urw) * B + f_cu + f_chunks * op_cu + (f_lane_u ? f_lane * op_s : 0);
  reg  [2:0] f_inside;                      // places taken that are not done with
  wire f_skip = v1 && go2 && (c_n == 0 || r_ny == 0);
  always @(posedge clk) begin
    f_begun <= 1'b1;
    if (rst) begin
      f_inside <= 0;
      f_chosen <= 1'b0;
    end else begin
      f_inside <= f_inside + place_take - f_skip - (sent && ends);
      if (f_choose && !f_chosen && place_take) begin
        f_chosen <= 1'b1;
        f_at <= go1 ? 3'd1 : SPARE;
        {f_row, f_column, f_lane} <= {place_row, place_column, place_lane};
        {f_r_done, f_k_done} <= 0;
      end else if (f_chosen) case (f_at)
        SPARE: if (go1) f_at <= 3'd1;
        3'd1: if (go2) f_at <= f_none ? GONE : 3'd2;
        3'd2: if (load) f_at <= 3'd3;
        3'd3: if (sent) begin
          f_k_done <= f_row_left ? 0 : f_k_done + 1;
          if (f_row_left) f_r_done <= f_r_done + 1;
          if (f_row_left && f_r_done + 1 == f_ny) f_at <= GONE;
        end
      endcase
    end
  end
  // the tables: a word of each, a cycle after its address
  reg f_read, f_waits, f_steady;
  wire [RPB+URB+SBITS+CWB+CUB2-1:0] f_op = {op_rpw, op_urw, op_s, op_cw, op_cu};
  reg  [RPB+URB+SBITS+CWB+CUB2-1:0] f_op_was;
  reg [MQ-1:0] f_q_was;
  reg [UQ-1:0] f_u_was;
  reg [NB-1:0] f_n_was;
  reg [SYNB-1:0] f_syn_was;
  always @(posedge clk) begin
    f_read <= go1 && (f_chosen ? f_at == SPARE : f_choose && place_take);
    f_waits <= !rst && run_valid && !run_ready;
    {f_q_was, f_u_was, f_n_was, f_syn_was} <= {run_q, run_u, run_n, run_synops};
    {f_steady, f_op_was} <= {!rst && (!empty || place_take), f_op};
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (f_steady && !empty) assume(f_op == f_op_was);      // the operation is
    if (f_chosen && f_read) assume(r == f_r && c == f_c);
    if (v1 && c_n != 0) assume(c_nc != 0);
    if (f_chosen && f_n != 0) assume(f_nc != 0);
    if (f_begun && !rst) begin
      assert(f_inside == spare + v1 + v2 + v3 && empty == (f_inside == 0));
      if (f_chosen) assert(f_at != 3'd0 && f_at <= SPARE);
      if (spare) assert(v1);
      if (f_chosen && f_at == SPARE) assert(spare && {spare_row, spare_column, spare_lane} == {f_row, f_column, f_lane});
      if (f_chosen && f_at == 3'd1) assert(v1 && r == f_r && c == f_c && lane1 == f_lane);
      if (f_chosen && f_at == 3'd2)
        assert(v2 && !f_none && q2 == f_q[MQ-1:0] && u2 == f_u[UQ-1:0] && n2 == f_n && nc2 == f_nc && ny2 == f_ny && syn2 == f_syn);
      if (f_chosen && (f_at <= 3'd2 || f_at == SPARE)) assert(f_r_done == 0 && f_k_done == 0);
      if (f_here) begin
        // the run that is offered
        assert(run_valid && run_q == f_q[MQ-1:0] && run_u == f_u[UQ-1:0] && run_n == f_n);
        assert(run_synops == (f_k_done == 0 ? f_syn : 0));
        assert(f_r_done < f_ny && f_k_done < f_nc && ny == f_ny - f_r_done && nc == f_nc - f_k_done && nc_row == f_nc);
        assert(q_row == f_q0[MQ-1:0] && u_row == f_u0[UQ-1:0] && first == (f_k_done == 0) && syn == f_syn);
      end
      // a run stays until it is taken
      if (f_waits) assert(run_valid && {f_q_was, f_u_was, f_n_was, f_syn_was} == {run_q, run_u, run_n, run_synops});
      if (v2) assert(n2 != 0 && ny2 != 0 && nc2 != 0);
      if (v3) assert(n != 0 && ny != 0 && nc != 0 && nc_row != 0);
    end
  end
  wire [FW-1:0] f_q0 = f_q - f_chunks * op_cw, f_u0 = f_u - f_chunks * op_cu;
