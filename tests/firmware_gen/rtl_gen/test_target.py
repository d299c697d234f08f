"""The folder of --target verilog: the core's sources as they are, its memories as planned, and the same again."""

from importlib import resources

import pytest

from edge_sast.errors import EdgeSastError
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.table_files import mem
from firmware_gen.rtl_gen.target import generate
from tests.firmware_gen.builds import everything_model, small_model


@pytest.mark.parametrize("lanes", LANES)
def test_the_core_with_what_its_memories_hold(lanes):
    model = everything_model()
    files, plan = generate(model, lanes=lanes, count=1), RtlPlan(model, lanes)
    folder = {path.removeprefix("rtl/"): data for path, data in files.items() if path.startswith("rtl/")}
    assert folder.pop("sast_params.vh").decode() == plan.vh()
    for image in plan.images:
        data = folder.pop(f"{image.name}.mem")
        assert mem.read(data, image.name, image.width, len(image.words)) == image.words
    sources = resources.files("firmware_gen") / "rtl"
    assert len(folder) > 10
    assert folder == {name: (sources / name).read_bytes() for name in folder}
    assert set(folder) == {file.name for file in sources.iterdir() if file.name.endswith(".v")}


def test_the_same_arguments_give_the_same_bytes():
    assert generate(small_model(), lanes=4, word_bits=9) == generate(small_model(), lanes=4, word_bits=9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": 5}, r"^--lanes is 5; it must be 1, 2, 4, 8 or 16$"),
        ({"word_bits": 0}, r"^--word-bits is 0; it must be 1 to 1024$"),
        ({"count": 0}, r"count is 0"),
    ],
)
def test_what_no_folder_is_made_of(options, message):
    with pytest.raises(EdgeSastError, match=message):
        generate(small_model(), **options)
