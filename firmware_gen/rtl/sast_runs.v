// From places in the tables to runs: a row and a column entry give a nest of runs, which leave one a cycle.
// Three stages: tables, sums, the nest; a stage waits for the next one. Counts the SynOps of what leaves.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_runs (
  clk, rst, empty,
  place_valid, place_take, place_row, place_column, place_lane,
  op_rpw, op_urw, op_s, op_cw, op_cu,
  run_valid, run_ready, run_q, run_u, run_n, run_synops, fill
);
  parameter LOADS = 0;                      // 1: the tables can be written
  `include "sast_params.vh"
  localparam LGB = LG == 0 ? 1 : LG;

  input  wire               clk;
  input  wire               rst;
  output wire               empty;
  input  wire               place_valid;
  output wire               place_take;
  input  wire [RAW-1:0]     place_row;
  input  wire [CAW-1:0]     place_column;
  input  wire [LGB-1:0]     place_lane;
  // of the operation, steady while runs leave
  input  wire [RPB-1:0]     op_rpw;         // words from one row of targets to the next
  input  wire [URB-1:0]     op_urw;         // the same of weights
  input  wire [SBITS-1:0]   op_s;           // quads from a lane's weights to the next one's
  input  wire [CWB-1:0]     op_cw;          // quads from chunk to chunk
  input  wire [CUB2-1:0]    op_cu;
  // to all banks at once
  output wire               run_valid;
  input  wire               run_ready;
  output wire [MAW+LB-1:0]  run_q;
  output wire [UAW+LB-1:0]  run_u;
  output wire [NB-1:0]      run_n;
  output wire [SYNB-1:0]    run_synops;     // 0 but for the first chunk of a row
  input  wire [66:0]        fill;           // see sast_rom

  localparam MQ = MAW + LB;
  localparam UQ = UAW + LB;
  localparam CHB = CHUNKS != 0 ? NCB : 1;
  localparam RW = NYB + MAW + UAW;
  localparam CW = NB + (CHUNKS != 0 ? NCB : 0) + CQB + CUB + SYNB;

  // ---- stage 1: the tables' words
  reg            v1;
  reg  [LGB-1:0] lane1;
  wire           go1, go2;
  wire [RW-1:0]  r;
  wire [CW-1:0]  c;
  // A place that comes while stage 1 waits stands in a register of its own, so that no path leads from the banks to
  // where places come from.
  reg            spare;
  reg  [RAW-1:0] spare_row;
  reg  [CAW-1:0] spare_column;
  reg  [LGB-1:0] spare_lane;
  assign place_take = place_valid && !spare;
  sast_rom #(.W(RW), .AW(RAW), .DEPTH(RDEPTH), .FILE("rows.mem"), .LOADS(LOADS), .ID(5)) rows (
    .clk(clk), .en(go1), .a(spare ? spare_row : place_row), .q(r), .fill(fill)
  );
  sast_rom #(.W(CW), .AW(CAW), .DEPTH(CDEPTH), .FILE("columns.mem"), .LOADS(LOADS), .ID(6)) columns (
    .clk(clk), .en(go1), .a(spare ? spare_column : place_column), .q(c), .fill(fill)
  );
  always @(posedge clk)
    if (rst) begin
      v1 <= 1'b0;
      spare <= 1'b0;
    end else begin
      if (go1) v1 <= place_valid || spare;
      spare <= !go1 && (spare || place_valid);
    end
  always @(posedge clk) begin
    if (place_take) begin
      spare_row <= place_row;
      spare_column <= place_column;
      spare_lane <= place_lane;
    end
    if (go1) lane1 <= spare ? spare_lane : place_lane;
  end

  // ---- stage 2: addresses of the first run
  wire [NYB-1:0]  r_ny;
  wire [MAW-1:0]  r_q;
  wire [UAW-1:0]  r_u;
  wire [NB-1:0]   c_n;
  wire [CHB-1:0]  c_nc;
  wire [CQB-1:0]  c_q;
  wire [CUB-1:0]  c_u;
  wire [SYNB-1:0] c_syn;
  assign {r_u, r_q, r_ny} = r;
  generate if (CHUNKS != 0) begin : chunked
    assign {c_syn, c_u, c_q, c_nc, c_n} = c;
  end else begin : whole
    assign {c_syn, c_u, c_q, c_n} = c;
    assign c_nc = 1'b1;
  end endgenerate
  wire [31:0] lane_u;
  wire [31:0] s32 = {{(32-SBITS){1'b0}}, op_s};
  generate if (LANE_TABLE != 0 || LG == 0) begin : in_table
    assign lane_u = 32'd0;
  end else if (LG == 1) begin : two_lanes
    assign lane_u = lane1[0] ? s32 : 32'd0;
  end else begin : four_lanes
    assign lane_u = (lane1[0] ? s32 : 32'd0) + (lane1[1] ? s32 << 1 : 32'd0);
  end endgenerate
  wire [31:0] q32 = ({{(32-MAW){1'b0}}, r_q} << LB) + {{(32-CQB){1'b0}}, c_q};
  wire [31:0] u32 = ({{(32-UAW){1'b0}}, r_u} << LB) + {{(32-CUB){1'b0}}, c_u} + lane_u;
  reg             v2;
  reg [MQ-1:0]    q2;
  reg [UQ-1:0]    u2;
  reg [NB-1:0]    n2;
  reg [CHB-1:0]   nc2;
  reg [NYB-1:0]   ny2;
  reg [SYNB-1:0]  syn2;
  always @(posedge clk)
    if (rst) v2 <= 1'b0;
    else if (go2) v2 <= v1 && c_n != {NB{1'b0}} && r_ny != {NYB{1'b0}};
  always @(posedge clk) if (go2) begin
    q2 <= q32[MQ-1:0];
    u2 <= u32[UQ-1:0];
    n2 <= c_n;
    nc2 <= c_nc;
    ny2 <= r_ny;
    syn2 <= c_syn;
  end

  // ---- stage 3: the nest, chunks within rows
  reg             v3;
  reg [MQ-1:0]    q, q_row;
  reg [UQ-1:0]    u, u_row;
  reg [NB-1:0]    n;
  reg [CHB-1:0]   nc, nc_row;
  reg [NYB-1:0]   ny;
  reg [SYNB-1:0]  syn;
  reg             first;
  wire            sent = v3 && run_ready;
  wire            row_ends = CHUNKS == 0 || nc == {{(CHB-1){1'b0}}, 1'b1};
  wire            ends = row_ends && ny == {{(NYB-1){1'b0}}, 1'b1};
  wire            load = !v3 || (sent && ends);
  wire [31:0]     q_down = {{(32-RPB){1'b0}}, op_rpw} << LB;
  wire [31:0]     u_down = {{(32-URB){1'b0}}, op_urw} << LB;
  wire [31:0]     q_along = {{(32-CWB){1'b0}}, op_cw};
  wire [31:0]     u_along = {{(32-CUB2){1'b0}}, op_cu};
  wire [MQ-1:0]   q_next = q_row + q_down[MQ-1:0];
  wire [UQ-1:0]   u_next = u_row + u_down[UQ-1:0];
  always @(posedge clk)
    if (rst) v3 <= 1'b0;
    else if (load) v3 <= v2;
  always @(posedge clk)
    if (load) begin
      q <= q2; q_row <= q2; u <= u2; u_row <= u2; n <= n2; nc <= nc2; nc_row <= nc2; ny <= ny2; syn <= syn2;
      first <= 1'b1;
    end else if (sent && row_ends) begin
      q <= q_next; q_row <= q_next; u <= u_next; u_row <= u_next; nc <= nc_row; ny <= ny - 1'b1;
      first <= 1'b1;
    end else if (sent) begin
      q <= q + q_along[MQ-1:0]; u <= u + u_along[UQ-1:0]; nc <= nc - 1'b1;
      first <= 1'b0;
    end

  assign go2 = !v2 || load;
  assign go1 = !v1 || go2;
  assign empty = !spare && !v1 && !v2 && !v3;
  assign run_valid = v3;
  assign run_q = q;
  assign run_u = u;
  assign run_n = n;
  assign run_synops = CHUNKS == 0 || first ? syn : {SYNB{1'b0}};
endmodule

`default_nettype wire
