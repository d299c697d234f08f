"""Recordings shared by threads: each is done once, whatever fails."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

from edge_sast.hil.schedule import Schedule


def test_one_that_failed_comes_last_and_is_set_aside_in_the_end():
    schedule = Schedule([4, 5])
    assert schedule.take() == 4
    assert schedule.give_back(4, failures=1)
    assert schedule.failures(4) == 1
    assert [schedule.take(), schedule.take()] == [5, 4]
    schedule.finish(5)
    assert not schedule.give_back(4, failures=1)
    assert schedule.take() is None


def test_what_was_not_come_to_is_next_again():
    schedule = Schedule([1, 2, 3])
    assert [schedule.take(), schedule.take_ready(), schedule.take_ready()] == [1, 2, 3]
    assert schedule.take_ready() is None
    schedule.put_back(3)
    schedule.put_back(2)
    assert schedule.give_back(1, failures=1)
    assert schedule.failures(2) == schedule.failures(3) == 0
    assert [schedule.take_ready() for _ in range(4)] == [2, 3, 1, None]


def test_what_is_not_due_yet_is_waited_for():
    schedule = Schedule([0, 1, 2], due=[0.0, 0.05, 60.0])
    assert schedule.late(0) is None  # nothing was asked for
    began = time.monotonic()
    assert schedule.take() == 0
    assert schedule.take_ready() is None
    assert schedule.take() == 1
    assert time.monotonic() - began >= 0.05
    assert 0 <= schedule.late(1) < schedule.late(0) < 60
    assert schedule.late(2) < 0
    taken = []
    waiting = threading.Thread(target=lambda: taken.append(schedule.take()), daemon=True)
    waiting.start()
    schedule.stop()
    waiting.join(10)
    assert taken == [None]
    assert Schedule([0]).late(0) is None


def test_who_has_nothing_to_do_waits_for_what_may_come_back():
    schedule = Schedule([0])
    assert schedule.take() == 0
    taken = []
    waiting = threading.Thread(target=lambda: taken.append(schedule.take()), daemon=True)
    waiting.start()
    assert taken == []
    schedule.give_back(0, failures=9)
    waiting.join(10)
    assert taken == [0]
    last = threading.Thread(target=lambda: taken.append(schedule.take()), daemon=True)
    last.start()
    assert not schedule.ended
    schedule.finish(0)
    last.join(10)
    assert taken == [0, None]
    assert schedule.ended
    schedule.wait_ended(60)


def test_stopping_wakes_everyone():
    schedule = Schedule([0, 1])
    schedule.take()
    schedule.take()
    ended = []
    threads = [
        threading.Thread(target=lambda: ended.append(schedule.take()), daemon=True),
        threading.Thread(target=lambda: ended.append(schedule.wait_ended(60)), daemon=True),
    ]
    for thread in threads:
        thread.start()
    assert not schedule.stopped
    schedule.stop()
    for thread in threads:
        thread.join(10)
    assert ended == [None, None]
    assert schedule.stopped
    schedule.give_back(0, failures=9)
    assert schedule.take() is None
    assert schedule.take_ready() is None


def test_many_threads_do_each_recording_once():
    schedule = Schedule(range(300))
    done: Counter[int] = Counter()
    lock = threading.Lock()

    def work(seed: int) -> None:
        rng = random.Random(seed)
        while (recording := schedule.take()) is not None:
            if rng.random() < 0.3:
                schedule.give_back(recording, failures=1000)
                continue
            with lock:
                done[recording] += 1
            schedule.finish(recording)

    threads = [threading.Thread(target=work, args=(seed,), daemon=True) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert done == Counter(range(300))
