// The event core: a spiking network with all its state, from events of a step to spikes, counters and answers.
// Its sizes and tables are those of sast_params.vh and the .mem files beside it; docs/fpga.md draws it.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_core (
  clk, rst, clear, observe, ready,
  ev_tvalid, ev_tready, ev_tdata, ev_tlast, ev_error,
  st_tvalid, st_tready, st_tdata, st_tlast,
  res_tvalid, res_tready, res_tdata, res_tlast,
  spk_tvalid, spk_tready, spk_tdata, spk_lanes, spk_tlast,
  obs_valid, obs_lanes, obs_v, obs_spk, obs_end, obs_synops, obs_spikes, model, fill
);
  parameter QUEUE = 0;                      // runs that wait at each bank; 0: 2, and 8 with four banks, which drift apart
  parameter PACED = 0;                      // 1: ev_tready depends on registers alone, so that events come every other cycle at most
  parameter CRC_WIDE = 1;                   // 0: smaller, and several cycles for each neuron of a step that is observed
  parameter SPIKE_STREAM = 0;               // 1: spikes leave by spk_, and a sweep waits for their receiver
  `include "sast_params.vh"
  localparam SHW = WSHW == 0 ? 1 : WSHW;
  localparam LGB = LG == 0 ? 1 : LG;

  input  wire            clk;
  input  wire            rst;
  input  wire            clear;             // pulse: give the recording up, begin anew
  input  wire            observe;           // compute the step's CRC; looked at when all its events are taken
  output wire            ready;             // cleared
  // events: {none, y[14:0], x[14:0], polarity}; tlast: the step ends after this beat
  input  wire            ev_tvalid;
  output wire            ev_tready;
  input  wire [31:0]     ev_tdata;
  input  wire            ev_tlast;
  output wire            ev_error;          // an event out of grid or order was dropped since the last clear
  // of each step: its CRC (0 unless observed), its cycles
  output wire            st_tvalid;
  input  wire            st_tready;
  output wire [31:0]     st_tdata;
  output wire            st_tlast;
  // of each recording, in running state of each step: see sast_readout
  output wire            res_tvalid;
  input  wire            res_tready;
  output wire [31:0]     res_tdata;
  output wire            res_tlast;
  // of each word with a spike, and of the step's last: see sast_spike_stream
  output wire            spk_tvalid;
  input  wire            spk_tready;
  output wire [31:0]     spk_tdata;
  output wire [P-1:0]    spk_lanes;
  output wire            spk_tlast;
  // what sweeps see, in the order of the CRC; for benches, left open otherwise
  output wire            obs_valid;
  output wire [P-1:0]    obs_lanes;
  output wire [P*MW-1:0] obs_v;
  output wire [P-1:0]    obs_spk;
  output wire            obs_end;           // pulse: counters of a layer's step
  output wire [31:0]     obs_synops;
  output wire [31:0]     obs_spikes;
  // with LOADABLE, from sast_registers; otherwise they do nothing
  input  wire [95:0]     model;             // constants of the model that was loaded; 0: of that in the files
  input  wire [66:0]     fill;              // tables: see sast_rom

  // see sast_registers for the fields
  localparam [31:0] M0 = MODEL_0, M1 = MODEL_1, M2 = MODEL_2;
  wire [95:0] constants = model[95] ? model : {M2, M1, M0};
  wire [7:0]  last_entry = constants[71:64];
  wire [7:0]  last_layer = constants[79:72];

  // one cycle late, so that no path leads from a port to all of the core; until then nothing goes in or out
  reg  restart;
  always @(posedge clk) restart <= rst || clear;
  wire over;                                // pulse: a recording has ended before its last step
  wire anew = restart || over;              // its events go on, and what is told of it

  // ---- events and spikes to places, places to runs
  wire            open, event_valid, event_take, event_p, step_ends;
  wire [14:0]     event_y, event_x;
  wire            go, waiting, more, word_valid, word_take, rewind, soon, ask, first_sweep, renew_next, free, pending, drops;
  wire [YB-1:0]   word_row;
  wire [RPB-1:0]  word_k;
  wire [P-1:0]    word_lanes;
  wire            place_valid, place_take, runs_empty;
  wire [RAW-1:0]  place_row;
  wire [CAW-1:0]  place_column;
  wire [LGB-1:0]  place_lane;
  wire [RPB-1:0]  op_rpw;
  wire [URB-1:0]  op_urw;
  wire [SBITS-1:0] op_s;
  wire [CWB-1:0]  op_cw;
  wire [CUB2-1:0] op_cu;
  wire [SHW-1:0]  op_shift;
  wire            op_counted, op_ends, run_phase;
  wire [LIB-1:0]  op_layer;
  wire [EAW-1:0]  sweep_layer;
  wire            run_valid;
  wire [MAW+LB-1:0] run_q;
  wire [UAW+LB-1:0] run_u;
  wire [NB-1:0]   run_n;
  wire [SYNB-1:0] run_synops;
  wire [B-1:0]    bank_ready, bank_idle;
  reg  [B-1:0]    bank_has;                 // a run stays until all banks have it, each as soon as there is room
  wire [B-1:0]    bank_go = bank_ready & ~bank_has & {B{run_valid}};
  wire            run_ready = &(bank_ready | bank_has);
  wire            run_go = run_valid && run_ready;
  always @(posedge clk)
    if (anew || run_go) bank_has <= {B{1'b0}};
    else bank_has <= bank_has | bank_go;

  sast_events #(.PACED(PACED), .LOADS(LOADABLE)) events (
    .clk(clk), .rst(restart), .ev_tvalid(ev_tvalid), .ev_tready(ev_tready), .ev_tdata(ev_tdata), .ev_tlast(ev_tlast),
    .open(open), .event_valid(event_valid), .event_take(event_take), .event_y(event_y), .event_x(event_x), .event_p(event_p),
    .step_ends(step_ends), .ev_error(ev_error), .grid(constants[31:0]), .cap(constants[87:80])
  );
  sast_dispatch #(.LOADS(LOADABLE)) dispatch (
    .clk(clk), .rst(restart), .go(go), .waiting(waiting), .events_open(open), .event_valid(event_valid),
    .event_take(event_take), .event_y(event_y), .event_x(event_x), .event_p(event_p), .step_ends(step_ends),
    .spikes_more(more || pending), .word_valid(word_valid), .word_take(word_take), .word_row(word_row), .word_k(word_k),
    .word_lanes(word_lanes), .word_rewind(rewind), .place_valid(place_valid), .place_take(place_take), .place_row(place_row),
    .place_column(place_column), .place_lane(place_lane), .runs_empty(runs_empty), .op_rpw(op_rpw), .op_urw(op_urw),
    .op_s(op_s), .op_cw(op_cw), .op_cu(op_cu), .op_shift(op_shift), .op_counted(op_counted), .op_layer(op_layer),
    .op_ends(op_ends), .phase(run_phase), .sweep_soon(soon), .sweep_ask(ask), .sweep_first(first_sweep), .sweep_free(free),
    .sweep_layer(sweep_layer), .sweep_renew(renew_next), .over(over), .drops(drops), .final_step(constants[32+:STB]), .fill(fill)
  );
  sast_runs #(.LOADS(LOADABLE)) runs (
    .clk(clk), .rst(anew), .empty(runs_empty), .place_valid(place_valid), .place_take(place_take), .place_row(place_row),
    .place_column(place_column), .place_lane(place_lane), .op_rpw(op_rpw), .op_urw(op_urw), .op_s(op_s), .op_cw(op_cw),
    .op_cu(op_cu), .run_valid(run_valid), .run_ready(run_ready), .run_q(run_q), .run_u(run_u), .run_n(run_n),
    .run_synops(run_synops), .fill(fill)
  );

  // ---- banks
  localparam VB = BB > SB ? BB : SB;
  wire [MAW-1:0]   read_a, write_a;
  wire [P*MW-1:0]  read_y, load_x;
  wire [P*VB-1:0]  write_b;
  wire             load_none, write_en, done, seen;
  wire [MAW-1:0]   first_a;
  reg              phase;
  // Runs that follow a sweep add to another layer, but for networks of one layer or with recurrence: those wait a cycle,
  // until the last word is written.
  localparam OVERLAP = EDEPTH > 1 && RECURRENT == 0;
  wire             phase_now = (LOADABLE != 0 ? constants[89] : OVERLAP) ? phase ^ done : phase;
  always @(posedge clk) if (anew) phase <= 1'b0; else if (done) phase <= !phase;
  genvar b;
  generate for (b = 0; b < B; b = b + 1) begin : bank
    localparam [7:0] DIGIT = "0" + b;
    sast_bank #(.ID(b), .FILE({"weights_", DIGIT, ".mem"}), .MORE({"weights_", DIGIT, "_more.mem"}), .QUEUE(QUEUE != 0 ? QUEUE : B > 2 ? 8 : 2), .LOADS(LOADABLE)) bank (
      .clk(clk), .rst(anew), .phase(phase_now), .idle(bank_idle[b]), .first_a(first_a), .run_ready(bank_ready[b]), .run_go(bank_go[b]),
      .run_phase(run_phase), .run_q(run_q), .run_u(run_u), .run_n(run_n), .run_shift(op_shift),
      .read_a(read_a), .read_y(read_y[b*G*MW +: G*MW]), .load(seen), .load_none(load_none), .load_x(load_x[b*G*MW +: G*MW]),
      .write_en(write_en), .write_a(write_a), .write_b(write_b[b*G*VB +: G*VB]), .fill(fill)
    );
  end endgenerate

  // ---- the sweep
  wire             first_word, l_whole, l_counted, l_emits, l_last, renew, clearing, seen_last, slow, told;
  wire [LIB-1:0]   l_layer;
  wire [YB-1:0]    seen_row;
  wire [RPB-1:0]   seen_k;
  wire [P-1:0]     seen_lanes, seen_spikes;
  wire [LB:0]      seen_quads;
  wire [P*MW-1:0]  seen_v;
  wire             crc_busy, walk_busy, readout_busy, room, leads;
  reg              observed;
  sast_sweep #(.LOADS(LOADABLE)) sweep (
    .clk(clk), .rst(anew), .go(go), .first_word(first_word), .ask_soon(soon), .ask(ask), .ask_layer(sweep_layer), .ask_renew(renew_next),
    .free(free), .pending(pending), .banks_idle(&bank_idle), .may_start(told), .done(done), .first_a(first_a), .read_a(read_a), .read_y(read_y),
    .load_none(load_none), .load_x(load_x), .write_en(write_en), .write_a(write_a), .write_b(write_b), .l_whole(l_whole), .l_counted(l_counted),
    .l_emits(l_emits), .l_last(l_last), .l_layer(l_layer), .renew(renew), .clearing(clearing), .slow(slow),
    .busy(walk_busy), .room(room), .seen(seen), .seen_row(seen_row), .seen_k(seen_k), .seen_last(seen_last),
    .seen_quads(seen_quads), .seen_lanes(seen_lanes), .seen_v(seen_v), .seen_spikes(seen_spikes),
    .final_layer(last_entry[EAW-1:0]), .fill(fill)
  );
  wire counted_word = seen && l_counted && !clearing;
  wire answers = RUNNING != 0 || renew || (MARGIN != 0 && leads); // the step ends with an answer; with MARGIN, once all its outputs are there
  wire reads_out = l_last && !clearing && (MARGIN != 0 || (LOADABLE != 0 ? constants[88] : LIF_OUT != 0) || answers);
  wire ends = counted_word && seen_last;
  wire wide = CRC_WIDE != 0 && l_whole;
  assign slow = !clearing && ((l_counted && observed && !wide) || reads_out);
  sast_spikes spikes (
    .clk(clk), .rst(anew || ask), .put(seen && l_emits && !clearing && seen_spikes != {P{1'b0}}), .put_row(seen_row),
    .put_k(seen_k), .put_lanes(seen_spikes), .more(more), .word_valid(word_valid), .word_take(word_take), .word_row(word_row),
    .word_k(word_k), .word_lanes(word_lanes), .rewind(rewind)
  );

  generate if (SPIKE_STREAM != 0) begin : streams
    sast_spike_stream stream (
      .clk(clk), .rst(restart), .put(counted_word && (seen_spikes != {P{1'b0}} || (l_last && seen_last))), .put_layer(l_layer),
      .put_row(seen_row), .put_k(seen_k), .put_lanes(seen_spikes), .put_last(l_last && seen_last), .room(room),
      .spk_tvalid(spk_tvalid), .spk_tready(spk_tready), .spk_tdata(spk_tdata), .spk_lanes(spk_lanes), .spk_tlast(spk_tlast)
    );
  end else begin : keeps
    assign room = 1'b1;
    assign {spk_tvalid, spk_tdata, spk_lanes, spk_tlast} = {(34+P){1'b0}};
  end endgenerate

  // ---- after a layer: its counters, after a step: CRC and cycles, after a recording, or each step: the answer
  localparam [2:0] QUIET = 3'd0, COUNTS = 3'd1, LISTEN = 3'd2, REPORT = 3'd3, FINISH = 3'd4, CRC = 3'd5, CYCLES = 3'd6;
  reg  [2:0]       state;
  reg  [31:0]      cycles, step_cycles;
  wire             report = state == REPORT;
  wire             finished = state == FINISH && !crc_busy;
  wire [SYNW-1:0]  synops;
  wire [SPKW-1:0]  spike_count;
  wire [31:0]      crc;
  always @(posedge clk)
    if (restart) state <= QUIET;
    else case (state)
      QUIET: if (ends) state <= COUNTS;
      COUNTS: state <= LISTEN;
      LISTEN: if (!crc_busy && !walk_busy) state <= REPORT;
      REPORT: state <= l_last ? FINISH : QUIET;
      FINISH: if (!crc_busy) state <= CRC;
      CRC: if (st_tready) state <= CYCLES;
      default: if (st_tready) state <= QUIET;
    endcase
  assign told = state == QUIET && !ends && !crc_busy && !walk_busy && !readout_busy;
  assign ready = go && !restart;
  // what waits for st_tready or res_tready after a step holds up nothing yet: only the next sweep would
  wire resting = waiting && !pending && (&bank_idle);
  wire idle = resting && !ends && (state == QUIET || state == CRC || state == CYCLES);
  always @(posedge clk) begin
    if (restart || !go || (MARGIN != 0 && drops)) cycles <= 32'd0;
    else if (finished) cycles <= {31'd0, !resting};
    else if (!idle) cycles <= cycles + 32'd1;
    if (finished) step_cycles <= cycles;
    if (ask && first_sweep) observed <= observe;
  end
  assign st_tvalid = (state == CRC || state == CYCLES) && !restart;
  assign st_tdata = state == CYCLES ? step_cycles : crc;
  assign st_tlast = state == CYCLES;

  generate if (MARGIN != 0) begin : early
    reg ended;
    always @(posedge clk) ended <= finished && leads && !renew && !restart;
    assign over = ended;
  end else begin : whole
    assign over = 1'b0;
  end endgenerate

  wire [LIB-1:0]   total_layer;
  localparam MOST = SYNTW > SPKTW ? SYNTW : SPKTW;
  localparam SUMW = MOST > 32 ? (MOST + 1) / 2 : 16;
  wire [1:0]       total_part;
  wire [SUMW-1:0]  total_half;
  wire             forget;
  sast_counters #(.LOADS(LOADABLE)) counters (
    .clk(clk), .rst(restart), .run_sent(run_go), .run_synops(run_synops), .op_counted(op_counted), .op_ends(op_ends),
    .op_layer(op_layer), .sweep_starts(first_word), .sweep_ends(ends), .seen(counted_word), .seen_spikes(seen_spikes),
    .l_layer(l_layer), .step_synops(synops), .step_spikes(spike_count), .total_layer(total_layer),
    .total_part(total_part), .total_half(total_half), .forget(forget), .over(over), .final_layer(last_layer[LIB-1:0])
  );
  wire             lane, lane_next, lane_spike, crc_ends, out_ready;
  wire [MW-1:0]    lane_v;
  wire             crc_takes = l_counted && observed && !wide;
  wire             out_due = !crc_takes || crc_ends;      // the answer takes a neuron with its CRC's last byte
  assign lane_next = lane && out_due && (!reads_out || out_ready);
  sast_walk walk (
    .clk(clk), .rst(restart), .word(seen && slow), .lanes(seen_lanes), .v(seen_v), .spikes(seen_spikes), .busy(walk_busy),
    .there(lane), .next(lane_next), .lane_v(lane_v), .lane_spike(lane_spike)
  );
  sast_crc #(.WIDE(CRC_WIDE)) step_crcs (
    .clk(clk), .rst(restart), .word(counted_word && observed && wide), .quads(seen_quads), .v(seen_v), .spikes(seen_spikes),
    .lane(lane && crc_takes), .lane_v(lane_v), .lane_spike(lane_spike), .lane_ends(crc_ends), .lane_next(lane_next),
    .counts(report && observed), .synops(obs_synops), .spike_count(obs_spikes), .busy(crc_busy), .value(crc),
    .restart(state == CRC && st_tready)
  );
  sast_readout #(.LOADS(LOADABLE)) readout (
    .clk(clk), .rst(restart), .begins(first_word), .lane(lane && reads_out), .lane_ready(out_ready),
    .lane_next(lane_next && reads_out), .lane_v(lane_v), .lane_spike(lane_spike), .answers(answers), .finish(finished && answers), .leads(leads), .busy(readout_busy), .total_layer(total_layer),
    .total_part(total_part), .total_half(total_half), .forget(forget), .res_tvalid(res_tvalid),
    .res_tready(res_tready), .res_tdata(res_tdata), .res_tlast(res_tlast), .final_layer(last_layer[LIB-1:0]), .fires(constants[88])
  );

  assign obs_valid = counted_word && !restart;
  assign obs_lanes = seen_lanes;
  assign obs_v = seen_v;
  assign obs_spk = seen_spikes;
  assign obs_end = report && !restart;
  assign obs_synops = {{(32-SYNW){1'b0}}, synops};
  assign obs_spikes = {{(32-SPKW){1'b0}}, spike_count};
endmodule

`default_nettype wire
