"""The queue before the network: order, what each policy drops, errors behind their events, an end from either side."""

import threading
import time

import numpy as np
import pytest

from edge_sast.errors import EdgeSastError
from edge_sast.events.recording import EVENT_DTYPE
from edge_sast.streaming import feed as feed_module
from edge_sast.streaming.feed import Feed


def numbered(begin, end):
    events = np.zeros(end - begin, EVENT_DTYPE)
    events["t"] = np.arange(begin, end)
    return events


def taken(feed):
    return [t for burst in feed.bursts(5.0) if burst is not None for t in burst.events["t"].tolist()]


def settled(feed):
    """Until the receiver has nothing more to do, as far as it can."""
    before = -1
    while before != (before := (feed.waiting, feed.dropped, feed._ended)) or not feed._ended:
        time.sleep(0.01)
    return feed


@pytest.mark.parametrize(
    ("overload", "kept"),
    [
        ("oldest", [*range(15, 25)]),
        ("newest", [*range(10)]),
        ("thin", [0, 1, 2, 3, 4, 5, 7, 9, 10, 12]),
    ],
)
def test_what_each_policy_keeps(overload, kept):
    """Bursts of 5 into room for 10, and nobody takes any before all have come."""
    bursts = [numbered(5 * i, 5 * i + 5) for i in range(5)]
    with Feed(iter(bursts), overload, 10) as feed:
        settled(feed)
        assert feed.waiting == len(kept)
        assert taken(feed) == kept
    assert feed.dropped == 25 - len(kept)


def test_oldest_displaces_no_more_than_it_must():
    with Feed(iter([numbered(0, 6), numbered(6, 9), numbered(9, 12)]), "oldest", 10) as feed:
        assert taken(settled(feed)) == [*range(2, 12)]
        assert feed.dropped == 2


@pytest.mark.parametrize(("overload", "kept"), [("oldest", 4), ("newest", 4), ("thin", 4), ("wait", 9)])
def test_a_burst_larger_than_the_room(overload, kept):
    with Feed(iter([numbered(0, 9)]), overload, 4) as feed:
        assert len(taken(settled(feed))) == kept
        assert feed.dropped == 9 - kept


def test_wait_loses_nothing_and_holds_no_more_than_the_room():
    asked = []

    def chunks():
        for i in range(50):
            asked.append(i)
            yield numbered(10 * i, 10 * i + 10)

    with Feed(chunks(), "wait", 30) as feed:
        time.sleep(0.1)
        assert feed.waiting == 30
        assert len(asked) == 4
        assert taken(feed) == [*range(500)]
        assert feed.dropped == 0


def test_small_pieces_are_handed_over_together(monkeypatch):
    monkeypatch.setattr(feed_module, "TOGETHER", 25)
    pieces = iter([numbered(10 * i, 10 * i + 10) for i in range(5)])
    with Feed(pieces, clock=iter([0.5, 1.5, 2.5, 3.5, 4.5]).__next__) as feed:
        settled(feed)
        bursts = list(feed.bursts(5.0))
    assert [len(burst.events) for burst in bursts] == [20, 20, 10]
    assert [(burst.arrived, burst.until) for burst in bursts] == [(0.5, 1.5), (2.5, 3.5), (4.5, 4.5)]


def test_an_error_comes_behind_its_events():
    def chunks():
        yield numbered(0, 3)
        raise EdgeSastError("line 4 is no event")

    with Feed(chunks()) as feed:
        bursts = feed.bursts(5.0)
        settled(feed)
        assert next(bursts).events["t"].tolist() == [0, 1, 2]
        with pytest.raises(EdgeSastError, match=r"^line 4 is no event$"):
            next(bursts)


def test_nothing_for_a_while_is_told():
    goes_on = threading.Event()

    def chunks():
        yield numbered(0, 1)
        goes_on.wait(5)
        yield numbered(1, 2)

    with Feed(chunks()) as feed:
        bursts = feed.bursts(0.02)
        assert next(bursts) is not None
        assert next(bursts) is None
        goes_on.set()
        assert [b.events["t"].tolist() for b in bursts if b is not None] == [[1]]


@pytest.mark.parametrize("overload", ["wait", "oldest"])
def test_leaving_early_ends_the_thread(overload):
    stopped = threading.Event()

    def endless():
        while not stopped.is_set():
            yield numbered(0, 10)

    with Feed(endless(), overload, 30, stopped.set) as feed:
        assert next(feed.bursts(5.0)) is not None
    assert stopped.is_set()
    assert not feed._thread.is_alive()
