// Weights in the large RAM of an iCE40 UP5K (SPRAM), whose one port reads or writes: for a core that takes models.
// Nothing is in it after configuration. The only primitive of a vendor's; simulators get a model of it.
// SPDX-License-Identifier: 0BSD
`default_nettype none

module sast_spram #(
  parameter W = 1,
  parameter AW = 1,                         // at most 14
  parameter DEPTH = 1,
  parameter FILE = "",                      // for simulators alone: as if it had been loaded
  parameter ID = 0                          // its number on `fill`
) (
  input  wire          clk,
  input  wire [AW-1:0] a,                   // below DEPTH whenever q is used
  output wire [W-1:0]  q,                   // a clock later, if nothing was written then
  input  wire [66:0]   fill                 // see sast_rom
);
  localparam CELLS = (W + 15) / 16;
  localparam [3:0] MEMORY = ID;
  wire           write;
  wire [3:0]     memory;
  wire [5:0]     piece;
  wire [23:0]    address;
  wire [31:0]    data;
  assign {write, memory, piece, address, data} = fill;
  wire           mine = write && memory == MEMORY && {8'd0, address} < DEPTH;
  wire [13:0]    place = {{(14-AW){1'b0}}, mine ? address[AW-1:0] : a};
  wire [16*CELLS-1:0] read;
  assign q = read[W-1:0];

  genvar i;
  generate for (i = 0; i < CELLS; i = i + 1) begin : cell16
    localparam HALF = i % 2;                // of a piece
    wire put = mine && {26'd0, piece} == i / 2;
`ifdef SYNTHESIS
    SB_SPRAM256KA ram (
      .ADDRESS(place), .DATAIN(data[16*HALF +: 16]), .MASKWREN(4'b1111), .WREN(put), .CHIPSELECT(1'b1), .CLOCK(clk),
      .STANDBY(1'b0), .SLEEP(1'b0), .POWEROFF(1'b1), .DATAOUT(read[16*i +: 16])
    );
`else
    reg [15:0] words [0:16383];
    reg [15:0] out;
    assign read[16*i +: 16] = out;
    always @(posedge clk)
      if (put) begin
        words[place] <= data[16*HALF +: 16];
        out <= 16'hxxxx;
      end else out <= words[place];
    if (FILE != "") begin : given
      reg [W-1:0] file [0:DEPTH-1];
      integer k;
      initial begin
        $readmemh(FILE, file);
        for (k = 0; k < DEPTH; k = k + 1) words[k] = file[k][(16*i+16 > W ? W : 16*i+16)-1 : 16*i];
      end
    end
`endif
  end endgenerate
endmodule

`default_nettype wire
