"""What cannot be held is refused in one line with node, parameter and remedy; so is every damaged file."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_sast.cli.main import main
from tests.exchange.nir_files import h5py, write_nir

LINEAR = ("Linear", {"weight": np.eye(2, 8, dtype=np.float32)})
IF = ("IF", {"r": np.float32(1), "v_threshold": np.float32(1)})
INPUT = ("Input", {"shape": np.array([8])})
OUTPUT = ("Output", {"shape": np.array([2])})
WAY = [("in", "a"), ("a", "b"), ("b", "out")]
LI = ("LI", {"tau": np.float32(8e-6), "r": np.float32(1), "v_leak": np.float32(0)})
LIF = {"tau": np.float32(8), "r": np.float32(1), "v_leak": np.float32(0), "v_threshold": np.float32(1)}


def net(**nodes: Any) -> dict[str, Any]:
    return {"in": INPUT, "a": LINEAR, "b": IF, "out": OUTPUT, **nodes}


def command(path: Path, *more: str, tool: str = "norse") -> list[str]:
    words = ["import", str(path), "--from", tool, "--sensor", "2x2", "--dt-us", "1000", "--steps", "5"]
    return [*words, "--out", str(path.with_suffix(".safetensors")), *more]


def refused(path: Path, capsys: pytest.CaptureFixture, *more: str, tool: str = "norse") -> str:
    """The one line, without the program's and the file's name."""
    assert main(command(path, *more, tool=tool)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert not path.with_suffix(".safetensors").exists()
    start = f"edge-sast: {path}: "
    assert captured.err.startswith(start), captured.err
    return captured.err[len(start) :].strip()


def test_the_network_itself_is_taken(tmp_path, capsys):
    assert main(command(write_nir(tmp_path / "net.nir", net(), WAY))) == 0
    assert "nodes, NIR 1.0.8\nrules:\n  a neuron spikes where u > threshold  [norse 1.1.0]" in (
        capsys.readouterr().out
    )
    assert (tmp_path / "net.safetensors").exists()


NODES = {
    "delay": (
        net(a=("Delay", {"delay": np.array([1.0])})),
        r"node 'a' \(Delay\): delays its input, and no layer here does; train without delays",
    ),
    "unknown": (
        net(a=("Blur", {})),
        r"node 'a' \(Blur\): is of a type that edge-sast has no layer for; edge-sast takes Conv1d, Conv2d, Linear, "
        r"Affine, Scale, Threshold, IF, LIF, CubaLIF, LI, I, SumPool2d, AvgPool2d, Flatten: train with those",
    ),
    "current": (
        net(b=("CubaLIF", {**LIF, "tau_mem": 8.0, "tau_syn": 4.0, "w_in": 1.0})),
        r"node 'b' \(CubaLIF\): has a current of its own, which no integer neuron here has; train with LIF",
    ),
    "weights": (
        net(a=("Linear", {"weight": np.eye(2, 7)})),
        r"node 'a' \(Linear\): weight takes 7 inputs, and 8 come; write the file again",
    ),
    "axes": (net(a=("Linear", {"weight": np.ones(8)})), r"node 'a' \(Linear\): weight has shape \[8\], not"),
    "nan": (
        net(a=("Affine", {"weight": np.full((2, 8), np.nan), "bias": np.zeros(2)})),
        r"node 'a' \(Affine\): weight holds NaN \(not a number\); look at the training",
    ),
    "infinite": (
        net(a=("Affine", {"weight": np.eye(2, 8), "bias": np.full(2, np.inf)})),
        r"node 'a' \(Affine\): bias is infinite; look at the training",
    ),
    "bias": (
        net(a=("Affine", {"weight": np.eye(2, 8), "bias": np.zeros(3)})),
        r"node 'a' \(Affine\): bias has shape \[3\], of 2 outputs; write the file again",
    ),
    "missing": (net(b=("IF", {"r": 1.0})), r"node 'b' \(IF\): v_threshold is missing; write the file again"),
    "threshold": (
        net(b=("IF", {"r": 1.0, "v_threshold": -1.0})),
        r"node 'b' \(IF\): v_threshold is -1 above v_reset; train with a threshold above the reset",
    ),
    "threshold shape": (
        net(b=("IF", {"r": 1.0, "v_threshold": np.ones(3)})),
        r"node 'b' \(IF\): v_threshold has shape \[3\], and what flows through it \[2\]; write",
    ),
    "reset": (
        net(b=("IF", {"r": 1.0, "v_threshold": 1.0, "v_reset": 0.25})),
        r"node 'b' \(IF\): v_reset is 0.25; train with v_reset 0, or, where .*--start reset",
    ),
    "text": (
        net(b=("IF", {"r": "one", "v_threshold": 1.0})),
        r"node 'b' \(IF\): r is the text 'one', not numbers",
    ),
    "no number": (
        net(a=("Linear", {"weight": np.zeros((0, 2))})),
        r"node 'a' \(Linear\): weight has shape \[0, 2\], without a number; write the file again",
    ),
    "gain": (net(b=("IF", {"r": 0.0, "v_threshold": 1.0})), r"node 'b' \(IF\): its gain, by r, is 0; train"),
    "threshold node": (
        net(b=("Threshold", {"threshold": 2.0})),
        r"node 'a' \(Linear\): is followed by 'b' \(Threshold\), not by a neuron; put a neuron",
    ),
    "weights twice": (
        net(b=LINEAR),
        r"node 'a' \(Linear\): is followed by 'b' \(Linear\), not by a neuron; .*join",
    ),
    "pool": (
        net(a=("SumPool2d", {"kernel_size": 2, "stride": 2, "padding": 0})),
        r"node 'a' \(SumPool2d\): kernel_size \[2\], stride \[2\], padding \[0\] on \[8\]; pools here are square",
    ),
    "shapes": (
        net(b=("LIF", {**LIF, "r": np.ones(3), "tau": np.full(2, 8e-6)})),
        r"node 'b' \(LIF\): r has shape \[3\], and what flows through it \[2\]; write the file again",
    ),
    "behind a read-out": (
        net(b=LI, c=("Linear", {"weight": np.eye(2)}), d=IF),
        r"node 'b' \(LI\): gives no spikes, and 'c' \(Linear\) stands behind it; train with IF or LIF there, or end",
    ),
    "a read-out's threshold": (
        net(b=LI, c=("Threshold", {"threshold": 0.5})),
        r"node 'b' \(LI\): gives no spikes, and 'c' \(Threshold\) stands behind it; train with IF or LIF there",
    ),
    "subnormal": (
        net(a=("Linear", {"weight": np.full((2, 8), 5e-324)})),
        r"node 'a' \(Linear\): weight holds 4.94066e-324, which float64 has not all bits of; look at the training",
    ),
    "product": (
        net(a=("Linear", {"weight": np.full((2, 8), 1e308)}), b=("Scale", {"scale": 1e308}), c=IF),
        r"node 'b' \(Scale\): scale is multiplied, and becomes larger than float64 holds; look at the training",
    ),
    "product of scales": (
        net(a=("Scale", {"scale": 1e-200}), b=("Scale", {"scale": 1e-200}), c=LINEAR, d=IF),
        r"node 'b' \(Scale\): scale is multiplied, and becomes smaller than float64 holds; look at the training",
    ),
    "input": (
        net(**{"in": ("Input", {"shape": np.array([3, 2, 2])})}),
        r"node 'in' \(Input\): shape is \[3, 2, 2\], and a sensor of 2x2 pixels .*give the right --sensor",
    ),
}


@pytest.mark.parametrize("name", NODES)
def test_nodes_that_no_layer_holds(name, tmp_path, capsys):
    nodes, told = NODES[name]
    way = list(pairwise(["in", *(name for name in nodes if len(name) == 1), "out"]))
    assert re.match(told, refused(write_nir(tmp_path / "net.nir", nodes, way), capsys))


def lif(**more: Any) -> dict[str, Any]:
    return net(b=("LIF", {**LIF, **more}))


@pytest.mark.parametrize(
    ("more", "tool", "told"),
    [
        (
            {"tau": 1e-3},
            "snntorch",
            "its decay 0.9 per step is none of shifts; train with 0.90625 (1 - 2^-4 - 2^-5), or",
        ),
        ({"tau": 1e-4}, "snntorch", "its decay 0 per step is none of shifts; a decay lies above 0 here"),
        ({"tau": 0.0}, "snntorch", "tau is 0; train with a time constant above 0"),
        (
            {"tau": np.array([8e-4, 4e-4])},
            "snntorch",
            "tau differs between neurons (decay 0.75 to 0.875); train with",
        ),
        ({"tau": 8e-4, "v_leak": 0.5}, "snntorch", "v_leak is 0.5, and --start is zero; train with v_leak 0"),
    ],
)
def test_leaks_that_are_no_shifts(more, tool, told, tmp_path, capsys):
    nodes = lif(**{"r": 1.0, **more})
    line = refused(write_nir(tmp_path / "net.nir", nodes, WAY), capsys, "--reset", "zero", tool=tool)
    assert line.startswith(f"node 'b' (LIF): {told}")


def test_the_nearest_leak_is_told(tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", lif(tau=1e-3, r=10.0), WAY)
    assert main(command(path, "--reset", "zero", "--nearest-leak", tool="snntorch")) == 0
    assert "note: b: decay 0.9 taken as 0.90625 (1 - 2^-4 - 2^-5), 0.0063 off: spikes may differ\n" in (
        capsys.readouterr().out
    )


def test_the_gain_that_the_nearest_leak_changes_is_told_too(tmp_path, capsys):
    """By 1 - decay, sinabs' norm_input: 0.09375 of the input and not 0.1."""
    path = write_nir(tmp_path / "net.nir", lif(tau=1 / -np.log(0.9)), WAY)
    assert main(command(path, "--spikes", "one", "--nearest-leak", tool="sinabs")) == 0
    told = capsys.readouterr().out
    assert "note: b: decay 0.9 taken as 0.90625 (1 - 2^-4 - 2^-5), 0.006" in told
    assert " off, and the gain of its input as 0.938 times the file's: spikes may differ\n" in told


