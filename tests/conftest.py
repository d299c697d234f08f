"""What every test relies on."""

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive():
    """A shell starts what runs in the background with SIGINT ignored, and child processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
