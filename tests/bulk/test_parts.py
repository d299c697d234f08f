"""Loops shared out among threads: every item once, on as many threads as asked for, and no thread waits in vain."""

import multiprocessing
import os
import threading

import numba
import numpy as np
import pytest

from edge_sast.bulk.parts import in_parts
from edge_sast.jit import jit


def add_squares(span, found):
    for i in range(span[0], span[1]):
        found[i] += i * i


add_squares_jit = jit(add_squares)


@pytest.fixture
def threads():
    most = numba.get_num_threads()
    yield numba.set_num_threads
    numba.set_num_threads(most)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 100])
@pytest.mark.parametrize("kernel", [add_squares, add_squares_jit])
@pytest.mark.parametrize("each", [1, 8])
def test_every_item_comes_once(count, kernel, each):
    found = np.zeros(count, np.int64)
    in_parts(kernel, count, found, parts_per_thread=each)
    assert found.tolist() == [i * i for i in range(count)]


def on_two_threads():
    both, seen = threading.Barrier(2, timeout=20), set()

    def meet(_span):
        both.wait()
        seen.add(threading.get_ident())

    in_parts(meet, 2, parts_per_thread=1)
    assert len(seen) == 2


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one CPU")
def test_as_many_threads_as_are_set(threads):
    threads(2)
    on_two_threads()
    threads(1)
    seen = set()
    in_parts(lambda _: seen.add(threading.get_ident()), 50)
    assert seen == {threading.get_ident()}


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one CPU")
def test_a_thread_that_is_held_up_leaves_the_rest_to_the_others(threads):
    """As one is whose core another program has: with one part for each thread the others would wait for it."""
    threads(2)
    done, rest = [], threading.Event()

    def work(span):
        if span[0] == 0:
            assert rest.wait(30)
        done.append(span)
        if len(done) == 7:
            rest.set()

    in_parts(work, 8, parts_per_thread=4)
    assert done[-1] == (0, 1)


@pytest.mark.parametrize("bad", [0, 49])
def test_an_exception_in_any_part_is_raised(bad):
    def fail(span):
        if span[0] <= bad < span[1]:
            raise ValueError("as it should")

    with pytest.raises(ValueError, match="as it should"):
        in_parts(fail, 50)


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one CPU")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(threads):
    threads(2)
    on_two_threads()
    child = multiprocessing.get_context("fork").Process(target=on_two_threads, daemon=True)
    child.start()
    child.join(40)
    assert child.exitcode == 0
