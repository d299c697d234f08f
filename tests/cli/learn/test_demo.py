"""The demo, shortened: same data, same steps, a network that is not trained to the end."""

import json
import re
from dataclasses import replace

import pytest

from edge_sast.cli.main import main
from edge_sast.errors import EdgeSastError
from firmware_gen.build.folder import with_manifest, write_folder


def no_compiler():
    raise EdgeSastError("no C compiler found; install gcc")


@pytest.mark.parametrize("with_compiler", [True, False])
def test_demo_runs_the_whole_path(tmp_path, monkeypatch, capsys, with_compiler):
    from edge_sast.cli.learn import demo_run as demo
    from firmware_gen.toolchain import compiler

    if not with_compiler:  # a machine with nothing but Python and what pip brings
        monkeypatch.setattr(compiler, "find_compiler", no_compiler)
        monkeypatch.setenv("PATH", "")
    length = {"epochs": 2, "limit": 400} if with_compiler else {"epochs": 1, "limit": 100}
    monkeypatch.setattr(demo, "SETTINGS", replace(demo.SETTINGS, qat_epochs=1, **length))
    monkeypatch.setattr(demo, "EMULATED_RECORDINGS", 10 if with_compiler else 1)
    assert main(["demo", "--out", str(tmp_path / "demo"), "--json", str(tmp_path / "demo.json")]) == 0
    figures = json.loads((tmp_path / "demo.json").read_text())
    assert figures["mismatches"] == 0
    targets = {report["target"]: report["steps"] for report in figures["verified"]}
    emulated = demo.SETTINGS.steps * (3 + demo.EMULATED_RECORDINGS)
    assert targets.pop("cortex-m4") == emulated
    assert (targets.get("host", 0) > 3000) == with_compiler
    assert figures["compared_steps"] == sum(targets.values()) + emulated
    assert figures["int8"]["accuracy"] > 0.5 or not with_compiler
    printed = capsys.readouterr().out
    assert ("not verified on this computer: no C compiler" in printed) == (not with_compiler)
    for part in ("surrogate", "hard", "INT8", "INT4", "SynOps", "flash", "RAM", "0 mismatches"):
        assert part in printed
    kept = (tmp_path / "demo" / "run" / "checkpoint.safetensors").read_bytes()
    demo._check_own(tmp_path / "demo" / "run")  # a demo's may be replaced
    monkeypatch.setattr(demo, "SETTINGS", replace(demo.SETTINGS, seed=1))
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert "run holds another training, or a demo of another version; move it away" in capsys.readouterr().err
    assert (tmp_path / "demo" / "run" / "checkpoint.safetensors").read_bytes() == kept


def test_demo_says_what_is_missing_before_it_trains(tmp_path, monkeypatch, capsys):
    from firmware_gen.toolchain import compiler
    from firmware_gen.toolchain import cross as toolchain

    monkeypatch.setattr(compiler, "find_compiler", no_compiler)
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", {}.get)
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert capsys.readouterr().err == (
        "edge-sast: this computer: no C compiler found; install gcc; an emulated Cortex-M4: the Python package unicorn "
        "is missing; pip install 'edge-sast[emulator]'\n"
    )
    assert not (tmp_path / "demo").exists()


def test_demo_says_before_it_trains_that_its_c_was_edited(tmp_path, capsys):
    folder = tmp_path / "demo" / "c"
    write_folder(with_manifest({"a.c": b"one"}, "c", "sast", "00"), folder)
    (folder / "a.c").write_bytes(b"tuned by hand")
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 2
    assert re.match(
        r"edge-sast: \S*c: a\.c was edited or damaged since .*, or choose another --out\n",
        capsys.readouterr().err,
    )
    assert not (tmp_path / "demo" / "run").exists()