EDGES = {
    "branch": (
        [*WAY, ("a", "out")],
        "node 'a' (Linear): leads to 'b' and 'out'; edge-sast runs layers one after",
    ),
    "circle": (
        [("in", "a"), ("a", "b"), ("b", "out"), ("a", "c"), ("c", "a")],
        "node 'a' (Linear): stands in a circle without a neuron",
    ),
    "end": ([("in", "a"), ("a", "b")], "node 'b' (IF): leads nowhere; edge-sast runs layers"),
    "alone": (WAY, "node 'c' (Linear): lies on no way from Input to Output; take it out"),
    "self": ([*WAY, ("b", "b")], "node 'b' (IF): feeds itself without weights; put a Linear into that edge"),
    "two": (
        [*WAY, ("in", "c"), ("c", "b")],
        "node 'in' (Input): leads to 'a' and 'c'; edge-sast runs layers",
    ),
    "unknown": ([*WAY, ("a", "d")], "an edge names 'd', and there is no such node; write the file again"),
}


@pytest.mark.parametrize("name", EDGES)
def test_edges_that_are_no_chain(name, tmp_path, capsys):
    edges, told = EDGES[name]
    assert refused(write_nir(tmp_path / "net.nir", net(c=LINEAR), edges), capsys).startswith(told)


