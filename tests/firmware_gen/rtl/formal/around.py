"""Sizes and planted faults of the proofs of what stands around the engine: CRC, registers, loading, AXI4-Lite."""

from __future__ import annotations

from tests.firmware_gen.rtl.formal.planted import sizes
from tests.firmware_gen.rtl.formal.solver import Fault

AXI_FAULTS = tuple(
    Fault("sast_axi_lite", old, new)
    for old, new in (
        ("awvalid && wvalid && bus_ready && !bvalid &&", "awvalid && bus_ready && !bvalid &&"),
        ("awvalid && wvalid && bus_ready && !bvalid &&", "awvalid && wvalid && !bvalid &&"),
        ("awvalid && wvalid && bus_ready && !bvalid &&", "awvalid && wvalid && bus_ready &&"),
        ("bvalid <= writes || (bvalid && !bready);", "bvalid <= writes;"),
        ("rvalid <= looks || (rvalid && !rready);", "rvalid <= looks;"),
        ("rvalid <= looks || (rvalid && !rready);", "rvalid <= reads || (rvalid && !rready);"),
        ("if (looks) rdata <= value;", "rdata <= value;"),
        ("arvalid && !rvalid && !looks && !writes", "arvalid && !looks && !writes"),
        ("arvalid && !rvalid && !looks && !writes", "arvalid && !rvalid && !looks"),
        ("writes ? awaddr[9:2] : araddr[9:2]", "araddr[9:2]"),
        ("      bvalid <= 1'b0;\n", ""),
        ("      rvalid <= 1'b0;\n", ""),
    )
)
WALK = sizes(P=4, LP=2, G=4, LG=2, MW=2)
WALK_FAULTS = tuple(
    Fault("sast_walk", old, new)
    for old, new in (
        ("assign there = busy && todo[0];", "assign there = todo[0];"),
        ("(!todo[0] || next)", "next"),
        ("(!todo[0] || next)", "1'b1"),
        ("if (others == {P{1'b0}}) busy", "if (lane == P - 1) busy"),
        ("spikes[lane]", "spikes[0]"),
        ("of_lanes[lane]", "of_lanes[lane ^ 1]"),
        ("todo <= others;", "todo <= others >> 1;"),
        ("      lane <= {LPB{1'b0}};\n", ""),
    )
)
CRC = sizes(MW=3)
CRC_FAULTS = tuple(
    Fault("sast_crc", old, new)
    for old, new in (
        ("POLYNOMIAL = 32'hEDB88320", "POLYNOMIAL = 32'hEDB88321"),
        ("{(32-MW){lane_v[MW-1]}}", "{(32-MW){1'b0}}"),
        ("{7'd0, lane_spike,", "{lane_spike, 7'd0,"),
        ("{spike_count, synops}", "{synops, spike_count}"),
        ("(lane && (!lane_ends || lane_next))", "lane"),
        ("= 40 / D - 1;", "= 32 / D - 1;"),
        ("else if (&part) in_counts", "else if (lane_ends) in_counts"),
        ("if (restart) crc <= 32'hFFFFFFFF;", "if (restart) crc <= 32'd0;"),
        ("lane_ends && !in_counts ?", "lane_ends ?"),
        ("assign value = ~crc;", "assign value = crc;"),
    )
)
# Words of weights have two pieces, all others one.
LOADER = sizes(WBITS=40)
LOADER_FAULTS = tuple(
    Fault("sast_loader", old, new)
    for old, new in (
        ("begins && data[15:0] != number", "begins"),
        ("if (begins) number <=", "if (begins && ready && no_model) number <="),
        ("no_model && heeds && (place || word)", "heeds && (place || word)"),
        ("no_model && heeds && (place || word)", "no_model && (place || word)"),
        ("32'hEDB88320", "32'hEDB88321"),
        ("if (fresh) sum <= 32'hFFFFFFFF;", "if (begins) sum <= 32'hFFFFFFFF;"),
        ("assign ready = left == 6'd0;", "assign ready = left[5:1] == 5'd0;"),
        ("commits && data == crc", "commits"),
        ("if (fresh) heeds <= 1'b0;", "if (1'b0) heeds <= 1'b0;"),
        ("else if (frame) heeds <=", "else if (frame && !heeds) heeds <="),
        ("if (frame && no_model && data ==", "if (frame && data =="),
        ("      piece <= 6'd0;\n", ""),
        ("if (piece == last) address <=", "if (1'b1) address <="),
        ("(G * WBITS - 1) / 32", "(G * WBITS - 9) / 32"),
        ("memory == MODEL && address[1:0] == 2'd1", "address[1:0] == 2'd1"),
        ("fill <= {takes && word,", "fill <= {word,"),
        ("fill <= {takes && word,", "fill <= {takes,"),
    )
)
REGISTERS = sizes(REGISTERS=1)
REGISTERS_FAULTS = tuple(
    Fault("sast_registers", old, new)
    for old, new in (
        ("!rst && write && address == CONTROL && data[0]", "write && data[0]"),
        ("observes <= data[1];", "observes <= data[0];"),
        ("if (st_taken && st_last) begin", "if (st_taken) begin"),
        ("cycles <= cycles + st_data;", "cycles <= st_data;"),
        ("if (ev_waits) stalls", "if (ev_waits && !st_taken) stalls"),
        ("if (st_last) step_cycles <= st_data;", "step_cycles <= st_data; if (st_last) ;"),
        ("{29'd0, !no_model, ev_error, ready}", "{29'd0, !no_model, ready, ev_error}"),
    )
)
ANSWERS_FAULTS = tuple(
    Fault("sast_registers", old, new)
    for old, new in (
        ("res_last ? 7'd0 :", ""),
        ("{6'd0, !beat[6]}", "7'd1"),
        ("if (res_taken && !beat[6]) answers", "if (res_taken) answers"),
        ("if (rst || cleared) beat", "if (rst) beat"),
        ("page <= address[7:6];", "page <= 2'd0;"),
    )
)
