import pytest

from firmware_gen.virtual_board import build_virtual_board
from tests.firmware_gen.builds import everything_model, export
from tests.hil.boards import Bench, make_bench


@pytest.fixture(scope="session")
def bench(tmp_path_factory) -> Bench:
    """The virtual board of everything_model."""
    folder = tmp_path_factory.mktemp("board")
    build_virtual_board(export(everything_model(), folder / "build"), folder / "virtual")
    return make_bench(folder / "virtual")
