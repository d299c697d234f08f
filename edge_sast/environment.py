"""What the environment says to Numba, looked at before Numba is used: it ends with exceptions of its own.

And to threads, before there are any: they are to sleep while they wait.
"""

from __future__ import annotations

import os

from edge_sast.errors import EdgeSastError

SETTINGS = ".numba_config.yaml"  # in the working folder: read by Numba where PyYAML is installed
MOST_THREADS = 1024  # far more, and Numba crashes as it starts them
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")  # each says how an OpenMP thread waits


def let_threads_sleep() -> None:
    """Have OpenMP's threads sleep while they wait for work or for each other, unless the environment says how to wait.

    A thread of PyTorch's that waits keeps its core busy for milliseconds by default, in the way of those that run our
    kernels; and where another program has the core that the last thread of an operation needs, the others burn theirs
    until it gets a turn, at the end of each operation. The OpenMP runtime reads this once, as torch is imported.
    """
    if not any(name in os.environ for name in WAITING):
        os.environ["OMP_WAIT_POLICY"] = "passive"


def check_environment() -> None:
    """Raises EdgeSastError for a variable, or a settings file, with which the compiled kernels cannot run."""
    threads = os.environ.get("NUMBA_NUM_THREADS")
    if threads is not None and not 1 <= _whole_number(threads) <= MOST_THREADS:
        raise EdgeSastError(f"NUMBA_NUM_THREADS is {threads!r}; it must be 1 to {MOST_THREADS}, or unset it")
    disabled = os.environ.get("NUMBA_DISABLE_JIT")
    if disabled is not None and _whole_number(disabled) != 0:
        raise EdgeSastError(f"NUMBA_DISABLE_JIT is {disabled!r}; the kernels run compiled only: unset it")
    layers = [
        name for name in ("NUMBA_THREADING_LAYER", "NUMBA_THREADING_LAYER_PRIORITY") if name in os.environ
    ]
    if layers:
        _try_threads(layers)
    if os.path.exists(SETTINGS):
        _try_settings()


def _whole_number(text: str) -> int:
    """-1 where it is none."""
    try:
        return int(text)
    except ValueError:
        return -1


def _try_threads(names: list[str]) -> None:
    """Which layers there are depends on what is installed: only starting them tells."""
    import numba

    try:
        numba.get_num_threads()
    except ValueError as error:
        reason = " ".join(str(error).split())
        told = " and ".join(f"{name} is {os.environ[name]!r}" for name in names)
        raise EdgeSastError(f"{told}, but Numba cannot start its threads: {reason}; unset it") from error


def _try_settings() -> None:
    """Only Numba knows what it makes of the file."""
    try:
        import numba

        numba.get_num_threads()
        disabled = vars(numba.config)["DISABLE_JIT"]
    except Exception as error:  # a parser's, or Numba's own: it raises whatever it raises
        reason = " ".join(str(error).split())
        raise EdgeSastError(f"{SETTINGS}: Numba cannot start with it: {reason}; mend or remove it") from error
    if disabled:
        raise EdgeSastError(f"{SETTINGS}: disables the JIT; the kernels run compiled only: mend or remove it")
