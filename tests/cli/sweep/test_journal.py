"""A sweep's journal: cut at every byte, written on a full disk, glued by what did not mend it."""

import argparse
import json
import multiprocessing
import resource
import shutil
import signal

import pytest

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'edge-sast[sweep]'")

from edge_sast.cli.learn import sweep as sweep_command
from edge_sast.cli.sweep import report as sweep_report
from edge_sast.cli.sweep import study as sweep_study
from edge_sast.cli.sweep.journal import SweepJournal
from edge_sast.cli.sweep.space import Space
from edge_sast.cli.sweep.study import JOURNAL_NAME, Ledger
from edge_sast.errors import EdgeSastError
from tests.cli.recordings import write_lines

FIGURES = {"accuracy": 0.5, "synops_per_sample": 100.0, "flash_bytes": 10, "ram_bytes": 20, "seconds": 1.0}
REASON = "training: the loss is nan in epoch 1; lower --lr or --rho"


@pytest.fixture(scope="module")
def of(tmp_path_factory):
    data = write_lines(tmp_path_factory.mktemp("lines"), {"train": 2, "valid": 1})
    parser = argparse.ArgumentParser()
    sweep_command.add_arguments(parser)
    words = [
        "--dt-us",
        "1000",
        "--steps",
        "2",
        "--arch",
        "or4-out",
        "--downscale",
        "2",
        "--grid",
        "seed=0,1,2",
    ]
    return Space(parser.parse_args(["--data", str(data), "--out", "unused", *words]))


def ledger(folder, of):
    return Ledger(folder, None, ("accuracy", "synops", "flash"), of, ("tpe", 0))


def go_on(folder, of):
    """What the same command does: add what is missing, run what is left; a trial's figures lie in its folder."""
    book = ledger(folder, of)
    book.add_missing(of.check()[0])
    ran = 0
    while (held := book.take(0)) is not None:
        if held.training.config.seed == 1:
            book.fail(held, REASON)
        else:
            book.finish(held, FIGURES | {"seconds": float(held.training.config.seed)})
        ran += 1
    return [(r.texts["seed"], r.figures, r.reason) for r in sweep_report.records(book.trials())], ran


@pytest.fixture(scope="module")
def whole(of, tmp_path_factory):
    """The bytes of a journal whose three trials are over, and what it tells."""
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    folder.mkdir()
    told, ran = go_on(folder, of)
    assert ran == 3
    assert [figures and figures["seconds"] for _, figures, _ in told] == [0, None, 2]
    return (folder / JOURNAL_NAME).read_bytes(), told


def cut(folder, content):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / JOURNAL_NAME).write_bytes(content)


def finished_before(data):
    return data.count(b'"state":1,') + data.count(b'"state":3,')


def places(data, every):
    """Around the end of each line, and each `every`th byte."""
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    return sorted(
        {0, *range(0, len(data), every), *(end + by for end in ends for by in (-2, -1, 0, 1))}
        - {len(data) + 1}
    )


@pytest.fixture
def later(monkeypatch):
    """Past the minutes in which a trial that was begun, without a word by whom, may still be another machine's."""
    monkeypatch.setattr(sweep_study, "GRACE_SECONDS", 0.0)


def check_cuts(folder, of, whole, at):
    data, told = whole
    for place in at:
        cut(folder, data[:place])
        now, ran = go_on(folder, of)
        assert now == told, place
        assert ran <= 3 - finished_before(data[: data[:place].rfind(b"\n") + 1]), place
        assert go_on(folder, of) == (told, 0), place


@pytest.mark.usefixtures("later")
def test_a_journal_that_was_cut_off_goes_on(of, whole, tmp_path):
    check_cuts(tmp_path / "sweep", of, whole, places(whole[0], 401)[::6])


@pytest.mark.quality
@pytest.mark.usefixtures("later")
def test_a_journal_that_was_cut_off_at_any_byte_goes_on(of, whole, tmp_path):
    check_cuts(tmp_path / "sweep", of, whole, range(len(whole[0])))


