"""The file of a dense CNN: the same bytes for the same network, and one line for what is damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from dense_random import random_network

from edge_sast.dense import densefile
from edge_sast.dense.densefile import DenseModel
from edge_sast.dense.frames import frame_binning
from edge_sast.dense.network import Conv, Linear, MaxPool, Network, Size, run
from edge_sast.dense.shapes import ConvShape, LinearShape, PoolShape, shapes_of
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import MAX_DT_US, Binning
from edge_sast.model.layers import Conv2d, Flatten, Integrator, Lif, OrPool, SumPool
from edge_sast.model.layers import Linear as SpikingLinear
from edge_sast.model.model import Model

BINNING = Binning(10, 8, 0, 500, 6, 1)
SHAPES = [ConvShape(4, 3, 2, 1), PoolShape(), LinearShape(8, relu=True), LinearShape(3)]


@pytest.fixture
def model() -> DenseModel:
    network = random_network(Size(8, 10, 2), SHAPES, 5)
    return DenseModel(frame_binning(BINNING), network, ("a", "b", "c"), "tests", {"seed": 3})


def test_it_comes_back_as_it_was(model: DenseModel, tmp_path: Path) -> None:
    densefile.save(model, tmp_path / "dense")
    found = densefile.load(tmp_path / "dense")
    assert densefile.dumps(found) == densefile.dumps(model) == (tmp_path / "dense").read_bytes()
    assert (found.binning, found.classes, found.trained) == (model.binning, model.classes, {"seed": 3})
    frames = np.random.default_rng(1).integers(0, 128, (9, 8, 10, 2)).astype(np.int8)
    np.testing.assert_array_equal(run(found.network, frames), run(model.network, frames))
    assert found.predict(frames).tolist() == [int(run(model.network, f).ravel().argmax()) for f in frames]


def changed(data: bytes, change) -> bytes:
    """The file with another document and other tensors, its hash made anew where `change` leaves it None."""
    with_header = safetensors.numpy.load(data)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    document = json.loads(header["__metadata__"][densefile.METADATA_KEY])
    change(document, with_header)
    document["hash"] = document["hash"] or densefile._hash(document, with_header)
    metadata = {densefile.METADATA_KEY: json.dumps(document)}
    return safetensors.numpy.save(with_header, metadata=metadata)


def put(**values):
    def change(document, _tensors):
        document |= {"hash": None, **values}

    return change


def put_layer(index: int, **values):
    def change(document, _tensors):
        document["hash"] = None
        document["layers"][index] |= values

    return change


def put_tensor(name: str, make):
    def change(document, tensors):
        document["hash"] = None
        tensors[name] = make(tensors.get(name))

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(format="x"), "format is not 'edge-sast-dense'"),
        (put(format_version=2), "format_version is 2; this edge-sast reads 1"),
        (lambda _, t: t["layers.0.weight"].__setitem__((0, 0, 0, 0), 99), "hash does not match its content"),
        (put(classes=["a", "b"]), "2 classes, outputs are [1, 1, 3]"),
        (put(classes=[1, 2, 3]), "classes must be a list of names"),
        (put(more=1), "file: must hold classes, format,"),
        (put(input={"sensor_width": 10}), "input: must hold"),
        (put(layers=[]), "tensor 'layers.0.bias' belongs to no layer"),
        (put_layer(0, stride=0), "layers[0]: conv2d: stride is 0; it must be 1 to 255"),
        (put_layer(0, padding=3), "layers[0]: conv2d: padding is 3; it must be 0 to 2"),
        (put_layer(0, relu=1), "layers[0]: relu is 1; it must be bool"),
        (
            put_layer(1, kind="avg_pool"),
            "layers[1]: kind is 'avg_pool'; this edge-sast knows conv2d, max_pool, linear",
        ),
        (
            put_tensor("layers.3.bias", lambda x: x.astype(np.int64)),
            "layers[3]: linear: bias is int64; it must be",
        ),
        (put_tensor("layers.3.bias", lambda x: x[:2]), "layers[3]: linear: bias is [2]; it must be [3]"),
        (put_tensor("layers.3.multiplier", lambda x: -x), "layers[3]: linear: multiplier holds -"),
        (put_tensor("layers.3.bias", lambda x: x + 2_147_400_000), "layers[3]: linear: sums reach 2147"),
        (put_tensor("layers.3.weight", lambda x: x[:4]), "linear: takes 4 inputs, gets 8; train it again"),
        (
            put_tensor("layers.9.weight", lambda _: np.zeros(1, np.int8)),
            "tensor 'layers.9.weight' belongs to no layer",
        ),
    ],
)
def test_what_is_damaged_is_told_in_a_line(model: DenseModel, tmp_path: Path, change, told: str) -> None:
    (tmp_path / "dense").write_bytes(changed(densefile.dumps(model), change))
    with pytest.raises(EdgeSastError) as caught:
        densefile.load(tmp_path / "dense")
    assert f"{tmp_path}/dense: {told}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no such thing at all")
    with pytest.raises(EdgeSastError, match="not a readable file"):
        densefile.load(tmp_path / "x")
    with pytest.raises(EdgeSastError, match="not a dense network of edge-sast; make one with"):
        densefile.load("examples/digits-int8.safetensors")


def test_a_recording_longer_than_a_frame() -> None:
    with pytest.raises(
        EdgeSastError, match="2 steps of 2147483647 µs are 4294967294 µs, a frame takes at most"
    ):
        frame_binning(Binning(4, 4, 0, MAX_DT_US, 2, 1))


def test_layers_that_do_not_follow_one_another() -> None:
    rows = np.zeros(2, np.int32)
    conv = Conv(np.zeros((3, 3, 2, 2), np.int8), rows, rows)
    with pytest.raises(EdgeSastError, match="conv2d: kernel 3 on 2x2"):
        Network(Size(2, 2, 2), (conv,))
    with pytest.raises(EdgeSastError, match="max_pool: 2x2 on 1x4; pool less"):
        Network(Size(1, 4, 2), (MaxPool(),))
    with pytest.raises(EdgeSastError, match="linear: takes 5 inputs, gets 8"):
        Network(Size(2, 2, 2), (Linear(np.zeros((5, 2), np.int8), rows, rows),))


def spiking(*layers) -> Model:
    return Model(BINNING, layers, ("a", "b"), "tests")


def test_a_spiking_networks_shapes() -> None:
    zeros = np.zeros(4, int)
    lif = Lif(np.full(4, 9), zeros, zeros, (3,), "zero", 12)
    two = np.zeros(2, int)
    conv = Conv2d(np.ones((3, 3, 2, 4), int), 8, lif, stride=(1, 1), padding=(1, 1))
    end = Integrator(two, two, (), 20)
    whole = spiking(conv, OrPool(2), Flatten(), SpikingLinear(np.ones((80, 2), int), 8, end))
    assert shapes_of(whole) == (ConvShape(4, 3, 1, 1), PoolShape(), LinearShape(2))
    summed = spiking(conv, SumPool(2), Flatten(), SpikingLinear(np.ones((80, 2), int), 8, end))
    with pytest.raises(
        EdgeSastError, match=r"layers\[1\]: is sum_pool, which the dense kernels lack .* --arch"
    ):
        shapes_of(summed)
    wide = spiking(conv, OrPool(4), Flatten(), SpikingLinear(np.ones((16, 2), int), 8, end))
    with pytest.raises(EdgeSastError, match=r"layers\[1\]: is or_pool of 4, which the dense kernels lack"):
        shapes_of(wide)
