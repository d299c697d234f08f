"""`data info` of event files: what they hold, and what is wrong with them."""

import json

import numpy as np
import pytest

from edge_sast.cli.main import main
from tests.cli.data.files import run, write


def test_one_file(tmp_path, capsys):
    rows = [(t, t % 5, 3, t % 2) for t in range(1000, 3000, 10)]
    write(tmp_path / "a.bin", rows)
    assert run("info", tmp_path / "a.bin", "--json", tmp_path / "a.json") == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:3] == [
        f"{tmp_path}/a.bin: ATIS (N-MNIST), 34x34",
        "  events      200, 0.0 % ON, columns up to 0, rows up to 3",
        "  time        0.00199 s, from 1,000 to 2,990 µs",
    ]
    assert out[3].startswith("  events/s    100,503; in 4 µs least 0, median 0, most 250,000")
    (figures,) = json.loads((tmp_path / "a.json").read_text())["files"]
    assert (figures["events"], figures["on"], figures["first_us"], figures["last_us"]) == (200, 0, 1000, 2990)
    assert figures["hot_pixels"] == [{"x": 0, "y": 3, "events": 200}]
    assert sum(figures["rate_events_per_s"]) * figures["rate_bin_us"] * 1e-6 == 200
    assert set(figures["defects"].values()) == {0}


def test_defects_are_counted_and_the_first_is_the_error(tmp_path, capsys):
    write(tmp_path / "a.bin", [(5, 0, 0, 1), (6, 40, 0, 0), (7, 1, 50, 0)])
    data = (tmp_path / "a.bin").read_bytes()
    (tmp_path / "a.bin").write_bytes(data + data[:7])  # time runs backwards, and the end is cut off
    write(tmp_path / "b.bin", [(5, 0, 0, 1)])
    assert run("info", tmp_path / "a.bin", tmp_path / "b.bin", "--json", tmp_path / "j.json") == 2
    caught = capsys.readouterr()
    assert [line for line in caught.out.splitlines() if line.startswith("  defects")] == [
        "  defects     1 x step back",
        "  defects     2 x out of sensor",
        "  defects     1 x truncated end",
    ]
    assert "b.bin: ATIS" in caught.out
    assert caught.err == (
        f"edge-sast: {tmp_path}/a.bin: event 3 (byte offset 15): time runs backwards, from 7 µs to 5 µs "
        "(1 x step back in this file) (3 such lines, this is the first)\n"
    )
    report = json.loads((tmp_path / "j.json").read_text())
    assert report["files"][0]["defects"]["out of sensor"] == 2
    assert len(report["bad"]) == 3


def test_events_before_the_first_have_their_time_and_rate(tmp_path, capsys):
    times = [50_000_000, *range(1100, 2_001_100, 1000), *range(50_000_001, 50_000_010)]
    (tmp_path / "a.csv").write_text("t,x,y,p\n" + "".join(f"{t},1,1,1\n" for t in times))
    assert run("info", tmp_path / "a.csv", "--json", tmp_path / "i.json") == 2
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "  time        49.9989 s, from 1,100 to 50,000,009 µs"
    assert lines[3].endswith(" most 1,007")  # 132 events of a bin of 131,072 µs
    (figures,) = json.loads((tmp_path / "i.json").read_text())["files"]
    assert (figures["first_us"], figures["last_us"]) == (1100, 50_000_009)
    rates = figures["rate_events_per_s"]
    assert sum(rates) * figures["rate_bin_us"] * 1e-6 == pytest.approx(len(times))
    assert sum(rate > 0 for rate in rates) == 17


def test_every_command_says_which_events_have_no_time(tmp_path, capsys):
    """As expelliarmus writes EVT3: events before the first word of time."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("PIL.Image")
    events = [word for t in range(0, 4000, 100) for word in (0x6000 | t, 0x2003)]
    words = np.array([0x0002, 0x2001, 0x2002, 0x8000, 0x6000, 0x0002, *events], "<u2")
    source = tmp_path / "a.raw"
    source.write_bytes(b"% evt 3.0\n% geometry 24x24\n% end\n" + words.tobytes())
    told = "2 events before the first time word, left out"
    for argv, line in (
        (("info", source, "--json", tmp_path / "i.json"), f"  left out    {told}\n"),
        (("convert", source, tmp_path / "a.csv"), f": 40 events, 0.0039 s; {told}\n"),
        (("denoise", source, tmp_path / "b.csv", "--refractory-us", "9"), f": 40 events, 0.0039 s; {told}\n"),
        (
            ("cut", source, "--window-ms", "1", "--split", "none", "--out", tmp_path / "c"),
            f"{source}: {told}\n",
        ),
        (("view", source, "--out", tmp_path / "a.png"), f", 40 events; {told}\n"),
        (("view", source, "--out", tmp_path / "a.gif"), f", 40 events; {told}\n"),
        (("view", source, "--out", tmp_path / "a.html"), f", 40 events in 0.0039 s; {told}\n"),
    ):
        assert run(*argv) == 0
        assert line in capsys.readouterr().out, argv
    assert json.loads((tmp_path / "i.json").read_text())["files"][0]["left_out"] == [told]
    assert main(["stream", "examples/digits-int8.safetensors", str(source)]) == 0
    assert f"{source}: {told}\n" in capsys.readouterr().err


def test_a_folder_of_files_is_no_data_set(tmp_path, capsys):
    write(tmp_path / "a.bin", [(5, 0, 0, 1)])
    write(tmp_path / "b.bin", [(5, 0, 0, 1)])
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    (tmp_path / "README.txt").write_text("no events")
    assert run("info", tmp_path) == 0
    assert capsys.readouterr().out.count("ATIS") == 2


def test_mistakes(tmp_path, capsys):
    write(tmp_path / "a.bin", [(5, 0, 0, 1)])
    (tmp_path / "empty.bin").write_bytes(b"")
    for argv, message in (
        (
            ("info", tmp_path / "a.bin", tmp_path / "no.bin"),
            f"{tmp_path}/no.bin: does not exist; give event files",
        ),
        (("info", tmp_path / "a.bin", tmp_path), f"{tmp_path}: is a folder; give event files"),
        (
            ("info", tmp_path / "a.bin", tmp_path / "a.bin", "--split", "x"),
            "--split is for one data set, and ",
        ),
        (
            ("info", tmp_path / "a.bin", "--split", "test"),
            f"data '{tmp_path}/a.bin' is a file, not a folder or .zip",
        ),
        (("info", tmp_path / "empty.bin"), f"{tmp_path}/empty.bin: 0 events; record or convert it again"),
        (
            ("info", tmp_path / "a.bin", "--format", "raw8"),
            "--format raw8: no such format; choose one of atis, ",
        ),
        (
            ("info", tmp_path / "a.bin", "--max-gap-s", "0"),
            "--max-gap-s 0.0 is out of range; choose seconds above 0",
        ),
    ):
        assert run(*argv) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {message}")
