"""For pytest: name this module in ``pytest_plugins``."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib

import pytest

from xapi_simulator.pool import Simulator


@pytest.fixture
def start_xapi() -> Iterator[Callable[..., Simulator]]:
    """Give what starts a pool: it takes what ``Simulator`` takes."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(Simulator(*args, **how))


@pytest.fixture
def xapi(start_xapi: Callable[..., Simulator]) -> Simulator:
    """Give a pool of one host and one empty SR."""
    return start_xapi()
