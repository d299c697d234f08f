"""The whole FPGA in Icarus, where what was never set is unknown: a recording from HELLO to its results."""

import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_sast.events.binning import Binning
from edge_sast.link.event_payload import EventBytes, recording_steps
from edge_sast.link.frames import Frame, FrameReader, Kind, encode
from edge_sast.model.layers import Flatten, Integrator, Linear, OrPool
from edge_sast.model.model import Model
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime import Simulator
from firmware_gen.build.folder import write_folder
from firmware_gen.rtl_gen.link.memories import PROGRAM, link_images
from firmware_gen.rtl_gen.target import generate
from tests.firmware_gen.builds import small_model, weights
from tests.hil.boards import make_info
from tests.strategies import binned

BENCH = Path(__file__).with_name("board_bench.v")


def wide_model() -> Model:
    """Its events need numbers of three bytes and columns of two, and so the link the larger program."""
    rng = np.random.default_rng(4)
    last = Linear(weights(rng, 8, 13 * 6 * 2, 3), 8, Integrator([0] * 3, [0] * 3, (2,), 20))
    return Model(Binning(130, 64, 0, 1000, 2, 1), (OrPool(10), Flatten(), last), ("a", "b", "c"))


@pytest.mark.needs("iverilog")
@pytest.mark.parametrize(("make", "program_bytes"), [(small_model, 512), (wide_model, 1024)])
def test_a_recording_in_icarus(make, program_bytes, tmp_path):
    model = make()
    [program] = [image for image in link_images(model) if image.name == PROGRAM]
    assert len(program.words) == program_bytes
    data = binned(model, [few_events(model)])
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
    outputs = struct.pack(f"<H{len(model.classes)}i", trace.prediction, *trace.outputs)
    assert results.payload[17 : 17 + len(outputs)] == outputs
    sums = np.stack([trace.synops.sum(axis=0), trace.spike_counts.sum(axis=0)], axis=1)
    assert results.payload[17 + len(outputs) :] == sums.astype("<u8").tobytes()


def few_events(model: Model) -> np.ndarray:
    """Counts [T, H, W, 2] of a random recording with 40 in a step at most."""
    rng = np.random.default_rng(3)
    grid = model.binning
    counts = np.zeros((grid.steps, grid.height, grid.width, 2), np.uint8)
    for step in counts.reshape(grid.steps, -1):
        step[rng.integers(step.size, size=40)] = 1
    return counts


def answers(requests: list[Frame], model: Model, folder: Path) -> list[Frame]:
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
