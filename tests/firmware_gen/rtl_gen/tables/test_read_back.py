"""A tables folder gives its model back, bit for bit, from any one format; damaged, it says what is wrong."""

import json
import shutil

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.model.modelfile import dumps, model_hash
from firmware_gen.rtl_gen.lanes import LANES
from firmware_gen.rtl_gen.table_files.formats import FORMATS
from firmware_gen.rtl_gen.tables.read_back import load
from tests.firmware_gen.builds import everything_model, small_model
from tests.firmware_gen.rtl_gen.tables.folders import edit_json, hash_anew, keep_only, write_tables
from tests.strategies import random_model

WIDTHS = (None, 1, 8, 18, 36, 64, 100)


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("ending", FORMATS)
def test_random_models_come_back(lanes, ending, tmp_path):
    for seed in range(7):
        rng = np.random.default_rng([lanes, seed])
        model, word_bits = random_model(rng), WIDTHS[seed % len(WIDTHS)]
        keep_only(write_tables(model, tmp_path, lanes, word_bits), ending)
        found = load(tmp_path)
        assert dumps(found.model) == dumps(model)
        assert model_hash(found.model) == model_hash(model)
        assert (found.lanes, found.word_bits, found.formats) == (lanes, word_bits, (ending,))


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("word_bits", [None, 8, 36])
def test_all_formats_together(lanes, word_bits, tmp_path):
    model = everything_model()
    found = load(write_tables(model, tmp_path, lanes, word_bits))
    assert dumps(found.model) == dumps(model)
    assert found.formats == tuple(sorted(FORMATS))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write_tables(small_model(), tmp_path_factory.mktemp("whole") / "t", 4, 16)


@pytest.fixture
def folder(whole, tmp_path):
    """A copy to damage."""
    return shutil.copytree(whole, tmp_path / "t")


def refused(folder):
    with pytest.raises(EdgeSastError) as caught:
        load(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(folder), "T")


def change_word(path, index, word):
    lines = path.read_text().split("\n")
    lines[index] = word
    path.write_text("\n".join(lines))


def test_formats_that_are_there_must_agree(folder):
    change_word(folder / "weights.mem", 3, "1234")
    assert refused(folder).startswith("T/weights.mem: SHA-256 is ")
    hash_anew(folder)
    first = (folder / "weights.coe").read_text().split("\n")[5].rstrip(",")
    assert (
        refused(folder)
        == f"T/weights.hex: word 3 is {int(first, 16):#x}, 0x1234 in weights.mem; export again"
    )


def test_a_changed_weight_is_another_model(folder):
    keep_only(folder, "mem")
    change_word(folder / "weights.mem", 2, "0101")
    hash_anew(folder)
    assert "T/tables.json: model: hash is " in refused(folder)


@pytest.mark.parametrize("name", ["rows", "columns", "channels", "leaks"])
def test_addresses_and_leaks_must_be_those_of_the_model(folder, name):
    keep_only(folder, "mem")
    path = folder / f"{name}.mem"
    before = int(path.read_text().split("\n")[0], 16)
    change_word(path, 0, f"{before ^ 1:04X}")
    hash_anew(folder)
    told = f"T/{name}.mem: word 0 is {before ^ 1:#x}, the model gives {before:#x}; export again"
    assert refused(folder) == told


def test_a_lane_without_a_weight_must_be_zero(folder):
    keep_only(folder, "mem")
    path = folder / "thresholds.mem"  # 2 channels in 4 lanes
    lines = path.read_text().split("\n")
    change_word(path, 3, f"{int(lines[3], 16) | 0x100:04X}")
    hash_anew(folder)
    assert refused(folder) == "T/thresholds.mem: word 3 is 0x100, the model gives 0x0; export again"


def test_files_that_are_missing(folder):
    for ending in ("mem", "hex", "coe"):
        (folder / f"rows.{ending}").unlink()
    assert load(folder).formats == tuple(sorted(FORMATS))
    (folder / "rows.mif").unlink()
    assert refused(folder) == (
        "T: has no rows.mem, .hex, .coe, .mif; one of them must be there: export again"
    )
    (folder / "tables.json").unlink()
    assert refused(folder) == (
        "T: has no tables.json; give a model file, or a folder that 'edge-sast export --target verilog' wrote"
    )


