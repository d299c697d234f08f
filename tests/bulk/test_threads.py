"""A map over threads: in order, ended by the first exception, and left at any time in any thread."""

from __future__ import annotations

import threading
import time

import pytest

from edge_sast.bulk.threads import CHUNK, THREADS, map_in_order


def test_results_come_in_order():
    assert list(map_in_order(str, range(CHUNK + 3))) == [str(i) for i in range(CHUNK + 3)]
    assert list(map_in_order(str, [])) == []


def test_it_works_on_several_threads():
    all_there = threading.Barrier(THREADS, timeout=30)
    assert list(map_in_order(lambda _: all_there.wait(), range(THREADS))) != []


def test_the_first_exception_ends_it():
    """Of those behind it only what was begun is done, as nothing of it is before the map has ended."""
    done, ended = [], threading.Event()

    def fail_at_two(i):
        if i == 2:
            raise ValueError("item 2")
        assert i < 2 or ended.wait(30)
        done.append(i)

    with pytest.raises(ValueError, match="item 2"):
        list(map_in_order(fail_at_two, range(CHUNK)))
    ended.set()
    time.sleep(0.1)
    assert len(done) <= 2 + THREADS


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_its_own_thread_can_be_the_one_that_ends_it():
    """As where the garbage collector, which runs in any thread, meets a map that was left."""
    left, ended, holder = threading.Event(), threading.Event(), []

    def end(i):
        if i == 1:
            assert left.wait(30)
            holder.clear()
            ended.set()

    holder.append(map_in_order(end, range(THREADS)))
    next(holder[0])
    left.set()
    assert ended.wait(30), "a thread that ends the map waits for itself"


def test_whoever_ends_it_waits_for_no_thread():
    """A thread of it may wait for what the one that ends it holds."""
    held, done = threading.Lock(), threading.Event()

    def take(i):
        if i == 1:
            with held:
                done.set()

    with held:
        working = map_in_order(take, range(THREADS))
        next(working)
        closer = threading.Thread(target=working.close, daemon=True)
        closer.start()
        closer.join(30)
        assert not closer.is_alive(), "it waits for a thread"
    assert done.wait(30)
