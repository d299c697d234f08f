"""The examples of docs/formats.md, read out of the page itself."""

import re
from pathlib import Path

import pytest

from edge_sast.formats.contract import Format
from edge_sast.formats.registry import FORMATS
from tests.formats.aedat.oracles import read

PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
ROWS = re.findall(
    r"^\| ([\w. ]+) \| ((?:`[0-9A-F ]+` ?)+)\| ((?:\(\d+, \d+, \d+, \d\) ?)+)\|$", PAGE.read_text(), re.M
)


NAMES = {name for name, _, _ in ROWS}
FOUND = [of for of in (listed.load() for listed in FORMATS) if of.name in NAMES]


def test_all_rows_are_found():
    assert {"AEDAT 1", "AEDAT 2.0", "AEDAT 3.1", "Event Stream"} <= {of.name for of in FOUND}


@pytest.mark.parametrize("of", FOUND, ids=lambda of: of.key)
def test_an_example(of: Format):
    spelled, told = next((data, events) for name, data, events in ROWS if name == of.name)
    events = [tuple(map(int, found)) for found in re.findall(r"\((\d+), (\d+), (\d+), (\d)\)", told)]
    assert read(of, bytes.fromhex(spelled.replace("`", "")))[0].tolist() == events
