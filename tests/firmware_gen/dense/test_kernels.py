"""The dense kernels give NumPy's bits on emulated cores, and NumPy those of plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from dense_random import random_network

from edge_sast.dense.network import Conv, Int8, Linear, MaxPool, Size, aligned, run
from edge_sast.dense.shapes import ConvShape, LinearShape, PoolShape
from firmware_gen.dense.program import DenseMachine
from firmware_gen.dense.tables import c_source

KINDS = (("cortex-m4", True), ("cortex-m4", False), ("cortex-m0", False))

# Odd counts of outputs and of quads, borders, strides, one-pixel kernels, left-over rows of a pool, channels from 2 on.
NETWORKS = {
    "padded": (Size(7, 5, 2), [ConvShape(6, 3, 1, 1), ConvShape(8, 3, 2, 1), PoolShape(), LinearShape(4)]),
    "strided": (Size(9, 9, 4), [ConvShape(4, 5, 4, 2), LinearShape(2)]),
    "pixel": (Size(3, 3, 6), [ConvShape(2, 1, 1, 0), ConvShape(4, 2, 1, 0), LinearShape(6)]),
    "pooled": (Size(11, 8, 4), [PoolShape(), ConvShape(12, 3, 1, 0), PoolShape(), LinearShape(10)]),
    "linear": (Size(1, 1, 20), [LinearShape(8), LinearShape(2)]),
}


def _frames(size: Size) -> list[Int8]:
    rng = np.random.default_rng(5)
    frames = [rng.integers(-128, 128, size).astype(np.int8) for _ in range(3)]
    return [*frames, np.full(size, -128, np.int8), np.full(size, 127, np.int8)]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("core", "dsp"), KINDS)
def test_the_kernels_give_the_bits_of_numpy(name: str, core: str, dsp: bool) -> None:
    network = random_network(*NETWORKS[name], seed=3)
    machine = DenseMachine(network, core, dsp)
    for frame in _frames(network.input):
        output, _ = machine.frame(frame)
        np.testing.assert_array_equal(output, run(network, frame))


@pytest.mark.needs("arm-none-eabi-gcc")
def test_both_compilers_give_the_same() -> None:
    network = random_network(*NETWORKS["padded"], seed=4)
    for dsp in (True, False):
        machine = DenseMachine(network, "cortex-m4", dsp, "gcc")
        for frame in _frames(network.input):
            np.testing.assert_array_equal(machine.frame(frame)[0], run(network, frame))


def test_the_multiplying_loop_takes_seventeen_instructions_for_sixteen_products() -> None:
    network = random_network(Size(6, 6, 8), [ConvShape(8, 3, 1, 0)], seed=1)
    _, counted = DenseMachine(network, "cortex-m4", dsp=True).frame(_frames(network.input)[0])
    calls, quads = 4 * 8, 18  # pairs of channels and of windows
    prologue, epilogue = 6, 3
    assert counted.instructions()["dense_dot"] == calls * (prologue + epilogue + quads * 17)


@pytest.mark.parametrize("dsp", [True, False])
def test_the_counts_do_not_depend_on_the_data(dsp: bool) -> None:
    network = random_network(*NETWORKS["padded"], seed=7)
    machine = DenseMachine(network, "cortex-m4", dsp)
    assert len({machine.frame(frame)[1].instructions().total() for frame in _frames(network.input)}) == 1


def test_numpy_gives_what_plain_loops_give() -> None:
    network = random_network(*NETWORKS["padded"], seed=6)
    for frame in _frames(network.input):
        x = frame.astype(int)
        for layer in network.layers:
            x = _slow(layer, x)
        np.testing.assert_array_equal(run(network, frame), x)


def _slow(layer: Conv | MaxPool | Linear, x: np.ndarray) -> np.ndarray:
    out = np.zeros(layer.output(Size(*x.shape)), int)
    for index in np.ndindex(out.shape):
        out[index] = _neuron(layer, x, *index)
    return out


def _neuron(layer: Conv | MaxPool | Linear, x: np.ndarray, row: int, column: int, channel: int) -> int:
    if isinstance(layer, MaxPool):
        return max(x[2 * row + i, 2 * column + j, channel] for i in (0, 1) for j in (0, 1))
    total = int(layer.bias[channel])
    if isinstance(layer, Linear):
        total += sum(int(w) * int(a) for w, a in zip(layer.weight[:, channel], x.ravel(), strict=True))
    else:
        kernel = len(layer.weight)
        for i, j, c in np.ndindex(kernel, kernel, x.shape[2]):
            y, z = row * layer.stride + i - layer.padding, column * layer.stride + j - layer.padding
            if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
                total += int(layer.weight[i, j, c, channel]) * int(x[y, z, c])
    scaled = (total * int(layer.multiplier[channel]) + 2**31) // 2**32
    return max(0 if layer.relu else -128, min(127, scaled))


def test_counts_of_channels_that_the_kernels_do_not_take_are_refused() -> None:
    network = random_network(Size(4, 4, 2), [ConvShape(3, 3), LinearShape(2)], seed=1)
    with pytest.raises(
        ValueError, match="Conv of 2 inputs and 3 outputs: the kernels take inputs in multiples"
    ):
        c_source(network, dsp=True)


@pytest.mark.parametrize("dsp", [True, False])
def test_channels_of_zeros_make_any_network_one_that_the_kernels_take(dsp: bool) -> None:
    shapes = [ConvShape(5, 3, 1, 1), ConvShape(7, 2), PoolShape(), LinearShape(9, relu=True), LinearShape(3)]
    network = random_network(Size(9, 7, 2), shapes, seed=2)
    grown = aligned(network)
    assert [size.channels for size in grown.sizes()] == [2, 6, 8, 8, 12, 4]
    machine = DenseMachine(grown, "cortex-m4", dsp)
    for frame in _frames(network.input):
        expected = run(network, frame)
        output, _ = machine.frame(frame)
        np.testing.assert_array_equal(output[..., :3], expected)
        np.testing.assert_array_equal(output[..., 3:], 0)


def test_frames_together_give_what_each_gives_alone() -> None:
    network = random_network(Size(6, 6, 2), [ConvShape(4, 3), PoolShape(), LinearShape(4)], seed=9)
    frames = np.random.default_rng(1).integers(-128, 128, (150, 6, 6, 2)).astype(np.int8)
    together = run(network, frames)
    for frame, found in zip(frames[::29], together[::29], strict=True):
        np.testing.assert_array_equal(run(network, frame), found)
