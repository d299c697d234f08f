// Events from outside, checked and capped: a pixel of a step counts COUNT_CAP times at most.
// One waits in a register, checked; remembers the last site of the step only, as sites ascend.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_events (clk, rst, ev_tvalid, ev_tready, ev_tdata, ev_tlast, open, event_valid, event_take, event_y, event_x,
                    event_p, step_ends, ev_error, grid, cap);
  parameter LOADS = 0;                      // 1: grid and cap count
  parameter PACED = 0;                      // 1: ev_tready depends on a register alone; an event every other cycle
  `include "sast_params.vh"

  input  wire          clk;
  input  wire          rst;
  // AXI4-Stream: {none, y, x, polarity}; tlast: the step ends after this beat
  input  wire          ev_tvalid;
  output wire          ev_tready;
  input  wire [31:0]   ev_tdata;
  input  wire          ev_tlast;
  // to the dispatcher
  input  wire          open;                // it wants events
  output wire          event_valid;
  input  wire          event_take;          // it can take one
  output wire [14:0]   event_y;
  output wire [14:0]   event_x;
  output wire          event_p;
  output wire          step_ends;           // pulse: the last beat of the step is taken
  output reg           ev_error;            // an event out of the grid or out of order was dropped
  // of a model that was loaded
  input  wire [31:0]   grid;                // {last row, last column}
  input  wire [7:0]    cap;                 // most events of a site that count in a step

  localparam [31:0] WIDTH = IN_W - 1;       // the last column and row
  localparam [31:0] HEIGHT = IN_H - 1;
  localparam [7:0] CAP = COUNT_CAP;
  wire [7:0]  most = LOADS != 0 ? cap : CAP;
  localparam XB = IN_W < 2 ? 1 : $clog2(IN_W);
  localparam YB_IN = IN_H < 2 ? 1 : $clog2(IN_H);
  localparam SITE = YB_IN + XB + 1;
  wire [XB-1:0]    width = LOADS != 0 ? grid[XB-1:0] : WIDTH[XB-1:0];
  wire [YB_IN-1:0] height = LOADS != 0 ? grid[16 +: YB_IN] : HEIGHT[YB_IN-1:0];

  wire [14:0]     y, x;
  wire            p;
  reg             full, last, held;         // a beat waits: the step's last one, an event
  reg  [SITE-1:0] site;                     // of the last event
  wire [SITE-1:0] now = {y[YB_IN-1:0], x[XB-1:0], p};
  reg  [7:0]  times;                        // how often `site` came in this step; 0: none came yet
  wire        none = ev_tdata[31];
  wire        repeated = times != 0 && now == site;
  /* verilator lint_off CMPCONST */         // a grid may be as large as its bits
  wire        outside = y >> YB_IN != 0 || x >> XB != 0 || y[YB_IN-1:0] > height || x[XB-1:0] > width;
  /* verilator lint_on CMPCONST */
  wire        backwards = times != 0 && now < site;
  wire        wrong = !none && (outside || backwards);
  wire        counts = !none && !outside && !backwards && !(repeated && times == most);

  wire            leaves = open && full && (event_take || !held);
  wire            take = ev_tvalid && ev_tready;

  assign {y, x, p} = ev_tdata[30:0];
  assign event_y = {{(15-YB_IN){1'b0}}, site[SITE-1:XB+1]};
  assign event_x = {{(15-XB){1'b0}}, site[XB:1]};
  assign event_p = site[0];
  assign event_valid = open && full && held;
  assign ev_tready = (!full || (PACED == 0 && leaves)) && !rst;
  assign step_ends = leaves && last;

  always @(posedge clk)
    if (rst) begin
      times <= 8'd0;
      ev_error <= 1'b0;
      full <= 1'b0;
    end else begin
      // what neither counts nor ends the step is dropped here
      full <= take ? counts || ev_tlast : full && !leaves;
      if (take) begin
        last <= ev_tlast;
        held <= counts;
        if (wrong) ev_error <= 1'b1;
        if (ev_tlast) times <= 8'd0;
        else if (counts) times <= repeated ? times + 8'd1 : 8'd1;
        if (counts) site <= now;
      end
    end
endmodule

`default_nettype wire
