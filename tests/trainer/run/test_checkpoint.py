import json
from dataclasses import asdict

import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.settings.config import TrainConfig

CONFIG = TrainConfig(data="x", arch="4c3-out", dt_us=1000, steps=3, epochs=1)
BINNING = Binning(8, 8, 0, 1000, 3, 1)
CLASSES = ("a", "b")


@pytest.fixture
def folder(tmp_path):
    network = Network(CONFIG.network(BINNING, 2))
    standing = checkpoint.Standing(CONFIG, BINNING, CLASSES, "digest of the data", 1)
    checkpoint.save(tmp_path, standing, network, torch.optim.Adam(network.parameters()), {})
    return tmp_path


def rewrite(folder, change):
    """Save the checkpoint again with its document changed."""
    file = folder / checkpoint.FILE_NAME
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    document = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][checkpoint.METADATA_KEY])
    change(document)
    tensors = safetensors.torch.load(data)
    document.pop("sha256", None)
    document["sha256"] = checkpoint._digest(document, tensors)
    metadata = {checkpoint.METADATA_KEY: json.dumps(document)}
    file.write_bytes(safetensors.torch.save(tensors, metadata))


def test_round_trip(folder):
    loaded = checkpoint.load(folder)
    assert (loaded.config, loaded.binning, loaded.classes, loaded.epoch) == (CONFIG, BINNING, CLASSES, 1)
    assert loaded.data == "digest of the data"
    network = loaded.network()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, loaded.tensors[f"network.{name}"])
    assert not network.training


def test_another_architecture_is_named(folder):
    rewrite(folder, lambda d: d["config"].update(arch="6c3-out"))
    with pytest.raises(
        EdgeSastError, match=r"shape \[4, 2, 3, 3\], the architecture asks for \[6, 2, 3, 3\]"
    ):
        checkpoint.load(folder).network()
    rewrite(folder, lambda d: d["config"].update(arch="4c3-fc2-out"))
    with pytest.raises(
        EdgeSastError,
        match=r"parameter 'layers.*' is (missing|unknown): a checkpoint of another architecture",
    ):
        checkpoint.load(folder).network()


def test_newer_version_and_unknown_setting_are_refused(folder):
    rewrite(folder, lambda d: d.update(format_version=2))
    with pytest.raises(EdgeSastError, match=r"version 2; this edge-sast reads edge-sast-checkpoint 1"):
        checkpoint.load(folder)
    rewrite(folder, lambda d: (d.update(format_version=1), d["config"].update(momentum=1)))
    with pytest.raises(EdgeSastError, match=r"setting 'momentum' is unknown"):
        checkpoint.load(folder)


def test_older_checkpoints_do_not_say_what_lay_beside_the_training_part(folder):
    rewrite(folder, lambda d: (d.pop("valid"), d.pop("init")))
    stored = checkpoint.load(folder)
    assert (stored.data, stored.valid, stored.init) == ("digest of the data", "", "")


def test_older_checkpoints_have_no_layers_as_data(folder):
    rewrite(folder, lambda d: (d["config"].pop("layers"), d["config"].pop("imported")))
    stored = checkpoint.load(folder)
    assert (stored.config, stored.config.layers) == (CONFIG, None)
    assert stored.network().settings.arch == CONFIG.arch


@pytest.mark.parametrize("field", ["config", "binning", "classes", "data", "epoch"])
def test_a_missing_field_is_named(folder, field):
    rewrite(folder, lambda d: d.pop(field))
    with pytest.raises(EdgeSastError, match=rf"field '{field}' is missing: of another version; train again$"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("norm.running_var", -1.0, "-1.0"), ("weight", float("nan"), "nan"), ("weight", float("inf"), "inf")],
)
def test_numbers_that_no_training_leaves_are_named(folder, name, value, told):
    stored = checkpoint.load(folder)
    network = stored.network()
    found = next(key for key in network.state_dict() if key.endswith(name))
    network.state_dict()[found].view(-1)[0] = value
    optimiser = torch.optim.Adam(network.parameters())
    standing = checkpoint.Standing(CONFIG, BINNING, CLASSES, "digest of the data", 1)
    checkpoint.save(folder, standing, network, optimiser, {})
    with pytest.raises(EdgeSastError, match=rf"'{found}' holds {told}: damaged; train again"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epoch", "1", "epoch is '1'; it must be 0 to 4"),
        ("epoch", -1, "epoch is -1; it must be 0 to 4"),
        ("epoch", 999, "epoch is 999; it must be 0 to 4"),
        ("binning", {"other": 1}, "config or binning are of another version"),
        ("binning", {**asdict(BINNING), "shift": 9}, "checkpoint.safetensors: binning: shift"),
        ("config", [], "config or binning are of another version"),
        ("config", {**asdict(CONFIG), "dt_us": "1"}, "config or binning are of another version"),
        ("config", {**asdict(CONFIG), "epochs": -1}, "checkpoint.safetensors: --epochs is -1"),
        ("classes", 3, "classes are 3; they must be a list of names"),
        ("classes", "ab", "classes are 'ab'; they must be a list of names"),
    ],
)
def test_fields_of_another_kind_are_named(folder, field, value, message):
    rewrite(folder, lambda document: document.update({field: value}))
    with pytest.raises(EdgeSastError, match=message):
        checkpoint.load(folder)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(EdgeSastError, match=r"cannot read: No such file"):
        checkpoint.load(tmp_path)
    file = tmp_path / checkpoint.FILE_NAME
    file.write_bytes(safetensors.torch.save({"a": torch.zeros(1)}))
    with pytest.raises(EdgeSastError, match=r"not a checkpoint of edge-sast"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda text: text.replace('"network.', '"network.a":1,"network.a":1,"network.', 1),
            "'network.a' stands twice",
        ),
        (lambda text: text.replace('\\"epoch\\"', '\\"epoch\\": 0, \\"epoch\\"', 1), "'epoch' stands twice"),
        (lambda _: '{"a":' * 100_000, "recursion"),
    ],
)
def test_a_header_that_could_mean_two_things(folder, change, told):
    file = folder / checkpoint.FILE_NAME
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = change(data[8 : 8 + length].decode()).encode()
    file.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + length :])
    with pytest.raises(
        EdgeSastError, match=rf": damaged checkpoint \(.*{told}.*\); train again or restore a copy$"
    ):
        checkpoint.load(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans())
def test_damage_never_ends_in_anything_but_one_line(folder, at, byte, cut):
    file = folder / checkpoint.FILE_NAME
    data = bytearray(file.read_bytes())
    try:
        i = min(int(at * len(data)), len(data) - 1)
        damaged = bytes(data[:i]) if cut else bytes(data[:i] + bytes([byte]) + data[i + 1 :])
        file.write_bytes(damaged)
        if damaged != bytes(data):
            with pytest.raises(EdgeSastError, match=r"^[^\n]+$"):
                checkpoint.load(folder)
    finally:
        file.write_bytes(bytes(data))
