"""The site that `make docs` makes of the pages: without a warning, whole, and without a request to elsewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import trainer
from edge_sast import __all__ as names
from tests import tools
from tests.programs import LIMIT

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if find_spec("sphinx") is None:
        (pytest.fail if os.environ.get(tools.VARIABLE) == tools.REQUIRED else pytest.skip)(
            "the site needs pip install -e '.[docs]'"
        )
    place = tmp_path_factory.mktemp("site")
    (line,) = re.findall(r"^\t\$\(BIN\)/sphinx-build (.*) \. site$", (ROOT / "Makefile").read_text(), re.M)
    words = line.replace("$(VENV)", str(place)).split()
    assert {"-W", "-E"} < set(words)
    command = [sys.executable, "-m", "sphinx", *words, ".", str(place / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, "")
    return place / "site"


def test_every_page_is_there_and_in_the_contents(site):
    first = (site / "index.html").read_text("utf-8")
    contents = set(re.findall(r'<a class="reference internal" href="([^"#]+)"', first))
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT).with_suffix(".html").as_posix()
        assert (site / name).is_file()
        assert name in contents
    assert {"CHANGELOG.html", "examples/README.html"} < contents


def test_nothing_is_asked_of_other_machines(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|iframe)[^>]* src="([^"]+)"|<link[^>]* href="([^"]+)"', page.read_text("utf-8")
        )
        assert loaded
        assert [url for pair in loaded for url in pair if "//" in url] == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\([\"']?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_docstrings_are_on_the_page_of_names(site):
    text = (site / "docs" / "api.html").read_text("utf-8")
    functions = ["trainer.api." + name for name in trainer.__all__ if name != "TrainConfig"]
    for name in [*(f"edge_sast.{name}" for name in names), *functions, "firmware_gen.targets.generator"]:
        assert f'id="{name}"' in text, name
    assert "Train in a new folder, which then holds checkpoint" in text
    assert "outputs: NDArray[int32]" in re.sub("<[^>]*>", "", text)


def test_links_to_folders_lead_to_their_pages_or_are_words(site):
    text = (site / "index.html").read_text("utf-8")
    assert re.search(r'href="examples/README.html"><span[^>]*>examples/', text)
    assert '<span class="pre">findings/</span>' in text
    assert 'href="findings"' not in text
