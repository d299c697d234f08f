"""One map: the items' order and the first error, whoever works and in whatever order they are done."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections import deque

import pytest

from edge_sast.bulk.engine import AHEAD, Engine, Serial
from edge_sast.bulk.processes import Processes
from edge_sast.bulk.tasks import Answer, work_off
from edge_sast.errors import EdgeSastError
from tests.bulk.jobs import KilledOnce, Square, process_id, two_arguments

RAY = importlib.util.find_spec("ray") is not None


class LastFirst:
    """Workers in this process that are done in the opposite order, and may hold no more than they say."""

    def __init__(self, count: int) -> None:
        self.count, self.most, self.given = count, 0, deque()

    def free(self):
        return len(self.given) < self.count

    def give(self, number, work, items):
        assert self.free()
        self.given.append((number, work, items))

    def wait(self):
        if not self.given:
            return []
        number, work, items = self.given.pop()
        return [Answer(number, work_off(work, items))]

    def close(self):
        self.given.clear()


@pytest.fixture(scope="module")
def processes():
    with Engine(Processes(2)) as engine:
        yield engine


@pytest.fixture(scope="module")
def ray_engine():
    if not RAY:
        pytest.skip("needs ray; pip install -e '.[ray]'")
    from edge_sast.bulk.ray_workers import RayWorkers

    with Engine(RayWorkers(2)) as engine:
        yield engine


@pytest.fixture(params=["serial", "last first", "processes", "ray"])
def engine(request):
    if request.param == "serial":
        return Engine(Serial())
    if request.param == "last first":
        return Engine(LastFirst(5))
    return request.getfixturevalue({"processes": "processes", "ray": "ray_engine"}[request.param])


@pytest.fixture(params=["processes", "ray"])
def parallel(request):
    return request.getfixturevalue({"processes": "processes", "ray": "ray_engine"}[request.param])


@pytest.mark.parametrize("chunk", [1, 4])
def test_results_come_in_the_order_of_the_items(engine, chunk):
    seen = []
    found = engine.map(Square(seconds=0.01), range(30), chunk=chunk, done=seen.append)
    assert [outcome.get() for outcome in found] == [x * x for x in range(30)]
    assert sorted(seen) == list(range(30))


def test_nothing_to_do_is_nothing(engine):
    assert list(engine.map(Square(), [])) == []


@pytest.mark.parametrize("chunk", [1, 4])
def test_an_error_belongs_to_its_item_and_the_rest_goes_on(engine, chunk):
    found = list(engine.map(Square(bad=(3, 7)), range(10), chunk=chunk))
    assert [str(each.error) for each in found if each.error] == [
        f"item {x}: damaged; leave it out" for x in (3, 7)
    ]
    assert all(isinstance(each.error, EdgeSastError) for each in found if each.error)
    assert [each.result for each in found if not each.error] == [x * x for x in range(10) if x not in (3, 7)]
    with pytest.raises(EdgeSastError, match="item 3: damaged"):
        found[3].get()


def test_an_error_that_cannot_be_sent_comes_as_text(parallel):
    (outcome,) = parallel.map(two_arguments, [5])
    with pytest.raises(
        RuntimeError, match=r"(?s)in a worker:.*two_arguments.*TwoArgumentsError: item 5: why"
    ):
        outcome.get()


def test_work_that_no_worker_can_take_is_told_as_it_is(parallel, tmp_path, monkeypatch):
    """One of a module that only this process has, as a script's own is for Ray."""
    (tmp_path / "here_alone.py").write_text("def work(x):\n    return x\n")
    monkeypatch.syspath_prepend(tmp_path)
    work = importlib.import_module("here_alone").work
    (tmp_path / "here_alone.py").unlink()
    with pytest.raises(ModuleNotFoundError, match="here_alone"):
        list(parallel.map(work, range(3)))
    assert [each.get() for each in parallel.map(Square(), range(3))] == [0, 1, 4]


def test_a_map_that_is_left_does_not_spoil_the_next(parallel):
    for outcome in parallel.map(Square(seconds=0.05), range(20)):
        assert outcome.get() == 0
        break
    assert [each.get() for each in parallel.map(Square(), range(5))] == [0, 1, 4, 9, 16]


def test_no_more_is_under_way_than_is_allowed():
    """The first item is never done before all that may be given is given."""
    workers = LastFirst(3)
    taken = []

    class Items(list):
        def __getitem__(self, i):
            taken.append(i)
            return i

    found = Engine(workers).map(Square(), Items(range(1000)), chunk=2)
    next(found)
    assert len(taken) <= AHEAD * 2 * 3


class OneThatEnds(LastFirst):
    """A worker that ends at the first item, and whose successor takes its time, as one of Ray's does."""

    starting = ended = False

    def free(self):
        return not self.starting and super().free()

    def wait(self):
        if self.starting or self.ended:
            self.starting = False
            return super().wait()
        self.ended = self.starting = True
        number, _, _ = self.given.pop()
        return [Answer(number, ended="by signal 9")]


def test_a_map_waits_for_the_worker_that_follows():
    found = [(x, each.get()) for x, each in Engine(OneThatEnds(1)).as_done(Square(), iter(range(3)))]
    assert sorted(found) == [(0, 0), (1, 1), (2, 4)]
    assert [each.get() for each in Engine(OneThatEnds(1)).map(Square(), range(3))] == [0, 1, 4]


def test_other_processes_do_the_work(parallel):
    pids = {each.get() for each in parallel.map(process_id, range(20))}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2


@pytest.mark.parametrize("chunk", [1, 3])
def test_what_a_killed_worker_had_is_done_again(parallel, tmp_path, chunk):
    (tmp_path / "kill-1").touch()
    found = [each.get() for each in parallel.map(KilledOnce(tmp_path, 4), range(9), chunk=chunk)]
    assert [x for x, _ in found] == list(range(9))
    assert not list(tmp_path.glob("kill-*"))
    assert {path.name for path in tmp_path.glob("done-*")} == {f"done-{x}" for x in range(9)}
    assert len({pid for _, pid in found}) >= 2
    assert [each.get() for each in parallel.map(Square(), range(4))] == [0, 1, 4, 9]


def test_an_item_that_ends_every_worker_is_named_and_the_rest_goes_on(processes, tmp_path):
    for token in range(9):
        (tmp_path / f"kill-{token}").touch()
    found = list(processes.map(KilledOnce(tmp_path, 2), range(6), chunk=3, name=lambda x: f"recording {x}"))
    assert [each.error is None for each in found] == [True, True, False, True, True, True]
    assert str(found[2].error) == (
        "recording 2: 3 workers in turn ended at it, the last by signal 9; give each more memory with fewer --jobs, or "
        "try it with --engine serial"
    )


def test_an_idle_worker_that_is_killed_is_started_anew():
    with Engine(Processes(1)) as engine:
        (first,) = [each.get() for each in engine.map(process_id, [0])]
        os.kill(first, 9)
        (second,) = [each.get() for each in engine.map(process_id, [0])]
        assert second != first
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)
