"""The campaign of faults and the measurement of the line, small, on the virtual board."""

import gc
import signal

import faults
import numpy as np
import pytest
import wire

from edge_sast.errors import CheckFailedError
from edge_sast.link.messages import LinkSettings
from firmware_gen.virtual.faults import KINDS, FaultPlan


def test_no_fault_makes_a_wrong_figure_or_a_hang(bench):
    counted = faults.Bench(bench.model, bench.data, limit_s=60.0)
    before = signal.signal(signal.SIGALRM, faults._hang)
    try:
        for seed in (1, 2):
            with bench.board(faults=FaultPlan(seed, 1 / 500, faults.WEIGHTS, 0.02, 1.0)) as board:
                counted.session(board, seed, calls=25)
            counted.faults.update(board.faults)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert set(faults.WEIGHTS) == set(KINDS)
    assert counted.faults.total() > 50
    assert counted.right == 50
    assert not set(counted.outcomes) & {"wrong", "hang"}
    assert all(message.startswith("board: ") and "\n" not in message for message in counted.messages)


def test_the_line_is_measured_and_results_are_checked(bench):
    crcs = np.stack([trace.crcs for trace in bench.traces])
    patient = LinkSettings(20.0, 20.0, 20.0)  # on a busy machine a late answer is none that was lost
    figures = wire.measure(bench.settings(baud=921_600), bench.data, crcs, patient)
    assert 0 < figures["efficiency"] < 1
    assert (figures["overruns"], figures["recoveries"]) == (0, 0)
    with pytest.raises(CheckFailedError, match=r"^recording 0: the board's CRCs are not the runtime's$"):
        wire.measure(bench.settings(), bench.data, crcs + 1)
    gc.collect()  # a port left open is a ResourceWarning, and so an error
