  // Of a word every lane that exists is there once, in ascending order, with its own membrane and spike, until it is done
  // with; lanes that do not exist pass by, a cycle each at most.
  reg            f_begun = 1'b0;
  reg [P-1:0]    f_todo;                    // lanes that are still to come
  reg [LP:0]     f_lane;                    // those below have been there, or do not exist
  reg            f_first;                   // the word came a cycle before
  reg            f_none;                    // it has no lanes
  reg [P*MW-1:0] f_v;
  reg [P-1:0]    f_spikes;
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_first <= word;
    if (rst) f_todo <= {P{1'b0}};
    else if (word) begin
      f_todo <= lanes;
      f_lane <= 0;
    end else begin
      if (there && next) f_todo[f_lane] <= 1'b0;
      if (busy && (!there || next)) f_lane <= f_lane + 1'b1;
    end
    if (word) {f_v, f_spikes, f_none} <= {v, spikes, lanes == {P{1'b0}}};
  end
  integer f_i;
  always @* begin
    if (!f_begun) assume(rst);
    if (f_begun && !rst) begin
      // promised: a word comes when none is under way, and stays
      assume(!(word && busy));
      if (busy) assume({v, spikes} == {f_v, f_spikes});

      if (f_todo != {P{1'b0}}) assert(busy && f_lane < P);
      if (busy && f_todo == {P{1'b0}}) assert(f_first && f_none);
      if (there) assert(f_todo[f_lane]);
      if (busy && f_lane < P && f_todo[f_lane]) assert(there);
      for (f_i = 0; f_i < P; f_i = f_i + 1) begin
        if (f_i < f_lane) assert(!f_todo[f_i] || !busy);
        if (there && f_i == f_lane) assert(lane_v == f_v[f_i*MW +: MW] && lane_spike == f_spikes[f_i]);
      end
      // an invariant for the induction
      if (busy) assert(f_lane < P && lane == f_lane[LPB-1:0] && todo == f_todo >> f_lane);
    end
  end
