"""The processes of a training: start workers on this machine, bring them together, and end all when one fails.

Workers started by torchrun find each other through the environment that it sets; `launch` sets the same.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from subprocess import Popen

import torch
from torch import distributed

from edge_sast.errors import EdgeSastError
from edge_sast.signals import kill_interrupts
from trainer.workers.workers import ALONE, Workers, reason

MOST_WORKERS = 1024
JOIN_TIMEOUT = timedelta(
    minutes=10
)  # until all workers are there: machines are not started at the same moment
# Of one exchange. All others wait while the main worker reads recordings for the cache, or evaluates.
EXCHANGE_TIMEOUT = timedelta(minutes=30)
END_SECONDS = 15.0  # after one failed, for the others to notice and end by themselves
POLL_SECONDS = 0.1
FOLLOWED = 3  # exit code of a worker that ended because another had
SET_BY_LAUNCHER = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_FAILED = "edge_sast/failed"


def started() -> bool:
    """Whether this process is one of several workers."""
    return all(name in os.environ for name in SET_BY_LAUNCHER) and os.environ["WORLD_SIZE"] != "1"


def check_count(asked: int) -> None:
    """Raises EdgeSastError for a number of workers that cannot be, or that torchrun has settled otherwise."""
    if not 1 <= asked <= MOST_WORKERS:
        raise EdgeSastError(f"--workers is {asked}; it must be 1 to {MOST_WORKERS}")
    if started() and asked not in (1, int(os.environ["WORLD_SIZE"])):
        raise EdgeSastError(
            f"--workers is {asked}, but {os.environ['WORLD_SIZE']} workers were started; leave it out under torchrun"
        )


def threads_each(available: int) -> int:
    """Threads of one of the workers on this machine."""
    return max(1, available // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def take_gpu() -> None:
    """Make LOCAL_RANK's GPU the one that "cuda" means. Raises EdgeSastError where there are too few."""
    place, there = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
    if place >= there:
        raise EdgeSastError(
            f"--workers: this machine has {there} GPUs, but worker {place + 1} is to run here; start one worker per "
            "GPU, or use --device cpu"
        )
    torch.cuda.set_device(place)


@contextmanager
def session() -> Iterator[Workers]:
    """All workers together, or one alone where this process was not started as one of several.

    Of several that fail, the first one's exception passes and the others leave with SystemExit: one message.
    """
    if not started():
        yield ALONE
        return
    store, rank, count = _meet()
    try:
        _connect(store, rank, count)
        workers = Workers(rank, count)
        workers.wait()  # one that ended while others still connect would leave them with PyTorch's own report
        yield workers
    except (Exception, KeyboardInterrupt):
        if _first_to_fail(store):
            raise
        raise SystemExit(FOLLOWED) from None
    distributed.destroy_process_group()


def _meet() -> tuple[distributed.Store, int, int]:
    try:
        store, rank, count = next(distributed.rendezvous("env://", timeout=JOIN_TIMEOUT))
    except (RuntimeError, ValueError) as error:
        raise _not_joined(error) from error
    return store, rank, count


def _connect(store: distributed.Store, rank: int, count: int) -> None:
    """Tensors on GPUs go by NCCL, those in memory by Gloo."""
    gpus = torch.cuda.is_available() and distributed.is_nccl_available()
    try:
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if gpus else "gloo",
            store=store,
            rank=rank,
            world_size=count,
            timeout=EXCHANGE_TIMEOUT,
        )
    except RuntimeError as error:
        raise _not_joined(error) from error


def _not_joined(error: Exception) -> EdgeSastError:
    there = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    return EdgeSastError(
        f"training: the {os.environ['WORLD_SIZE']} workers did not come together at {there} ({reason(error)}); start "
        "all of them, and check address and port"
    )


def _first_to_fail(store: distributed.Store) -> bool:
    try:
        return store.add(_FAILED, 1) == 1
    except RuntimeError:  # nobody is left to ask
        return True


def launch(count: int, command: Sequence[str]) -> int:
    """Run `command` as `count` workers on this machine; the exit code of the one that failed, or 0.

    An interrupt of this process, or its end by a signal, interrupts each worker once; none outlives the call.
    Raises EdgeSastError where workers were ended from outside and none was left to say so.
    """
    store = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    shared = os.environ | {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the store is this process's and outlives every worker
    }
    workers: list[Popen[bytes]] = []
    try:
        with kill_interrupts():
            for rank in range(count):
                place = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
                # In a session of its own: a terminal's interrupt would reach it a second time.
                workers.append(Popen(command, env=shared | place, start_new_session=True))
            _until(lambda: _all_ended(workers) or any(w.returncode for w in workers))
            _until(lambda: _all_ended(workers), END_SECONDS)
    except KeyboardInterrupt:
        for worker in workers:
            worker.send_signal(signal.SIGINT)
        _until(lambda: _all_ended(workers), END_SECONDS)
    finally:
        codes = [worker.poll() for worker in workers]
        for worker in workers:
            worker.kill()
            worker.wait()
    return _verdict(codes)


def _verdict(codes: list[int | None]) -> int:
    told = [code for code in codes if code and code > 0]
    if told:
        return min(told, key=lambda code: code == FOLLOWED)
    for rank, code in enumerate(codes):
        if code is None or code < 0:
            how = "did not end" if code is None else f"was ended by signal {-code}"
            raise EdgeSastError(
                f"training: worker {rank} {how}; a checkpoint, where there is one, is kept: add --resume to go on"
            )
    return 0


def _all_ended(workers: list[Popen[bytes]]) -> bool:
    return all([worker.poll() is not None for worker in workers])  # a list: every one is polled


def _until(met: Callable[[], bool], seconds: float = float("inf")) -> None:
    end = time.monotonic() + seconds
    while not met() and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
