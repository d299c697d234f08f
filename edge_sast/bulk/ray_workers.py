"""Workers that are actors of Ray (P. Moritz et al. 2018, arXiv 1712.05889), on this machine or on a cluster.

Ray is imported here alone, and only when it is asked for. It is told to repeat nothing by itself: which item a worker
had when it ended is known, and is given to another, as with processes.
"""

from __future__ import annotations

import functools
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge_sast.bulk.machine import cpus
from edge_sast.bulk.tasks import Answer, Work, answer, as_answer, pack, refusal, unpack
from edge_sast.errors import EdgeSastError

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray tells its makers of every start
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of its own future
try:
    import ray
except ImportError as error:
    raise EdgeSastError(
        "--engine ray: Ray is not installed; run pip install -e '.[ray]' (of a release: 'edge-sast[ray]'), or use "
        "--engine processes"
    ) from error

CONNECT_SECONDS = 5.0  # for a machine to take a connection
CLUSTER_SECONDS = 30.0  # for what listens there to prove a cluster: Ray alone would try for minutes
START_SECONDS = 120.0  # for the first worker to be there, and for another where none is left
PACKAGES = ("edge_sast", "firmware_gen", "trainer")


class RayWorkers:
    """Actors of so many threads each.

    count: None: as many as the CPUs of the cluster, or of this machine, take. address: HOST:PORT of a cluster that this
    machine is part of, or auto; None: a Ray of this process's own, which ends with it.

    Raises EdgeSastError where no cluster answers, it has too few CPUs, or its edge-sast is another.
    """

    def __init__(self, count: int | None, address: str | None = None, threads: int = 1) -> None:
        self._threads = threads
        self._own = not ray.is_initialized()
        _connect(address, threads * (count or max(1, cpus() // threads)))
        try:
            self._begin(count)
        except BaseException:
            self.close()
            raise

    def _begin(self, count: int | None) -> None:
        cpus = int(ray.cluster_resources().get("CPU", 0))
        most = cpus // self._threads
        if most < (count or 1):
            raise EdgeSastError(
                f"--jobs is {count or 1}, of {self._threads} threads each; Ray has {cpus} CPUs: lower --jobs or "
                "--threads"
            )
        self._class = ray.remote(num_cpus=self._threads, max_restarts=0, max_task_retries=0)(_Actor)
        self._starting: dict[Any, Any] = {}  # what tells that it is there -> actor
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, int]] = {}  # what will be its answer -> actor, number
        self._work: tuple[Work, Any] | None = None
        self.count = count or most
        for _ in range(self.count):
            self._start()
        self._until_one_is_there()

    def free(self) -> bool:
        return bool(self._idle)

    def give(self, number: int, work: Work, items: Sequence[Any]) -> None:
        if self._work is None or self._work[0] is not work:
            self._work = work, ray.put(pack(work))
        actor = self._idle.pop()
        # In a list Ray leaves a reference as it is: the actor takes what it stands for once, not with each call.
        self._busy[actor.answer.remote([self._work[1]], pack(items))] = actor, number

    def wait(self) -> list[Answer]:
        if not self._busy and self._starting:
            self._until_one_is_there()
        if not self._busy:
            return []
        watched = [*self._busy, *self._starting]
        done, _ = ray.wait(watched, num_returns=1)
        # One call tells of one only; the others that are done are taken along.
        done, _ = ray.wait(watched, num_returns=len(watched), timeout=0)
        for each in done:
            if each in self._starting:
                self._join(each)
        return [self._answer(each) for each in done if each in self._busy]

    def close(self) -> None:
        with suppress(Exception):  # a cluster that is gone has ended them
            for actor in (*self._all(),):
                ray.kill(actor)
        if self._own:
            ray.shutdown()

    def _all(self) -> list[Any]:
        busy = [actor for actor, _ in getattr(self, "_busy", {}).values()]
        return [*busy, *getattr(self, "_idle", []), *getattr(self, "_starting", {}).values()]

    def _start(self) -> None:
        actor = self._class.remote(os.getcwd())
        self._starting[actor.installed.remote()] = actor

    def _until_one_is_there(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._idle:
            done, _ = ray.wait(list(self._starting), num_returns=1, timeout=max(0.0, end - time.monotonic()))
            if not done:
                raise EdgeSastError(
                    f"--engine ray: no worker began within {START_SECONDS:g} s; see with 'ray status' what the cluster "
                    "waits for"
                )
            self._join(done[0])

    def _join(self, told: Any) -> None:
        actor = self._starting.pop(told)
        try:
            found = ray.get(told)
        except ray.exceptions.RayError as error:
            raise EdgeSastError(
                f"--engine ray: a worker cannot begin ({_reason(error)}); install the same edge-sast on every machine "
                "of the cluster"
            ) from error
        if found != installed():
            raise EdgeSastError(
                "--engine ray: a worker runs other sources of edge-sast than this process; install the same on every "
                "machine of the cluster"
            )
        self._idle.append(actor)

    def _answer(self, told: Any) -> Answer:
        actor, number = self._busy.pop(told)
        try:
            reply = ray.get(told)
        except ray.exceptions.RayError as error:
            with suppress(Exception):
                ray.kill(actor)
            self._start()
            return Answer(number, ended=f"with {_reason(error)}")
        self._idle.append(actor)
        return as_answer(number, reply)


class _Actor:
    """A worker: keeps the work that it was given last."""

    def __init__(self, folder: str) -> None:
        self._work: tuple[str, Work] | None = None
        with suppress(OSError):  # of another machine: files are then found by their whole paths
            os.chdir(folder)

    def installed(self) -> str:
        return installed()

    def answer(self, reference: list[Any], items: bytes) -> bytes:
        key = reference[0].hex()
        try:
            if self._work is None or self._work[0] != key:
                self._work = key, unpack(ray.get(reference[0]))
            return answer(self._work[1], items)
        except Exception as error:
            return refusal(error)


@functools.cache  # as this process began
def installed() -> str:
    """Digest of the sources: where it is the same, so are the results."""
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _connect(address: str | None, cpus: int) -> None:
    if ray.is_initialized():
        return
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address is None:
        try:  # not what RAY_ADDRESS says: "local" is a Ray of our own
            ray.init(address="local", num_cpus=cpus, include_dashboard=False, **quiet)
        except Exception as error:  # of no class of its own, where the machine is too busy for Ray's patience
            with suppress(Exception):
                ray.shutdown()
            raise EdgeSastError(
                f"--engine ray: Ray does not begin on this machine ({_reason(error)}); try again when it has less to "
                "do, or use --engine processes"
            ) from error
        return
    _check_cluster(address)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise _unreachable(address, _reason(error)) from error


def _check_cluster(address: str) -> None:
    """Raises EdgeSastError where no cluster answers, soon."""
    if address != "auto":
        host, colon, port = address.rpartition(":")
        if (
            not (host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536)
            or "/" in host
        ):
            raise EdgeSastError(
                f"--ray-address is {address!r}; give HOST:PORT, such as 10.0.0.1:6379, or auto"
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise _unreachable(address, error.strerror or str(error)) from error
    program = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='error')"
    try:
        tried = subprocess.run(
            [sys.executable, "-c", program, address],
            capture_output=True,
            text=True,
            timeout=CLUSTER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        _check_let_in(address, (error.stderr or b"").decode(errors="replace"))
        raise _unreachable(address, f"no answer within {CLUSTER_SECONDS:g} s") from error
    if tried.returncode:
        _check_let_in(address, tried.stderr)
        lines = [line for line in tried.stderr.splitlines() if line.strip()]
        raise _unreachable(address, lines[-1] if lines else f"exit code {tried.returncode}")


def _check_let_in(address: str, said: str) -> None:
    """Raises EdgeSastError where Ray said that the cluster is there, and refuses this process."""
    if "Unauthenticated" in said:
        raise EdgeSastError(
            f"--ray-address {address}: the cluster wants a token that this process does not give; set up Ray's token "
            "authentication here as whoever runs the cluster says, or give auto on one of its machines"
        )


def _unreachable(address: str, reason: str) -> EdgeSastError:
    return EdgeSastError(
        f"--ray-address {address}: no Ray cluster answers ({reason}); start one with 'ray start --head', or leave the "
        "option out for a Ray on this machine"
    )


def _reason(error: BaseException) -> str:
    """The first line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
