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
