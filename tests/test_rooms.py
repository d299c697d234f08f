"""Folders stay small enough to be read at a glance. Imports between them: import-linter, in pyproject.toml."""

from pathlib import Path

import pytest

import edge_sast
import firmware_gen
import trainer

MOST_MODULES = 14


@pytest.mark.parametrize("package", [edge_sast, firmware_gen, trainer], ids=lambda package: package.__name__)
def test_no_folder_holds_more_modules_than_one_sees_at_once(package):
    top = Path(package.__file__).parent
    folders = {path.parent for path in top.rglob("*.py")}
    assert len(folders) > 5
    counts = {str(folder.relative_to(top)): len(list(folder.glob("*.py"))) - 1 for folder in folders}
    assert max(counts.values()) <= MOST_MODULES, counts
    assert all((folder / "__init__.py").is_file() for folder in folders)


@pytest.mark.parametrize("package", [edge_sast, firmware_gen, trainer], ids=lambda package: package.__name__)
def test_every_folder_and_module_says_what_it_is(package):
    for path in Path(package.__file__).parent.rglob("*.py"):
        assert path.read_text().startswith('"""'), path
