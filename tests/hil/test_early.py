"""Boards of a model that answers early: recordings end where the runtime ends them, and the board tells when."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from edge_sast.cli.main import main
from edge_sast.cli.options.ports import describe
from edge_sast.hil.connection import Connection
from edge_sast.hil.session import run_session
from edge_sast.hil.worker import Plan
from edge_sast.link import job
from edge_sast.link.messages import BoardRefusedError, LinkSettings
from edge_sast.model.modelfile import model_hash
from edge_sast.runtime import Simulator
from firmware_gen.c_plan.footprint import footprint
from firmware_gen.c_plan.plan import CPlan
from firmware_gen.virtual.board import build_virtual_board
from tests.firmware_gen.builds import export
from tests.hil.boards import PATIENT, Bench, linked, make_early_bench

COUNT = 12


@pytest.fixture(scope="module")
def early(tmp_path_factory) -> Bench:
    """A board whose model ends some recordings early, in different steps."""
    folder = tmp_path_factory.mktemp("early")
    bench = make_early_bench(folder / "board", COUNT)
    build_virtual_board(export(bench.model, folder / "build"), bench.program)
    return bench


def connection(bench: Bench, port: str, settings: LinkSettings = PATIENT) -> Connection:
    ram = footprint(CPlan(bench.model)).ram_bytes
    return Connection(port, 115200, model_hash(bench.model), ram, settings)


def test_runs_have_the_steps_that_were_computed(early):
    with early.board() as board, linked(board) as link:
        assert link.hello().protocol == 2
        for observed in (True, False):
            for i in range(COUNT):
                early.check(link.run(early.steps(i), observed=observed), i, observed)
        trace, last = early.traces[0], early.traces[0].layers[-1]
        step = len(trace.crcs) - 1
        membranes, _ = link.dump(early.steps(0), step, last.index)
        assert membranes.tolist() == trace.membranes[step, last.start : last.stop].tolist()


def test_steps_after_the_end_cost_no_ticks_and_have_no_crc(early):
    """What the board sends of them, before the host cuts it off."""
    ended = min(range(COUNT), key=lambda i: len(early.traces[i].crcs))
    computed, steps = len(early.traces[ended].crcs), early.model.binning.steps
    assert computed < steps
    seen = []
    with pytest.MonkeyPatch.context() as patch, early.board() as board, linked(board) as link:
        run = job.Job.run
        patch.setattr(job.Job, "run", lambda self: (seen.append(bytes(self.records)), run(self))[1])
        link.run(early.steps(ended), observed=True)
    records = np.frombuffer(seen[0], job.RECORD)
    assert len(records) == steps
    assert records["crc"][:computed].tolist() == early.traces[ended].crcs.tolist()
    assert not records["crc"][computed:].any()
    assert not records["ticks"][computed:].any()


@pytest.mark.parametrize("wrong", [0, -1, 1 << 16])
def test_steps_that_cannot_be_are_refused(early, monkeypatch, wrong):
    """None, one fewer than have a CRC, more than were sent: cut off without a word, the rest would pass."""
    accept, steps = job.Job._accept_results, len(early.traces[0].crcs)
    count = wrong if wrong >= 0 else steps + wrong

    def accept_wrong(self, offset, payload):
        accept(self, offset, payload)
        self.results[-job.STEPS_BYTES :] = count.to_bytes(job.STEPS_BYTES, "little")

    monkeypatch.setattr(job.Job, "_accept_results", accept_wrong)
    message = f"computed {count} of {early.model.binning.steps} steps, and gave others; flash"
    with early.board() as board, linked(board) as link, pytest.raises(BoardRefusedError, match=message):
        link.run(early.steps(0), observed=True)


def test_a_session_agrees_and_tells_the_steps(early):
    with early.board() as board:
        result = run_session(Simulator(early.model), early.data, [connection(early, board.port)], Plan())
    assert [outcome.mismatch for outcome in result.outcomes.values()] == [None] * COUNT
    taken = [result.outcomes[i].steps for i in range(COUNT)]
    assert taken == [len(trace.crcs) for trace in early.traces]


def test_another_margin_is_told_by_its_steps(early, tmp_path):
    """A board that tells the hash of the model and never ends early."""
    folder = export(early.model, tmp_path / "build")
    source = folder / "src" / "a_model.c"
    source.write_text(
        source.read_text().replace(f".margin = {early.model.early_margin}u", ".margin = 2147483647u")
    )
    other = replace(early, program=tmp_path / "board")
    build_virtual_board(folder, other.program)
    with other.board() as board:
        result = run_session(Simulator(early.model), early.data, [connection(early, board.port)], Plan())
    differing = [outcome.mismatch for outcome in result.outcomes.values() if outcome.mismatch]
    ended = [i for i in range(COUNT) if len(early.traces[i].crcs) < early.model.binning.steps]
    assert len(differing) == len(ended)
    assert "steps expected" in describe(result)
    assert describe(result).endswith(
        "(what both computed is equal: the board ends recordings at another margin)"
    )


def test_the_command_tells_them_too(early, tmp_path, capsys):
    folder = export(early.model, tmp_path / "build")
    with early.board() as board:
        assert main(["verify", str(folder), "--on", board.port, "--json", str(tmp_path / "verify.json")]) == 0
    found = json.loads((tmp_path / "verify.json").read_text())
    assert found["steps"] == round(found["samples"] * found["steps_per_sample"]["mean"])
    assert f"of {early.model.binning.steps} steps in the mean" in capsys.readouterr().out


def test_a_board_without_a_margin_speaks_version_1(bench):
    with bench.board() as board, closing(connection(bench, board.port)) as found:
        found.open()
        assert found.info.protocol == 1
        assert not found.info.ends_early
