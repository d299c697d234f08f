"""The kernels on an emulated Cortex-M4, in assembly and in plain C: equal to a model of them, and to each other."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_gen.c_gen.memory import memory
from firmware_gen.c_plan.lanes import MOST_KNOWN_SHIFT, Lanes
from firmware_gen.c_plan.layout import pack_narrow
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.emulator.build import build_image
from firmware_gen.emulator.machine import PAGE, Machine
from firmware_gen.toolchain.cores import find_core
from firmware_gen.verify.verify import verify_emulated
from tests import tools
from tests.firmware_gen.builds import LIBRARY, export, small_model, smallest_read_out, with_idle_cells
from tests.firmware_gen.verify.test_parity import drawn_model, make_inputs
from tests.strategies import binned

SHIFTS = {8: 0, 4: 4, 2: 6, 1: 5}
KNOWN = range(1, MOST_KNOWN_SHIFT + 1)
FIRES = ("sast_fire_1", "sast_fire_2", *(f"sast_fire_k{k}" for k in KNOWN))
KERNELS = (*(f"sast_add_{bits}" for bits in SHIFTS), "sast_add_wide_8", *FIRES)
BLOCKS = 6  # of a cell, in the tests of the sweeps
CELLS = 3


@pytest.fixture(scope="module", params=["gcc", "zig"])
def built(request, tmp_path_factory):
    """Every kernel in both variants: assembly, plain C."""
    tools.require_compiler(request.param)
    build = export(small_model(), tmp_path_factory.mktemp("kernels") / "build")
    for path in LIBRARY.glob("*.c"):
        (build / "src" / path.name).write_bytes(path.read_bytes())
    files = [path.relative_to(build).as_posix() for path in build.rglob("*.c")]
    keep = tuple(f"-Wl,-u,{name}" for name in KERNELS)
    core = find_core("cortex-m4")
    return [
        Machine(build_image(build, files, "a", core, request.param, ("-O2", *keep, *more)), core)
        for more in ((), ("-DSAST_PORTABLE",))
    ]


@pytest.fixture
def machines(built):
    yield built
    for machine in built:
        machine.free_all()


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


@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("kernel", FIRES)
@pytest.mark.parametrize("spiking", [0.0, 0.02, 0.5, 1.0])
def test_sweeps_against_their_definition(machines, kernel, spiking, reset):
    """Quiet neurons leak, those that spike are 0; blocks left undone hold one that is clipped, or all that are loud."""
    rng = np.random.default_rng(FIRES.index(kernel))
    known = int(kernel.partition("_k")[2] or 0)
    for _ in range(4 if known else 12):
        shifts = [known] if known else sorted(rng.choice(np.arange(1, 8), int(kernel[-1]), False).tolist())
        bits = int(rng.integers(1, 16 - known)) if known else int(rng.integers(8, 15))
        step, lanes = 1 << max(shifts), 8 * BLOCKS
        offset = step * rng.integers(0, max(1, (1 << bits) // step), lanes)
        bias = rng.integers(-3, 4, lanes)
        bias = np.maximum(bias, -(offset >> known)) if known else bias
        threshold = (1 << bits) + rng.integers(0, step, lanes)
        threshold = np.minimum(threshold, 32767)
        y = rng.integers(0, 1 << bits, (CELLS, lanes))
        y = np.where(
            rng.random(y.shape) < spiking, np.minimum(threshold + rng.integers(-3, 300, y.shape), 32767), y
        )
        y = np.where(rng.random(y.shape) < 0.01, -rng.integers(1, 30000, y.shape), y)
        stored = y - sum(y >> k for k in shifts) + sum(offset >> k for k in shifts) + bias
        spiked = y >= threshold
        want = np.where(spiked, bias + offset, stored).reshape(-1, 8)
        loud = ((y < 0) | (y >= 1 << bits)).reshape(-1, 8)
        all_undone = kernel == "sast_fire_2" or reset == "subtract"
        undone = (y < 0).reshape(-1, 8).any(1) | (loud.any(1) & all_undone)
        flags = [sum(1 << i for i in range(8) if lane[i]) for lane in spiked.reshape(-1, 8)]
        chosen = Lanes(bits, (), bool(known))
        masks = list(chosen.masks(tuple(shifts)))
        added = bias + sum(offset >> k for k in shifts) - sum(masks)
        table = [joined(added) if known else apart(added), *map(apart, (threshold, bias + offset, offset))]
        expected = np.where(undone[:, None], y.reshape(-1, 8), want).reshape(-1)
        for assembly, machine in zip((True, False), machines, strict=True):
            found, order = run_fire(machine, kernel, (apart if assembly else joined)(y.reshape(-1)), table,
                                    masks, shifts, bits, reset)  # fmt: skip
            assert order == [(i, 0x100 if undone[i] else f) for i, f in enumerate(flags) if undone[i] or f]
            assert found == (apart if assembly else joined)(expected).tolist()


def apart(lanes: np.ndarray) -> np.ndarray:
    """Words of two lanes as the assembly keeps them, each modulo 65536."""
    return (lanes[::2] & 0xFFFF | (lanes[1::2] & 0xFFFF) << 16).astype(np.uint32)


def joined(lanes: np.ndarray) -> np.ndarray:
    """The same as one integer, as plain C does."""
    return (lanes[::2] + (lanes[1::2] << 16) & 0xFFFFFFFF).astype(np.uint32)


def run_fire(machine, kernel, stored, table, masks, shifts, bits, reset):
    """Calls the kernel until it is through; membranes, and (block, flags) of every hit."""
    both, room = 0x10001, 3
    masks, shifts = [*masks, 0, 0], [*shifts, 0, 0]
    constants = [
        masks[0] * both,
        masks[1] * both,
        ((1 << bits) - 1) * both,
        BLOCKS << 8 | shifts[0],
        shifts[1],
        16 * BLOCKS if reset == "zero" else 0,
    ]
    constants_at = put(machine, np.concatenate(table))
    neuron = put(machine, np.array([*constants, constants_at, 0]))
    membranes, hits = put(machine, stored), put(machine, np.zeros(4 * room))
    run = put(machine, np.array([membranes, 0, shifts[0], CELLS, hits, hits + 16 * room, 0]))
    order, more = [], 1
    while more:
        machine.write(run + 16, hits.to_bytes(4, "little"))
        more = machine.call(kernel, run, neuron)
        for flags, end, after, cells in np.reshape(read(machine, hits, 4 * room), (-1, 4)).tolist()[
            : (read(machine, run, 5)[4] - hits) // 16
        ]:
            block = (end - membranes) // 16 - 1
            assert (after - constants_at, cells) == (16 * (block % BLOCKS + 1), CELLS - 1 - block // BLOCKS)
            order.append((block, flags))
    return read(machine, membranes, stored.size), order


@pytest.mark.needs("arm-none-eabi-gcc")
def test_a_step_stays_in_its_memory(tmp_path):
    """At the end of what is mapped, as at the end of a device's RAM."""
    model, core = smallest_read_out(), find_core("cortex-m4")
    build = export(model, tmp_path / "build")
    files = [path.relative_to(build).as_posix() for path in build.rglob("*.c")]
    machine = Machine(build_image(build, files, "a", core, "gcc"), core)
    size, context = memory(CPlan(model)).bytes, machine.allocate(64)
    place = machine.allocate(PAGE) + PAGE - size
    assert machine.call("sast_init", context, machine.image.symbols["a_model"], place, size) == 0
    assert machine.call("sast_push", context, 0, 0, 1) == 0
    assert machine.call("sast_step", context) == 0


# Of the random models of test_parity, enough to meet every narrow kernel, and all that they can be given.
SEEDS = range(16)


@pytest.mark.needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("seed", SEEDS)
def test_random_models(tmp_path, monkeypatch, seed):
    if seed % 2:
        with_idle_cells(monkeypatch)
    model = drawn_model(seed)
    folder = export(model, tmp_path / "build")
    report = verify_emulated(folder, binned(model, make_inputs(model, seed)), toolchain="gcc")
    assert report.first_mismatch is None
