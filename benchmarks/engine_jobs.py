"""What benchmarks/engines.py gives to workers, which import it from here."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from edge_sast.bulk.tasks import Work


@dataclass(frozen=True)
class Spin:
    """Work of so many seconds of processor time, whatever else the machine does."""

    seconds: float

    def __call__(self, item: int) -> int:
        end = time.thread_time() + self.seconds
        while time.thread_time() < end:
            pass
        return item


@dataclass(frozen=True)
class Metered:
    """Work, with the process that did it and the processor time that it took there."""

    work: Work

    def __call__(self, item: Any) -> tuple[Any, int, float]:
        began = time.process_time()
        return self.work(item), os.getpid(), time.process_time() - began
