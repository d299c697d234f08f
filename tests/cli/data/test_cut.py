"""`data cut`: windows by time, by count and by label, in splits that do not touch."""

import shutil

import numpy as np
import pytest

from edge_sast.datasets.cutting.windows import Label, by_count, by_label, by_time
from edge_sast.datasets.open import open_dataset
from edge_sast.datasets.sources.windows import split_by_time
from edge_sast.events.recording import EVENT_DTYPE
from tests.cli.data.files import rows_of, run, write


def _tree(folder):
    return {str(path.relative_to(folder)): rows_of(path) for path in sorted(folder.rglob("*.bin"))}


def _random(seed, last, count=400):
    rng = np.random.default_rng(seed)
    t = np.sort(np.concatenate([[7, last], rng.integers(7, last, count)]))
    return [(int(time), int(time) % 30, int(time) % 31, int(time) % 2) for time in t]


def test_windows_are_those_of_training(tmp_path, capsys):
    """The folder holds what `--window-us` makes of the recordings, with the same splits."""
    for name, seed in (("cup", 1), ("pen", 2)):
        write(tmp_path / "in" / f"{name}.bin", _random(seed, 2_000_000))
    assert run("cut", tmp_path / "in", "--window-ms", "100", "--out", tmp_path / "out", "--to", ".bin") == 0
    assert "next: edge-sast train --data" in capsys.readouterr().out
    made, wanted = open_dataset(tmp_path / "out"), open_dataset(tmp_path / "in", window_us=100_000)
    assert made.sensor == wanted.sensor == (34, 34)
    assert made.classes == wanted.classes == ("cup", "pen")
    for split in ("train", "valid", "test"):
        pairs = zip(made.recordings(split), wanted.recordings(split), strict=True)
        for one, other in pairs:
            assert one.label == other.label
            assert np.array_equal(one.load().events, other.load().events)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_windows_by_time_whatever_the_chunks(size):
    events = np.array(_random(3, 1_000_003, 60), EVENT_DTYPE)
    windows = list(by_time(np.split(events, range(size, len(events), size)), 50_000))
    assert [window.begin_us for window in windows] == list(range(0, 950_000, 50_000))
    for window in windows:
        after = events["t"] - 7
        inside = (after >= window.begin_us) & (after < window.begin_us + 50_000)
        assert np.array_equal(window.events, events[inside])


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_windows_by_count_whatever_the_chunks(size):
    events = np.array(_random(4, 10_000, 50), EVENT_DTYPE)
    windows = list(by_count(np.split(events, range(size, len(events), size)), 10))
    assert len(windows) == 5
    assert np.array_equal(np.concatenate([window.events for window in windows]), events[:50])
    assert [window.begin_us for window in windows] == [int(events["t"][i * 10]) - 7 for i in range(5)]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_labelled_windows_whatever_the_chunks(size):
    """They may overlap, lie behind one another, and hold nothing."""
    events = np.array(_random(5, 10_000, 50), EVENT_DTYPE)
    labels = [
        Label("a", 100, 5_000),
        Label("b", 4_000, 6_000),
        Label("a", 9_000, 50_000),
        Label("c", 60_000, 70_000),
    ]
    labels += [Label("whole", 0, 1 << 40)]
    windows = list(by_label(np.split(events, range(size, len(events), size)), labels))
    assert sorted((window.label, window.begin_us) for window in windows) == sorted(
        (label.label, label.begin_us - 7) for label in labels
    )
    for window in windows:
        label = next(of for of in labels if (of.label, of.begin_us - 7) == (window.label, window.begin_us))
        inside = (events["t"] >= label.begin_us) & (events["t"] < label.end_us)
        assert np.array_equal(window.events, events[inside])


