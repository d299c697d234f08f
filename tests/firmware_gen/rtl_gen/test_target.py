"""The folder of --target verilog: the core's sources as they are, its memories as planned, and the same again."""

from importlib import resources

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.model.layers import Flatten, Integrator, Linear, OrPool
from edge_sast.model.model import Model
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.link.layout import LinkTooSmallError
from firmware_gen.rtl_gen.link.memories import link_images, link_vh
from firmware_gen.rtl_gen.plan import RtlPlan
from firmware_gen.rtl_gen.table_files import mem
from firmware_gen.rtl_gen.target import generate
from firmware_gen.targets import notes
from tests.firmware_gen.builds import everything_model, small_model


@pytest.mark.parametrize("lanes", LANES)
def test_the_core_with_what_its_memories_hold(lanes):
    model = everything_model()
    files, plan = generate(model, lanes=lanes, count=1), RtlPlan(model, lanes)
    folder = {path.removeprefix("rtl/"): data for path, data in files.items() if path.startswith("rtl/")}
    assert folder.pop("sast_params.vh").decode() == plan.vh()
    link = link_images(model)
    assert folder.pop("sast_link.vh").decode() == link_vh(model, link)
    for image in (*plan.images, *link):
        data = folder.pop(f"{image.name}.mem")
        assert mem.read(data, image.name, image.width, len(image.words)) == image.words
    sources = resources.files("firmware_gen") / "rtl"
    assert len(folder) > 10
    assert folder == {name: (sources / name).read_bytes() for name in folder}
    assert set(folder) == {file.name for file in sources.iterdir() if file.name.endswith(".v")}


def read_out(classes: int) -> Linear:
    """Behind two neurons."""
    zeros = [0] * classes
    return Linear(np.ones((2, classes), np.int8), 8, Integrator(zeros, zeros, (), 24))


def test_a_model_that_is_too_large_for_the_uart_is_exported_without_it():
    model = Model(Binning(1, 1, 0, 1000, 3, 1), (Flatten(), read_out(30)), tuple(map(str, range(30))))
    with pytest.raises(
        LinkTooSmallError, match=r"^link: the results of 30 classes and 1 weighted layers take 138 "
    ):
        link_images(model)
    files = generate(model, lanes=4, count=1)
    assert not [path for path in files if "uart" in path or "link" in path]
    assert b"toplevel: sast_core\n" in files["sast.core"]
    assert b"boards: there is the core alone." in files["README.md"]
    assert b"fpga build" not in files["README.md"]
    assert notes("verilog", files)[1:] == [
        "no board's top: the model's input or results are too large for the UART; the core itself is whole"
    ]
    assert len(notes("verilog", generate(small_model(), lanes=4, count=1))) == 1
    wide = Model(
        Binning(1024, 1024, 0, 1000, 3, 1), (OrPool(32), OrPool(32), Flatten(), read_out(2)), ("a", "b")
    )
    with pytest.raises(
        LinkTooSmallError, match=r"^link: an input of 1024x1024 pixels is too large for it; raise "
    ):
        link_images(wide)


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
