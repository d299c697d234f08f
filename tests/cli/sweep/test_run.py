"""Sweeps: which trainings they try, who runs them, what survives a kill, and what is told in the end."""

import argparse
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'edge-sast[sweep]'")

from edge_sast.cli.learn import sweep as sweep_command
from edge_sast.cli.main import main
from edge_sast.cli.sweep import places as sweep_places
from edge_sast.cli.sweep import plot as sweep_plot
from edge_sast.cli.sweep import report as sweep_report
from edge_sast.cli.sweep.pareto import pareto_front
from edge_sast.cli.sweep.report import Record
from edge_sast.cli.sweep.runner import Runner
from edge_sast.cli.sweep.space import Options, Space
from edge_sast.cli.sweep.study import Ledger
from edge_sast.cli.sweep.trial import read_figures
from edge_sast.errors import EdgeSastError
from edge_sast.files import locked
from tests.cli.recordings import write_lines
from tests.programs import LIMIT, started
from trainer.network.network import Network
from trainer.run import checkpoint
from trainer.settings.config import TrainConfig

SMALL = ["--dt-us", "1000", "--steps", "2", "--augment-shift", "0", "--threads", "1", "--device", "cpu"]
NETWORK = {"--arch": "or4-out", "--downscale": "2"}
FIGURES = {
    "accuracy": 0.5,
    "synops_per_sample": 100.0,
    "flash_bytes": 10,
    "ram_bytes": 20,
    "hard_accuracy": 0.5,
    "surrogate_accuracy": 0.6,
    "gap": 0.1,
    "gap_before_finish": None,
    "seconds": 1.0,
}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    return str(write_lines(tmp_path_factory.mktemp("lines"), {"train": 4, "valid": 2}))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def command(recordings, out, *words):
    varied = {f"--{word.split('=')[0]}" for word in words}
    network = [f"{option}={value}" for option, value in NETWORK.items() if option not in varied]
    return ["sweep", "--data", recordings, "--out", str(out), *SMALL, *network, *words]


def space(recordings, *words):
    parser = argparse.ArgumentParser()
    sweep_command.add_arguments(parser)
    return Space(parser.parse_args(command(recordings, "unused", *words)[1:]))


def ledger(folder, of, objectives=("accuracy", "synops", "flash"), url=None):
    folder.mkdir(parents=True, exist_ok=True)
    return Ledger(folder, url, objectives, of, ("random", 3))


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[st.integers(0, 4)] * n), max_size=12)))
def test_the_front_is_what_comparing_each_with_each_says(costs):
    def beats(a, b):
        return all(x <= y for x, y in zip(a, b, strict=True)) and a != b

    assert pareto_front(costs) == [not any(beats(other, one) for other in costs) for one in costs]


def other_value(action):
    """A value that is not the option's default."""
    if action.nargs == 0:
        return not action.default
    if action.choices:
        return next(choice for choice in action.choices if choice != action.default)
    value = {int: 7, float: -0.375, None: "-some text"}[action.type]
    return [value, value] if action.nargs == "+" else value


def test_every_option_of_train_comes_back_from_its_command_line():
    options = Options()
    values = {name: other_value(action) for name, action in options.actions.items()}
    of_an_import = {"layers": None, "imported": None, "kept_channels": None}  # which no option says
    assert vars(options.parse(options.argv(values))) == values | of_an_import


def test_a_switch_can_be_an_axis(recordings):
    trainings, left_out = space(recordings, "--grid", "augment-flip=true,false").check()
    assert [training.config.augment_flip for training in trainings] == [True, False]
    assert not left_out


