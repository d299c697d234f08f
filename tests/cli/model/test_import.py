"""`edge-sast import` and `export --target nir`, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("h5py", reason="NIR needs h5py: pip install 'edge-sast[hdf5]'")

from edge_sast.cli.main import main
from edge_sast.model import modelfile
from tests.exchange.reference import import_words, reference

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("more", [[], ["--for-tool", "norse"], ["--for-tool", "snntorch"]])
def test_an_example_goes_out_and_comes_back_to_the_bit(more, tmp_path, capsys):
    model, nir, back = (
        EXAMPLES / "digits-int8.safetensors",
        tmp_path / "net.nir",
        tmp_path / "back.safetensors",
    )
    assert main(["export", str(model), "--no-data", "--target", "nir", *more, "--out", str(nir)]) == 0
    assert "note: layers[0]: the leak rounds to integers; other tools do not\n" in capsys.readouterr().out
    assert main(["import", str(nir), "--out", str(back)]) == 0
    assert "note: written by edge-sast: what its metadata says" in capsys.readouterr().out
    assert back.read_bytes() == model.read_bytes()


@pytest.mark.parametrize(
    "option",
    [
        *(("--bits", "4"), ("--bits", "99"), ("--dt-us", "7"), ("--steps", "7"), ("--sensor", "8x8")),
        *(("--classes", "a"), ("--shift", "1"), ("--count-cap", "2"), ("--order", "channel-last")),
        *(("--nearest-leak",), ("--read-out", "sum")),
    ],
)
def test_what_our_own_file_says_itself_cannot_be_told(option, tmp_path, capsys):
    model, nir = EXAMPLES / "digits-int8.safetensors", tmp_path / "net.nir"
    assert main(["export", str(model), "--no-data", "--target", "nir", "--out", str(nir)]) == 0
    capsys.readouterr()
    assert main(["import", str(nir), *option, "--out", str(tmp_path / "back.safetensors")]) == 2
    assert capsys.readouterr().err == (
        f"edge-sast: {nir}: {option[0]} has no effect on a file that edge-sast wrote; leave it out, or give --from, "
        "which takes the nodes by the rules of a tool\n"
    )
    assert not (tmp_path / "back.safetensors").exists()


def test_rules_and_notes_are_printed_and_written(tmp_path, capsys):
    given = reference("norse_linear")
    out, figures = tmp_path / "net.safetensors", tmp_path / "figures.json"
    words = import_words(given, "norse")
    names = ",".join(f"{letter}-{'long' * 8}" for letter in "abcdefghij")  # more than a file's name holds
    assert main([*words, "--classes", names, "--out", str(out), "--json", str(figures)]) == 0
    printed = capsys.readouterr().out
    assert "  tau written too small by the factor dt  [norse 1.1.0]\n" in printed
    assert (
        "note: 0: its leak rounds, membranes are up to 6.2e-05 of a threshold above the exact ones\n"
        in printed
    )
    model = modelfile.load(out)
    assert model.classes == tuple(names.split(","))
    written = json.loads(figures.read_text())
    assert written["model_hash"] == modelfile.model_hash(model)
    assert (written["rules"]["threshold"], written["rules_from"]["threshold"]) == ("gt", "norse 1.1.0")
    assert len(written["notes"]) == 2


def test_classes_from_a_file(tmp_path):
    given = reference("norse_linear")
    names = tmp_path / "names.txt"
    names.write_text("".join(f"class {i}\n" for i in range(10)))
    out = tmp_path / "net.safetensors"
    words = import_words(given, "norse")
    assert main([*words, "--classes", str(names), "--out", str(out)]) == 0
    assert modelfile.load(out).classes[9] == "class 9"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--for-tool", "norse"], "--for-tool is for NIR; leave it out with --target c"),
        (["--target", "nir", "--overwrite"], "--overwrite is for a folder; leave it out with --target nir"),
        (["--target", "nir", "--fit", "stm32f103"], "--fit is for the C; leave it out with --target nir"),
    ],
)
def test_options_of_other_targets(more, told, capsys, tmp_path):
    words = [
        "export",
        str(EXAMPLES / "digits-int8.safetensors"),
        "--no-data",
        "--out",
        str(tmp_path / "x"),
        *more,
    ]
    assert main(words) == 2
    assert capsys.readouterr().err == f"edge-sast: {told}\n"


def test_the_file_that_is_read_is_not_overwritten(capsys, tmp_path):
    for name, told in (
        ("net.safetensors", "is what is read; name another file"),
        ("net.nir", "is a file; name a"),
    ):
        nir = tmp_path / name
        nir.write_bytes(b"x")
        assert main(["import", str(nir), "--out", str(nir)]) == 2
        assert f"--out {nir}: {told}" in capsys.readouterr().err
        assert nir.read_bytes() == b"x"


def test_a_subtraction_at_once_of_snntorch_that_may_differ_is_told(tmp_path, capsys):
    """In a model file and in a run, in one line; of its default reset, one step later, nothing is said."""
    given = reference("snntorch_linear_if")
    words = import_words(given, "snntorch")
    for out in ("net.safetensors", "run"):
        assert main([*words, "--reset", "subtract", "--out", str(tmp_path / out)]) == 0
        (line,) = [line for line in capsys.readouterr().out.splitlines() if "reset_delay" in line]
        assert line.startswith("note: ")
        assert line.endswith(
            " times their threshold in a step; one that a reset leaves above the threshold spikes above twice the "
            "threshold in snnTorch (reset_delay=False), here above the threshold: spikes may differ from there on"
        )
    assert main([*words, "--out", str(tmp_path / "later.safetensors")]) == 0
    assert "reset_delay" not in capsys.readouterr().out
