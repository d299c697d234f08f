"""The model file: the same bytes every time, and nothing but a model or one line of refusal on reading."""

import hashlib
import json
import re
import struct

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model import modelfile
from edge_sast.model.layers import Conv2d, Flatten, OrPool
from edge_sast.model.model import Model
from tests.model.test_layers import integrator, lif, linear, recurrent
from tests.strategies import models, random_model


def small_model() -> Model:
    """One layer of every kind but sum_pool, and both neurons."""
    conv = Conv2d(np.arange(-4, 4).reshape(2, 2, 2, 1), 4, lif(1), stride=(1, 2), padding=(1, 1))
    layers = (
        conv,
        OrPool(2),
        Flatten(),
        recurrent(weight=np.ones((1, 2), int)),
        linear((2, 2), neuron=integrator()),
    )
    return Model(Binning(3, 2, 0, 1000, 4, 2), layers, ("left", "rechts ü"), "a test")


def parts(data: bytes) -> tuple[dict, dict]:
    """Document and tensors of a model file."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    return json.loads(header["__metadata__"]["edge_sast_model"]), safetensors.numpy.load(data)


BF16 = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'


def rebuilt(document: object, tensors: dict) -> bytes:
    return safetensors.numpy.save(tensors, metadata={"edge_sast_model": json.dumps(document)})


def test_a_huge_value_makes_a_short_message():
    document, tensors = parts(modelfile.dumps(small_model()))
    document["layers"][0]["groups"] = [{"x": "y" * 10_000}] * 1000
    with pytest.raises(
        EdgeSastError, match=r"layers\[0\]: conv2d: groups is \[.*\]; it must be int$"
    ) as error:
        modelfile.loads(rebuilt(document, tensors))
    assert len(str(error.value)) < 1000


@settings(max_examples=60, deadline=None)
@given(models())
def test_round_trip_gives_the_same_bytes(model):
    data = modelfile.dumps(model)
    again = modelfile.loads(data)
    assert modelfile.dumps(again) == data
    assert again.binning == model.binning
    assert again.classes == model.classes
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]


def test_save_and_load(tmp_path):
    model = small_model()
    modelfile.save(model, tmp_path / "deep" / "model.safetensors")
    again = modelfile.load(tmp_path / "deep" / "model.safetensors")
    assert modelfile.model_hash(again) == modelfile.model_hash(model)
    assert again.producer == "a test"


def test_hash_as_the_documentation_says():
    document, tensors = parts(modelfile.dumps(small_model()))
    found = document.pop("hash")
    document.pop("producer")
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")
    for name in sorted(tensors):
        tensor = tensors[name]
        shape = ",".join(map(str, tensor.shape))
        data += b"\0".join([b"", name.encode(), tensor.dtype.name.encode(), shape.encode(), tensor.tobytes()])
    assert found == hashlib.sha256(data).hexdigest() == modelfile.model_hash(small_model())


def test_producer_is_not_part_of_the_hash():
    document, tensors = parts(modelfile.dumps(small_model()))
    again = modelfile.loads(rebuilt(document | {"producer": "another"}, tensors))
    assert modelfile.model_hash(again) == document["hash"]


def edit(*path_and_value):
    """A change of one entry of the document: keys, then the new value."""

    def change(document, _tensors):
        *path, last, value = path_and_value
        place = document
        for key in path:
            place = place[key]
        place[last] = value

    return change


def drop(*path):
    def change(document, _tensors):
        place = document
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return change


def tensor(name, value):
    def change(_document, tensors):
        if value is None:
            del tensors[name]
        else:
            tensors[name] = value

    return change


REFUSALS = [
    (edit("format", "other"), "format is not 'edge-sast-model'; this is not a model file"),
    (
        edit("format_version", 2),
        "format_version is 2; this edge-sast reads 1: install the edge-sast that wrote the file, "
        "or export the model again",
    ),
    (
        edit("format_version", True),
        "format_version is True; this edge-sast reads 1: install the edge-sast that wrote the file, "
        "or export the model again",
    ),
    (drop("classes"), "model: field 'classes' is missing; export the model again"),
    (edit("extra", 1), "model: field 'extra' is unknown; export the model again"),
    (edit("producer", 3), "model: producer is 3; it must be str"),
    (edit("classes", [1, 2]), "classes is [1, 2]; it must be a list of names"),
    (edit("input", []), "model: input is []; it must be dict"),
    (edit("input", "dt_us", 1.5), "input: dt_us is 1.5; it must be int"),
    (edit("input", "dt_us", True), "input: dt_us is True; it must be int"),
    (edit("input", "sensor_width", 0), "input: sensor_width is 0; it must be 1 to 65536"),
    (edit("input", "sensor_height", 65_537), "input: sensor_height is 65537; it must be 1 to 65536"),
    (edit("input", "shift", 8), "input: shift=8 is out of range; choose a whole number 0..7"),
    (
        edit("input", "sensor_height", 65_536),
        "input: 3x65536 pixels are left by shift=0; at most 65535 per side and 8388608 in all fit: raise shift",
    ),
    (drop("input", "steps"), "input: field 'steps' is missing; export the model again"),
    (edit("input", "unit", 1), "input: field 'unit' is unknown; export the model again"),
    (edit("layers", {}), "model: layers is {}; it must be list"),
    (
        edit("layers", 0, "kind", "conv3d"),
        "layers[0]: kind is 'conv3d'; this edge-sast knows conv2d, linear, recurrent_linear, or_pool, "
        "sum_pool, flatten",
    ),
    (
        edit("layers", 0, None),
        "layers[0]: kind is None; this edge-sast knows conv2d, linear, recurrent_linear, or_pool, "
        "sum_pool, flatten",
    ),
    (
        edit("layers", 0, "dilation", 2),
        "layers[0]: conv2d: field 'dilation' is unknown; export the model again",
    ),
    (drop("layers", 0, "groups"), "layers[0]: conv2d: field 'groups' is missing; export the model again"),
    (
        edit("layers", 0, "stride", [1, "2"]),
        "layers[0]: conv2d: stride is [1, '2']; it must be a list of integers",
    ),
    (
        edit("layers", 0, "stride", [1]),
        "layers[0]: conv2d: stride is (1,); it must be two numbers (rows, columns) of 1 to 255",
    ),
    (edit("layers", 0, "bits", 9), "layers[0]: conv2d: bits is 9; it must be 1 to 8"),
    (
        edit("layers", 0, "neuron", "kind", "alif"),
        "layers[0]: neuron: kind is 'alif'; this edge-sast knows lif, integrator",
    ),
    (
        edit("layers", 0, "neuron", "tau", 2),
        "layers[0]: neuron: field 'tau' is unknown; export the model again",
    ),
    (
        edit("layers", 0, "neuron", "leak_shifts", [True]),
        "layers[0]: neuron: leak_shifts is [True]; it must be a list of integers",
    ),
    (
        edit("layers", 0, "neuron", "reset", "half"),
        "layers[0]: lif: reset is 'half'; it must be 'zero' or 'subtract'",
    ),
    (edit("layers", 1, "size", 0), "layers[1]: or_pool: size is 0; it must be 1 to 255"),
    (edit("layers", 1, "size", "2"), "layers[1]: or_pool: size is '2'; it must be int"),
    (edit("layers", 2, "size", 2), "layers[2]: flatten: field 'size' is unknown; export the model again"),
    (
        tensor("layers.0.weight", None),
        "layers[0]: tensor 'layers.0.weight' is missing; export the model again",
    ),
    (
        tensor("layers.1.weight", np.ones(1, np.int8)),
        "tensor 'layers.1.weight' belongs to no layer; export the model again",
    ),
    (
        tensor("layers.0.bias", np.ones(1, np.int16)),
        "layers[0]: tensor 'layers.0.bias' is int16; it must be int32",
    ),
    (
        tensor("layers.0.amount", np.full(2, 3, np.int8)),
        "layers[0]: tensor 'layers.0.amount' is int8; it must be int32",
    ),
    (
        tensor("layers.0.amount", np.full(2, 3, np.int32)),
        "layers[0]: lif: amount is given and reset is 'zero', which takes off all there is; "
        "leave amount out, or reset by 'subtract'",
    ),
    (
        tensor("layers.4.weight", np.full((2, 2), 9, np.int8)),
        "layers[4]: linear: weights 9 to 9 are outside -8 to 7 (4 bits)",
    ),
]


@pytest.mark.parametrize(("change", "message"), REFUSALS)
def test_refusals(change, message):
    document, tensors = parts(modelfile.dumps(small_model()))
    change(document, tensors)
    with pytest.raises(EdgeSastError, match=f"^here: {re.escape(message)}$"):
        modelfile.loads(rebuilt(document, tensors), "here")


def with_header(change):
    """A good file with the text of its header changed."""
    data = modelfile.dumps(small_model())
    length = struct.unpack("<Q", data[:8])[0]
    header = change(data[8 : 8 + length].decode()).encode()
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


BIAS = re.search(r'"layers\.0\.bias":\{[^}]*\}', with_header(str).decode(errors="replace")).group()
DOUBLES = [  # what other readers of safetensors would take the first or the last of
    (lambda text: text.replace('"__metadata__":{', '"__metadata__":{},"__metadata__":{', 1), "__metadata__"),
    (
        lambda text: text.replace('"__metadata__":{', '"__metadata__":{"edge_sast_model":"{}",', 1),
        "edge_sast_model",
    ),
    (lambda text: text.replace(BIAS, f"{BIAS},{BIAS}"), "layers.0.bias"),
    (lambda text: text.replace(BIAS, BIAS.replace("{", '{"dtype":"I8",')), "dtype"),
    (lambda text: text.replace('\\"format\\"', '\\"hash\\":\\"\\",\\"format\\"', 1), "hash"),
    (lambda text: text.replace('\\"bits\\"', '\\"bits\\":1,\\"bits\\"', 1), "bits"),
]


@pytest.mark.parametrize(("change", "name"), DOUBLES, ids=[name for _, name in DOUBLES])
def test_refuses_a_name_that_stands_twice(change, name):
    data = with_header(change)
    assert data != modelfile.dumps(small_model())
    message = (
        rf"^model: not a readable model file \('{name}' stands twice in one object\); export the model again$"
    )
    with pytest.raises(EdgeSastError, match=message):
        modelfile.loads(data)


def test_refuses_a_second_entry_of_metadata():
    data = with_header(lambda text: text.replace('"__metadata__":{', '"__metadata__":{"made by":"hand",', 1))
    message = r"^model: metadata has 'made by' beside 'edge_sast_model'; export the model again$"
    with pytest.raises(EdgeSastError, match=message):
        modelfile.loads(data)


@pytest.mark.parametrize("hash_", ["", "0" * 63, "A" * 64, "\x1b[2J" + "0" * 60, "0" * 10_000])
def test_refuses_what_is_no_hash(hash_):
    document, tensors = parts(modelfile.dumps(small_model()))
    document["hash"] = hash_
    message = (
        r"^model: hash is '[ -~]{0,90}'; it must be 64 hexadecimal digits, a to f in lower case: export the "
    )
    with pytest.raises(EdgeSastError, match=message):
        modelfile.loads(rebuilt(document, tensors))


def test_refuses_a_changed_weight():
    document, tensors = parts(modelfile.dumps(small_model()))
    tensors["layers.4.weight"] = np.zeros((2, 2), np.int8)
    with pytest.raises(
        EdgeSastError, match=r"^model: hash is \w{16}, its content gives \w{16}: the file was changed"
    ):
        modelfile.loads(rebuilt(document, tensors))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"",
            "not a readable model file (it has 0 bytes, its header's length alone takes 8); export the model again",
        ),
        (
            struct.pack("<Q", 3) + b"{}",
            "not a readable model file (its header takes 3 bytes, at most 2 are possible); export the model again",
        ),
        (
            struct.pack("<Q", (1 << 64) - 1) + b"{}",
            "not a readable model file (its header takes 18446744073709551615 bytes, at most 2 are possible); export "
            "the model again",
        ),
        (
            struct.pack("<Q", 2) + b"[]",
            "not a readable model file (its header is no JSON object); export the model again",
        ),
        (
            struct.pack("<Q", 3) + b" {}",
            "not a readable model file (its header is no JSON object); export the model again",
        ),
        (
            struct.pack("<Q", 20) + b'{"__metadata__":"a"}',
            "not a readable model file (__metadata__ is no JSON object); export the model again",
        ),
        (
            safetensors.numpy.save({"a": np.zeros(2, np.int8)}),
            "metadata has no 'edge_sast_model'; this is not a model file: make one with 'edge-sast export'",
        ),
        (
            struct.pack("<Q", len(BF16)) + BF16 + b"\0\0",
            "a tensor has dtype 'BF16', which no model has; this is not a model file: make one with 'edge-sast export'",
        ),
    ],
)
def test_refuses_other_files(data, message):
    with pytest.raises(EdgeSastError, match=f"^model: {re.escape(message)}$"):
        modelfile.loads(data)


@pytest.mark.parametrize("size", [0, 8, 100, -1])
def test_a_cut_file_is_still_one_of_a_model(tmp_path, size):
    """So that its message says what a model file's says, where a checkpoint would do too."""
    path, data = tmp_path / "a", modelfile.dumps(small_model())
    path.write_bytes(data[:size])
    assert modelfile.is_model_file(path) == (size not in (0, 8))
    path.write_bytes(data)
    assert modelfile.is_model_file(path)
    assert not modelfile.is_model_file(tmp_path)


