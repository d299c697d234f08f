"""`data info` of event files: what they hold, and what is wrong with them."""

import json

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
