  // The CRC is that of zlib over the bytes of all neurons (int32 membrane, spike) and counters (uint32 each) since the step
  // began, in the order in which they came; a neuron has 20 parts, counters 32.
  function [31:0] f_bit(input [31:0] before, input bit_in);
    f_bit = {1'b0, before[31:1]} ^ (before[0] ^ bit_in ? 32'hEDB88320 : 32'd0);
  endfunction
  localparam F_PARTS = 20, F_COUNTERS = 32; // of two bits
  reg         f_begun = 1'b0;
  reg  [31:0] f_crc;                        // of all bits so far, one by one, not yet inverted
  reg  [5:0]  f_part;                       // of what is under way
  reg         f_counts;                     // that is counters
  reg         f_was;                        // something was under way a cycle before, and is
  reg  [MW:0] f_neuron;
  reg  [63:0] f_counters;
  wire        f_due = f_counts || (lane && (f_part != F_PARTS - 1 || lane_next));
  wire        f_whole = f_due && f_part == (f_counts ? F_COUNTERS : F_PARTS) - 1;
  wire [7:0]  f_spike_byte = {7'd0, lane_spike};
  wire [31:0] f_int32 = {{(32-MW){lane_v[MW-1]}}, lane_v};
  wire [63:0] f_bits = f_counts ? {spike_count, synops} : {24'd0, f_spike_byte, f_int32};
  always @(posedge clk) begin
    f_begun <= 1'b1;
    f_was <= !rst && f_due && !f_whole;
    {f_neuron, f_counters} <= {lane_v, lane_spike, spike_count, synops};
    if (rst) begin
      f_crc <= 32'hFFFFFFFF;
      f_part <= 6'd0;
      f_counts <= 1'b0;
    end else begin
      if (counts) f_counts <= 1'b1;
      else if (f_counts && f_whole) f_counts <= 1'b0;
      if (f_whole) f_part <= 6'd0;
      else if (f_due) f_part <= f_part + 6'd1;
      if (restart) f_crc <= 32'hFFFFFFFF;
      else if (f_due) f_crc <= f_bit(f_bit(f_crc, f_bits[2*f_part]), f_bits[2*f_part+1]);
    end
  end
  always @* begin
    if (!f_begun) assume(rst);
    if (f_begun && !rst) begin
      // promised: one at a time, and what is under way stays as it is
      if (lane) assume(!f_counts && !counts && !restart);
      if (counts || restart) assume(!f_counts && !(counts && restart));
      if (lane_next) assume(!lane || lane_ends);
      if (f_part != 6'd0 && !f_counts) assume(lane);
      if (f_was || f_part != 6'd0) assume(f_counts ? {spike_count, synops} == f_counters : {lane_v, lane_spike} == f_neuron);

      assert(busy == f_counts);
      if (lane) assert(lane_ends == (f_part == F_PARTS - 1));
      if (!f_counts && f_part == 6'd0) assert(value == ~f_crc);
      // an invariant for the induction
      assert(in_counts == f_counts && part == f_part && f_part < (f_counts ? F_COUNTERS : F_PARTS));
      assert(crc == f_crc);
    end
  end
