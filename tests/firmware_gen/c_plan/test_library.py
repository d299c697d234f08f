"""The C as it lies here, before it is decided whether a model answers early."""

from __future__ import annotations

import re

import pytest

from tests.firmware_gen.builds import HEADERS, LIBRARY, C

FILES = [
    path
    for folder in ("board", "emulator", "host", "include", "src")
    for path in sorted((C / folder).glob("*.[ch]"))
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_comment_ends_inside_another(path):
    """As that of an #endif would, in a comment of which a part is for models that answer early."""
    without = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert "*/" not in without
    assert not re.findall(r"/\*(?:(?!\*/).)*/\*", path.read_text(), flags=re.DOTALL)


def test_nothing_of_early_answers_is_left_in_what_other_models_get():
    for folder in (HEADERS, LIBRARY):
        assert [path.name for path in folder.iterdir() if b"SAST_EARLY" in path.read_bytes()] == []
