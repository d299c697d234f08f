  // ev: every beat that is taken is handed on once, or is none, outside, out of order or beyond the cap, and then is not;
  // an event that is offered to the dispatcher waits until it takes it. Sites in full, not the bits that the grid needs.
  reg f_begun = 1'b0;
  reg f_some;                               // an event of this step was in the grid and in order; the largest:
  reg [30:0] f_largest;
  reg [31:0] f_times;                       // how often it came
  reg f_error;
  reg f_waits, f_event, f_ends;             // a beat was taken and not handed on: an event, the step's last one
  reg [30:0] f_beat;                        // its site
  wire [14:0] f_y = ev_tdata[30:16], f_x = ev_tdata[15:1];
  reg [39:0] f_loaded;                      // the grid and cap of a model that was loaded: within the core's, and steady
  wire [15:0] f_height = LOADS != 0 ? grid[31:16] : IN_H - 1, f_width = LOADS != 0 ? grid[15:0] : IN_W - 1;
  wire [31:0] f_cap = LOADS != 0 ? cap : COUNT_CAP;
  wire f_inside = f_y <= f_height && f_x <= f_width;
  wire f_good = !ev_tdata[31] && f_inside && (!f_some || ev_tdata[30:0] >= f_largest);
  wire f_again = f_some && ev_tdata[30:0] == f_largest;
  wire f_counts = f_good && !(f_again && f_times >= f_cap);
  wire f_taken = ev_tvalid && ev_tready;
  wire f_leaves = open && f_waits && (!f_event || event_take);
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_loaded <= f_loaded;
    if (rst) {f_some, f_error, f_waits} <= 0;
    else begin
      if (f_leaves) f_waits <= 1'b0;
      if (f_taken) begin
        if (!ev_tdata[31] && !f_good) f_error <= 1'b1;
        f_some <= !ev_tlast && (f_some || f_good);
        if (f_good) f_largest <= ev_tdata[30:0];
        if (f_good) f_times <= f_again ? f_times + 1 : 1;
        f_waits <= f_counts || ev_tlast;
        {f_event, f_ends, f_beat} <= {f_counts, ev_tlast, ev_tdata[30:0]};
      end
    end
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (LOADS != 0) assume({grid, cap} == f_loaded && f_height < IN_H && f_width < IN_W && cap != 0);
    assume(f_times < 32'hFFFFFFFF);         // no step has so many
    if (rst) assert(!ev_tready);
    if (f_begun && !rst) begin
      assert(ev_tready == (!f_waits || (PACED == 0 && f_leaves)));
      if (f_taken && f_waits) assert(f_leaves);            // none is put over another
      assert(event_valid == (open && f_waits && f_event));
      if (event_valid) assert({event_y, event_x, event_p} == f_beat && event_y <= f_height && event_x <= f_width);
      assert(step_ends == (f_leaves && f_ends));
      assert(ev_error == f_error);
      // an invariant for the induction
      assert(full == f_waits && f_some == (times != 0));
      if (f_waits) assert(held == f_event && last == f_ends && (f_event || f_ends));
      if (f_waits && f_event) assert(f_beat[30:16] < IN_H && f_beat[15:1] < IN_W);
      if (f_waits && f_event) assert(site == {f_beat[16 +: YB_IN], f_beat[1 +: XB], f_beat[0]});
      if (f_some) assert(f_times != 0 && times == (f_times < f_cap ? f_times : f_cap));
      if (f_some) assert(f_largest[30:16] < IN_H && f_largest[15:1] < IN_W);
      if (f_some) assert(site == {f_largest[16 +: YB_IN], f_largest[1 +: XB], f_largest[0]});
    end
  end
