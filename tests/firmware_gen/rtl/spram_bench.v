// SPDX-License-Identifier: 0BSD
//
// spram_bench.v: rtl/sast_spram.v as simulators have it beside the same of Yosys's model of the primitive, for Icarus:
// random words are written and read; what one holds the other must.
`timescale 1ns / 1ps
`default_nettype none
module spram_bench;
    parameter W = 32;
    localparam DEPTH = 600, AW = 10, PIECES = (W + 31) / 32;

    reg           clk = 1'b0, write = 1'b0;
    reg  [3:0]    memory;
    reg  [5:0]    piece;
    reg  [23:0]   address;
    reg  [31:0]   data;
    reg  [AW-1:0] a;
    wire [W-1:0]  q, other_q;
    wire [66:0]   fill = {write, memory, piece, address, data};
    always #5 clk = !clk;

    sast_spram #(.W(W), .AW(AW), .DEPTH(DEPTH), .ID(3)) model (.clk(clk), .a(a), .q(q), .fill(fill));
    sast_spram_primitive #(.W(W), .AW(AW), .DEPTH(DEPTH), .ID(3)) other (.clk(clk), .a(a), .q(other_q), .fill(fill));

    reg [PIECES*32-1:0] kept [0:DEPTH-1];
    reg [PIECES*32-1:0] want;
    reg                 was_write;
    integer i, seed = 1, seen = 0;
    initial begin
        for (i = 0; i < DEPTH * PIECES + 4000; i = i + 1) begin
            if (i < DEPTH * PIECES) begin  // all of it, once
                {write, memory} = {1'b1, 4'd3};
                address = i / PIECES;
                piece = i % PIECES;
            end else begin
                write = $random(seed);
                memory = $random(seed) % 3 == 0 ? 2 : 3;
                address = $unsigned($random(seed)) % (DEPTH + 20);
                piece = $unsigned($random(seed)) % (PIECES + 1);
            end
            data = $random(seed);
            a = $unsigned($random(seed)) % DEPTH;
            was_write = write && memory == 3 && address < DEPTH;
            want = kept[a];
            @(posedge clk);
            #1;
            if (was_write && piece < PIECES) kept[address][32*piece +: 32] = data;
            if (!was_write && i >= DEPTH * PIECES) begin
                seen = seen + 1;
                if (q !== want[W-1:0] || other_q !== want[W-1:0])
                    $display("word %0d: %x, of the primitive %x, not %x", a, q, other_q, want[W-1:0]);
            end
        end
        $display("%0d words", seen);
        $finish;
    end
endmodule
