"""Server that lies, for whoever asks for one."""

import pytest

from tests.sources.lying_server import LyingServer


@pytest.fixture
def server():
    with LyingServer() as found:
        yield found
