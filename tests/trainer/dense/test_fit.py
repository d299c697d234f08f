"""A CNN in training gives the device's integers, bit for bit, and the same seed the same network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_sast.dense import densefile
from edge_sast.dense.frames import frame_binning, frames_of
from edge_sast.dense.network import HIGH, LOW, Conv, Linear, MaxPool, Network, Size, run
from edge_sast.dense.shapes import ConvShape, LinearShape, PoolShape
from edge_sast.errors import CheckFailedError, EdgeSastError
from edge_sast.events.binned import BinnedEvents, BinnedRecording
from edge_sast.events.binning import Binning
from trainer.dense import fit as fitting
from trainer.dense.fit import fit
from trainer.dense.network import FloatNetwork, IntegerNetwork, Integers, _layer
from trainer.dense.settings import DenseSettings, shapes_of_text

SIZE = Size(9, 7, 2)
NETWORKS = {
    "conv": [ConvShape(5, 3, 1, 1), PoolShape(), ConvShape(6, 2, 2, 0), LinearShape(3)],
    "strided": [ConvShape(4, 5, 4, 2), LinearShape(7, relu=True), LinearShape(4)],
    "linear": [LinearShape(3)],
    "wide": [
        ConvShape(40, 5, 1, 2),
        ConvShape(4, 5, 1, 2),
        LinearShape(2),
    ],  # beyond what float32 adds exactly
}
QUICK = DenseSettings(epochs=8, qat_epochs=2, batch_size=16, augment_shift=0)


def counts(seed: int, number: int) -> np.ndarray:
    """Frames with few and with many events, up to 127 of a pixel."""
    rng = np.random.default_rng(seed)
    return np.minimum(rng.gamma(0.5, 40, (number, *SIZE)), HIGH).astype(np.int8)


def tensor(frames: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(frames.astype(np.float32)).permute(0, 3, 1, 2)


def network(name: str, seed: int) -> IntegerNetwork:
    """Random floats, batch norm's statistics too, in integers."""
    torch.manual_seed(seed)
    floats = FloatNetwork(SIZE, NETWORKS[name])
    for key, value in floats.state_dict().items():
        if value.dtype.is_floating_point and ("norms" in key or key == "bias"):
            value.uniform_(0.2, 2.0)
    floats.eval()
    return IntegerNetwork(floats, tensor(counts(seed, 20)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_training_sees_the_device_s_integers(name: str, seed: int) -> None:
    twin = network(name, seed)
    frames = np.concatenate(
        [counts(9, 20), np.full((1, *SIZE), HIGH, np.int8), np.zeros((1, *SIZE), np.int8)]
    )
    scores = twin(tensor(frames)).detach()
    device = run(twin.network(), frames).reshape(len(frames), -1)
    np.testing.assert_array_equal(scores.numpy(), device)
    assert len(np.unique(device)) > 5
    logits = twin.logits(twin(tensor(frames)))
    logits.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in twin.parameters())


def test_sums_that_float32_cannot_hold() -> None:
    """An odd sum above 2^24, so scaled that the even one below it, or above it, gives another score."""
    taps, halves = 1201, [half * 2**31 for half in range(1, 2 * HIGH, 2)]
    product = HIGH * HIGH * taps
    assert product > 1 << 24
    sums = range(product, product + (1 << 17), 2)
    below = next((s, m) for s in sums for half in halves if (m := -(-half // s)) * (s - 1) < half)
    above = next((s, m) for s in sums for half in halves if (m := (half - 1) // s) * (s + 1) >= half)
    biases, multipliers = np.array([below, above]).T - [[product], [0]]
    weight = np.full((taps, 2), HIGH, np.int8)
    device = Linear(weight, biases.astype(np.int32), multipliers.astype(np.int32))
    values = Integers(
        torch.full((2, taps), HIGH, dtype=torch.float64),
        torch.from_numpy(biases).double(),
        torch.from_numpy(multipliers),
    )
    found = _layer(LinearShape(2), torch.full((1, taps), HIGH, dtype=torch.float64), values, LOW)
    frame = np.full((1, 1, taps), HIGH, np.int8)
    np.testing.assert_array_equal(found.numpy(), run(Network(Size(1, 1, taps), (device,)), frame)[0])


def test_integers_stand_for_the_floats_they_come_from() -> None:
    torch.manual_seed(4)
    floats = FloatNetwork(SIZE, NETWORKS["conv"]).eval()
    frames = counts(3, 40)
    twin = IntegerNetwork(floats, tensor(frames))
    expected, found = floats(tensor(frames)).detach(), twin.logits(twin(tensor(frames))).detach()
    assert float((expected - found).abs().max()) < 0.06 * float(expected.abs().max())


def striped(number: int, classes: int = 2, seed: int = 0) -> BinnedEvents:
    """Upright and level bars, which a CNN tells apart at once."""
    rng = np.random.default_rng(seed)
    grid = frame_binning(Binning(SIZE.width, SIZE.height, 0, 1000, 5, 1))
    rows, labels = [], np.arange(number) % classes
    for label in labels:
        frame = np.zeros(SIZE, np.uint8)
        place = rng.integers(2, 5)
        frame[(slice(None), place) if label else (place, slice(None))] = rng.integers(1, 90)
        indices = np.flatnonzero(frame).astype(np.int32)
        rows.append(BinnedRecording(indices, frame.ravel()[indices], np.array([0, len(indices)]), 0))
    names = tuple("abc"[:classes])
    return BinnedEvents.of_rows(grid, rows, labels.astype(np.int64), names, [str(i) for i in range(number)])


def test_it_learns_and_the_same_seed_gives_the_same_file() -> None:
    data = striped(320)
    found = fit(data, [*NETWORKS["conv"][:-1], LinearShape(2)], QUICK, quiet=True)
    assert (found.predict(frames_of(striped(100, seed=5))) == striped(100, seed=5).labels).mean() > 0.9
    assert [type(layer) for layer in found.network.layers[:2]] == [Conv, MaxPool]
    again = fit(data, [*NETWORKS["conv"][:-1], LinearShape(2)], QUICK, quiet=True)
    assert densefile.dumps(again) == densefile.dumps(found)
    other = fit(data, [*NETWORKS["conv"][:-1], LinearShape(2)], replace(QUICK, seed=1), quiet=True)
    assert densefile.dumps(other) != densefile.dumps(found)
    assert found.trained["seed"] == 0
    assert found.trained["data"] == data.digest()


def test_integers_that_answer_otherwise_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(device: Network, frames: np.ndarray) -> np.ndarray:
        return np.clip(run(device, frames).astype(int) + 1, LOW, HIGH).astype(np.int8)

    monkeypatch.setattr(fitting, "run", shifted)
    with pytest.raises(CheckFailedError, match="differ on 40 of 40 frames; this is a defect of edge-sast"):
        fit(striped(40), [LinearShape(2)], replace(QUICK, epochs=1, qat_epochs=0), quiet=True)


def test_layers_as_text() -> None:
    found = shapes_of_text("8c5s2p2-or2-fc12-out", 3)
    assert found == (ConvShape(8, 5, 2, 2), PoolShape(), LinearShape(12, relu=True), LinearShape(3))
    assert shapes_of_text("count", 3) == (LinearShape(3),)


@pytest.mark.parametrize("token", ["sum2", "or3", "rec8", "8c3g2", "8c3p1r"])
def test_layers_that_the_kernels_lack(token: str) -> None:
    with pytest.raises(
        EdgeSastError, match=f"--arch: token '{token}' is a layer that the dense kernels lack; use NcK"
    ):
        shapes_of_text(f"{token}-out", 3)


def test_numbers_that_cannot_be() -> None:
    with pytest.raises(EdgeSastError, match="--epochs is 0; it must be 1 or more"):
        DenseSettings(epochs=0)
    with pytest.raises(EdgeSastError, match="--qat-epochs is -1; it must be 0 or more"):
        DenseSettings(qat_epochs=-1)