def test_a_grid_is_every_combination_once(recordings):
    trainings, left_out = space(
        recordings, "--grid", "method=sast,hard", "--grid", "rho=default,0.1,0.10,0", "--grid", "leak=3;2,4"
    ).check()
    found = [(t.config.method, t.config.rho, t.config.leak) for t in trainings]
    assert len(set(found)) == len(found) == (2 + 1) * 2  # for sast, default is 0.1; for hard it is 0
    assert {each.texts["rho"] for each in left_out} == {"0.1", "0.10"}  # which hard does not take
    assert all(each.reason.startswith("--rho is 0.1, but --method hard") for each in left_out)
    assert len({training.name for training in trainings}) == len(trainings)


def test_combinations_that_train_refuses_are_left_out_with_its_reason(recordings):
    trainings, left_out = space(
        recordings, "--grid", "arch=4c9-out,4c3-out", "--grid", "downscale=1,3"
    ).check()
    assert [(t.config.arch, t.config.downscale) for t in trainings] == [
        ("4c9-out", 1),
        ("4c3-out", 1),
        ("4c3-out", 3),
    ]
    assert [each.texts for each in left_out] == [{"arch": "4c9-out", "downscale": "3"}]
    assert left_out[0].reason.startswith("--arch")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "sweep: give --grid or --search, one of them, at least once"),
        (
            ["--grid", "seed=0", "--search", "lr=1:2"],
            "sweep: give --grid or --search, one of them, at least once",
        ),
        (
            ["--grid", "depth=1,2"],
            "--grid depth=1,2: write OPTION=VALUES with an option of 'edge-sast train': arch",
        ),
        (["--grid", "seed"], "--grid seed: write OPTION=VALUES with an option of 'edge-sast train': arch"),
        (["--grid", "seed=,"], "--grid seed=,: no values; give some, separated by commas"),
        (["--grid", "seed=0", "--grid", "seed=1"], "--grid --seed: named twice; give all its values at once"),
        (["--grid", "seed=0", "--grid", "steps=1,2"], "--steps has a value of its own and one in --grid"),
        (["--grid", "beta=5,wide"], "--grid --beta=wide: argument --beta: invalid float value: 'wide'"),
        (["--grid", "beta=5,-1"], "--grid --beta=-1: --beta is -1.0; it must be above 0, and at most 1e+06"),
        (["--grid", "method=sast,best"], "--grid --method=best: argument --method: invalid choice: 'best'"),
        (["--grid", "seed=0,1", "--epochs", "-1"], "--epochs is -1; it must be 0 to 1000000"),
        (["--grid", "augment-flip=perhaps"], "--grid --augment-flip=perhaps: give true or false"),
        (["--search", "beta=5:2"], "--search --beta=5:2: write LOW:HIGH or LOW:HIGH:log, LOW below HIGH"),
        (["--search", "lr=0:1:log"], "--search --lr=0:1:log: write LOW:HIGH or LOW:HIGH:log"),
        (["--search", "beta=-3:2"], "--search --beta=-3: --beta is -3.0; it must be above 0"),
        (
            ["--grid", "seed=0", "--objective", "speed"],
            "--objective is 'speed'; name each once, of accuracy, synops",
        ),
        *(
            (
                ["--grid", "seed=0", *given],
                f"{given[0]} has an effect only beside --search, a --grid runs all",
            )
            for given in (["--trials", "1"], ["--sampler", "random"], ["--sampler-seed", "0"])
        ),
        (["--grid", "seed=0", "--jobs", "0"], "--jobs is 0; it must be 1 to 1024"),
        (
            [
                "--grid",
                "seed=" + ",".join(map(str, range(101))),
                "--grid",
                "dt-us=" + ",".join(map(str, range(100))),
            ],
            "--dt-us has a value of its own and one in --grid; leave one out",
        ),
    ],
)
def test_a_mistake_is_told_before_anything_runs(recordings, tmp_path, capsys, words, message):
    assert main(command(recordings, tmp_path / "out", *words)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"edge-sast: {message}")
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert not (tmp_path / "out").exists()