def test_a_circle_from_which_no_way_leads_out(tmp_path, capsys):
    edges = [("in", "a"), ("a", "c"), ("c", "d"), ("d", "c"), ("b", "out")]
    path = write_nir(tmp_path / "net.nir", net(c=LINEAR, d=LINEAR), edges)
    assert "stands in a circle without a neuron" in refused(path, capsys)


def test_a_last_layer_without_a_neuron_is_summed_where_asked(tmp_path, capsys):
    path = write_nir(
        tmp_path / "net.nir", net(c=("Linear", {"weight": np.eye(2)})), [*WAY[:2], ("b", "c"), ("c", "out")]
    )
    assert "node 'c' (Linear): is the last, without a neuron; give --read-out sum" in refused(path, capsys)
    assert main(command(path, "--read-out", "sum")) == 0


def test_files_that_are_none(tmp_path, capsys):
    path = tmp_path / "net.nir"
    path.write_bytes(b"not a network")
    assert refused(path, capsys) == "is not HDF5, in which NIR is written; name a .nir file"
    whole = write_nir(path, net(), WAY).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be read as HDF5" in refused(path, capsys)
    with h5py.File(path, "w") as file:
        file["events"] = np.arange(3)
    assert refused(path, capsys) == "has no group 'node'; it is HDF5, but not NIR: name a .nir file"
    with h5py.File(path, "w") as file:
        file.create_group("node")["type"] = "NIRGraph"
    assert refused(path, capsys) == "the graph has no nodes or no edges; write the file again"
    with h5py.File(path, "w") as file:
        file["node/type"] = "LIF"
    assert refused(path, capsys) == "its node is no NIRGraph; write the file again"
    write_nir(path, {"in": INPUT, "also": INPUT, "out": OUTPUT}, [("in", "out")])
    assert (
        refused(path, capsys) == "the graph has 2 nodes of type Input; it must have one: write the file again"
    )
    with h5py.File(path, "a") as file:
        del file["node/nodes/also/type"]
    assert refused(path, capsys) == "node 'also' has no type; write the file again"


