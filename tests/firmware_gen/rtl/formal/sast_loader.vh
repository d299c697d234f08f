  // There is a model only once the CRC was given of all words and places since its loading began; what is written then is
  // each word of a frame that counts, once, at its place. A frame counts if it is the next one. Nothing is written while
  // there is a model.
  function [31:0] f_bit(input [31:0] before, input bit_in);
    f_bit = {1'b0, before[31:1]} ^ (before[0] ^ bit_in ? 32'hEDB88320 : 32'd0);
  endfunction
  reg         f_begun = 1'b0;
  reg  [31:0] f_crc, f_data;                // of all bits, one by one; where they come from
  reg  [5:0]  f_left;                       // bits of f_data that are still to come
  reg  [15:0] f_number, f_frames;           // of the loading; frames that counted
  reg         f_loading, f_counts;          // no model; the frame under way counts
  reg  [3:0]  f_memory;
  reg  [23:0] f_address;
  reg  [5:0]  f_piece;
  reg  [95:0] f_model;
  reg  [66:0] f_fill;
  integer     f_bits;                       // of a word
  always @* begin
    case (f_memory)
      0, 1, 2, 3: f_bits = G * WBITS;
      4: f_bits = P * (1 + TB + AMB);
      5: f_bits = NYB + MAW + UAW;
      6: f_bits = NB + (CHUNKS ? NCB : 0) + CQB + CUB + SYNB;
      7: f_bits = 6 + LIB + EAW + RAW + CAW + RPB + URB + SBITS + CWB + CUB2 + WSHW;
      8: f_bits = YB + RPB + MAW + PAW + PNB + B + 7 + LIB + 4 + 4 + (MW - SMIN + 1);
      10: f_bits = P * (BB > SB ? BB : SB);
      default: f_bits = 32;
    endcase
  end
  wire        f_ends = 32 * (f_piece + 1) >= f_bits; // with this piece
  wire        f_begins = begins && data[15:0] != f_number;
  wire        f_takes = f_loading && f_counts && (place || word);
  initial begin
    f_left = 6'd0;
    f_number = 16'd0;
    f_crc = 32'd0;
    f_frames = 16'd0;
    f_loading = SPRAM != 0;
    f_counts = 1'b0;
    f_memory = 4'd0;
    f_address = 24'd0;
    f_piece = 6'd0;
    f_model = 96'd0;
    f_fill = 67'd0;
  end
  always @(posedge clk) begin
    f_begun <= 1'b1;
    if (begins) f_number <= data[15:0];
    if (f_takes) {f_data, f_left} <= {data, 6'd32};
    else if (f_left != 6'd0) f_left <= f_left - 6'd1;
    if (f_begins) f_crc <= 32'hFFFFFFFF;
    else if (f_left != 6'd0) f_crc <= f_bit(f_crc, f_data[6'd32 - f_left]);
    if (f_begins) f_loading <= 1'b1;
    else if (commits && data == ~f_crc) f_loading <= 1'b0;
    if (f_begins) {f_frames, f_counts} <= 17'd0;
    else if (frame) begin
      f_counts <= data == {16'd0, f_frames};
      if (f_loading && data == {16'd0, f_frames}) f_frames <= f_frames + 16'd1;
    end
    if (f_takes && place) {f_memory, f_address, f_piece} <= {data[27:0], 6'd0};
    else if (f_takes) {f_address, f_piece} <= f_ends ? {f_address + 24'd1, 6'd0} : {f_address, f_piece + 6'd1};
    if (f_takes && word && f_memory == 4'd15)
      case (f_address[1:0])
        0: f_model[31:0] <= data;
        1: f_model[63:32] <= data;
        2: f_model[95:64] <= data;
        default: ;
      endcase
    f_fill <= {f_takes && word, f_memory, f_piece, f_address, data};
  end
  always @* begin
    // promised: one pulse at a time, and only while it is ready
    assume({1'b0, begins} + frame + place + word + commits <= (ready ? 3'd1 : 3'd0));

    assert(ready == (f_left == 6'd0) && f_left <= 32);
    if (ready) assert(crc == ~f_crc);
    assert(no_model == f_loading && frames == f_frames);
    assert(at == {4'd0, f_memory, f_address});
    assert(model == f_model);
    assert(fill[66] == f_fill[66]);
    if (fill[66]) assert(fill == f_fill && no_model);
    // an invariant for the induction
    assert(left == f_left && sum == f_crc && number == f_number && heeds == f_counts && piece == f_piece && 32 * f_piece < f_bits);
    if (!ready) assert(shifted == f_data >> (6'd32 - f_left));
  end
