"""A vCenter of ours, with somebody who listens on the line."""

import pytest

from tests.functional.vcenter import ours as simulated
from tests.functional.vcenter.recorder import make_certificate
from tests.functional.vcenter.recorder import Recorder
from tests.functional.vcenter.validity import find_invalid
from tests.functional.vcenter.validity import RELEASES


@pytest.fixture
def ours():
    with simulated.serving() as simulator:
        yield simulator


@pytest.fixture
def wire(ours):
    """Where to log in; all that is said there must be valid."""
    with Recorder(ours.port) as recorder:
        yield recorder
    judge_all(recorder)


@pytest.fixture
def safe(ours, certificate):
    """The same, over TLS."""
    with Recorder(ours.port, certificate) as recorder:
        yield recorder
    judge_all(recorder)


@pytest.fixture(scope='session')
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp('certificate'))


def judge_all(recorder):
    for release in RELEASES:
        assert find_invalid(recorder.exchanges, release) == []