def test_every_cut_file_is_refused(folder):
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for left in (0, len(data) // 2, len(data) - 2):
            path.write_bytes(data[:left])
            message = refused(folder)
            assert message.startswith(f"T/{path.name}"), message
        path.write_bytes(data)
    load(folder)


def test_files_of_another_model(folder, tmp_path):
    other = write_tables(small_model(seed=2), tmp_path / "other", 4, 16)
    for path in other.glob("weights.*"):
        shutil.copy(path, folder)
    assert refused(folder).startswith("T/weights.mem: SHA-256 is ")
    hash_anew(folder)
    assert refused(folder).startswith("T/tables.json: model: hash is ")


MISTAKES = [
    (lambda d: d.update(format="x"), "T/tables.json: format is not 'edge-sast-tables'; give a folder that"),
    (
        lambda d: d.update(format_version=2),
        "T/tables.json: format_version is 2; this edge-sast reads 1: export",
    ),
    (
        lambda d: d.update(lanes=3),
        "T/tables.json: lanes is 3; it must be one of 1, 2, 4, 8, 16: export again",
    ),
    (
        lambda d: d.pop("lanes"),
        "T/tables.json: lanes is missing; it must be one of 1, 2, 4, 8, 16: export again",
    ),
    (
        lambda d: d.update(word_bits=0),
        "T/tables.json: word_bits is 0; it must be a number of 1 to 1024: export",
    ),
    (
        lambda d: d.update(memories=[]),
        "T/tables.json: layers[0]: connections[0]: parts: there is no memory 'wei",
    ),
    (
        lambda d: d["memories"][0].update(name="../x"),
        "T/tables.json: memories[0]: name is '../x'; it must be one",
    ),
    (
        lambda d: d["memories"][0].update(depth=7),
        "T/tables.json: memories[0]: depth is 7; it must be entries ti",
    ),
    (
        lambda d: d["memories"][0]["fields"].clear(),
        "T/tables.json: memories[0]: fields is []; it must be a list",
    ),
    (
        lambda d: d["layers"][0]["connections"][0].update(weight_shape=[2, 2, 2, 5]),
        "T/tables.json: layers[0]: connections[0]: parts: weights is {",
    ),
    (
        lambda d: d["layers"][0]["connections"][0].update(kernel_rows=[0, 0]),
        "T/tables.json: layers[0]: connections[0]: kernel_rows is [0, 0]; it must be 0 to 1, each once: export",
    ),
    (
        lambda d: d["layers"][0].update(channel_words=2),
        "T/tables.json: layers[0].channel_words is not what the",
    ),
    (lambda d: d.update(more=1), "T/tables.json: more is not what the model gives; export again"),
    (
        lambda d: d["how_to_read"].update(lanes="?"),
        "T/tables.json: how_to_read.lanes is not what the model give",
    ),
    (
        lambda d: d.update(model=None),
        "T/tables.json: model: format is not 'edge-sast-model'; this is not a mode",
    ),
]


@pytest.mark.parametrize(("edit", "message"), MISTAKES)
def test_a_wrong_field_is_named(folder, edit, message):
    edit_json(folder, edit)
    assert refused(folder).startswith(message)


def leaves(value, path=()):
    if isinstance(value, dict | list) and value:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path


def test_nothing_in_the_document_can_be_changed_unseen(folder):
    keep_only(folder, "mem")
    document = json.loads((folder / "tables.json").read_text())
    rng = np.random.default_rng(13)
    wrong = [None, -1, 0, 1, 2, 1 << 40, "x", [], {}, True, 1.5]
    free = {("tool",), ("model", "producer")}
    for path in leaves(document):
        edited = json.loads(json.dumps(document))
        place = edited
        for key in path[:-1]:
            place = place[key]
        value = wrong[rng.integers(len(wrong))]
        if type(place[path[-1]]) is type(value) and place[path[-1]] == value:
            continue
        place[path[-1]] = value
        (folder / "tables.json").write_text(json.dumps(edited))
        if path not in free:
            refused(folder)


def test_another_versions_tool_is_no_difference(folder):
    edit_json(folder, lambda d: d.update(tool="edge-sast 9"))
    load(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, '{"format": 1, "format": 2}', "\x00"])
def test_what_is_no_document(folder, text):
    (folder / "tables.json").write_text(text)
    assert refused(folder).startswith("T/tables.json: ")
