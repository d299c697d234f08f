  // res: a beat that is offered stays, with the same data, until it is taken, and then is gone; none is put over it.
  reg f_begun = 1'b0;
  reg f_offered, f_last, f_waited, f_busy, f_spike, f_renew, f_took;
  reg [31:0] f_data;
  reg [MW-1:0] f_v;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_offered <= !rst && res_tvalid && !res_tready;
    {f_last, f_data} <= {res_tlast, res_tdata};
    f_waited <= !rst && lane && !lane_next;
    {f_v, f_spike, f_renew} <= {lane_v, lane_spike, renew};
    f_took <= !rst && res_tvalid && res_tready && !put;
    f_busy <= !rst && busy;
  end
  always @* begin
    if (!f_begun) assume(rst);
    // promised by sast_core: a neuron stays until it is taken, and nothing begins or ends meanwhile
    if (lane_next) assume(lane && lane_ready);
    if (f_begun && f_waited) assume(lane && {lane_v, lane_spike, renew} == {f_v, f_spike, f_renew});
    if (lane) assume(!begins && !finish && !busy);
    if (f_begun) assert(state != 2'd3 || rst);
    if (f_begun && !rst) assert(!(put && full));
    if (f_begun && !rst && f_took) assert(!res_tvalid);
    if (f_begun && !rst && f_offered) assert(res_tvalid && res_tlast == f_last && res_tdata == f_data);
  end
