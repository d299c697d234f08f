// Sweeps a layer: every word of its membranes through P neurons, a word a cycle, row by row.
// A word: its address goes out, a cycle later come its sums, then `seen` membranes and spikes, then it is written.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_sweep (
  clk, rst, go, first_word, ask_soon, ask, ask_layer, ask_renew, free, pending, banks_idle, may_start, done, first_a,
  read_a, read_y, load_none, load_x, write_en, write_a, write_b,
  l_whole, l_counted, l_emits, l_last, l_layer, renew, clearing, slow, busy, room,
  seen, seen_row, seen_k, seen_last, seen_quads, seen_lanes, seen_v, seen_spikes, final_layer, fill
);
  parameter LOADS = 0;                      // 1: the tables can be written, and final_layer counts
  `include "sast_params.vh"

  localparam VB = BB > SB ? BB : SB;

  input  wire             clk;
  input  wire             rst;
  output wire             go;               // all layers hold their first values
  output wire             first_word;
  // asked for by the dispatcher, begun when the banks have done what came before
  input  wire             ask_soon;         // ask_layer is known
  input  wire             ask;
  input  wire [EAW-1:0]   ask_layer;
  input  wire             ask_renew;        // the recording's last step
  output wire             free;             // one may be asked for
  output wire             pending;          // one is asked for or under way
  input  wire             banks_idle;
  input  wire             may_start;        // what listens to the last sweep has ended
  output wire             done;             // pulse: runs of the next phase may begin
  output wire [MAW-1:0]   first_a;          // its first word, while one is pending
  // membranes of all banks
  output wire [MAW-1:0]   read_a;
  input  wire [P*MW-1:0]  read_y;
  output wire             load_none;        // with `seen`: 0 instead of load_x
  output wire [P*MW-1:0]  load_x;           // with `seen`: what the word's neurons leave, without bias
  output wire             write_en;         // a cycle later
  output wire [MAW-1:0]   write_a;
  output wire [P*VB-1:0]  write_b;          // biases, or start values
  // the layer
  output wire             l_whole;          // all lanes of its quads exist
  output wire             l_counted;
  output wire             l_emits;
  output wire             l_last;
  output wire [LIB-1:0]   l_layer;
  output reg              renew;
  output wire             clearing;
  // one word at a time, for those that take long: the next waits until not busy
  input  wire             slow;
  input  wire             busy;
  input  wire             room;             // 0: no word is issued
  // a word's neurons after reset; they stay until the next one
  output reg              seen;             // pulse
  output reg  [YB-1:0]    seen_row;
  output reg  [RPB-1:0]   seen_k;
  output reg              seen_last;        // with seen: the layer's last word
  output reg  [LB:0]      seen_quads;       // how many exist
  output reg  [P-1:0]     seen_lanes;       // which lanes exist
  output wire [P*MW-1:0]  seen_v;
  output wire [P-1:0]     seen_spikes;
  // of a model that was loaded
  input  wire [EAW-1:0]   final_layer;      // the last one to clear
  input  wire [66:0]      fill;             // see sast_rom

  // ---- the layer's entry
  localparam EW = YB + RPB + MAW + PAW + PNB + B + 7 + LIB + 8 + (MW - SMIN + 1);
  localparam PARAM = 1 + TB + AMB;
  localparam [31:0] LAST_ENTRY = EDEPTH - 1;
  reg  [EAW-1:0]   layer;
  wire [EW-1:0]    entry;
  wire [YB-1:0]    l_rows;
  wire [RPB-1:0]   l_rpw;
  wire [MAW-1:0]   l_base;
  wire [PAW-1:0]   l_pb;
  wire [PNB-1:0]   l_pn;
  wire [B-1:0]     l_tail;
  wire             l_lif, l_subtract;
  wire             l_recurrent;             // for readers of the table
  wire [3:0]       l_k1, l_k2;
  wire [MW-SMIN:0] l_smask;
  sast_rom #(.W(EW), .AW(EAW), .DEPTH(EDEPTH), .FILE("layers.mem"), .LOADS(LOADS), .ID(8)) layers (
    .clk(clk), .en(1'b1), .a(layer), .q(entry), .fill(fill)
  );
  assign {l_whole, l_recurrent, l_smask, l_k2, l_k1, l_layer, l_last, l_emits, l_counted, l_subtract, l_lif, l_tail, l_pn, l_pb,
          l_base, l_rpw, l_rows} = entry;

  // ---- when: after a reset every layer once, then as asked
  reg  cleared, asked, ready, settled, act;
  wire last_seen;
  assign clearing = !cleared;
  assign go = cleared;
  assign pending = asked;
  wire rests = cleared && !asked && may_start;
  assign free = rests && settled;
  wire start = asked && (cleared || ready) && !act && banks_idle && may_start && !s1 && !seen && !s3;
  assign done = last_seen && cleared;
  always @(posedge clk)
    if (rst) begin
      cleared <= 1'b0;
      asked <= 1'b1;
      ready <= 1'b0;
      settled <= 1'b0;
      layer <= {EAW{1'b0}};
      renew <= 1'b1;
    end else begin
      // the entry is there a cycle after its address
      ready <= !last_seen;
      settled <= rests && ask_soon;
      if (rests) layer <= ask_layer;
      if (ask) begin
        asked <= 1'b1;
        renew <= ask_renew;
      end else if (last_seen) begin
        if (!cleared && layer != (LOADS != 0 ? final_layer : LAST_ENTRY[EAW-1:0])) layer <= layer + 1'b1;
        else begin
          cleared <= 1'b1;
          asked <= 1'b0;
        end
      end
    end

  // ---- words: row by row
  reg  [MAW-1:0]  a;
  reg  [RPB-1:0]  k;
  reg  [PNB-1:0]  pn;
  reg  [YB-1:0]   row;
  reg             s1, s3;
  wire            hold = slow && (s1 || seen || busy);
  wire            issue = act && !hold && room;
  wire            row_ends = k == l_rpw;
  wire            ends = row_ends && row == l_rows;
  always @(posedge clk)
    if (rst) act <= 1'b0;
    else if (start) act <= 1'b1;
    else if (issue && ends) act <= 1'b0;
  always @(posedge clk)
    if (start) begin
      a <= l_base;
      k <= {RPB{1'b0}};
      pn <= {PNB{1'b0}};
      row <= {YB{1'b0}};
    end else if (issue) begin
      a <= a + 1'b1;
      k <= row_ends ? {RPB{1'b0}} : k + 1'b1;
      pn <= row_ends || pn == l_pn ? {PNB{1'b0}} : pn + 1'b1;
      if (row_ends) row <= row + 1'b1;
    end
  assign first_a = l_base;
  assign read_a = a;
  assign first_word = start;

  // ---- its thresholds come with its sums, its biases when it is written
  wire [PAW-1:0]     param_a = l_pb + {{(PAW > PNB ? PAW - PNB : 0){1'b0}}, pn};
  wire [P*PARAM-1:0] param;
  sast_rom #(.W(P*PARAM), .AW(PAW), .DEPTH(PDEPTH), .FILE("params.mem"), .LOADS(LOADS), .ID(4)) params (
    .clk(clk), .en(issue), .a(param_a), .q(param), .fill(fill)
  );

  reg [PAW-1:0] param_a1, param_a2;
  sast_rom #(.W(P*VB), .AW(PAW+1), .DEPTH(BDEPTH), .FILE("biases.mem"), .LOADS(LOADS), .ID(10)) biases (
    .clk(clk), .en(1'b1), .a({param_a2, renew}), .q(write_b), .fill(fill)
  );
  assign load_none = seen && renew;

  reg [MAW-1:0] a1, a2, a3;
  reg [YB-1:0]  row1;
  reg [RPB-1:0] k1;
  reg [B-1:0]   quads1;
  reg           last1;
  wire [P-1:0]  exist1;
  assign last_seen = seen && seen_last;
  always @(posedge clk)
    if (rst) begin
      s1 <= 1'b0;
      seen <= 1'b0;
      s3 <= 1'b0;
    end else begin
      s1 <= issue;
      seen <= s1;
      s3 <= seen;
    end
  always @(posedge clk) begin
    if (issue) begin
      row1 <= row;
      k1 <= k;
      quads1 <= row_ends ? l_tail : {B{1'b1}};
      last1 <= ends;
      a1 <= a;
      param_a1 <= param_a;
    end
    if (s1) begin
      seen_row <= row1;
      seen_k <= k1;
      seen_lanes <= exist1;
      seen_quads <= quads_exist;
      seen_last <= last1;
      a2 <= a1;
      param_a2 <= param_a1;
    end
    a3 <= a2;
  end
  integer n;
  reg [LB:0] quads_exist;
  always @* begin
    quads_exist = {(LB+1){1'b0}};
    for (n = 0; n < B; n = n + 1) quads_exist = quads_exist + {{LB{1'b0}}, quads1[n]};
  end
  assign write_en = s3;
  assign write_a = a3;

  genvar i;
  generate for (i = 0; i < P; i = i + 1) begin : lane
    wire           valid;
    wire [TB-1:0]  rest;
    wire [(AMB > 0 ? AMB : 1)-1:0] amount;
    assign {rest, valid} = param[i*PARAM +: 1 + TB];
    if (AMB > 0) begin : own
      assign amount = param[i*PARAM + 1 + TB +: AMB];
    end else begin : none
      assign amount = 1'b0;
    end
    assign exist1[i] = valid && quads1[i / G];
    sast_neuron neuron (
      .clk(clk), .en(s1), .u_in(read_y[i*MW +: MW]), .exists(exist1[i]), .rest(rest), .amount(amount), .lif(l_lif),
      .subtract(l_subtract), .smask(l_smask), .k1(l_k1), .k2(l_k2),
      .v(seen_v[i*MW +: MW]), .spike(seen_spikes[i]), .x(load_x[i*MW +: MW])
    );
  end endgenerate
endmodule

`default_nettype wire
