"""cppcheck and its MISRA addon: every finding is a deviation that docs/misra.md gives a reason for."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.firmware_gen.builds import LIBRARY, everything_model, export
from tests.firmware_gen.cppcheck import DOCUMENT, Deviation, Finding, analyse, deviations

C = Path(__file__).parents[3] / "firmware_gen" / "c"


@pytest.fixture(scope="module")
def findings(tmp_path_factory) -> list[Finding]:
    """Of the library with every kernel, a generated model and the board application."""
    folder = tmp_path_factory.mktemp("misra")
    build = export(everything_model(), folder / "build")
    shutil.copytree(LIBRARY, build / "src", dirs_exist_ok=True)
    sources = [*sorted((build / "src").glob("*.c")), *sorted((C / "board").glob("*.c"))]
    return analyse(sources, [build / "include", C / "board"], folder, misra=True)


@pytest.fixture(scope="module")
def allowed() -> list[Deviation]:
    return deviations(DOCUMENT.read_text())


@pytest.mark.needs("cppcheck")
def test_every_finding_is_a_listed_deviation(findings, allowed):
    new = [f for f in findings if not any(deviation.allows(f) for deviation in allowed)]
    assert not new, "\n".join(f"{f.file}:{f.line}: {f.rule}: {f.message}" for f in new)


@pytest.mark.needs("cppcheck")
def test_what_models_that_answer_early_have_beside(everything, allowed, tmp_path):
    early = export(replace(everything_model(), early_margin=3), tmp_path / "early")
    others = {path.name: path.read_bytes() for path in (everything / "src").glob("sast_*.c")}
    changed = [
        path for path in (early / "src").glob("sast_*.c") if others.get(path.name) != path.read_bytes()
    ]
    assert sorted(path.name for path in changed) == ["sast_early.c", "sast_selftest.c", "sast_stream.c"]
    found = analyse(sorted(changed), [early / "include"], tmp_path, misra=True)
    new = [f for f in found if not any(deviation.allows(f) for deviation in allowed)]
    assert not new, "\n".join(f"{f.file}:{f.line}: {f.rule}: {f.message}" for f in new)


@pytest.mark.quality
@pytest.mark.needs("cppcheck")
def test_every_listed_deviation_still_occurs(findings, allowed):
    stale = [
        f"{deviation.rule} in {pattern}"
        for deviation in allowed
        for pattern in deviation.files
        if not any(Deviation(deviation.rule, (pattern,), "").allows(f) for f in findings)
    ]
    assert stale == []


def test_deviations_have_reasons(allowed):
    assert len(allowed) > 10
    assert all(deviation.files and len(deviation.reason) > 20 for deviation in allowed)


@pytest.mark.needs("cppcheck")
def test_the_analysis_finds_what_is_planted(tmp_path):
    source = tmp_path / "planted.c"
    source.write_text(
        "int f(int n);\nint f(int n)\n{\n    int a[2] = {0, 1};\n"
        "    if (n > 0) goto end;\n    a[2] = n;\nend:\n    return a[0];\n}\n"
    )
    rules = {finding.rule for finding in analyse([source], [], tmp_path, misra=True)}
    assert "arrayIndexOutOfBounds" in rules
    assert "misra-c2012-15.1" in rules


@pytest.mark.needs("cppcheck")
def test_programs_around_the_library(everything, tmp_path):
    """Examples, host program, emulator and board drivers, which use stdio.h or addresses: without MISRA's rules."""
    sources = [
        path for folder in ("examples", "examples/live", "host") for path in (everything / folder).glob("*.c")
    ]
    sources += [path for folder in ("ports", "emulator") for path in (C / folder).glob("*.c")]
    includes = [everything / "include", everything / "host", C / "board", C / "ports", C / "emulator"]
    found = analyse(sorted(sources), includes, tmp_path, misra=False)
    allowed = deviations(DOCUMENT.read_text())
    new = [f for f in found if not any(deviation.allows(f) for deviation in allowed)]
    assert not new, "\n".join(f"{f.file}:{f.line}: {f.rule}: {f.message}" for f in new)
