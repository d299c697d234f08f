// SPDX-License-Identifier: 0BSD
//
// sast_dp16kd.v: ECP5's block of memory, DP16KD, of which Yosys has no model: 1,024 words of 18 bits, two ports, each of
// its own width. Only what Yosys makes of memories: no output registers, no chip selects. Written from its brams_map.v.
// Port B alone has 36 bits to read, port A to write: the upper 18 are then on the other port's pins.
`default_nettype none
module sast_dp16kd (
    input wire CLKA, CEA, OCEA, WEA, RSTA, CSA0, CSA1, CSA2,
    input wire ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12, ADA13,
    input wire DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12, DIA13, DIA14, DIA15, DIA16,
    input wire DIA17,
    output wire DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12, DOA13, DOA14, DOA15, DOA16,
    output wire DOA17,
    input wire CLKB, CEB, OCEB, WEB, RSTB, CSB0, CSB1, CSB2,
    input wire ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13,
    input wire DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16,
    input wire DIB17,
    output wire DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12, DOB13, DOB14, DOB15, DOB16,
    output wire DOB17
);
    parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG", RESETMODE = "SYNC", ASYNC_RESET_RELEASE = "SYNC", GSR = "AUTO";
    parameter CLKAMUX = "CLKA", CLKBMUX = "CLKB", CSDECODE_A = "0b000", CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL";
    parameter [319:0]
        INITVAL_00 = 320'd0, INITVAL_01 = 320'd0, INITVAL_02 = 320'd0, INITVAL_03 = 320'd0, INITVAL_04 = 320'd0,
        INITVAL_05 = 320'd0, INITVAL_06 = 320'd0, INITVAL_07 = 320'd0, INITVAL_08 = 320'd0, INITVAL_09 = 320'd0,
        INITVAL_0A = 320'd0, INITVAL_0B = 320'd0, INITVAL_0C = 320'd0, INITVAL_0D = 320'd0, INITVAL_0E = 320'd0,
        INITVAL_0F = 320'd0, INITVAL_10 = 320'd0, INITVAL_11 = 320'd0, INITVAL_12 = 320'd0, INITVAL_13 = 320'd0,
        INITVAL_14 = 320'd0, INITVAL_15 = 320'd0, INITVAL_16 = 320'd0, INITVAL_17 = 320'd0, INITVAL_18 = 320'd0,
        INITVAL_19 = 320'd0, INITVAL_1A = 320'd0, INITVAL_1B = 320'd0, INITVAL_1C = 320'd0, INITVAL_1D = 320'd0,
        INITVAL_1E = 320'd0, INITVAL_1F = 320'd0, INITVAL_20 = 320'd0, INITVAL_21 = 320'd0, INITVAL_22 = 320'd0,
        INITVAL_23 = 320'd0, INITVAL_24 = 320'd0, INITVAL_25 = 320'd0, INITVAL_26 = 320'd0, INITVAL_27 = 320'd0,
        INITVAL_28 = 320'd0, INITVAL_29 = 320'd0, INITVAL_2A = 320'd0, INITVAL_2B = 320'd0, INITVAL_2C = 320'd0,
        INITVAL_2D = 320'd0, INITVAL_2E = 320'd0, INITVAL_2F = 320'd0, INITVAL_30 = 320'd0, INITVAL_31 = 320'd0,
        INITVAL_32 = 320'd0, INITVAL_33 = 320'd0, INITVAL_34 = 320'd0, INITVAL_35 = 320'd0, INITVAL_36 = 320'd0,
        INITVAL_37 = 320'd0, INITVAL_38 = 320'd0, INITVAL_39 = 320'd0, INITVAL_3A = 320'd0, INITVAL_3B = 320'd0,
        INITVAL_3C = 320'd0, INITVAL_3D = 320'd0, INITVAL_3E = 320'd0, INITVAL_3F = 320'd0;
    // 16 words each, every 20 bits one of 18
    localparam [64*320-1:0] CONTENT = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37,
        INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
        INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25,
        INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13,
        INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
        INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
        INITVAL_00
    };

    reg [17:0] words[0:1023];
    integer i;
    initial begin
        for (i = 0; i < 1024; i = i + 1) words[i] = CONTENT[i*20+:18];
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000" || CSDECODE_B != "0b000" ||
            WRITEMODE_A == "WRITETHROUGH" || WRITEMODE_B == "WRITETHROUGH")
            $display("error: sast_dp16kd: a mode that it does not know");
    end

    wire [13:0] ada = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
    wire [13:0] adb = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
    wire [17:0] dia = {
        DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0
    };
    wire [17:0] dib = {
        DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0
    };
    wire cka = CLKAMUX == "INV" ? !CLKA : CLKA;
    wire ckb = CLKBMUX == "INV" ? !CLKB : CLKB;
    wire selected_a = CEA && !CSA0 && !CSA1 && !CSA2;
    wire selected_b = CEB && !CSB0 && !CSB1 && !CSB2;

    // the bits of a word of 18 that an access of `width` at `ad` touches: where they begin
    function [4:0] place(input integer width, input [3:0] ad);
        case (width)
            1: place = (ad[3] ? 9 : 0) + ad[2:0];
            2: place = (ad[3] ? 9 : 0) + {ad[2:1], 1'b0};
            4: place = (ad[3] ? 9 : 0) + {ad[2], 2'b00};
            9: place = ad[3] ? 9 : 0;
            default: place = 0;
        endcase
    endfunction
    // and which; of words of 18 each byte of 9 has an enable, in the lowest bits of the address
    function [17:0] mask(input integer width, input [3:0] ad);
        case (width)
            1: mask = 18'h1 << place(width, ad);
            2: mask = 18'h3 << place(width, ad);
            4: mask = 18'hf << place(width, ad);
            9: mask = 18'h1ff << place(width, ad);
            default: mask = {{9{ad[1]}}, {9{ad[0]}}};
        endcase
    endfunction
    function [17:0] merged(input [17:0] old, input [17:0] fresh, input [17:0] which);
        merged = (old & ~which) | (fresh & which);
    endfunction

    // ---- writes, and reads of what stood there before
    wire wide_a = DATA_WIDTH_A == 36, wide_b = DATA_WIDTH_B == 36;
    wire [9:0] at_a = wide_a ? {ada[13:5], 1'b0} : ada[13:4];
    wire [9:0] at_b = wide_b ? {adb[13:5], 1'b0} : adb[13:4];
    always @(posedge cka)
        if (selected_a && WEA) begin
            words[at_a] <= merged(words[at_a], dia << place(DATA_WIDTH_A, ada[3:0]), mask(DATA_WIDTH_A, ada[3:0]));
            if (wide_a) words[at_a|1] <= merged(words[at_a|1], dib, mask(DATA_WIDTH_A, ada[3:2]));
        end
    always @(posedge ckb)
        if (selected_b && WEB)
            words[at_b] <= merged(words[at_b], dib << place(DATA_WIDTH_B, adb[3:0]), mask(DATA_WIDTH_B, adb[3:0]));

    reg [17:0] doa, dob, dob_low;
    always @(posedge cka)
        if (RSTA) doa <= 18'd0;
        else if (selected_a && (!WEA || WRITEMODE_A != "NORMAL")) doa <= words[at_a] >> place(DATA_WIDTH_A, ada[3:0]);
    always @(posedge ckb)
        if (RSTB) {dob, dob_low} <= 36'd0;
        else if (selected_b && (!WEB || WRITEMODE_B != "NORMAL")) begin
            dob <= wide_b ? words[at_b|1] : words[at_b] >> place(DATA_WIDTH_B, adb[3:0]);
            dob_low <= words[at_b];
        end
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} =
        dob;
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} =
        wide_b ? dob_low : doa;
endmodule

`default_nettype wire
