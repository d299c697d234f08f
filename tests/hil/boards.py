"""A virtual board and the recordings it is given, for the tests of the link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import firmware_gen
from edge_sast.events.binned import BinnedEvents
from edge_sast.link.board_link import BoardLink
from edge_sast.link.event_payload import recording_steps
from edge_sast.link.messages import BoardInfo, BoardRun, LinkSettings, StepEvents
from edge_sast.link.ports import open_port
from edge_sast.model.model import Model
from edge_sast.runtime import Simulator
from edge_sast.runtime.simulator import Trace
from firmware_gen.virtual.board import RX_BYTES, VirtualBoard, running
from firmware_gen.virtual.faults import FaultPlan
from firmware_gen.virtual.relay import RelaySettings
from tests.early import random_early_model
from tests.firmware_gen.builds import everything_model
from tests.strategies import binned, random_input

C_FOLDER = Path(firmware_gen.__file__).parent / "c"
QUICK = LinkSettings(hello_s=2.0, reply_s=0.05, stall_s=1.0)
PATIENT = LinkSettings(hello_s=20.0, reply_s=0.1, stall_s=20.0)  # the machine may be busy
# Of a line that loses nothing: no answer, however late, is asked for a second time.
UNHURRIED = LinkSettings(hello_s=60.0, reply_s=30.0, stall_s=60.0)


@dataclass(frozen=True)
class Bench:
    """A model, its compiled virtual board, recordings, and what the runtime says of them."""

    model: Model
    program: Path
    data: BinnedEvents
    traces: tuple[Trace, ...]

    def steps(self, i: int) -> list[StepEvents]:
        return recording_steps(self.data, i)

    def settings(
        self, tcp: bool = True, baud: int = 0, rx_bytes: int = RX_BYTES, faults: FaultPlan | None = None
    ) -> RelaySettings:
        return RelaySettings(str(self.program), rx_bytes, tcp, baud, faults)

    @contextmanager
    def board(self, *args, **kwargs) -> Iterator[VirtualBoard]:
        """Arguments as those of settings."""
        with running(self.settings(*args, **kwargs)) as board:
            yield board

    def check(self, run: BoardRun, i: int, observed: bool = True) -> None:
        """A run of recording i is what the runtime says, to the last bit."""
        trace = self.traces[i]
        if observed:
            np.testing.assert_array_equal(run.crcs, trace.crcs)
        else:
            assert run.crcs is None
        assert len(run.ticks) == len(trace.crcs)
        np.testing.assert_array_equal(run.outputs, trace.outputs)
        np.testing.assert_array_equal(run.synops, trace.synops.sum(axis=0, dtype=np.uint64))
        np.testing.assert_array_equal(run.spikes, trace.spike_counts.sum(axis=0, dtype=np.uint64))
        assert run.prediction == trace.prediction


def make_bench(program: Path, model: Model | None = None, recordings: int = 6) -> Bench:
    """A bench around an already compiled board of `model` (everything_model)."""
    model = model or everything_model()
    rng = np.random.default_rng(1)
    data = binned(model, [random_input(rng, model) for _ in range(recordings)])
    simulator = Simulator(model)
    return Bench(model, program, data, tuple(simulator.trace(data, i) for i in range(recordings)))


def make_early_bench(
    program: Path, recordings: int = 12, suits: Callable[[Model], bool] = lambda _: True
) -> Bench:
    """A bench of a model that answers early, and `suits`: its recordings end in three different steps at least."""
    models = (random_early_model(np.random.default_rng([seed, 8]))[0] for seed in range(100))
    benches = (make_bench(program, model, recordings) for model in models if suits(model))
    return next(bench for bench in benches if len({len(trace.crcs) for trace in bench.traces}) > 2)


@contextmanager
def linked(board: VirtualBoard, settings: LinkSettings = PATIENT, trace=None) -> Iterator[BoardLink]:
    link = BoardLink(open_port(board.port), settings, trace)
    try:
        yield link
    finally:
        link.close()


def make_info(
    width: int, height: int, shift: int = 0, frame_steps: int = 8, frame_bytes: int = 256
) -> BoardInfo:
    """What a board says, where only its input and its frames matter."""
    return BoardInfo(
        protocol=1, name="made up", model_hash="00" * 32, frame_bytes=frame_bytes, reply_bytes=128, rx_bytes=1024,
        window=4, frame_steps=frame_steps, ticks_kind="none", ticks_hz=0, width=width, height=height, shift=shift,
        steps=1, dt_us=1000, layers=1, weighted=1, classes=1, memory_bytes=8,
    )  # fmt: skip