def test_refuses_a_missing_file(tmp_path):
    message = "no: cannot read: No such file or directory; check the path and its permissions"
    with pytest.raises(EdgeSastError, match=f"/{message}$"):
        modelfile.load(tmp_path / "no")


def outcome(data: bytes, valid: bytes) -> None:
    """A damaged file is either the same model after all, or refused in one line."""
    try:
        model = modelfile.loads(data)
    except EdgeSastError as error:
        lines = str(error).count("\n") + 1
    else:
        lines = 1
        # Only the producer and the JSON's spelling lie outside the hash.
        assert modelfile.model_hash(model) == modelfile.model_hash(modelfile.loads(valid))
    assert lines == 1


VALID = modelfile.dumps(small_model())


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(1, 255)), min_size=1, max_size=4))
def test_flipped_bytes(flips):
    data = bytearray(VALID)
    for place, mask in flips:
        data[place] ^= mask
    outcome(bytes(data), VALID)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(VALID)), st.binary(max_size=20))
def test_truncated_and_extended_files(length, tail):
    outcome(VALID[:length] + tail, VALID)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=5,
)


def places(document: object, path: tuple = ()) -> list[tuple]:
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for key, value in entries:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_anywhere_in_the_document(data):
    document, tensors = parts(VALID)
    edit(*data.draw(st.sampled_from(places(document))), data.draw(values))(document, tensors)
    outcome(rebuilt(document, tensors), VALID)


def test_seeded_models_are_reproducible():
    first, second = (modelfile.dumps(random_model(np.random.default_rng(5))) for _ in range(2))
    assert first == second