def test_labels_of_several_files(tmp_path):
    for name in ("u1", "u2", "u3"):
        write(tmp_path / f"{name}.bin", _random(6, 1_000_000))
    (tmp_path / "labels.csv").write_text(
        "file,class,startTime_ms,end_s\nu1,wave,0,0.2\nu1.bin,clap,200,0.4\nu2,wave,10,0.3\nu3,clap,0,1\n"
    )
    files = [tmp_path / f"{name}.bin" for name in ("u1", "u2", "u3")]
    out = tmp_path / "out"
    argv = (
        "cut",
        *files,
        "--labels",
        tmp_path / "labels.csv",
        "--split",
        "recording",
        "--to",
        ".bin",
        "--out",
        out,
    )
    assert run(*argv) == 0
    found = _tree(out)
    assert [name.rpartition("/")[0] for name in found] == [
        "test/clap",
        "train/clap",
        "train/wave",
        "valid/wave",
    ]
    (clap,) = (rows for name, rows in found.items() if name.startswith("train/clap"))
    assert clap == [row for row in _random(6, 1_000_000) if 200_000 <= row[0] < 400_000]


def test_splits_by_time_leave_a_window_between(tmp_path):
    write(tmp_path / "cup.bin", _random(1, 1_000_000))
    assert (
        run("cut", tmp_path / "cup.bin", "--window-ms", "50", "--out", tmp_path / "out", "--to", ".bin") == 0
    )
    counts = {
        split: len(list((tmp_path / "out" / split / "cup").iterdir())) for split in ("train", "valid", "test")
    }
    windows = (1_000_000 - 7 + 1) // 50_000
    assert counts == {split: len(numbers) for split, numbers in split_by_time(windows).items()}
    assert sum(counts.values()) == windows - 2


def test_classes_and_splits_by_recording(tmp_path):
    for name in ("a", "b", "c"):
        for kind in ("cup", "pen"):
            write(tmp_path / "in" / kind / f"{kind}-{name}.bin", _random(1, 100_000, 50))
    argv = ("cut", tmp_path / "in", "--window-events", 20, "--split", "recording", "--to", ".bin")
    assert run(*argv, "--out", tmp_path / "out") == 0
    found = {name.partition("@")[0] for name in _tree(tmp_path / "out")}
    assert found == {
        f"{split}/{kind}/{kind}-{name}"
        for kind in ("cup", "pen")
        for split, name in (("train", "a"), ("valid", "b"), ("test", "c"))
    }


def test_mistakes_leave_nothing_behind(tmp_path, capsys):
    write(tmp_path / "a.bin", _random(1, 100_000, 20))
    write(tmp_path / "other" / "a.bin", _random(1, 100_000, 20))
    csv = tmp_path / "labels.csv"
    file, out = tmp_path / "a.bin", tmp_path / "out"
    labels = ("--labels", csv, "--to", ".bin")
    for text, argv, message in (
        (
            "",
            (file, "--window-ms", "50"),
            f"{file}: gives 1 windows, and 8 are needed to split it by time; choose",
        ),
        ("", (file, "--window-ms", "0"), "--window-ms 0.0 is out of range; choose 0.001.."),
        ("", (file, "--window-events", "0"), "--window-events 0 is out of range; choose 1 or more"),
        (
            "",
            (file, "--window-ms", "5", "--split", "recording"),
            "--split recording: 1 recordings of class a, and 3 are",
        ),
        (
            "",
            (file, tmp_path / "other" / "a.bin", "--window-ms", "5"),
            "two recordings of class a are called a; rename one",
        ),
        (
            "",
            (file, *labels),
            f"{csv}: its first line names no column for the class (one of class, label, name)",
        ),
        ("class,start,end\n", (file, *labels), f"{csv}: holds no label; write one line for each"),
        ("class,start,end\nx,5\n", (file, *labels), f"{csv}: line 2: 2 of 3 values; write them all"),
        (
            "class,start,end\nx,5,5\n",
            (file, *labels),
            f"{csv}: line 2: ends at 5 µs, not after its begin at 5 µs",
        ),
        (
            "class,start,end\nx,5,nan\n",
            (file, *labels),
            f"{csv}: line 2: end 'nan' is no time from 0 on; correct",
        ),
        (
            "class,start,end\n../x,5,9\n",
            (file, *labels),
            f"{csv}: line 2: class '../x' cannot be the name of a folder",
        ),
        (
            "class,start_h,end\nx,5,9\n",
            (file, *labels),
            f"{csv}: column 'start_h': unknown unit 'h'; write one of us,",
        ),
        (
            "class,start,begin,end\n",
            (file, *labels),
            f"{csv}: two columns for begin: 'start', 'begin'; remove one",
        ),
        (
            "file,class,start,end\nq,x,5,9\n",
            (file, *labels),
            "--labels: q is none of the recordings that are named",
        ),
        (
            "class,start,end\nx,5,9\n",
            (file, *labels),
            f"{file}: class x has 1 labels, and 3 are needed to split it by",
        ),
    ):
        csv.write_text(text)
        assert run("cut", "--to", ".bin", *argv, "--out", out) == 2, argv
        error = capsys.readouterr().err
        assert error.startswith(f"edge-sast: {message}"), error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "labels.csv", "other"]
    out.mkdir()
    assert run("cut", file, "--window-ms", "5", "--to", ".bin", "--out", out) == 2
    assert capsys.readouterr().err.startswith(f"edge-sast: --out {out}: exists already; name a new folder")


