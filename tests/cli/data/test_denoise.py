"""`data denoise`: a file without its noise."""

from edge_sast.formats.registry import read_file
from tests.cli.data.files import rows_of, run, write

LINE = [(1000 + x, x, 5, 1) for x in range(10)]  # each supports the next
LONELY = [(1005, 30, 30, 0)]
HOT = [(2000 + i, 20, 20, 1) for i in range(50)]
ROWS = sorted(LINE + LONELY + HOT)


def test_filters(tmp_path, capsys):
    write(tmp_path / "a.bin", ROWS)
    out, hot = tmp_path / "b.bin", tmp_path / "hot.csv"
    assert (
        run(
            "denoise",
            tmp_path / "a.bin",
            out,
            "--background-us",
            "100",
            "--hot-pixels",
            "20",
            "--hot-out",
            hot,
        )
        == 0
    )
    assert rows_of(out) == LINE[1:]
    assert hot.read_text() == "x,y,events\n20,20,50\n"
    assert capsys.readouterr().out.splitlines()[1] == (
        "hot pixels: 50 of 61 events taken out, background: 2 of 61 events taken out"
    )
    assert run("denoise", tmp_path / "a.bin", out, "--refractory-us", "1000") == 0
    assert rows_of(out) == sorted(LINE + LONELY + HOT[:1])


def test_mistakes(tmp_path, capsys):
    write(tmp_path / "a.bin", LONELY)
    a, b = tmp_path / "a.bin", tmp_path / "b.bin"
    for argv, message in (
        ((a, b), "no filter is named; pass --background-us, --refractory-us or --hot-pixels"),
        ((a, b, "--background-us", "9", "--hot-out", "h"), "--hot-out h: no hot pixels are looked for; pass"),
        (
            (a, b, "--hot-pixels", "9", "--hot-out", b),
            f"--hot-out {b}: is the file of OUT too; name another one",
        ),
        ((a, b, "--hot-pixels", "0"), "--hot-pixels 0 is out of range; choose 1 or more"),
        ((a, b, "--refractory-us", "9", "--support", "2"), "--support 2: is of the background filter; pass"),
        ((a, b, "--hot-pixels", "-1"), "--hot-pixels -1 is out of range; choose 1 or more"),
        ((a, b, "--background-us", "9"), f"{a}: none of 1 events is left; choose weaker filters"),
        ((a, a, "--background-us", "9"), f"OUT {a}: is what is read; name another file"),
    ):
        assert run("denoise", *argv) == 2
        assert capsys.readouterr().err.startswith(f"edge-sast: {message}")
    assert not b.exists()


def test_what_the_form_cannot_hold_is_told_with_the_file(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("t,x,y,p\n5,300,1,1\n")
    argv = ("denoise", tmp_path / "a.csv", tmp_path / "b.bin", "--refractory-us", "9", "--sensor", "640x480")
    assert run(*argv) == 2
    assert capsys.readouterr().err.startswith(
        f"edge-sast: {tmp_path}/a.csv: event 0: x=300 does not fit an ATIS"
    )


def test_events_outside_the_sensor_are_kept_where_that_is_asked(tmp_path, capsys):
    """Hot pixels too: those outside are none of the sensor's."""
    far = [(3000 + i, 200, 200, 1) for i in range(50)]
    write(tmp_path / "a.bin", sorted(ROWS + far))
    out = tmp_path / "b.bin"
    options = ("--hot-pixels", "20", "--background-us", "100", "--sensor", "34x34", "--defects", "keep")
    assert run("denoise", tmp_path / "a.bin", out, *options) == 0
    assert read_file(out, (240, 240)).events.tolist() == LINE[1:] + far
    assert "50 x out of sensor, --defects keep" in capsys.readouterr().out
