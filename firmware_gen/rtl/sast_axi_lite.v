// The core's registers (sast_registers) as an AXI4-Lite slave: 256 words of 32 bits, one access at a time.
// A write waits while the bus is not ready; strobes are not looked at: whole words are written.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_axi_lite (
  input  wire        clk,
  input  wire        rst,
  // write
  input  wire        awvalid,
  output wire        awready,
  input  wire [9:0]  awaddr,                // of a byte; bits 1-0 are not looked at
  input  wire        wvalid,
  output wire        wready,
  input  wire [31:0] wdata,
  output reg         bvalid,
  input  wire        bready,
  output wire [1:0]  bresp,
  // read
  input  wire        arvalid,
  output wire        arready,
  input  wire [9:0]  araddr,
  output reg         rvalid,
  input  wire        rready,
  output reg  [31:0] rdata,
  output wire [1:0]  rresp,
  // to sast_registers
  output wire [7:0]  address,
  output wire        write,
  output wire [31:0] data,
  input  wire        bus_ready,
  input  wire [31:0] value
);
  reg        looks;                         // the address of a read stood there a clock before
  wire       writes = awvalid && wvalid && bus_ready && !bvalid && !looks && !rst;
  wire       reads = arvalid && !rvalid && !looks && !writes && !rst;
  assign awready = writes;
  assign wready = writes;
  assign arready = reads;
  assign bresp = 2'b00;
  assign rresp = 2'b00;
  assign write = writes;
  assign data = wdata;
  assign address = writes ? awaddr[9:2] : araddr[9:2];
  always @(posedge clk) begin
    looks <= reads;
    if (looks) rdata <= value;
    if (rst) begin
      bvalid <= 1'b0;
      rvalid <= 1'b0;
      looks <= 1'b0;
    end else begin
      bvalid <= writes || (bvalid && !bready);
      rvalid <= looks || (rvalid && !rready);
    end
  end
endmodule

`default_nettype wire
