// SPDX-License-Identifier: 0BSD
//
// board_bench.v: the whole FPGA as a host meets it, for Icarus: what +requests=FILE holds goes into its UART, each frame
// when the one before was answered. It says every byte that comes out.
`timescale 1ns / 1ps
`default_nettype none
module board_bench;
    parameter BIT = 8; // clocks
    localparam PATIENCE = 60000; // clocks without a byte

    reg        clk = 1'b0, rst = 1'b1, rx = 1'b1;
    wire       tx;
    wire [1:0] led;
    always #5 clk = !clk;

    sast_uart_top #(.CLK_HZ(12000000), .BAUD(12000000 / BIT)) fpga (
        .clk(clk), .rst(rst), .uart_rx(rx), .uart_tx(tx), .led(led)
    );

    integer        file, byte_in, i, quiet = 0;
    reg [1023:0]   name;
    reg            answered = 1'b0;
    reg [7:0]      heard;

    initial begin
        if (!$value$plusargs("requests=%s", name)) $finish;
        file = $fopen(name, "rb");
        repeat (20) @(posedge clk);
        rst = 1'b0;
        byte_in = $fgetc(file);
        while (byte_in >= 0) begin
            answered = 1'b0;
            rx = 1'b0;
            repeat (BIT) @(posedge clk);
            for (i = 0; i < 8; i = i + 1) begin
                rx = byte_in[i];
                repeat (BIT) @(posedge clk);
            end
            rx = 1'b1;
            repeat (BIT) @(posedge clk);
            if (byte_in == 0) while (!answered) @(posedge clk);
            byte_in = $fgetc(file);
        end
        if (led !== 2'b00) $display("leds %b", led);
        $finish;
    end

    integer k;
    always @(negedge tx) begin
        #(10 * (BIT + BIT / 2));
        for (k = 0; k < 8; k = k + 1) begin
            heard[k] = tx;
            #(10 * BIT);
        end
        $display("%02x", heard);
        if (heard === 8'd0) answered = 1'b1;
    end
    always @(posedge clk) begin
        quiet <= tx && rx ? quiet + 1 : 0;
        if (quiet == PATIENCE) begin
            $display("silence");
            $finish;
        end
    end
endmodule