def test_without_optuna_the_remedy_is_told(recordings, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    for name in ("run", "study", "report", "plot"):
        monkeypatch.delitem(sys.modules, f"edge_sast.cli.sweep.{name}", raising=False)
    assert main(command(recordings, tmp_path, "--grid", "seed=0")) == 2
    assert (
        capsys.readouterr().err
        == "edge-sast: sweep: Optuna is not installed; run pip install 'edge-sast[sweep]'\n"
    )


def test_a_sweep_goes_on_with_more_values_but_not_with_other_settings(recordings, tmp_path):
    ledger(tmp_path, space(recordings, "--grid", "seed=0")).add_missing([])
    more = space(recordings, "--grid", "seed=0,1")
    ledger(tmp_path, more).add_missing(more.check()[0])
    with pytest.raises(EdgeSastError, match=r"was begun without --epochs, not with it; use the same options"):
        ledger(tmp_path, space(recordings, "--grid", "seed=0", "--epochs", "3"))
    with pytest.raises(EdgeSastError, match=r"was begun with --grid seed, not beta; use the same options"):
        ledger(tmp_path, space(recordings, "--grid", "beta=2"))
    with pytest.raises(
        EdgeSastError, match=r"was begun with --objective accuracy,synops,flash, not accuracy"
    ):
        ledger(tmp_path, more, ("accuracy",))


def begin(folder, place, *words):
    """What a sweep over this data does before trials run: the names of its trials, those of the study first."""
    of = space(str(place), *(words or ("--grid", "seed=0,1")))
    trainings, _ = of.check()
    book = ledger(folder, of)
    if sweep_places.compare(folder, book, of, trainings):
        trainings, _ = of.check()
    book.add_missing(trainings)
    return [training.name for training in trainings], len(book.trials()), trainings[0].config.data


def test_a_sweep_goes_on_where_the_same_recordings_lie_elsewhere(tmp_path, capsys):
    write_lines(tmp_path / "old", {"train": 2, "valid": 1})
    names, trials, _ = begin(tmp_path / "sweep", tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    assert begin(tmp_path / "sweep", tmp_path / "new") == (names, trials, str(tmp_path / "new"))
    line = f"--data {tmp_path}/new: holds what {tmp_path}/old held when {tmp_path}/sweep was begun\n"
    assert capsys.readouterr().err == line
    (tmp_path / "new").rename(tmp_path / "old")
    assert begin(tmp_path / "sweep", tmp_path / "old") == (names, trials, str(tmp_path / "old"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("place", ["old", "new"])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_sweep_does_not_go_on_with_other_recordings(tmp_path, place, split):
    write_lines(tmp_path / "old", {"train": 2, "valid": 1})
    begin(tmp_path / "sweep", tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / place)
    file = tmp_path / place / split / "row" / "000.bin"
    times = file.stat()
    data = bytearray(file.read_bytes())
    data[2] ^= 0x80  # the first event's polarity
    file.write_bytes(data)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    there = "those it was begun with" if place == "old" else f"those of {tmp_path}/old"
    message = (
        f"--out {tmp_path}/sweep: the recordings of --data {tmp_path}/{place} are not {there}, which its trials are "
        "trained with; give those, or use another --out"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        begin(tmp_path / "sweep", tmp_path / place)


def write_run(folder, seed):
    folder.mkdir()
    torch.manual_seed(seed)
    config = TrainConfig.of("hard", data="lines", arch="or4-out", dt_us=1000, steps=2)
    grid = config.binning((34, 34))
    network = Network(config.network(grid, 3))
    standing = checkpoint.Standing(config, grid, ("column", "diagonal", "row"), "", 0)
    checkpoint.save(folder, standing, network, torch.optim.Adam(network.parameters()), {})


@pytest.mark.parametrize("varied", [False, True])
@pytest.mark.parametrize("option", ["init", "teacher"])
def test_a_run_that_is_named_is_known_by_its_parameters(recordings, tmp_path, varied, option):
    for seed, name in enumerate("ab"):
        write_run(tmp_path / name, seed)

    def words(*names):
        grid = f"{option}={','.join(str(tmp_path / name) for name in names)}"
        return ["--grid", grid] if varied else ["--grid", "seed=0", f"--{option}", str(tmp_path / names[0])]

    first, *_ = begin(tmp_path / "sweep", recordings, *words("a"))
    again, *_ = begin(tmp_path / "sweep", recordings, *words("a", "b"))
    assert again[0] == first[0]
    (tmp_path / "a").rename(tmp_path / "c")
    if not varied:  # of a grid it would be another value
        assert begin(tmp_path / "sweep", recordings, *words("c"))[0] == first
    (tmp_path / "b").rename(tmp_path / "a")
    message = (
        f"--out {tmp_path}/sweep: the parameters of --{option} {tmp_path}/a are not those it was begun with, which its "
        "trials are trained with; give those, or use another --out"
    )
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        begin(tmp_path / "sweep", recordings, *words("a"))


def test_a_sweep_begun_without_noting_its_recordings_keeps_to_the_path(recordings, tmp_path):
    ledger(tmp_path / "sweep", space(recordings, "--grid", "seed=0")).add_missing([])
    write_lines(tmp_path / "new", {"train": 4, "valid": 2})
    with pytest.raises(EdgeSastError, match=rf"was begun with --data {recordings}, not {tmp_path}/new; use"):
        begin(tmp_path / "sweep", tmp_path / "new")
    begin(tmp_path / "sweep", recordings)
    begin(tmp_path / "sweep", tmp_path / "new")  # by now it is known what lay there


@contextmanager
def locked_database(path):
    """Another program writes to it all the time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


LOCKED = r"--storage: .*database is locked.*; mend it, then the same command goes on"


@pytest.mark.parametrize(
    "name", ["contents", "note_contents", "retry_failed", "trials", "add_missing", "take"]
)
def test_a_database_that_fails_is_told_wherever_it_does(recordings, tmp_path, capsys, monkeypatch, name):
    url = f"sqlite:///{tmp_path}/study.db?timeout=0"
    ledger(tmp_path / "sweep", space(recordings, "--grid", "seed=0"), url=url)
    real = getattr(Ledger, name)

    def fails(self, *given):
        with locked_database(tmp_path / "study.db"):
            return real(self, *given)

    monkeypatch.setattr(Ledger, name, fails)
    words = ["--grid", "seed=0", "--retry-failed", "--storage", url]
    assert main(command(recordings, tmp_path / "sweep", *words)) == 2
    assert re.fullmatch(f"edge-sast: {LOCKED}\n", capsys.readouterr().err)


def test_a_database_that_fails_beside_the_trials(recordings, tmp_path):
    """What else is told meanwhile is not lost in it: the signs of life, and that a trial is left to others."""
    of, url = space(recordings, "--grid", "seed=0"), f"sqlite:///{tmp_path}/study.db?timeout=0"
    book = ledger(tmp_path / "sweep", of, url=url)
    book.add_missing(of.check()[0])
    held = book.take(0)
    with locked_database(tmp_path / "study.db"):
        for call in (book.beat, lambda: book.release(held)):
            with pytest.raises(EdgeSastError, match=f"^{LOCKED}$"):
                call()


TAKE_AND_DIE = """
import argparse, os, sys
from pathlib import Path
from edge_sast.cli.learn import sweep
from edge_sast.cli.sweep.space import Space
from edge_sast.cli.sweep.study import Ledger
parser = argparse.ArgumentParser()
sweep.add_arguments(parser)
args = parser.parse_args(sys.argv[2:])
book = Ledger(Path(sys.argv[1]), args.storage, ("accuracy", "synops", "flash"), Space(args), ("random", 3))
print(book.take(args.trials).training.name, flush=True)
sys.stdin.read()
os._exit(9)
"""


def test_a_trial_of_a_dead_worker_is_taken_up_and_that_of_a_living_one_is_not(recordings, tmp_path):
    words = ["--search", "lr=1e-4:1e-2:log", "--search", "batch-size=1:9", "--trials", "1"]
    own = ledger(tmp_path, space(recordings, *words))
    with started(
        [sys.executable, "-c", TAKE_AND_DIE, str(tmp_path), *command(recordings, tmp_path, *words)[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        name = worker.stdout.readline().strip()
        assert own.take(1) is None
        worker.stdin.close()
        worker.wait()
    held = own.take(1)
    assert held.training.name == name
    assert own.take(1) is None  # it runs it itself
    own.finish(held, FIGURES)
    assert own.take(1) is None
    assert [record.figures for record in sweep_report.records(own.trials())] == [FIGURES]


def test_machines_share_a_database(recordings, tmp_path):
    of = space(recordings, "--grid", "seed=0,1,2")
    url = f"sqlite:///{tmp_path}/study.db"
    one, other = (ledger(tmp_path / host / "sweep", of, url=url) for host in ("a", "b"))
    for book in (one, other):
        book.add_missing(of.check()[0])
    taken = [one.take(0) for _ in range(3)]
    assert [held.training.config.seed for held in taken] == [0, 1, 2]
    assert one.take(0) is None
    one.finish(taken[0], FIGURES)
    assert [record.figures for record in sweep_report.records(other.trials())] == [FIGURES, None, None]


def test_an_interrupted_search_draws_what_an_uninterrupted_one_draws(recordings, tmp_path):
    of = space(
        recordings, "--search", "lr=1e-4:1e-2:log", "--search", "method=sast,hard", "--search", "seed=0:9"
    )
    whole = ledger(tmp_path / "whole", of)
    drawn = []
    while (held := whole.take(6)) is not None:
        drawn.append(held.training)
        whole.finish(held, FIGURES)
    assert len(drawn) == 6
    assert all(1e-4 <= t.config.lr <= 1e-2 and t.config.seed in range(10) for t in drawn)
    assert len({t.config.lr for t in drawn}) == 6

    again = []
    for _ in range(6):
        book = ledger(tmp_path / "parts", of)  # opened anew for each
        book.release(book.take(6))
        held = book.take(6)
        again.append(held.training)
        book.finish(held, FIGURES)
    assert again == drawn


def test_failed_trials_run_again_only_when_asked(recordings, tmp_path):
    of = space(recordings, "--grid", "seed=0,1")
    book = ledger(tmp_path, of)
    book.add_missing(of.check()[0])
    first = book.take(0)
    book.fail(first, "training: the loss is nan in epoch 1; lower --lr or --rho")
    book.finish(book.take(0), FIGURES)
    book.add_missing(of.check()[0])
    assert book.take(0) is None
    failed, complete = sweep_report.records(book.trials())
    assert failed.reason.startswith("training: the loss is nan")
    assert complete.figures == FIGURES
    book.retry_failed()
    again = book.take(0)
    assert again.training == first.training
    book.finish(again, FIGURES)
    assert [record.reason for record in sweep_report.records(book.trials())] == [None, None]


def record(number, accuracy, synops, **texts):
    figures = None if accuracy is None else FIGURES | {"accuracy": accuracy, "synops_per_sample": synops}
    return Record(f"run{number}", number, texts, figures, None if figures else "training: the loss is nan")


def test_seeds_are_averaged_before_they_are_compared(capsys):
    records = [
        record(0, 0.9, 100, beta="2", seed="0"),
        record(1, 0.7, 300, beta="2", seed="1"),
        record(2, 0.85, 150, beta="5", seed="0"),
        record(3, None, None, beta="5", seed="1"),
        record(4, 0.6, 200, beta="9", seed="0"),
        record(5, None, None, beta="99", seed="0"),
    ]
    groups = sweep_report.groups(records, ["beta", "seed"], ("accuracy", "synops"))
    assert [(g.texts["beta"], g.pareto, len(g.names), g.planned) for g in groups] == [
        ("5", True, 1, 2),
        ("2", False, 2, 2),
        ("9", False, 1, 1),
    ]
    assert groups[1].spread["accuracy"] == (pytest.approx(0.8), 0.7, 0.9)
    sweep_report.print_groups(groups, records, ["beta", "seed"], ("accuracy", "synops"))
    out = capsys.readouterr().out.splitlines()
    heads = "front beta seeds accuracy % SynOps/sample flash bytes RAM bytes hard % gap seconds"
    assert " ".join(out[0].split()) == heads
    assert out[2].split()[:6] == ["*", "5", "1", "of", "2", "85.00"]
    assert "80.00 (70.00 to 90.00)" in out[3]
    told = sweep_report.as_json(records, groups, ("accuracy", "synops"), Path("runs"))
    assert [t["pareto"] for t in told["trials"]] == [False, False, True, False, False, False]
    assert [t["state"] for t in told["trials"]] == ["complete"] * 3 + ["failed", "complete", "failed"]


def test_the_picture_is_a_png(tmp_path):
    pytest.importorskip("matplotlib", reason="Matplotlib is not installed: pip install 'edge-sast[plots]'")
    records = [record(i, 0.5 + i / 10, 100 * 2**i, method="sast", lr=str(i)) for i in range(3)]
    groups = sweep_report.groups(records, ["method", "lr"], ("accuracy", "synops"))
    sweep_plot.write(groups, ("accuracy", "synops"), tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def epochs_kept(run):
    path = run / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_free(run):
    try:
        with locked(run / "trial.lock"):
            return True
    except EdgeSastError:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="signals a process group")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_a_terminal_sends_to_all_fails_no_trial(recordings, tmp_path, number):
    """Ctrl-C, and a terminal that is closed, reach each process of the group: the trial must not be ended by them."""
    out = tmp_path / "sweep"
    words = ["--method", "hard", "--epochs", "100000", "--qat-epochs", "1", "--grid", "limit=12"]
    argv = [sys.executable, "-m", "edge_sast.cli.main", *command(recordings, out, *words)]
    with started(argv, stderr=subprocess.PIPE, text=True, start_new_session=True) as sweep:
        wait_until(lambda: any(epochs_kept(run) > 5 for run in out.glob("runs/*")))
        os.killpg(sweep.pid, number)
        said = sweep.stderr.read()
    assert sweep.returncode == 130
    assert "holds 0 finished trials, the same command goes on from there" in said
    (run,) = out.glob("runs/*")
    wait_until(lambda: is_free(run))
    (record,) = sweep_report.records(ledger(out, space(recordings, *words)).trials())
    assert (record.figures, record.reason) == (None, None)


def test_a_killed_sweep_goes_on_where_it_stopped(recordings, tmp_path, capsys):
    """Killed, then terminated, then left to its end, with a trial that fails; then there is nothing left to do."""
    out, figures = tmp_path / "sweep", tmp_path / "figures.json"
    words = ["--method", "hard", "--epochs", "200", "--qat-epochs", "1", "--grid", "limit=12,0"]
    argv = command(recordings, out, *words)
    with started([sys.executable, "-m", "edge_sast.cli.main", *argv]) as killed:
        wait_until(lambda: any(epochs_kept(run) > 5 for run in out.glob("runs/*")))
        killed.kill()
    (run,) = out.glob("runs/*")
    wait_until(lambda: is_free(run))  # the training ended with the sweep
    first = epochs_kept(run)
    assert 5 < first < 201

    ended = threading.Event()

    def terminate():
        wait_until(lambda: ended.is_set() or epochs_kept(run) > first + 5)
        if not ended.is_set():  # else it would be pytest that is ended
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate, daemon=True).start()
    try:
        assert main(argv) == 130
    finally:
        ended.set()
    assert "holds 0 finished trials, the same command goes on from there" in capsys.readouterr().err
    assert is_free(run)
    second = epochs_kept(run)
    assert first < second < 201

    assert main([*argv, "--json", str(figures)]) == 0
    assert "--limit is 0; it must be 1 or more" in capsys.readouterr().out
    log = (run / "log.txt").read_text()
    assert log.count("epoch 1/201 ") == log.count("epoch 201/201 ") == 1
    assert epochs_kept(run) == 201
    trained, failed = json.loads(figures.read_text())["trials"]
    assert (trained["state"], trained["pareto"], trained["folder"]) == ("complete", True, str(run))
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert trained["accuracy"] == last["valid_accuracy"]
    assert (failed["state"], failed["reason"]) == ("failed", "--limit is 0; it must be 1 or more")

    assert main([*argv, "--json", str(tmp_path / "again.json")]) == 0
    assert (tmp_path / "again.json").read_text() == figures.read_text()
    assert (run / "log.txt").read_text() == log


LIMITED = """
import resource, sys
from edge_sast.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_full_disk_fails_no_trial_which_goes_on_in_a_renamed_folder(recordings, tmp_path):
    out, moved, figures = tmp_path / "sweep", tmp_path / "moved", tmp_path / "figures.json"
    words = ["--method", "hard", "--epochs", "1", "--qat-epochs", "1", "--grid", "seed=0"]
    # A checkpoint takes more, the journal of one trial less: to a file of it the disk is full.
    limited = [sys.executable, "-c", LIMITED, "2500", *command(recordings, out, *words)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert re.fullmatch(
        rf"edge-sast: {out}/runs/seed=0-\w+/checkpoint.safetensors: cannot write \d+ bytes: File too large; free "
        "space or choose another folder; the same command then goes on",
        done.stderr.splitlines()[-1],
    )
    (record,) = sweep_report.records(ledger(out, space(recordings, *words)).trials())
    assert (record.figures, record.reason) == (None, None)
    out.rename(moved)
    (run,) = moved.glob("runs/*")
    (run / "figures.json").write_bytes(b"")  # made, and emptied when the power went
    assert main([*command(recordings, moved, *words), "--json", str(figures)]) == 0
    (trial,) = json.loads(figures.read_text())["trials"]
    assert (trial["state"], trial["folder"]) == ("complete", str(run))
    assert json.loads((run / "figures.json").read_text())["accuracy"] == trial["accuracy"]


@pytest.mark.parametrize("log", [b"", b"epoch 1/2 sast: lo"])
def test_a_disk_too_full_for_the_log_is_told(recordings, tmp_path, log):
    of = space(recordings, "--grid", "seed=0")
    book = ledger(tmp_path / "sweep", of)
    book.add_missing(of.check()[0])
    held = book.take(0)
    run = tmp_path / "sweep" / "runs" / held.training.name
    run.mkdir(parents=True)
    (run / "log.txt").write_bytes(log)
    message = f"{run}: no space left on the disk; free space; the same command then goes on"
    with pytest.raises(EdgeSastError, match=f"^{re.escape(message)}$"):
        Runner(book, tmp_path / "sweep", argparse.Namespace(jobs=None, trials=None))._tell_full(held)


def test_figures_that_were_altered_count_as_none(tmp_path):
    whole = json.dumps(FIGURES).encode()
    (tmp_path / "figures.json").write_bytes(whole)
    assert read_figures(tmp_path) == FIGURES
    wrong = [
        json.dumps(FIGURES | {"accuracy": value}).encode() for value in (None, "0.5", True, float("nan"))
    ]
    for content in (
        *(whole[:cut] for cut in range(len(whole))),
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b"[" * 99_999,
        *wrong,
    ):
        (tmp_path / "figures.json").write_bytes(content)
        assert read_figures(tmp_path) is None
    assert read_figures(tmp_path / "gone") is None
