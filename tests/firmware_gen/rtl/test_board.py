"""The whole FPGA in Icarus, where what was never set is unknown: a recording from HELLO to its results."""

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_sast.link.event_payload import EventBytes, recording_steps
from edge_sast.link.frames import Frame, FrameReader, Kind, encode
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.target import generate
from tests.firmware_gen.builds import small_model
from tests.hil.boards import make_info
from tests.strategies import binned, random_input

BENCH = Path(__file__).with_name("board_bench.v")


@pytest.mark.needs("iverilog")
def test_a_recording_in_icarus(tmp_path):
    model = small_model()
    data = binned(model, [random_input(np.random.default_rng(3), model)])
    trace = Simulator(model).trace(data, 0)
    grid = model.binning
    loads = EventBytes(recording_steps(data, 0), make_info(grid.width, grid.height)).cut(40, 2)
    begin = struct.pack("<B8sHII", 1, bytes.fromhex(model_hash(model))[:8], 0, 0, 0)
    requests = [Frame(Kind.HELLO, 1, 2, b"\1\0"), Frame(Kind.BEGIN, 0, 5, begin)]
    requests += [Frame(Kind.LOAD, i, 5, load.payload) for i, load in enumerate(loads)]
    requests += [Frame(Kind.READ, 0, 5, bytes(4))]
    hello, begun, *loaded, results = answers(requests, model, tmp_path)
    assert hello.payload[2:34].hex() == model_hash(model)
    assert struct.unpack_from("<I", hello.payload, 45) == (12_000_000,)
    assert begun.payload == b"\0"
    records = np.concatenate([np.frombuffer(frame.payload[7:], "<u4").reshape(-1, 2) for frame in loaded])
    np.testing.assert_array_equal(records[:, 0], trace.crcs)
    assert (records[:, 1] > 0).all()
    outputs = struct.pack("<H2i", trace.prediction, *trace.outputs)
    assert results.payload[17 : 17 + len(outputs)] == outputs
    sums = np.stack([trace.synops.sum(axis=0), trace.spike_counts.sum(axis=0)], axis=1)
    assert results.payload[17 + len(outputs) :] == sums.astype("<u8").tobytes()


def answers(requests: list[Frame], model, folder: Path) -> list[Frame]:
    """One for each request."""
    write_folder(generate(model, lanes=2, count=1), folder / "build")
    rtl = folder / "build" / "rtl"
    (folder / "requests").write_bytes(b"".join(encode(frame) for frame in requests))
    command = [
        "iverilog",
        "-g2005",
        "-s",
        "board_bench",
        "-o",
        folder / "bench",
        f"-I{rtl}",
        "-y",
        rtl,
        BENCH,
    ]
    subprocess.run(command, check=True, timeout=60)
    command = ["vvp", "-n", folder / "bench", f"+requests={folder / 'requests'}"]
    ran = subprocess.run(command, cwd=rtl, capture_output=True, text=True, check=True, timeout=300)
    assert ran.stderr == ""
    lines = [line for line in ran.stdout.splitlines() if "$finish" not in line]
    found = FrameReader().feed(bytes(int(line, 16) for line in lines))
    assert [(f.kind, f.seq, f.token) for f in found] == [(f.kind | 0x80, f.seq, f.token) for f in requests]
    return found
