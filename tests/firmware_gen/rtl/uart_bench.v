// SPDX-License-Identifier: 0BSD
//
// uart_bench.v: two UARTs, each with a clock of its own, that send one another all bytes back to back; then pulses that
// are no start bits, and a byte without a stop bit. Says "passed" if only what was sent arrives.
`timescale 1ns / 1ps
`default_nettype none
module uart_bench;
    parameter CLOCKS = 8;         // of a bit
    parameter HALF_A = 50.0, HALF_B = 50.0; // ns: half a clock

    localparam BAUD = 1000;
    reg  clk_a = 1'b0, clk_b = 1'b0, rst = 1'b1, noise = 1'b1;
    always #(HALF_A) clk_a = !clk_a;
    always #(HALF_B) clk_b = !clk_b;

    wire       tx_a, tx_b, got_a, got_b, busy_a, busy_b;
    wire [7:0] data_a, data_b;
    reg  [7:0] next_a = 8'd0, next_b = 8'd0, want_a = 8'd0, want_b = 8'd0;
    integer    sent_a = 0, sent_b = 0, heard_a = 0, heard_b = 0, wrong = 0;
    wire       send_a = !rst && !busy_a && sent_a < 256;
    wire       send_b = !rst && !busy_b && sent_b < 256;

    sast_uart #(.CLK_HZ(CLOCKS * BAUD), .BAUD(BAUD)) a (
        .clk(clk_a), .rst(rst), .rx(tx_b), .tx(tx_a), .got(got_a), .got_data(data_a), .take(got_a), .busy(busy_a),
        .data(next_a), .send(send_a)
    );
    sast_uart #(.CLK_HZ(CLOCKS * BAUD), .BAUD(BAUD)) b (
        .clk(clk_b), .rst(rst), .rx(tx_a && noise), .tx(tx_b), .got(got_b), .got_data(data_b), .take(got_b), .busy(busy_b),
        .data(next_b), .send(send_b)
    );
    // 37 and 91 are odd: all bytes, in an order in which neighbours differ in many bits
    always @(posedge clk_a) begin
        if (send_a) begin next_a <= next_a + 8'd37; sent_a <= sent_a + 1; end
        if (got_a) begin
            heard_a <= heard_a + 1;
            want_a <= want_a + 8'd91;
            if (data_a !== want_a) wrong = wrong + 1;
        end
    end
    always @(posedge clk_b) begin
        if (send_b) begin next_b <= next_b + 8'd91; sent_b <= sent_b + 1; end
        if (got_b) begin
            heard_b <= heard_b + 1;
            want_b <= want_b + 8'd37;
            if (data_b !== want_b) wrong = wrong + 1;
        end
    end

    localparam real BIT = 2.0 * HALF_B * CLOCKS;
    initial begin
        #(BIT) rst = 1'b0;
        #(2700 * BIT);
        if (heard_a != 256 || heard_b != 256 || wrong != 0)
            $display("failed: %0d and %0d bytes came, %0d wrong", heard_a, heard_b, wrong);
        noise = 1'b0; // shorter than half a bit, and a byte that does not wait
        #(0.3 * BIT) noise = 1'b1;
        #(2 * BIT) sent_a = 255;
        #(20 * BIT);
        if (heard_b != 257 || wrong != 0) $display("failed: after a pulse");
        noise = 1'b0; // a break
        #(30 * BIT) noise = 1'b1;
        #(20 * BIT);
        if (heard_b != 257) $display("failed: %0d bytes came of nothing", heard_b - 257);
        sent_a = 255;
        #(20 * BIT);
        if (heard_b != 258 || wrong != 0) $display("failed: after a break");
        $display("passed");
        $finish;
    end
endmodule