def test_a_data_set_without_a_recording_is_an_error(tmp_path, capsys):
    """Labels outside the recording, and windows that no recording fills: nothing is written, and the times are told."""
    write(tmp_path / "a.bin", [(t, 1, 1, 1) for t in range(7000, 9000, 100)])
    write(tmp_path / "b.bin", [(t, 1, 1, 1) for t in range(5000, 9500, 500)])
    (tmp_path / "empty.bin").write_bytes(b"")
    csv = tmp_path / "labels.csv"
    csv.write_text("class,start_ms,end_ms\nx,100,200\nx,300,400\nx,500,600\n")
    both, out = (tmp_path / "a.bin", tmp_path / "b.bin"), tmp_path / "out"
    outside = "--labels: no label holds an event; the recordings' times go from 5000 to 9000 µs: correct the labels' "
    for argv, message in (
        ((*both, "--labels", csv), f"{outside}times or their unit"),
        ((*both, "--labels", csv, "--split", "none"), f"{outside}times or their unit"),
        (
            (*both, "--window-ms", "5", "--split", "none"),
            "no recording lasts as long as a window, 5000 µs; choose a shorter --window-ms",
        ),
        (
            (*both, "--window-events", "21", "--split", "none"),
            "no recording has the 21 events of a window; choose fewer with --window-events",
        ),
        (
            (tmp_path / "empty.bin", "--window-ms", "5", "--split", "none"),
            "the recordings hold no event, and there is nothing to cut; name others",
        ),
    ):
        assert run("cut", *argv, "--to", ".bin", "--out", out) == 2, argv
        assert capsys.readouterr().err == f"edge-sast: {message}\n"
        assert not out.exists()
    argv = ("cut", tmp_path / "a.bin", "--labels", csv, "--keep-empty", "--to", ".bin", "--out", out)
    assert run(*argv) == 0  # windows without events were asked for


def test_recordings_of_two_classes_may_have_one_name(tmp_path, capsys):
    """As cameras number them: <class>/001."""
    for kind in ("cup", "pen"):
        write(tmp_path / "in" / kind / "001.bin", _random(1, 100_000, 50))
    argv = ("cut", tmp_path / "in", "--window-events", 5, "--split", "none", "--to", ".bin")
    assert run(*argv, "--out", tmp_path / "out") == 0
    found = [name.partition("@")[0] for name in _tree(tmp_path / "out")]
    assert found == ["cup/001"] * 10 + ["pen/001"] * 10
    capsys.readouterr()
    assert run(*argv, "--class", "cup", "--out", tmp_path / "other") == 2
    assert capsys.readouterr().err.startswith(
        "edge-sast: two recordings of class cup are called 001; rename one"
    )


