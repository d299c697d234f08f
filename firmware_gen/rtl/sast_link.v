// The board protocol (docs/protocol.md): a byte machine that takes frames apart, feeds the core, and makes answers.
// Its instructions and its program are those of firmware_gen/rtl_gen/link, which makes the two memories' files.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_link #(
  parameter CLK_HZ = 12_000_000,            // told to the host
  parameter PROGRAM = "",                   // files; "" only while a tool elaborates the defaults
  parameter DATA = ""
) (
  input  wire        clk,
  input  wire        rst,
  output wire        idle,                  // nothing to do until a byte comes
  // UART
  input  wire        rx_valid,
  input  wire [7:0]  rx_data,
  output wire        rx_take,
  input  wire        tx_busy,
  output wire [7:0]  tx_data,
  output wire        tx_send,
  // core: see sast_core
  output reg         clear,
  output reg         observe,
  output wire        ev_tvalid,
  input  wire        ev_tready,
  output wire [31:0] ev_tdata,
  output wire        ev_tlast,
  input  wire        st_tvalid,
  output wire        st_tready,
  input  wire [31:0] st_tdata,
  input  wire        res_tvalid,
  output wire        res_tready,
  input  wire [31:0] res_tdata,
  // registers and what is loaded: see sast_registers
  output wire [7:0]  bus_address,
  output wire        bus_write,
  output wire [31:0] bus_data,
  input  wire        bus_ready,
  input  wire [31:0] bus_value,
  input  wire [66:0] fill
);
  `include "sast_link.vh"
  localparam [31:0] HZ = CLK_HZ;

  // ---- an instruction is one byte or two: FIRST takes it, WORK does most, STORE writes a cell, LATE takes what a pointer led to
  localparam [2:0] PUT = 3'd1, SUB = 3'd2, ADD = 3'd3, INC = 3'd4, MOVE = 3'd5, POINT = 3'd6, OTHER = 3'd7;
  localparam [1:0] FIRST = 2'd0, WORK = 2'd1, STORE = 2'd2, LATE = 2'd3;
  reg  [1:0] state;
  reg  [7:0] op;
  wire [7:0] code;                          // the program's byte at pc: the instruction in FIRST, then what follows it
  wire [2:0] kind = op[7:5];
  wire       works = state == WORK;
  wire       late = state == LATE;
  wire       is_put = kind == PUT;
  wire       is_point = kind == POINT;
  wire       is_move = kind == MOVE;
  wire       ended = EARLY != 0 && kind == OTHER && (&op[4:0]);
  wire       bus = REGISTERS != 0 && kind == OTHER && (&op[4:2]) && !ended;
  wire       other = kind == OTHER && !op[4];
  wire       in = other && op[3:0] == 4'h4;
  wire       get = other && op[3:0] == 4'h5;
  wire       shift_byte = other && (op[3:1] == 3'b011 || op[3:1] == 3'b100);
  wire       send = other && op[3:0] == 4'hA;
  wire       event_out = other && op[3:0] == 4'hB;
  wire       begins = other && op[3:0] == 4'hC;
  wire       shift_bits = other && op[3:2] == 2'b11 && op[1:0] != 2'b00;
  // with a pointer: whether it moves on, and what is done where it leads to
  wire       moves_on = !op[2] || (op[4] && !op[3]);
  wire       stores = op[3] && !(!op[4] && op[2]);
  wire       in_frame = !op[4] || (op[3] && op[2]);

  // ---- what is known of it in FIRST already, for WORK
  wire [2:0] new_kind = code[7:5];
  wire       new_ended = EARLY != 0 && new_kind == OTHER && (&code[4:0]);
  wire       new_bus = REGISTERS != 0 && new_kind == OTHER && (&code[4:2]) && !new_ended;
  wire       new_jump = new_kind == OTHER && code[4] && !new_bus && !new_ended;
  wire       new_other = new_kind == OTHER && !code[4];
  wire       new_number = new_other && code[3:2] == 2'b00 && !(code[1] && code[0]); // A and the byte that follows
  wire       new_outside = new_other && (code[3:2] == 2'b01 || code[3:0] == 4'h8); // A and what comes from outside this part
  wire       new_waits = new_bus || (new_other && ((!code[3] && code[2] && !code[1]) || (code[3:1] == 3'b101)
                                                   || (code[3:2] == 2'b11 && code[1] != code[0])));
  wire       new_moves_on = !code[2] || (code[4] && !code[3]);

  // ---- waiting for the other end, which stays ready: a clock from there to `go`
  reg        go;                            // nothing is waited for
  reg  [2:0] bit_no;
  reg        results;                       // the core is asked for results, not for a step's record
  wire       has_word = results ? res_tvalid : st_tvalid;
  wire       last_comes = bit_no[2] && (op[1] ? bit_no[0] : bit_no[1]); // of 7 or 8 bits
  wire       acts = works && go;
  always @(posedge clk)
    if (!works) go <= !new_waits;
    else go <= (in && rx_valid) || (get && has_word) || (send && !tx_busy) || (ev_tvalid && ev_tready)
             || (shift_bits && last_comes) || (bus && bus_ready);

  // ---- program
  reg  [PAW-1:0] pc, back;
  reg        carry;
  reg        leaps, calls, returns, follows; // in WORK; follows: its second byte does
  wire [PAW-1:0] after = pc + {{(PAW-1){1'b0}}, state == FIRST || follows};
  wire [PAW-1:0] target;
  wire [PAW-1:0] pc_next = leaps ? target : returns ? back : after;
  generate
    if (PAW == 9) assign target = {op[0], code};
    else assign target = {op[0], code, {(PAW-9){1'b0}}}; // to an even place
  endgenerate
  sast_rom #(.W(8), .AW(PAW), .DEPTH(1 << PAW), .FILE(PROGRAM), .LOADS(LOADABLE), .ID(9)) program_rom (
    .clk(clk), .en(1'b1), .a(pc_next), .q(code), .fill(fill)
  );
  always @(posedge clk) begin
    if (rst) pc <= {PAW{1'b0}};
    else pc <= pc_next;
    leaps <= state == FIRST && new_jump && (code[3:2] == 2'b00 || (code[3] ? carry : a == 8'd0) != code[1]);
    returns <= state == FIRST && new_other && code[3:0] == 4'h3;
    follows <= state == FIRST && (new_jump || new_number || (new_kind == MOVE && !code[4]));
    if (leaps && op[3:1] == 3'b001) back <= after;
    if (state == FIRST) op <= code;
    if (rst) state <= LATE;
    else case (state)
      FIRST: state <= WORK;
      WORK: if (go) state <= kind == INC || is_move || is_point ? STORE : FIRST;
      STORE: state <= is_point ? LATE : FIRST;
      default: state <= FIRST;
    endcase
  end

  // ---- data: page 0 begins with the cells, page 1 holds the frame
  (* no_rw_check *) reg [7:0] data [0:511];
  initial if (DATA != "") begin
    $readmemh(DATA, data);
    data[TICKS_HZ] = HZ[7:0];
    data[TICKS_HZ+1] = HZ[15:8];
    data[TICKS_HZ+2] = HZ[23:16];
    data[TICKS_HZ+3] = HZ[31:24];
  end
  reg  [7:0] a, m;
  wire [7:0] from = state == FIRST ? code : op;
  wire [4:0] cell_no = {from[4] && !(from[7] && (from[6] || from[5])), from[3:2] & {2{!(from[7] && from[6])}}, from[1:0]};
  wire       led = works && is_point;
  wire [8:0] place = led ? {in_frame, m} : {4'd0, cell_no};
  wire       write = (works && (is_put || (is_point && stores))) || (state == STORE && (!is_point || moves_on));
  always @(posedge clk)
    if (write) data[place] <= a;
    else if (state == FIRST || works) m <= data[place];

  // ---- arithmetic: A and one more
  reg  [1:0] byte_no;
  reg  [31:0] crc;
  reg        inverts, adds_one, with_a, changes_a, with_code, with_port;
  wire       with_ones = is_move && op[4];
  wire [31:0] word = results ? res_tdata : st_tdata;
  wire [7:0] port = ended ? {7'd0, res_tvalid} : op[3] || op[1] ? crc[7:0] : op[0] ? word[8*byte_no +: 8] : rx_data;
  wire [7:0] other_one = (with_port ? port : with_code ? code : m) ^ {8{inverts}};
  wire [7:0] a_part = (a & {8{with_a}}) | {8{with_ones}};
  wire [8:0] sum = {1'b0, a_part} + {1'b0, other_one} + {8'd0, adds_one};
  always @(posedge clk) begin
    if ((acts || late) && changes_a) {carry, a} <= sum;
    if (state == FIRST) begin
      inverts <= new_kind == SUB || (new_number && code[1]) || (new_outside && code[1] && code[0]);
      adds_one <= new_kind == SUB || new_kind == INC || new_kind == POINT || (new_number && code[1]) || (new_outside && code[3]);
      with_a <= new_kind == SUB || new_kind == ADD || (new_number && (code[1] || code[0])) || (new_outside && code[3]);
      changes_a <= new_kind == OTHER ? new_number || new_outside || new_ended : new_kind != PUT && (new_kind != POINT || new_moves_on);
      with_code <= new_number || (new_kind == MOVE && !code[4]);
      with_port <= new_outside || new_ended;
    end else if (state == STORE) begin      // for LATE
      inverts <= op[4:2] == 3'b011 || op[4:2] == 3'b101;
      adds_one <= !op[4] && op[3];
      with_a <= !op[4] && op[3];
      changes_a <= !stores;
    end
  end

  // ---- CRC-32 bit by bit; also a register of four bytes, and an event on its way to the core
  wire       crc_in = a[bit_no] ^ (crc[0] && !op[1]);
  wire [30:0] feedback = {31{crc_in && !op[1]}} & 31'h6DB88320;
  always @(posedge clk) begin
    if (acts && shift_byte) crc <= {a, crc[31:8]};
    else if (acts && bus && op[1]) crc <= bus_value;
    else if (works && shift_bits) crc <= {crc_in, crc[31:1] ^ feedback};
    if (!works || !shift_bits) bit_no <= 3'd0;
    else bit_no <= bit_no + 3'd1;
    if (rst) byte_no <= 2'd0;
    else if (acts && get) byte_no <= byte_no + 2'd1;
    if (acts && (event_out || shift_byte)) results <= op[3:0] != 4'h9;
    clear <= acts && begins;
    if (acts && begins) observe <= a[0];
  end

  assign idle = works && in && !rx_valid;
  assign rx_take = acts && in;
  assign tx_data = a;
  assign tx_send = acts && send;
  assign ev_tvalid = works && event_out && !go;
  assign ev_tdata = crc;
  assign ev_tlast = crc[31];
  assign bus_address = a;
  assign bus_write = acts && bus && !op[1];
  assign bus_data = crc;
  assign st_tready = acts && get && !results && &byte_no;
  assign res_tready = acts && get && results && &byte_no;
endmodule

`default_nettype wire
