"""What all tests share: one stack for the whole run, the --full tier, and the programs' logs beside a failure."""
import signal

import pytest

from support.stack import Stack


def pytest_configure(config):
    """Ended from outside, a run still stops what it started, as after Ctrl-C."""
    def stop(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="also run the tests marked full, which take long")


def pytest_collection_modifyitems(config, items):
    """Without --full the long tests are deselected: a test that is listed is run."""
    if config.getoption("--full"):
        return
    long = [item for item in items if item.get_closest_marker("full")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("full")]


@pytest.fixture(scope="session")
def stack():
    """The run's one stack, everything up. Tests leave it as they found it, but for users and jobs."""
    with Stack() as SHARED.stack:
        yield SHARED.stack


class SHARED:  # what the fixture made, for those that must not make it
    stack = None


@pytest.fixture(scope="module", autouse=True)
def left_as_found(request):
    """A file that wrote into the database behind the counters' back leaves it empty. The helpers of support/activity.py
    note that by themselves; a file that does so by its own hand says WRITES_BEHIND = True."""
    yield
    if SHARED.stack and (SHARED.stack.written_behind or getattr(request.module, "WRITES_BEHIND", False)):
        SHARED.stack.fresh()


@pytest.fixture
def http(stack):
    return stack.http


@pytest.fixture
def empty(stack):
    """The stack with an empty database."""
    if not stack.is_empty():
        stack.idle()
        stack.fresh()
    return stack


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for value in item.funcargs.values():
        if isinstance(value, Stack):
            report.sections.append(("last lines of the programs' logs", value.logs()))
            return