def test_what_is_cut_off_is_told_and_removed(of, whole, tmp_path, capsys):
    data, told = whole
    cut(tmp_path / "sweep", data[:-30])
    assert go_on(tmp_path / "sweep", of)[0] == told
    path = tmp_path / "sweep" / JOURNAL_NAME
    lost = len(data) - 30 - (data[:-30].rfind(b"\n") + 1)
    assert (
        capsys.readouterr().err == f"warning: {path}: {lost} bytes of a line that was cut off are removed\n"
    )
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


@pytest.mark.parametrize(
    "piece",
    [b'{"op_code":5,"wor', b"\0" * 40, b'{"op_code":5,"worker_id":"x"}'],
    ids=["torn", "zeros", "no end"],
)
def test_a_line_behind_a_piece_of_another_is_read(of, whole, tmp_path, piece):
    """So did an earlier version append behind a torn line."""
    data, told = whole
    last = data[:-1].rfind(b"\n") + 1
    cut(tmp_path / "sweep", data[:last] + piece + data[last:])
    assert go_on(tmp_path / "sweep", of) == (told, 0)
    assert (tmp_path / "sweep" / JOURNAL_NAME).read_bytes().startswith(data)


def test_a_whole_line_may_hold_what_others_begin_with(tmp_path):
    """Such as the digest of a run of that name."""
    path = tmp_path / "journal"
    SweepJournal(path).append_logs([{"op_code": 2, "user_attr": {"contents": {"init": {"op_code": "5b1f"}}}}])
    before = path.read_bytes()
    assert [log["op_code"] for log in SweepJournal(path).read_logs(0)] == [2]
    assert path.read_bytes() == before


def test_a_damaged_line_is_refused_with_the_remedy(of, whole, tmp_path):
    data = whole[0]
    second = data.index(b"\n") + 1
    cut(tmp_path / "sweep", data[: second + 2] + b"\xff" + data[second + 3 :])
    with pytest.raises(
        EdgeSastError, match=r"study.journal: line 2 is damaged; move the file away and give the same"
    ):
        ledger(tmp_path / "sweep", of)


def test_a_worker_appends_behind_whole_lines_only(tmp_path):
    path = tmp_path / "journal"
    one, other = SweepJournal(path), SweepJournal(path)
    one.append_logs([{"op_code": 1}])
    with path.open("ab") as torn:  # by a third one, which was killed amid its line
        torn.write(b'{"op_code":2,"wor')
    other.append_logs([{"op_code": 3}, {"op_code": 4}])
    assert path.read_bytes() == b'{"op_code":1}\n{"op_code":3}\n{"op_code":4}\n'
    assert [log["op_code"] for log in one.read_logs(1)] == [3, 4]


def _append_many(path, number):
    journal = SweepJournal(path)
    for i in range(50):
        journal.append_logs([{"op_code": 1, "from": number, "i": i}])


def test_workers_append_at_once(tmp_path):
    path = tmp_path / "journal"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(path, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    found = [(log["from"], log["i"]) for log in SweepJournal(path).read_logs(0)]
    assert sorted(found) == [(number, i) for number in range(3) for i in range(50)]


@pytest.fixture
def size_limit():
    """Files of this process may not grow beyond a size: a write fails as on a full disk, amid a line."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("later")
def test_a_full_disk_is_told_and_leaves_whole_lines(of, whole, tmp_path, size_limit):
    data, told = whole
    folder = tmp_path / "sweep"
    for size in range(1, len(data), 1499):
        cut(folder, b"")
        size_limit(size)
        with pytest.raises(
            EdgeSastError,
            match=r"study.journal: cannot be written: File too large; free space, then the same command",
        ):
            go_on(folder, of)
        size_limit(resource.RLIM_INFINITY)
        content = (folder / JOURNAL_NAME).read_bytes()
        assert content in (b"", content[: content.rfind(b"\n") + 1])
        assert len(content) <= size
        assert go_on(folder, of)[0] == told