def test_a_clock_that_jumps_does_not_cut_for_hours(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("t,x,y,p\n0,1,1,1\n4000000000000000,1,1,1\n")
    argv = ("cut", tmp_path / "a.csv", "--window-ms", "1", "--sensor", "9x9", "--defects", "keep")
    assert run(*argv, "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err.startswith(
        f"edge-sast: {tmp_path}/a.csv: 4e+09 s have more than 1,000,000 windows of 1000 µs; choose"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_the_form_cannot_hold_is_told_with_its_recording_and_window(tmp_path, capsys):
    rows = [(1000 * i, 300 if i == 7 else 1, 1, 1) for i in range(12)]
    (tmp_path / "a.csv").write_text("t,x,y,p\n" + "".join("{},{},{},{}\n".format(*row) for row in rows))
    argv = ("cut", tmp_path / "a.csv", "--window-events", 3, "--split", "none", "--sensor", "640x480")
    assert run(*argv, "--to", ".bin", "--out", tmp_path / "out") == 2
    assert capsys.readouterr().err == (
        f"edge-sast: {tmp_path}/a.csv: window 2: event 1: x=300 does not fit an ATIS file (0..255); crop, shift or cut "
        "the recording first\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("how", ["--window-ms", "--window-events", "--labels"])
@pytest.mark.parametrize("before", [5, 40_000])
def test_a_clock_that_steps_back_is_not_cut(how, before, tmp_path, capsys):
    """Within a piece of the file and in one far behind its begin, whatever is kept; drop and clip mend it."""
    times = [*range(0, before * 1000, 1000), *range(0, 20_000, 1000)]
    lines = [f"{t},1,1,1\n" for t in times]
    (tmp_path / "a.csv").write_text("".join(["t,x,y,p\n", *lines]))
    (tmp_path / "l.csv").write_text("class,start_ms,end_ms\nx,0,2\nx,2,4\ny,3,5\n")
    value = tmp_path / "l.csv" if how == "--labels" else str(max(2, before // 8))
    argv = ("cut", tmp_path / "a.csv", how, value, "--split", "none", "--sensor", "9x9", "--to", ".bin")
    assert run(*argv, "--defects", "keep", "--out", tmp_path / "out") == 2
    byte = len("".join(["t,x,y,p\n", *lines[:before]]))
    assert capsys.readouterr().err == (
        f"edge-sast: {tmp_path}/a.csv: event {before} (byte offset {byte}): time runs backwards, from "
        f"{(before - 1) * 1000} µs to 0 µs; events are never sorted silently: convert the file again in time order, or "
        "pass --defects drop or clip\n"
    )
    assert not (tmp_path / "out").exists()
    if before == 5:
        assert run(*argv, "--defects", "drop", "--out", tmp_path / "out") == 0
        assert "; 4 x step back, --defects drop\n" in capsys.readouterr().out


def test_a_class_that_is_no_folders_name(tmp_path, capsys):
    """Windows are written into the new folder and nowhere else."""
    write(tmp_path / "a.bin", _random(1, 100_000, 50))
    argv = ("cut", tmp_path / "a.bin", "--window-events", 5, "--split", "none", "--class", "../../b")
    assert run(*argv, "--out", tmp_path / "new" / "out") == 2
    message = f"{tmp_path / 'a.bin'}: class '../../b' cannot be the name of a folder; choose one with --class"
    assert capsys.readouterr().err == f"edge-sast: {message}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_recordings_of_an_archive(tmp_path):
    """Cut as those of the folder that it was packed from."""
    for name, seed in (("cup/a", 1), ("pen/b", 2)):
        write(tmp_path / "in" / f"{name}.bin", _random(seed, 2_000_000))
    shutil.make_archive(str(tmp_path / "in"), "zip", tmp_path / "in")
    for name in ("in", "in.zip"):
        assert (
            run(
                "cut",
                tmp_path / name,
                "--window-ms",
                "100",
                "--out",
                tmp_path / f"{name}.out",
                "--to",
                ".bin",
            )
            == 0
        )
    assert _tree(tmp_path / "in.out") == _tree(tmp_path / "in.zip.out")
    assert len(_tree(tmp_path / "in.out")) > 20
