"""Which recordings a run is trained on and judged by."""

import re

import pytest

from edge_sast.datasets.selection import DataOptions
from edge_sast.errors import EdgeSastError
from tests.cli.recordings import write_lines
from trainer.data.recordings import open_data, training_data
from trainer.measure.recordings import evaluation_data
from trainer.run.checkpoint import Standing
from trainer.settings.config import TrainConfig


@pytest.mark.parametrize("older", [False, True])
def test_what_was_held_out_of_other_recordings_is_unknown(tmp_path, older):
    place = write_lines(tmp_path, {"train": 4}) / "train"
    config = TrainConfig.of("hard", data=str(place), arch="or4-out", dt_us=1000, steps=4, valid_fraction=0.25)
    options = DataOptions(cache_dir=str(tmp_path / "cache"))
    data = training_data(open_data(config), config, options.cache_dir)
    watching = "" if older else data.valid.digest()
    stored = Standing(config, data.train.binning, data.train.classes, data.train.digest(), 1, watching)
    found = evaluation_data(stored, options)
    assert (found.binned.digest(), found.name) == (data.valid.digest(), f"{place}, held out of all")
    changed = []
    for file in sorted(place.rglob("*.bin")):
        whole = file.read_bytes()
        file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])  # its first event, a pixel further
        try:
            evaluation_data(stored, options)
        except EdgeSastError as error:
            changed.append(str(error))
        file.write_bytes(whole)
    message = (
        f"--data {place}: its recordings are not those that the run was trained on, so that the part it held out is "
        "unknown; restore them, or give --data"
    )
    assert changed == [message] * (9 if older else 12)


def test_a_limit_that_leaves_one_class(tmp_path):
    place = write_lines(tmp_path, {"train": 2, "valid": 1})
    config = TrainConfig.of("hard", data=str(place), arch="or4-out", dt_us=1000, steps=4, limit=1)
    message = (
        f"--data {place}: every recording to train on is of class 'column'; a classifier needs two classes or more: "
        "add recordings, or raise --limit where it is given"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        training_data(open_data(config), config, str(tmp_path / "cache"))


def test_a_folder_val_is_what_watches(tmp_path, capsys):
    place = write_lines(tmp_path, {"train": 3, "val": 2})
    config = TrainConfig.of("hard", data=str(place), arch="or4-out", dt_us=1000, steps=4)
    data = training_data(open_data(config), config, str(tmp_path / "cache"))
    assert (len(data.train), len(data.valid)) == (9, 6)
    assert capsys.readouterr().err == f"{place}: 'val' is taken for the split 'valid'\n"
