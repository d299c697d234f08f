"""What every test relies on."""

import signal

import pytest

from tests import tools


@pytest.fixture(scope="session", autouse=True)
def interrupts_arrive():
    """A shell starts what runs in the background with SIGINT ignored, and child processes inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item):
    """Of `@pytest.mark.needs("cmake", ...)`."""
    for mark in item.iter_markers("needs"):
        tools.require(*mark.args)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """The last line of a run: what was skipped because this machine lacks a program."""
    result = yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:  # a worker of xdist has none
        skipped = reporter.stats.get("skipped", [])
        line = tools.closing_line(report.longrepr[2] for report in skipped)
        if line is not None:
            reporter.write_line(line)
    return result
