"""One server of each kind for all, and one for whoever kills it."""

import pytest

from tests.functional.fleet.servers import SERVERS


@pytest.fixture(scope='session', params=SERVERS)
def server(request, tmp_path_factory):
    yield from serving(request.param, tmp_path_factory)


@pytest.fixture(scope='session')
def quick_server(tmp_path_factory):
    """Give one for what boards do not differ in: their contract says so."""
    yield from serving('redis', tmp_path_factory)


@pytest.fixture(params=SERVERS)
def own(request, tmp_path):
    """Give a server that is the test's own."""
    folder = tmp_path / 'server'
    folder.mkdir()
    one = SERVERS[request.param](folder)
    one.start()
    yield one
    one.kill()


def serving(kind, tmp_path_factory):
    one = SERVERS[kind](tmp_path_factory.mktemp(kind))
    one.start()
    yield one
    one.kill()
