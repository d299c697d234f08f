"""The examples of docs/formats.md, read out of the page itself."""

import io
import re
from pathlib import Path

import pytest

from edge_sast.formats.contract import Reading, joined
from edge_sast.formats.registry import FORMATS

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
ROWS = re.findall(
    r"^\| (Prophesee [\w.]+) \| ((?:`[0-9A-F ]+` ?)+)\| ((?:\(\d+, \d+, \d+, \d\) ?)+)\|$",
    PAGE.read_text(),
    re.M,
)


def test_all_formats_have_an_example():
    names = [of.load().name for of in FORMATS if of.module.startswith("prophesee.")]
    assert sorted(name for name, _, _ in ROWS) == sorted(names)


@pytest.mark.parametrize(("name", "spelled", "told"), ROWS)
def test_an_example(name, spelled, told):
    of = next(of for of in (one.load() for one in FORMATS) if of.name == name)
    data = bytes.fromhex(spelled.replace("`", ""))
    events = [tuple(map(int, found)) for found in re.findall(r"\((\d+), (\d+), (\d+), (\d)\)", told)]
    assert joined(of.open(io.BytesIO(data), "a", Reading()).chunks).tolist() == events
