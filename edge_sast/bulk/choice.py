"""Which engine: what --engine, --jobs and --ray-address say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_sast.errors import EdgeSastError

if TYPE_CHECKING:
    from edge_sast.bulk.engine import Engine

ENGINES = ("serial", "processes", "ray")
MOST_JOBS = 1024


@dataclass(frozen=True)
class EngineChoice:
    """engine: one of ENGINES. jobs: workers; None: as many as there are CPUs, over the threads of each.

    ray_address: HOST:PORT of a Ray cluster, or auto; None: a Ray of this process's own.

    Raises EdgeSastError for what does not go together, or is out of range.
    """

    engine: str = "serial"
    jobs: int | None = None
    ray_address: str | None = None

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise EdgeSastError(f"--engine is {self.engine!r}; choose {', '.join(ENGINES)}")
        if self.jobs is not None and not 1 <= self.jobs <= MOST_JOBS:
            raise EdgeSastError(f"--jobs is {self.jobs}; it must be 1 to {MOST_JOBS}")
        if self.ray_address is not None and self.engine != "ray":
            raise EdgeSastError("--ray-address has an effect only beside --engine ray; add that one")

    @property
    def serial(self) -> bool:
        """Whether this process does the work itself."""
        return self.engine == "serial"

    def check_installed(self) -> None:
        """Raises EdgeSastError where Ray is wanted and missing: before anything is written."""
        if self.engine == "ray":
            import edge_sast.bulk.ray_workers  # noqa: F401

    def open(self, threads: int = 1) -> Engine:
        """Workers of so many threads each, started; the caller closes them.

        Raises EdgeSastError where Ray is missing, does not answer or has too few CPUs.
        """
        from edge_sast.bulk.engine import Engine, Serial
        from edge_sast.bulk.machine import cpus

        if self.serial:
            return Engine(Serial())
        if self.engine == "processes":
            from edge_sast.bulk.processes import Processes

            return Engine(Processes(self.jobs or max(1, cpus() // threads)))
        from edge_sast.bulk.ray_workers import RayWorkers

        return Engine(RayWorkers(self.jobs, self.ray_address, threads))
