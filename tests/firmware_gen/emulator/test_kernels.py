"""The kernels on an emulated Cortex-M4, in assembly and in plain C: equal to a model of them, and to each other."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.layout import pack_narrow
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.cores import find_core
from firmware_gen.emulator.machine import Machine
from firmware_gen.verify import verify_emulated
from tests.firmware_gen.builds import LIBRARY, export, small_model, with_idle_cells
from tests.firmware_gen.test_parity import drawn_model, make_inputs
from tests.strategies import binned

SHIFTS = {8: 0, 4: 4, 2: 6, 1: 5}
KNOWN = range(1, 16)  # leak shifts
FIRES = ("sast_fire_1", "sast_fire_2", *(f"sast_fire_k{k}" for k in KNOWN))
KERNELS = (*(f"sast_add_{bits}" for bits in SHIFTS), "sast_add_wide_8", *FIRES)
BLOCKS = 6  # of a cell, in the tests of the sweeps
CELLS = 3


@pytest.fixture(scope="module", params=["gcc", "zig"])
def machines(request, tmp_path_factory):
    """Every kernel in both variants: assembly, plain C."""
    build = export(small_model(), tmp_path_factory.mktemp("kernels") / "build")
    for path in LIBRARY.glob("*.c"):
        (build / "src" / path.name).write_bytes(path.read_bytes())
    files = [path.relative_to(build).as_posix() for path in build.rglob("*.c")]
    keep = tuple(f"-Wl,-u,{name}" for name in KERNELS)
    core = find_core("cortex-m4")
    return [
        Machine(
            build_image(build, files, "a", core, request.param, ("-O2", *keep, *more)), core, counted=True
        )
        for more in ((), ("-DSAST_PORTABLE",))
    ]


def put(machine: Machine, words: np.ndarray) -> int:
    data = np.ascontiguousarray(words, dtype="<u4").tobytes()
    address = machine.allocate(len(data))
    machine.write(address, data)
    return address


def read(machine: Machine, address: int, count: int) -> list[int]:
    return np.frombuffer(machine.read(address, 4 * count), "<u4").tolist()


@pytest.mark.parametrize("bits", SHIFTS)
def test_additions_against_sums_of_single_weights(machines, bits):
    rng = np.random.default_rng(bits)
    limit = 1 << (bits - 1)
    per_word = 8 // bits
    for quads in [*range(1, 2 * per_word + 14), 40, 64, 67, 68, 80]:
        rows, membrane_gap, weight_gap = (
            int(rng.integers(1, 6)),
            int(rng.integers(0, 5)),
            int(rng.integers(0, 3)),
        )
        values = [-1, 1] if bits == 1 else np.arange(-limit, limit)
        weight = rng.choice(values, (rows, 4 * quads)).astype(np.int8)
        packed = pack_narrow(weight, bits, SHIFTS[bits])
        weights = np.zeros((rows, packed.shape[1] + weight_gap), np.uint32)
        weights[:, : packed.shape[1]] = packed
        halves = rng.integers(200, 65336, (rows, 2 * (2 * quads + membrane_gap)))
        want = halves.copy()
        want[:, : 4 * quads] += weight.astype(int) << SHIFTS[bits]
        for machine in machines:
            block = put(machine, np.array([quads, membrane_gap, weight_gap]))
            membranes = put(machine, halves[:, ::2] | halves[:, 1::2] << 16)
            machine.call(f"sast_add_{bits}", membranes, put(machine, weights), block, rows)
            assert (
                read(machine, membranes, halves.size // 2)
                == (want[:, ::2] | want[:, 1::2] << 16).flatten().tolist()
            )


def test_wide_additions_of_bytes(machines):
    rng = np.random.default_rng(8)
    for length in range(1, 35):
        rows, membrane_gap, weight_gap = (int(rng.integers(low, 6)) for low in (1, 0, 0))
        weight = rng.integers(-128, 128, (rows, length)).astype(np.int8)
        padded = np.zeros((rows, 4 * (-(-length // 4) + weight_gap)), np.int8)
        padded[:, :length] = weight
        membranes = rng.integers(-(1 << 20), 1 << 20, (rows, length + membrane_gap))
        want = membranes.copy()
        want[:, :length] += weight
        for machine in machines:
            block = put(machine, np.array([length | 8 << 16, membrane_gap, weight_gap]))
            place = put(machine, membranes.astype("<i4").view("<u4"))
            machine.call("sast_add_wide_8", place, put(machine, padded.view("<u4")), block, rows)
            found = np.array(read(machine, place, membranes.size), "<u4").view("<i4")
            assert found.tolist() == want.reshape(-1).tolist()


def fire_model(kernel, x, a, c, masks, shifts, rest, zero):
    """Halves after the sweep, and which spiked: the definitions of docs/kernels.md, half by half."""
    total = x + a
    above = np.maximum((total & 0xFFFF) - c, 0)
    if "_k" in kernel:
        stored = above + masks[0] - (above >> shifts[0] & masks[0])
    else:
        stored = above - (above >> shifts[0] & masks[0]) + rest
    if kernel == "sast_fire_2":
        stored -= above >> shifts[1] & masks[1]
    return np.where(total > 0xFFFF, zero, stored), total > 0xFFFF


@pytest.mark.parametrize("kernel", FIRES)
@pytest.mark.parametrize("spiking", [0.0, 0.02, 0.5, 1.0])
def test_sweeps_against_their_definition(machines, kernel, spiking):
    rng = np.random.default_rng(FIRES.index(kernel))
    for _ in range(4 if "_k" in kernel else 12):
        state_bits = int(rng.integers(8, 15))
        shifts = sorted(rng.choice(np.arange(1, state_bits), 2, replace=False).tolist())
        known = int(kernel.partition("_k")[2] or 0)
        shifts = [min(known, 15), 0] if known else shifts
        state_bits = max(state_bits, known + 1)
        masks = [0xFFFF >> k for k in shifts]
        low, high = -(1 << state_bits - 1), (1 << state_bits - 1) - 1
        rest = (
            0
            if known
            else 32768 + low - (low >> shifts[0]) - ((low >> shifts[1]) if kernel.endswith("2") else 0)
        )
        zero = masks[0] - low + (low >> known) if known else 32768
        lanes = 8 * BLOCKS
        threshold, bias = rng.integers(1, high, lanes), rng.integers(-3, 4, lanes)
        a, c = 65536 - zero + bias - threshold, 65536 + low - threshold
        u = np.where(
            rng.random((CELLS, lanes)) < spiking,
            threshold + rng.integers(0, 300, (CELLS, lanes)),
            rng.integers(np.maximum(low - 300, 100 - zero), threshold, (CELLS, lanes)),
        )
        x = np.clip(u - bias + zero, 0, 65535)
        want, spiked = fire_model(kernel, x, a, c, masks, shifts, rest, zero)
        flags = [sum(1 << i for i in range(8) if lane[i]) for lane in spiked.reshape(-1, 8)]
        for machine in machines:
            found, order = run_fire(
                machine, kernel, x, np.stack([words(a), words(c)], 1), masks, shifts, rest, zero
            )
            assert order == [(i, flag) for i, flag in enumerate(flags) if flag]
            assert found == words(want.reshape(-1)).tolist()


def words(halves: np.ndarray) -> np.ndarray:
    return halves[::2] | halves[1::2] << 16


def run_fire(machine, kernel, x, table, masks, shifts, rest, zero):
    """Calls the kernel until it is through; membranes, and (block, flags) of every return."""
    both = 0x10001
    constants = [
        masks[0] * both,
        masks[1] * both,
        rest * both,
        BLOCKS << 8 | shifts[0],
        shifts[1],
        zero * both,
    ]
    neuron = put(machine, np.array([*constants, put(machine, table), 0]))
    stored = words(x.reshape(-1))
    membranes = put(machine, stored)
    run = put(machine, np.array([membranes, 0, shifts[0], CELLS, 0, 0, 0, 0, zero * both]))
    order = []
    while flags := machine.call(kernel, run, neuron):
        state = read(machine, run, 8)
        block = (state[0] - membranes) // 16 - 1
        assert state[1] - read(machine, neuron, 7)[6] == 32 * (block % BLOCKS + 1)
        assert (state[2] >> 8, state[3]) == (BLOCKS - 1 - block % BLOCKS, CELLS - 1 - block // BLOCKS)
        assert state[4:8] == stored[4 * block : 4 * block + 4].tolist()
        order.append((block, flags))
    return read(machine, membranes, stored.size), order


# Of the random models of test_parity, enough to meet every narrow kernel, and all that they can be given.
SEEDS = range(16)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(tmp_path, monkeypatch, seed):
    if seed % 2:
        with_idle_cells(monkeypatch)
    model = drawn_model(seed)
    folder = export(model, tmp_path / "build")
    report = verify_emulated(folder, binned(model, make_inputs(model, seed)), toolchain="gcc")
    assert report.first_mismatch is None
