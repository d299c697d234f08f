"""The journal: what it keeps, what it survives, what it refuses."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_sast.errors import EdgeSastError
from edge_sast.hil.journal import Identity, Journal
from edge_sast.hil.outcome import Outcome
from edge_sast.parity.mismatch import Mismatch

IDENTITY = Identity("a" * 64, "b" * 64, "both", 9)


def outcome(index: int, **changes) -> Outcome:
    return replace(
        Outcome(
            index=index,
            source=f"recording {index}",
            port="/dev/ttyACM0",
            board="board",
            clock="cycles",
            clock_hz=180_000_000,
            prediction=1,
            outputs=(-5, 2**31 - 1),
            synops=(2**40, 3),
            spikes=(4, 5),
            steps=3,
            ticks=(2**32 - 1, 0, 7),
            unique_ticks=(2**32 - 2, 0, 6),
            seconds=0.1,
            wire_bytes=1234,
            retries=1,
            restarts=2,
        ),
        **changes,
    )


OUTCOMES = (
    outcome(3),
    outcome(0, mismatch=Mismatch(0, "recording 0", 2, 1, "membrane", 7, -1, 5), located=True),
    outcome(8, ticks=(), clock="none", clock_hz=0),
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "folder" / "journal.jsonl"
    with Journal.create(path, IDENTITY) as journal:
        for each in OUTCOMES:
            journal.append(each)
    return path


def test_what_was_kept_comes_back_and_more_can_follow(path):
    with Journal.resume(path, IDENTITY) as journal:
        assert journal.done == OUTCOMES
        journal.append(outcome(1))
    with Journal.resume(path, IDENTITY) as journal:
        assert journal.done == (*OUTCOMES, outcome(1))
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_a_journal_cut_anywhere_keeps_its_whole_lines(path):
    """A machine that lost power in the middle of a line: that recording runs again, the others stand."""
    data = path.read_bytes()
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    for cut in range(len(data) + 1):
        path.write_bytes(data[:cut])
        whole = max(0, sum(end <= cut for end in ends) - 1)
        with Journal.resume(path, IDENTITY) as journal:
            assert journal.done == OUTCOMES[:whole]
            journal.append(outcome(5))
        with Journal.resume(path, IDENTITY) as journal:
            assert journal.done == (*OUTCOMES[:whole], outcome(5))


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_journal_gives_what_it_was_given_or_nothing(path, data):
    """Bytes changed, lost or put in anywhere: whole lines from the first on, or one line that refuses."""
    good = path.read_bytes()
    at = data.draw(st.integers(0, len(good)))
    put = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b"\r", b"\0"]))
    damaged = good[:at] + put + good[at + data.draw(st.integers(0, 3)) :]
    path.write_bytes(damaged)
    with contextlib.suppress(EdgeSastError), Journal.resume(path, IDENTITY) as journal:
        assert journal.done == OUTCOMES[: len(journal.done)]
    path.write_bytes(good)


def test_a_changed_figure_is_refused(path):
    lines = path.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace('"prediction":1', '"prediction":0')
    path.write_text("".join(lines))
    with pytest.raises(EdgeSastError, match=r"line 2 is damaged; start anew without --resume"):
        Journal.resume(path, IDENTITY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": "c" * 64},
            f"its model is {'a' * 16}, here it is {'c' * 16}; give the model file it was made with",
        ),
        (
            {"data": "c" * 64},
            f"its data is {'b' * 16}, here it is {'c' * 16}; give the same --data, --split, --limit",
        ),
        ({"check": "crc"}, "its check is both, here it is crc; give the same --check"),
        (
            {"events": "sent"},
            "its events is unique, here it is sent; give --unique-events, or leave it out, as then",
        ),
        ({"recordings": 8}, "its recordings is 9, here it is 8; give the same --data"),
    ],
)
def test_a_journal_of_another_run_is_refused(path, changes, message):
    before = path.read_bytes()
    expected = f"^--resume {re.escape(str(path))}: belongs to another run: {message}"
    with pytest.raises(EdgeSastError, match=expected):
        Journal.resume(path, replace(IDENTITY, **changes))
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["x", "{}\n", '{"crc":1}\n', "[1]\n", "1\n", '{"a":1,"crc":"x"}\nmore\n'])
def test_what_is_no_journal(path, text):
    path.write_text(text)
    with pytest.raises(EdgeSastError, match=r"is no journal of this command; start anew without --resume"):
        Journal.resume(path, IDENTITY)


def test_of_another_version(path, monkeypatch):
    monkeypatch.setattr("edge_sast.hil.journal.FORMAT_VERSION", 7)
    with pytest.raises(
        EdgeSastError, match=r"version is 6; this edge-sast reads 7: start anew without --resume"
    ):
        Journal.resume(path, IDENTITY)


def test_no_outcome_twice_and_none_of_other_recordings(path):
    for index in (3, 9, -1):
        with Journal.resume(path, IDENTITY) as journal:
            size = path.stat().st_size
            journal.append(outcome(index))
        with pytest.raises(EdgeSastError, match=r"line 5 is no outcome of this run"):
            Journal.resume(path, IDENTITY)
        with path.open("r+b") as file:
            file.truncate(size)


def test_none_there(tmp_path):
    with pytest.raises(EdgeSastError, match=r"--resume .*none.jsonl: does not exist; start without --resume"):
        Journal.resume(tmp_path / "none.jsonl", IDENTITY)


def test_two_runs_do_not_share_a_journal(path):
    with Journal.resume(path, IDENTITY):
        before = path.read_bytes()
        for start in (Journal.resume, Journal.create):
            with pytest.raises(EdgeSastError, match=r"another hil run writes to it; wait for its end"):
                start(path, IDENTITY)
        assert path.read_bytes() == before


def test_a_full_disk_is_one_line():
    with pytest.raises(
        EdgeSastError, match=r"^--journal /dev/full: cannot be written: No space left on device; "
    ):
        Journal.create("/dev/full", IDENTITY)


def test_a_folder_that_cannot_be_made(path):
    with pytest.raises(EdgeSastError, match=r"cannot be written: .*; free space or name another file"):
        Journal.create(path / "below" / "journal.jsonl", IDENTITY)
