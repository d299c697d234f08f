// SPDX-License-Identifier: 0BSD
//
// sast_bench.v: runs in, traces out: the core in Icarus, driven as sast_bench.cpp drives it when Verilated, which also
// says what is read and written. Runs come from /dev/stdin; traces go to file descriptor 3, as messages go to standard
// output here. Whatever is said is a failure, whatever the exit code. Here, unlike there, unknown bits are found.
`timescale 1ns / 1ps
`default_nettype none
module sast_bench;

`include "sast_params.vh"

    localparam VERSION = 3;
    localparam LONGEST_PHASE = 9; // gaps and bursts last up to 2^9 clocks
    localparam WHOLE = 0, CLEAR = 1, RESET = 2;
    localparam RESULT_WORDS = 1 + CLASSES + 4 * COUNTED;
    // what is kept of a run: in running state that has any number of steps, each with an answer
    localparam MOST_STEPS = RUNNING != 0 ? 1 << 16 : STEPS;
    localparam MOST_WORDS = RUNNING != 0 ? 1 << 20 : RESULT_WORDS;

    integer in, out;
    reg     clk = 1'b0;

    // of a run, as read
    reg [31:0] kind, clocks, seed, observe_word, patience, layer_words, step_words, result_words, answers;
    reg [31:0] steps_left, beats_left; // not read yet
    reg        more;                   // false: the input has ended
    reg [31:0] beat;
    reg        beat_last, beat_there;

    // of a run, as it goes
    reg [31:0] clock, idle, elapsed, layers_seen, steps_seen, results_seen;
    reg        begun, result_ended, pulse, fresh, over;
    reg [31:0] step_trace[0:2*MOST_STEPS-1];
    reg [31:0] result_trace[0:MOST_WORDS-1];
    integer    i;

    // the core
    reg             rst = 1'b1, clear = 1'b0, observe = 1'b0;
    wire            ready;
    reg             ev_tvalid = 1'b0, ev_tlast = 1'b0;
    wire            ev_tready;
    reg  [    31:0] ev_tdata = 32'd0;
    wire            st_tvalid, st_tlast, res_tvalid, res_tlast;
    reg             st_tready = 1'b0, res_tready = 1'b0;
    wire [    31:0] st_tdata, res_tdata;
    wire [   P-1:0] obs_lanes, obs_spk;
    wire            obs_valid, obs_end, ev_error;
    wire [P*MW-1:0] obs_v;
    wire [    31:0] obs_synops, obs_spikes;
    wire signed [31:0] obs_lane_v[0:P-1];

    sast_core core (
        .clk(clk), .rst(rst), .clear(clear), .observe(observe), .ready(ready),
        .ev_tvalid(ev_tvalid), .ev_tready(ev_tready), .ev_tdata(ev_tdata), .ev_tlast(ev_tlast),
        .st_tvalid(st_tvalid), .st_tready(st_tready), .st_tdata(st_tdata), .st_tlast(st_tlast),
        .res_tvalid(res_tvalid), .res_tready(res_tready), .res_tdata(res_tdata), .res_tlast(res_tlast),
        .obs_valid(obs_valid), .obs_lanes(obs_lanes), .obs_v(obs_v), .obs_spk(obs_spk),
        .obs_end(obs_end), .obs_synops(obs_synops), .obs_spikes(obs_spikes), .ev_error(ev_error),
        .model(96'd0), .fill(67'd0)
    );

    genvar lane;
    generate
        for (lane = 0; lane < P; lane = lane + 1) begin : g_lane
            assign obs_lane_v[lane] = $signed(obs_v[lane*MW+:MW]);
        end
    endgenerate

    // ---- gates: open for a while, then closed for a while; always open with seed 0 ------------------------------------
    // 0: events, 1: steps, 2: results
    reg [31:0] gate_state[0:2], gate_left[0:2];
    reg        gate_open[0:2];

    function [31:0] xorshift; // Marsaglia, 2003
        input [31:0] x;
        begin
            x = x ^ (x << 13);
            x = x ^ (x >> 17);
            xorshift = x ^ (x << 5);
        end
    endfunction

    task move_gate;
        input integer g;
        reg [31:0] length;
        begin
            if (gate_state[g] == 0)
                gate_open[g] = 1'b1;
            else begin
                if (gate_left[g] == 0) begin
                    gate_open[g] = !gate_open[g];
                    gate_state[g] = xorshift(gate_state[g]);
                    length = (32'd1 << (gate_state[g] >> 8) % (LONGEST_PHASE + 1)) - 1;
                    gate_state[g] = xorshift(gate_state[g]);
                    gate_left[g] = 1 + (gate_state[g] >> 8 & length);
                end
                gate_left[g] = gate_left[g] - 1;
            end
        end
    endtask

    // ---- input and output ---------------------------------------------------------------------------------------------
    task fail;
        input [64*8-1:0] what;
        begin
            $display("error: sast_bench: %0s", what);
            $fflush;
            $finish(0);
            more = 1'b0;
        end
    endtask

    task read; // the next word; `more` falls at the end of the input
        output [31:0] word;
        reg [31:0] bytes;
        begin
            if ($fread(bytes, in) != 4) more = 1'b0;
            word = {bytes[7:0], bytes[15:8], bytes[23:16], bytes[31:24]};
        end
    endtask

    task put;
        input [31:0] word;
        begin
            if (^word === 1'bx) fail("a bit of the trace is unknown");
            $fwrite(out, "%u", word);
        end
    endtask

    task next_beat; // of the run, if there is one
        begin
            while (beats_left == 0 && steps_left != 0 && more) begin
                steps_left = steps_left - 1;
                read(beats_left);
            end
            beat_there = beats_left != 0 && more;
            if (beat_there) begin
                read(beat);
                beat_last = beats_left == 1;
                beats_left = beats_left - 1;
            end
            if (!more) fail("the input ends inside a run");
        end
    endtask

    task begin_run;
        begin
            while (beat_there) next_beat; // what an abandoned run left unsent
            if (more) read(kind);
            if (!more) $finish(0);
            else begin
                read(clocks);
                read(seed);
                read(observe_word);
                read(patience);
                read(layer_words);
                read(step_words);
                read(result_words);
                read(answers);
                read(steps_left);
                beats_left = 0;
                next_beat;
                if (RUNNING != 0 ? step_words != 2 * answers : step_words != 2 * STEPS || answers != 1) fail("the run has other steps");
                if (result_words != answers * RESULT_WORDS) fail("the run is another model's");
                if (step_words > 2 * MOST_STEPS || result_words > MOST_WORDS) fail("the run has too many steps; use Verilator");
            end
            for (i = 0; i < 3; i = i + 1) begin
                gate_state[i] = seed;
                gate_left[i] = 0;
                gate_open[i] = 1'b1;
                seed = seed * 32'd2654435761;
            end
            {clock, idle, elapsed, layers_seen, steps_seen, results_seen} = 0;
            {begun, result_ended, pulse, over, held_step, held_result} = 0;
            fresh = 1'b1;
        end
    endtask

    task end_run;
        begin
            if (layers_seen != (MARGIN != 0 ? layer_words / STEPS * (steps_seen / 2) : layer_words))
                fail("the layers show fewer neurons than the model has");
            if (beat_there) fail("the result came before the last event");
            for (i = layers_seen; i < layer_words; i = i + 1) put(32'd0);
            for (i = 0; i < step_words; i = i + 1) put(i < steps_seen ? step_trace[i] : 32'd0);
            for (i = 0; i < result_words; i = i + 1) put(result_trace[i]);
            put(elapsed);
            put({31'd0, ev_error});
            put(steps_seen / 2);
            $fflush(out);
        end
    endtask

    // ---- what the edge takes ------------------------------------------------------------------------------------------
    reg        held_step, held_result; // a beat waits: a sender may neither take it back nor change it
    reg [32:0] held_step_beat, held_result_beat;

    task look_at_streams;
        begin
            if (held_step && !(st_tvalid && {st_tlast, st_tdata} === held_step_beat))
                fail("st_tdata changed before it was taken");
            if (held_result && !(res_tvalid && {res_tlast, res_tdata} === held_result_beat))
                fail("res_tdata changed before it was taken");
            held_step = st_tvalid && !st_tready;
            held_step_beat = {st_tlast, st_tdata};
            held_result = res_tvalid && !res_tready;
            held_result_beat = {res_tlast, res_tdata};
            if (st_tvalid && st_tready) begin
                if (steps_seen == step_words) fail("more steps end than the recording has");
                else step_trace[steps_seen] = st_tdata;
                steps_seen = steps_seen + 1;
                if (st_tlast !== !steps_seen[0]) fail("st_tlast does not end every second beat");
                idle = 0;
            end
            if (res_tvalid && res_tready) begin
                if (results_seen == result_words) fail("more answers come than the recording has");
                else result_trace[results_seen] = res_tdata;
                results_seen = results_seen + 1;
                if (res_tlast !== (results_seen % RESULT_WORDS == 0)) fail("res_tlast does not end the result");
                result_ended = results_seen == result_words;
                idle = 0;
            end
        end
    endtask

    task show;
        input [31:0] word;
        begin
            if (kind == WHOLE) put(word);
            layers_seen = layers_seen + 1;
            if (layers_seen > layer_words) fail("the layers show more neurons than the model has");
        end
    endtask

    task look;
        begin
            if (^{ready, ev_tready, st_tvalid, res_tvalid, obs_valid, obs_end, ev_error} === 1'bx)
                fail("a control output is unknown");
            if (MARGIN != 0 && result_ended && (obs_valid || obs_end)) fail("the layers show neurons after the answer");
            begun = begun || (ev_tvalid && ready);
            if (begun && !result_ended) elapsed = elapsed + 1;
            look_at_streams;
            if (obs_valid) begin
                idle = 0;
                for (i = 0; i < P; i = i + 1)
                    if (obs_lanes[i] !== 1'b0) begin
                        show(obs_lane_v[i]);
                        show({31'd0, obs_spk[i]});
                    end
            end
            if (obs_end) begin
                idle = 0;
                show(obs_synops);
                show(obs_spikes);
            end
            if (ev_tvalid && ev_tready) begin
                idle = 0;
                next_beat;
            end
            // of one that may end early: the record of its last step is there before the answer ends, and does not wait
            over = result_ended && !held_step && !steps_seen[0] && !beat_there;
            idle = idle + 1;
            if (idle > patience) fail("the core stands still");
        end
    endtask

    // ---- what the next edge will see ----------------------------------------------------------------------------------
    task drive;
        begin
            for (i = 0; i < 3; i = i + 1) move_gate(i);
            pulse = kind != WHOLE && (clock >= clocks || (MARGIN != 0 ? over : result_ended));
            clear <= pulse && kind == CLEAR;
            rst <= pulse && kind == RESET;
            clock = clock + 1;
            if (fresh || !ev_tvalid || ev_tready) begin
                ev_tvalid <= beat_there && gate_open[0];
                ev_tdata <= beat;
                ev_tlast <= beat_last;
            end
            fresh = 1'b0;
            st_tready <= gate_open[1];
            res_tready <= gate_open[2];
            observe <= observe_word[0];
        end
    endtask

    // ---- run by run ---------------------------------------------------------------------------------------------------
    integer boot = 3; // clocks of the first reset

    initial begin
        in = $fopen("/dev/stdin", "rb");
        out = $fopen("/dev/fd/3", "wb");
        more = 1'b1;
        beat_there = 1'b0;
        #1 $fflush; // what was said of the tables
        $fwrite(out, "%u%u%u", 32'h54534153, 32'h45524F43, VERSION); // "SASTCORE"
        $fflush(out);
        forever #5 clk = !clk;
    end

    always @(posedge clk)
        if (more) begin
            if (boot != 0) begin
                boot = boot - 1;
                if (boot == 0) begin_run;
            end else begin
                look;
                if (pulse)
                    begin_run;
                else if (kind == WHOLE && (MARGIN != 0 ? over : result_ended && steps_seen >= step_words)) begin
                    end_run;
                    if (more) begin_run;
                end
            end
            if (boot == 0 && more) drive;
        end
endmodule
`default_nettype wire
