// Stands in for the event core where only the flow is tested: a table in block RAM, a counter, the ports of the real one.
`default_nettype none

module sast_uart_top #(
    parameter CLK_HZ = 12_000_000,
    parameter BAUD = 115_200
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       uart_rx,
    output reg        uart_tx,
    output wire [1:0] led
);
    localparam DIVIDER = CLK_HZ / BAUD;

    reg [15:0] table_0[0:511];
    initial $readmemh("rows.mem", table_0);

    reg [15:0] word;
    reg [ 8:0] address;
    reg [15:0] count;

    always @(posedge clk) begin
        word <= table_0[address];
        if (rst) begin
            address <= 0;
            count   <= 0;
            uart_tx <= 1;
        end else begin
            count   <= count + 1'b1;
            uart_tx <= ^{count, word, address};
            if (count[9:0] == DIVIDER) address <= address + 1'b1 + uart_rx;
        end
    end

    assign led = count[15:14];
endmodule

`default_nettype wire
