"""`edge-sast export --fit` and `edge-sast inspect --core`."""

from __future__ import annotations

import json

import pytest

from edge_sast.cli.main import main
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.sizes.prediction import predict
from tests.cli.models import line_model, save_line_model


def export(tmp_path, *options: str) -> int:
    return main(
        ["export", save_line_model(tmp_path), "--no-data", "--out", str(tmp_path / "build"), *options]
    )


@pytest.mark.parametrize(
    "options", [("--fit", "stm32f103"), ("--flash", "64K", "--ram", "20K", "--core", "cortex-m3")]
)
def test_a_model_that_fits_is_written(options, tmp_path, capsys):
    assert export(tmp_path, *options) == 0
    assert (tmp_path / "build" / "manifest.json").exists()
    found = predict(CPlan(line_model()), "cortex-m3")
    text = capsys.readouterr().out
    assert f"flash: {found.flash:,} of 65,536 bytes" in text
    assert f"RAM: {found.ram:,} of 20,480 bytes" in text


def test_nothing_is_written_of_one_that_does_not(tmp_path, capsys):
    assert export(tmp_path, "--flash", "2K", "--ram", "1K") == 2
    assert not (tmp_path / "build").exists()
    text = capsys.readouterr().err
    assert "edge-sast: --flash 2K --ram 1K: the model needs " in text
    assert "2,048 are there" in text
    assert "1,024 are there" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fit", "z80"), "--fit is 'z80'"),
        (
            ("--fit", "rp2040", "--ram", "4K"),
            "--fit rp2040 has its own flash, RAM and core; leave --ram out",
        ),
        (("--flash", "4K"), "--ram is missing beside --flash"),
        (("--core", "cortex-m4"), "--flash is missing beside --core"),
        (("--flash", "4 K", "--ram", "1K"), "--flash is '4 K'; give bytes"),
    ],
)
def test_mistakes_are_told(options, message, tmp_path, capsys):
    assert export(tmp_path, *options) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "build").exists()


def test_inspect_tells_memory(tmp_path, capsys):
    out = tmp_path / "figures.json"
    assert main(["inspect", save_line_model(tmp_path), "--core", "rv32", "--json", str(out)]) == 0
    memory, found = json.loads(out.read_text())["memory"], predict(CPlan(line_model()), "rv32")
    for name in ("tables", "descriptors", "code", "flash", "state", "context", "stack", "ram"):
        assert memory[f"{name}_bytes"] == getattr(found, name)
    assert memory["core"] == "rv32"
    assert [layer["stack_bytes"] for layer in memory["layers"]] == [layer.stack for layer in found.layers]
    text = capsys.readouterr().out
    assert f"flash {found.flash} bytes: tables {found.tables}" in text
    assert f"worst stack {found.stack} ({' → '.join(found.stack_path)})" in text


def test_inspect_refuses_an_unknown_core(tmp_path, capsys):
    assert main(["inspect", save_line_model(tmp_path), "--core", "avr"]) == 2
    assert "--core is 'avr'; use one of cortex-m0" in capsys.readouterr().err
