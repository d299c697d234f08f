  // ev: every beat that is taken is handed on once, or is none, outside, out of order or beyond the cap, and then is not;
  // an event that is offered to the dispatcher waits until it takes it. Sites in full, not the bits that the grid needs.
  reg f_begun = 1'b0;
  reg f_some;                               // an event of this step was in the grid and in order; the largest:
  reg [30:0] f_largest;
  reg [31:0] f_times;                       // how often it came
  reg f_error;
  wire [14:0] f_y = ev_tdata[30:16], f_x = ev_tdata[15:1];
  wire f_inside = f_y < IN_H && f_x < IN_W;
  wire f_good = !ev_tdata[31] && f_inside && (!f_some || ev_tdata[30:0] >= f_largest);
  wire f_again = f_some && ev_tdata[30:0] == f_largest;
  wire f_taken = ev_tvalid && ev_tready;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    if (rst) {f_some, f_error} <= 0;
    else if (f_taken) begin
      if (!ev_tdata[31] && !f_good) f_error <= 1'b1;
      f_some <= !ev_tlast && (f_some || f_good);
      if (f_good) f_largest <= ev_tdata[30:0];
      if (f_good) f_times <= f_again ? f_times + 1 : 1;
    end
  end
  always @* begin
    if (!f_begun) assume(rst);
    assume(f_times < 32'hFFFFFFFF);         // no step has so many
    if (f_begun && !rst) begin
      assert(event_valid == (open && ev_tvalid && f_good && !(f_again && f_times >= COUNT_CAP)));
      if (event_valid) assert(event_y == f_y && event_x == f_x && event_p == ev_tdata[0] && f_y < IN_H && f_x < IN_W);
      if (ev_tvalid) assert(ev_tready == (open && (event_take || !event_valid)));
      assert(step_ends == (f_taken && ev_tlast));
      assert(ev_error == f_error);
      // an invariant for the induction
      assert(f_some == (times != 0));
      if (f_some) assert(f_times != 0 && times == (f_times < COUNT_CAP ? f_times : COUNT_CAP));
      if (f_some) assert(f_largest[30:16] < IN_H && f_largest[15:1] < IN_W);
      if (f_some) assert(site == {f_largest[16 +: YB_IN], f_largest[1 +: XB], f_largest[0]});
    end
  end
