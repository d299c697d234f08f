// One bank: takes its quads of every run and adds weights to membranes, a quad a cycle, without a stall.
// Runs wait in a short queue; those behind a sweep carry the next phase and wait until it is theirs.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_bank (
  clk, rst, phase, idle, first_a,
  run_ready, run_go, run_phase, run_q, run_u, run_n, run_shift,
  read_a, read_y, load, load_none, load_x, write_en, write_a, write_b, fill
);
  parameter ID = 0;                         // its quads: address mod B = ID
  parameter FILE = "";                      // its weights, ULOW words
  parameter MORE = "";                      // and those after them, if ULOW < UDEPTH
  parameter QUEUE = 4;                      // runs that wait: banks drift apart by as much
  parameter LOADS = 0;                      // 1: the weights can be written
  `include "sast_params.vh"
  localparam SHW = WSHW == 0 ? 1 : WSHW;
  localparam ENTRY = 1 + SHW + MAW + UAW + NB;
  localparam VB = BB > SB ? BB : SB;

  input  wire               clk;
  input  wire               rst;
  input  wire               phase;          // runs of this phase may begin
  output wire               idle;           // a sweep may read from the next cycle on: no run of this phase is left, or only one
                                            // that ends now, elsewhere than at
  input  wire [MAW-1:0]     first_a;        // the sweep's first word
  // runs: run_q and run_u are quad addresses, equal mod B; run_n quads
  output wire               run_ready;
  input  wire               run_go;         // taken, and not before it is ready
  input  wire               run_phase;
  input  wire [MAW+LB-1:0]  run_q;
  input  wire [UAW+LB-1:0]  run_u;
  input  wire [NB-1:0]      run_n;
  input  wire [SHW-1:0]     run_shift;
  // the sweep reads words (read_y a cycle later), loads what a word leaves, and a cycle later writes that and write_b, while
  // no run is under way
  input  wire [MAW-1:0]     read_a;
  output wire [G*MW-1:0]    read_y;
  input  wire               load;           // the word whose sums were there in the cycle before
  input  wire               load_none;      // with it: 0
  input  wire [G*MW-1:0]    load_x;
  input  wire               write_en;
  input  wire [MAW-1:0]     write_a;
  input  wire [G*VB-1:0]    write_b;
  input  wire [66:0]        fill;           // see sast_rom

  // ---- this bank's share of a run
  wire [MAW-1:0] share_m;
  wire [UAW-1:0] share_u;
  wire [NB-1:0]  share_n;
  generate if (B == 1) begin : whole
    assign share_m = run_q;
    assign share_u = run_u;
    assign share_n = run_n;
  end else begin : part
    wire          next;                     // its first quad lies in the next word
    wire [LB-1:0] skip;                     // quads before it
    assign {next, skip} = {1'b0, ID[LB-1:0]} - {1'b0, run_q[LB-1:0]};
    wire [NB+LB:0] sum = {{(LB+1){1'b0}}, run_n} + (B - 1) - {{(NB+1){1'b0}}, skip};
    assign share_m = run_q[MAW+LB-1:LB] + {{(MAW-1){1'b0}}, next};
    assign share_u = run_u[UAW+LB-1:LB] + {{(UAW-1){1'b0}}, next};
    assign share_n = sum[NB+LB-1:LB];
  end endgenerate

  // ---- queue: entry 0 is the oldest
  wire [ENTRY-1:0] oldest;
  reg  [QUEUE-1:0] held;
  wire push = run_go && share_n != 0;
  wire take;
  wire [ENTRY-1:0] fresh = {run_phase, run_shift, share_m, share_u, share_n};
  assign run_ready = !held[QUEUE-1];
  always @(posedge clk) begin
    if (rst) held <= 0;
    else if (push && !take) held <= {held[QUEUE-2:0], 1'b1};
    else if (take && !push) held <= held >> 1;
  end
  genvar i;
  generate for (i = 0; i < QUEUE; i = i + 1) begin : entry
    reg  [ENTRY-1:0] here;
    wire [ENTRY-1:0] next;
    if (i + 1 < QUEUE) begin : middle
      assign next = held[i+1] ? entry[i+1].here : fresh;
    end else begin : youngest
      assign next = fresh;
    end
    always @(posedge clk) if (take || !held[i]) here <= next;
  end endgenerate
  assign oldest = entry[0].here;
  wire             h_phase;
  wire [SHW-1:0]   h_shift;
  wire [MAW-1:0]   h_m;
  wire [UAW-1:0]   h_u;
  wire [NB-1:0]    h_n;
  assign {h_phase, h_shift, h_m, h_u, h_n} = oldest;

  // ---- the run under way: one quad a cycle
  reg            run;
  reg [MAW-1:0]  m;
  reg [UAW-1:0]  u;
  reg [NB-1:0]   left;
  reg            ends;                      // left == 1, known early
  reg [SHW-1:0]  shift;
  wire           due = held[0] && h_phase == phase;
  assign take = due && (!run || ends);
  assign idle = !due && (!run || (ends && m != first_a));
  always @(posedge clk) begin
    if (rst) run <= 1'b0;
    else if (take) run <= 1'b1;
    else if (ends) run <= 1'b0;
    if (take) begin
      m <= h_m; u <= h_u; left <= h_n; ends <= h_n == 1; shift <= h_shift;
    end else begin
      m <= m + 1'b1; u <= u + 1'b1; left <= left - 1'b1; ends <= {1'b0, left} == {{(NB-1){1'b0}}, 2'd2};
    end
  end

  // ---- a cycle later: membrane + weight, written at once. Only the quad of the cycle before is not readable yet: its
  // sum is taken instead of what was read. `last` is that sum, or what the sweep loaded
  reg            add;
  reg            fresh_y;                   // what was read is the membrane
  reg [MAW-1:0]  add_a;
  reg [SHW-1:0]  add_shift;
  wire [G*WBITS-1:0] w;
  wire [MAW-1:0] mem_a = run ? m : read_a;
  always @(posedge clk) begin
    add <= !rst && run;
    add_a <= m;
    add_shift <= shift;
    fresh_y <= run && !(add && m == add_a);
  end
  localparam LARGE = SPRAM != 0 && LOADS != 0;
  generate if (LARGE) begin : in_spram
    sast_spram #(.W(G*WBITS), .AW(UAW), .DEPTH(UDEPTH), .FILE(FILE), .ID(ID)) weights (.clk(clk), .a(u), .q(w), .fill(fill));
  end endgenerate
  generate if (!LARGE && ULOW == UDEPTH) begin : together
    sast_rom #(.W(G*WBITS), .AW(UAW), .DEPTH(UDEPTH), .FILE(FILE), .LOADS(LOADS), .ID(ID)) weights (
      .clk(clk), .en(1'b1), .a(u), .q(w), .fill(fill)
    );
  end endgenerate
  generate if (!LARGE && ULOW != UDEPTH) begin : apart // a power of two and a few: two memories take less than one; not with LOADS
    localparam MOREAW = UDEPTH - ULOW < 2 ? 1 : $clog2(UDEPTH - ULOW);
    reg  upper;
    wire [G*WBITS-1:0] low;
    reg  [G*WBITS-1:0] high;
    (* rom_style = "block", ram_style = "block" *) reg [G*WBITS-1:0] more [0:UDEPTH-ULOW-1];
    initial if (MORE != "") $readmemh(MORE, more);
    always @(posedge clk) begin
      upper <= u[UAW-1];
      high <= more[u[MOREAW-1:0]];
    end
    sast_rom #(.W(G*WBITS), .AW(UAW-1), .DEPTH(ULOW), .FILE(FILE)) weights (.clk(clk), .en(1'b1), .a(u[UAW-2:0]), .q(low), .fill(67'd0));
    assign w = upper ? high : low;
  end endgenerate

  wire [G*MW-1:0] y;
  reg  [G*MLOW-1:0] last;
  wire [G*MW-1:0] sum, old;
  sast_membranes membranes (
    .clk(clk), .rst(rst), .read_a(mem_a), .read_y(y), .load(load), .load_none(load_none), .load_x(load_x), .write_en(add || write_en),
    .write_a(add ? add_a : write_a), .write_last(last), .write_fresh(fresh_y), .write_old(old), .write_y(sum)
  );
  assign read_y = y;

  genvar g;
  generate for (g = 0; g < G; g = g + 1) begin : lane
    wire [WBITS-1:0] w1 = w[g*WBITS +: WBITS];
    wire [MW-1:0] w2 = {{(MW-WBITS){w1[WBITS-1]}}, w1};
    wire [MW-1:0] weight;
    if (WSHW != 0) begin : own
      assign weight = w2 << add_shift;
    end else begin : all
      assign weight = w2 << WSHIFT;
    end
    wire [VB-1:0] bias = write_b[g*VB +: VB];
    wire [MW-1:0] b = add ? weight : {{(MW-VB){bias[VB-1]}}, bias};
    assign sum[g*MW +: MW] = old[g*MW +: MW] + b;
    always @(posedge clk)
      if (load_none) last[g*MLOW +: MLOW] <= {MLOW{1'b0}};
      else last[g*MLOW +: MLOW] <= load ? load_x[g*MW +: MLOW] : sum[g*MW +: MLOW];
  end endgenerate
endmodule

`default_nettype wire
