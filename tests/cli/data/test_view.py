"""`data view`: pictures hold the events, and the page holds what the network did."""

import base64
import io
import json
import re

import numpy as np
import pytest

from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.model.modelfile import load
from edge_sast.report.events.frames import colours, count_frames
from edge_sast.streaming.stream import EventStream
from edge_sast.streaming.view import watch
from tests.cli.data.files import run, write

MODEL = "examples/digits-int8.safetensors"


def _events(seed=0, count=400, last=700_000):
    rng = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, last, count)) + 1000
    events["x"], events["y"] = rng.integers(0, 24, (2, count))
    events["p"] = rng.integers(0, 2, count)
    return events


def test_frames_count_every_event_once():
    events = _events()
    frames = count_frames([events[:100], events[100:]], (24, 24), 2000, 500_000, 7)
    want = np.zeros_like(frames.counts)
    for t, x, y, p in events.tolist():
        if 2000 <= t <= 500_000:
            want[(t - 2000) * 7 // 498_001, y, x, p] += 1
    assert np.array_equal(frames.counts, want)
    assert frames.times_s(1000).tolist() == pytest.approx([(1000 + i * 498_001 / 7) * 1e-6 for i in range(7)])


def test_colours_of_nothing_on_and_off():
    picture = colours(np.array([[[0, 0], [9, 0], [0, 9]]]), 9)
    assert picture[0, 0].tolist() == [255, 255, 255]
    off, on = picture[0, 1].tolist(), picture[0, 2].tolist()
    assert off[0] == 255 > max(off[1:])
    assert on[2] == 255 > max(on[:2])


def _numbers(text: str) -> list[int]:
    return np.frombuffer(base64.b64decode(text), "<u4").tolist()


def test_a_page_with_a_network(tmp_path, capsys):
    events = _events()
    write(tmp_path / "a<b>.bin", events.tolist())
    out = tmp_path / "a.html"
    assert run("view", tmp_path / "a<b>.bin", "--sensor", "24x24", "--model", MODEL, "--out", out) == 0
    assert "400 events in 0.6" in capsys.readouterr().out
    page = out.read_text(encoding="utf-8")
    data = json.loads(re.search(r'type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert data["name"] == "a<b>.bin"
    assert not re.search(r"https?://|src=|@DATA@|a<b>", page)
    assert _numbers(data["t"]) == (events["t"] - events["t"][0]).tolist()
    assert (
        _numbers(data["place"]) == ((events["y"] * 24 + events["x"]).astype(int) * 2 + events["p"]).tolist()
    )
    model = load(MODEL)
    stream = EventStream(model)
    parts = [stream.push(events), stream.finish()]
    assert data["network"]["outputs"] == np.concatenate([part.outputs for part in parts]).tolist()
    assert [layer["name"] for layer in data["network"]["layers"]] == [
        f"layer {index}, {shape.width}x{shape.height}x{shape.channels}"
        for index, shape in ((index, model.shapes()[index + 1]) for index, _ in model.weighted()[:-1])
    ]
    assert sum(len(_numbers(step)) for layer in data["network"]["layers"] for step in layer["spikes"]) > 100


def test_spikes_of_a_view_are_the_runtimes():
    model, events = load(MODEL), _events(1)
    view = watch(model, events, (24, 24), "a")
    (first, *_), dt = view.layers, model.binning.dt_us
    assert (
        len(first.spikes)
        == len(view.outputs)
        == -(-700_000 // (dt * model.binning.steps)) * model.binning.steps
    )
    assert all((numbers < first.width * first.height * first.channels).all() for numbers in first.spikes)


def test_pictures(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    write(tmp_path / "a.bin", _events().tolist())
    for name, extra in (("a.png", ()), ("b.gif", ("--frames", "5", "--until-s", "0.5"))):
        assert run("view", tmp_path / "a.bin", "--sensor", "24x24", "--out", tmp_path / name, *extra) == 0
    sheet = image.open(io.BytesIO((tmp_path / "a.png").read_bytes()))
    assert len(np.unique(np.asarray(sheet.convert("RGB")).reshape(-1, 3), axis=0)) > 20
    with image.open(tmp_path / "b.gif") as moving:
        assert (moving.n_frames, moving.size) == (5, (240, 240))


def test_mistakes(tmp_path, capsys):
    write(tmp_path / "a.bin", [(5, 0, 0, 1), (9, 1, 1, 1)])
    write(tmp_path / "long.bin", [(5, 0, 0, 1), (1 << 29, 1, 1, 1)])
    (tmp_path / "empty.bin").write_bytes(b"")
    a, out = tmp_path / "a.bin", tmp_path / "o.html"
    for argv, message in (
        (
            (a, "--out", tmp_path / "a.jpg"),
            f"--out {tmp_path}/a.jpg: is no picture by its ending; choose one of .png",
        ),
        (
            (a, "--out", tmp_path / "a.png", "--model", MODEL),
            f"--model {MODEL}: a network's spikes are shown in a .html",
        ),
        ((a, "--out", out, "--frames", "3"), "--frames 3: a .png or .gif has 1..1000; choose another number"),
        (
            (a, "--out", tmp_path / "a.gif", "--frame-ms", "1"),
            "--frame-ms 1 is out of range; choose 10..10000",
        ),
        ((tmp_path / "empty.bin", "--out", out), f"{tmp_path}/empty.bin: 0 events to show; check it with"),
        (
            (a, "--out", tmp_path / "a.gif", "--from-s", "9"),
            f"--from-s 9: {a} lasts 4e-06 s; begin earlier",
        ),
        ((a, "--out", out, "--model", MODEL), f"{a}: sensor 34x34 is not the binning's 24x24; pass --sensor"),
        (
            (tmp_path / "long.bin", "--out", out, "--model", MODEL, "--sensor", "24x24"),
            f"{tmp_path}/long.bin: 17900 steps of the model are more than a page's 5000; choose a part with --until-s",
        ),
    ):
        assert run("view", *argv) == 2, argv
        error = capsys.readouterr().err
        assert error.startswith(f"edge-sast: {message}"), error
    assert not out.exists()


def test_frames_of_a_clock_that_jumped_far():
    """2^61 µs in 1000 frames: products would not fit 64 bits."""
    length = 1 << 61
    rows = [(number * (length // 1000) + (length // 2000), 1, 1, 1) for number in range(1000)]
    events = np.array([*rows, (length - 1, 2, 2, 0)], EVENT_DTYPE)
    frames = count_frames([events], (3, 3), 0, length - 1, 1000)
    assert (frames.counts[:, 1, 1, 1] == 1).all()
    assert np.flatnonzero(frames.counts[:, 2, 2, 0]).tolist() == [999]


def test_events_before_the_first_are_shown(tmp_path, capsys):
    """Where steps back are kept, as `view` does by itself: by frames, and by a page."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL.Image")
    rows = [(t, 1, 1, 1) for t in (5_000_000, 5_000_001, *range(1000, 201_000, 100), 5_000_002)]
    (tmp_path / "a.csv").write_text("t,x,y,p\n" + "".join("{},{},{},{}\n".format(*row) for row in rows))
    for name, extra, count in (
        ("a.png", (), "2,003 events"),
        ("a.gif", (), "2,003 events"),
        ("a.html", (), "2,003 events in 4.999 s"),
        ("a.png", ("--until-s", "0.000001"), "2,001 events"),
        ("a.html", ("--until-s", "0.000001"), "2,001 events in 4.999 s"),
        ("a.png", ("--from-s", "0.000001"), "2 events"),
        ("a.html", ("--from-s", "0.000001"), "2 events in 1e-06 s"),
    ):
        assert run("view", tmp_path / "a.csv", "--out", tmp_path / name, *extra) == 0
        assert f", {count}" in capsys.readouterr().out, (name, extra)


def test_an_event_far_outside_makes_no_picture_of_gigabytes(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("t,x,y,p\n0,1,1,1\n5,65535,65535,1\n")
    message = f"{tmp_path / 'a.csv'}: a sensor of 65536x65536 pixels has more than the 16,777,216 that are shown; pass"
    for out in ("a.png", "a.html"):
        assert run("view", tmp_path / "a.csv", "--out", tmp_path / out) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {message} --sensor WxH")
        options = ("--sensor", "9x9", "--defects", "drop")
        assert run("view", tmp_path / "a.csv", "--out", tmp_path / out, *options) == 0
        capsys.readouterr()
