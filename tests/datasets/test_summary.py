import numpy as np

from edge_sast.datasets.sources.folder import open_folder
from edge_sast.datasets.summary import summarise
from tests.events.oracles import random_recording, write_classes


def test_figures_of_a_split(tmp_path):
    write_classes(tmp_path / "train", {"a": 2})
    write_classes(tmp_path / "extra", {"a": 2, "b": 2})
    (tmp_path / "extra" / "b" / "000.bin").write_bytes(b"")
    (tmp_path / "extra" / "b" / "001.bin").write_bytes(b"abc")
    data = open_folder(tmp_path)
    summary = summarise(data, "extra", progress=False)
    recordings = [random_recording(1), random_recording(2)]
    durations = [recording.duration_us for recording in recordings]
    figures = summary.figures()
    assert figures["recordings"] == 4
    assert figures["classes"] == {"a": 2, "b": 2}
    assert figures["events_total"] == 400
    assert figures["events_per_recording"] == {"min": 0.0, "median": 200.0, "max": 200.0}
    assert figures["rate_events_per_s"] == 400 / (sum(durations) * 1e-6)
    assert figures["on_fraction"] == np.mean([recording.events["p"].mean() for recording in recordings])
    assert figures["empty"] == [f"{tmp_path}/extra/b/000.bin"]
    assert len(summary.bad) == 1
    assert summary.bad[0].startswith(f"{tmp_path}/extra/b/001.bin: ends at byte 3")


def test_split_without_events(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "0.bin").write_bytes(b"abc")
    figures = summarise(open_folder(tmp_path), "all", progress=False).figures()
    assert figures["events_per_recording"] is None
    assert figures["rate_events_per_s"] is None
    assert figures["on_fraction"] is None