@pytest.mark.parametrize(
    ("place", "name", "told"),
    [
        (
            "node/nodes",
            b"a",
            r"b'a\xff' is a name that is not UTF-8, as HDF5 has names; give it another, and write",
        ),
        (
            "node/nodes/a",
            b"weight",
            r"node 'a': b'weight\xff' is a name that is not UTF-8, as HDF5 has names; give",
        ),
    ],
)
def test_a_name_that_is_no_text_is_not_told_as_damage(place, name, told, tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", net(), WAY)
    with h5py.File(path, "a") as file:
        file[place].id.move(name, name + b"\xff")
    assert refused(path, capsys).startswith(told)


@pytest.mark.parametrize(
    ("shape", "told"), [([99], [99]), ([2, 2], [2, 2]), ([1, 2], None), ([2, 1, 1], None)]
)
def test_an_output_of_another_shape_is_told(shape, told, tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", net(out=("Output", {"shape": np.array(shape)})), WAY)
    assert main(command(path)) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: out: ")]
    assert lines == ([f"note: out: shape says {told}, the edges give [2], which is taken"] if told else [])


def test_values_from_elsewhere_or_beyond_measure(tmp_path, capsys):
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["weight"] = np.eye(2, 8)
    path = write_nir(tmp_path / "net.nir", net(), WAY)
    with h5py.File(path, "a") as file:
        del file["node/nodes/a/weight"]
        file["node/nodes/a/weight"] = h5py.ExternalLink(str(other), "/weight")
    assert refused(path, capsys) == "node 'a' (Linear): weight is missing; write the file again"
    with h5py.File(path, "a") as file:
        del file["node/nodes/a/weight"]
        file["node/nodes/a"].create_dataset("weight", shape=(1 << 20, 1 << 20), dtype="f4", chunks=(64, 64))
    assert "a/weight has shape (1048576, 1048576), more than" in refused(path, capsys)


def test_a_graph_that_holds_itself_ends(tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", net(g=({}, [])), WAY)
    with h5py.File(path, "a") as file:
        file["node/nodes/g/nodes/again"] = file["node"]
    assert "graphs in graphs deeper than 8" in refused(path, capsys)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--bits", "9"], "--bits is 9; it must be 2 to 8"),
        (["--input-gain", "0"], "--input-gain is '0'; it must be file, leak, none or a number above 0"),
        (["--nir-dt", "0"], "--nir-dt is 0.0; it must be a time of a step above 0"),
        (["--classes", "a"], "--classes has 1 names; the network has 2 outputs"),
        (["--classes", "a,a"], "--classes has a name twice; each must be its own"),
        (["--classes", "a,"], "--classes[1] is ''; it must be printable text"),
    ],
)
def test_options_that_make_no_sense(more, told, tmp_path, capsys):
    assert told in refused(write_nir(tmp_path / "net.nir", net(), WAY), capsys, *more)


def test_what_a_file_does_not_say_must_be_given(tmp_path, capsys):
    path = write_nir(tmp_path / "net.nir", net(), WAY)
    out = ["--out", str(tmp_path / "m.safetensors")]
    assert main(["import", str(path), *out]) == 2
    assert "--from is missing: a NIR file does not say its rules; name the tool" in capsys.readouterr().err
    assert main(["import", str(path), "--from", "norse", *out]) == 2
    assert "--dt-us is missing: NIR does not say how events become steps" in capsys.readouterr().err
    assert main(["import", str(path), "--from", "norse", "--dt-us", "5", "--steps", "5", *out]) == 2
    assert "--sensor is missing: the file's input has no rows and columns" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"stride": 0}, "node 'a' (Conv2d): stride is [0, 0]; write the file again"),
        ({"dilation": 0}, "node 'a' (Conv2d): dilation is [0, 0]; write the file again"),
        (
            {"groups": np.array([1, 2])},
            "node 'a' (Conv2d): groups is [1, 2], not one whole number; write the file again",
        ),
        (
            {"padding": 65535},
            "node 'a' (Conv2d): padding is [65535, 65535]; train with a padding of at most 254",
        ),
        ({"groups": 3}, "node 'a' (Conv2d): groups is 3, of 1 output channels; write the file again"),
        (
            {"dilation": 300},
            "node 'a' (Conv2d): its kernel reaches over 301x301; train with a kernel of at most 255",
        ),
        (
            {"padding": "same", "stride": 2},
            "node 'a' (Conv2d): padding is 'same' with stride (2, 2); train with stride 1",
        ),
        (
            {"weight": np.ones((1, 3, 2, 2))},
            "node 'a' (Conv2d): weight takes 3 channels, and 2 come; write the file again",
        ),
        (
            {"weight": np.ones((1, 2, 5, 5))},
            "node 'a' (Conv2d): its kernel is larger than its input 2x2; write",
        ),
    ],
)
def test_convolutions_that_cannot_be(more, told, tmp_path, capsys):
    conv = {
        "weight": np.ones((1, 2, 2, 2)),
        "bias": np.zeros(1),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
    }
    nodes = net(a=("Conv2d", {**conv, **more}), **{"in": ("Input", {"shape": np.array([2, 2, 2])})})
    assert refused(write_nir(tmp_path / "net.nir", nodes, WAY), capsys).startswith(told)
