"""A model on many recordings: cut into shards, run on an engine, joined in the recordings' order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numba
import numpy as np

from edge_sast.bulk.engine import Engine
from edge_sast.events.binned import BinnedEvents
from edge_sast.model.model import Model
from edge_sast.runtime import RunResult, Simulator

SHARDS_PER_WORKER = 8  # so that one with quiet recordings takes over from one with busy ones
MOST_RECORDINGS = 512  # of a shard: what is sent at once, and a chance to show progress


@dataclass(frozen=True)
class _Shard:
    """The runtime, as a worker keeps it."""

    model: Model
    threads: int

    @cached_property
    def _simulator(self) -> Simulator:
        return Simulator(self.model)

    def __call__(self, binned: BinnedEvents) -> RunResult:
        most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
        numba.set_num_threads(min(self.threads, most))
        return self._simulator.run(binned, parallel=self.threads > 1)


@dataclass(frozen=True)
class _Rows:
    """Shards of recordings, each made when it is asked for: no second copy of all is held."""

    binned: BinnedEvents
    bounds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __getitem__(self, i: int) -> BinnedEvents:
        return self.binned.select(np.arange(self.bounds[i], self.bounds[i + 1]))


def run_on(
    engine: Engine,
    model: Model,
    binned: BinnedEvents,
    threads: int = 1,
    done: Callable[[int], object] | None = None,
) -> RunResult:
    """What Simulator(model).run(binned) gives, whoever works.

    Args:
        engine: workers; each builds the model once.
        threads: of each worker.
        done: is given the number of recordings of each shard once it is done.

    Raises:
        EdgeSastError: as Simulator.run; where workers ended at a shard again and again, with its recordings.
    """
    shards = max(engine.count * SHARDS_PER_WORKER, -(-len(binned) // MOST_RECORDINGS))
    bounds = np.linspace(0, len(binned), min(shards, len(binned)) + 1).astype(int).tolist()
    rows = _Rows(binned, tuple(bounds))
    told = None if done is None else (lambda i: done(bounds[i + 1] - bounds[i]))
    found = engine.map(_Shard(model, threads), rows, name=_name, done=told)
    return RunResult.concatenate([outcome.get() for outcome in found])


def _name(shard: BinnedEvents) -> str:
    if len(shard) == 1:
        return shard.sources[0]
    return f"{shard.sources[0]} and {len(shard) - 1} more recordings up to {shard.sources[-1]}"
