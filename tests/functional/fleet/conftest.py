"""One server of each kind for all, and one for whoever kills it."""

import pytest

from tests.functional.fleet.servers import SERVERS


@pytest.fixture(scope='session', params=SERVERS)
def server(request, tmp_path_factory):
    one = SERVERS[request.param](tmp_path_factory.mktemp(request.param))
    one.start()
    yield one
    one.kill()
