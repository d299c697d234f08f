"""Our own models to NIR and back: the same to the bit, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.exchange import nir_file
from edge_sast.exchange.nir_own import is_own, read_own
from edge_sast.exchange.nir_write import write_model
from edge_sast.exchange.readers import READERS, reader
from edge_sast.model.modelfile import dumps
from tests.strategies import random_model

pytest.importorskip("h5py", reason="NIR needs h5py: pip install 'edge-sast[hdf5]'")


@pytest.mark.parametrize("tool", [None, *READERS])
def test_random_models_come_back_to_the_bit(tool, tmp_path):
    rng = np.random.default_rng(7)
    same, refused = 0, []
    while same < (200 if tool is None else 30):
        model = random_model(rng)
        try:
            graph = write_model(model, reader(tool))
        except EdgeSastError as error:
            refused.append(str(error))
            continue
        path = tmp_path / "net.nir"
        path.write_bytes(nir_file.dumps(graph))
        back = nir_file.read(path)
        assert is_own(back)
        assert dumps(read_own(back)) == dumps(model)
        same += 1
    assert len(refused) < same // 5
    assert all("stands behind a flatten, which NIR has no node for" in told for told in refused)


def test_a_changed_weight_is_told():
    model = random_model(np.random.default_rng(3))
    graph = write_model(model, reader(None))
    node = next(node for node in graph.nodes.values() if "weight" in node.fields)
    node.fields["weight"] = node.fields["weight"] * np.float32(1.05)
    with pytest.raises(EdgeSastError, match="no multiples of what its metadata says; give --from"):
        read_own(graph)
    node.fields["weight"] = np.zeros_like(node.fields["weight"])
    with pytest.raises(EdgeSastError, match=r"was changed since edge-sast wrote it \(hash is .*give --from"):
        read_own(graph)


def test_metadata_that_is_none():
    model = random_model(np.random.default_rng(3))
    graph = write_model(model, reader(None))
    graph.metadata["edge_sast_model"] = "{}"
    with pytest.raises(EdgeSastError, match="its metadata 'edge_sast_model' cannot be read"):
        read_own(graph)


def test_weights_between_groups_are_told():
    rng = np.random.default_rng(7)
    model = next(
        m
        for m in iter(lambda: random_model(rng), None)
        if any(getattr(la, "groups", 1) > 1 for la in m.layers)
    )
    graph = write_model(model, reader(None))
    index = next(i for i, layer in enumerate(model.layers) if getattr(layer, "groups", 1) > 1)
    weight = graph.nodes[f"{index}"].fields["weight"]
    weight[0, -1] = weight.max() if weight.max() else 1
    with pytest.raises(EdgeSastError, match="has weights between the groups of a conv2d; give --from"):
        read_own(graph)
