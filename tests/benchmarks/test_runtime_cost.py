"""The benchmark of what a recording costs in the runtime: what it changes, and its picture."""

from __future__ import annotations

import numba
import runtime_cost


def test_one_thing_is_changed_at_a_time(tmp_path):
    threads = numba.get_num_threads()
    rows = list(runtime_cost.measured(recordings=1, repeat=1))
    assert numba.get_num_threads() == threads
    of = {name: [row for row in rows if row["changed"] == name] for name in runtime_cost.TITLES}
    assert sum(map(len, of.values())) == len(rows)
    assert [row["synops"] for row in of["rate"]] == sorted(row["synops"] for row in of["rate"])
    assert of["rate"][0]["synops"] == 0  # no event, no spike, no addition
    assert [row["neurons"] for row in of["neurons"]] == [row["value"] for row in of["neurons"]]
    assert {row["neurons"] for name in ("rate", "steps", "threads") for row in of[name]} == {14_682}
    assert [row["steps"] for row in of["steps"]] == list(runtime_cost.LENGTHS)
    assert [row["value"] for row in of["threads"]] == list(range(1, threads + 1))
    assert min(row["us"] for row in rows) > 0
    path = runtime_cost.plot(rows, tmp_path)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
