import hashlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_sast.datasets.load import load_binned
from edge_sast.datasets.sources import digits
from edge_sast.datasets.sources.digits import DigitsDataset, SaccadeFilm
from edge_sast.errors import EdgeSastError
from edge_sast.events.binning import Binning
from edge_sast.events.pixel import PixelModel

pytest.importorskip("sklearn", reason="the built-in digits come with scikit-learn")


def digest(recordings):
    return hashlib.sha256(b"".join(recording.events.tobytes() for recording in recordings)).hexdigest()


def test_same_seed_same_bytes_in_any_order_and_any_thread():
    refs = DigitsDataset(seed=3).recordings("train")[:24]
    serial = digest([ref.load() for ref in refs])
    with ThreadPoolExecutor(4) as pool:
        backwards = list(pool.map(lambda ref: ref.load(), refs[::-1]))[::-1]
    assert digest(backwards) == serial
    assert digest([ref.load() for ref in DigitsDataset(seed=4).recordings("train")[:24]]) != serial


def test_splits_are_the_same_for_every_seed():
    train, test = (DigitsDataset(seed=0).recordings(split) for split in ("train", "test"))
    assert (len(train), len(test)) == (1438, 359)
    assert not {ref.source[-4:] for ref in train} & {ref.source[-4:] for ref in test}
    assert [ref.source for ref in DigitsDataset(seed=9).recordings("test")] == [ref.source for ref in test]
    assert {ref.label for ref in test} == set(range(10))


def test_recordings_look_like_an_event_camera():
    recordings = [ref.load() for ref in DigitsDataset().recordings("test")[:40]]
    counts = [len(recording) for recording in recordings]
    assert min(counts) > 1000
    assert max(counts) < 4500
    assert {(recording.width, recording.height) for recording in recordings} == {(24, 24)}
    on = np.mean([recording.events["p"].mean() for recording in recordings])
    assert 0.4 < on < 0.6
    assert all(280_000 < recording.duration_us < 300_000 for recording in recordings)


def test_nearest_mean_tells_the_classes_apart(tmp_path):
    binning = Binning(24, 24, 0, 300_000, 1, 255)
    train, test = (
        load_binned(DigitsDataset(), split, binning, cache_dir=tmp_path, limit=limit)
        for split, limit in (("train", 300), ("test", 100))
    )
    known, seen = (
        part.dense(np.arange(len(part))).reshape(len(part), -1).astype(float) for part in (train, test)
    )
    means = np.stack([known[train.labels == label].mean(axis=0) for label in range(10)])
    nearest = ((seen[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == test.labels).mean() > 0.6  # chance is 0.1


def test_film_moves_along_the_triangle():
    film = SaccadeFilm()
    dot = np.zeros((8, 8))
    dot[3:5, 3:5] = 1.0
    frames = np.expm1(film.log_frames(dot, np.zeros(2)))
    assert frames.shape == (301, 24, 24)
    grid = np.arange(24)
    x = (frames.sum(axis=1) * grid).sum(axis=1) / frames.sum(axis=(1, 2)) - 11.5
    y = (frames.sum(axis=2) * grid).sum(axis=1) / frames.sum(axis=(1, 2)) - 11.5
    corners = [(x[i].round(6), y[i].round(6)) for i in (0, 100, 200, 300)]
    assert corners == [(-2.5, -2.5), (0.0, 2.5), (2.5, -2.5), (-2.5, -2.5)]


def test_fingerprint_follows_every_parameter():
    sets = (
        DigitsDataset(),
        DigitsDataset(seed=1),
        DigitsDataset(pixel=PixelModel(noise_hz=1.0)),
        DigitsDataset(film=SaccadeFilm(contrast=4.0)),
    )
    prints = {data.fingerprint("train") for data in sets} | {DigitsDataset().fingerprint("test")}
    assert len(prints) == 5


def test_only_one_split():
    data = DigitsDataset().only("test")
    assert data.splits == ("test",)
    message = "digits: no split 'train'; choose one of test"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        data.recordings("train")


def test_bad_seed_is_named():
    message = "digits: seed=-1 is out of range; choose a whole number from 0 on"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        DigitsDataset(seed=-1)


def test_missing_scikit_learn_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    digits._load_digits.cache_clear()
    message = "data 'digits': scikit-learn is not installed; run pip install 'edge-sast[digits]'"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        DigitsDataset().recordings("train")
