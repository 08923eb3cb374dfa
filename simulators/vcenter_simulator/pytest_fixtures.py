"""For pytest: name this module in ``pytest_plugins``."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib

import pytest

from vcenter_simulator.simulator import Simulator


@pytest.fixture
def start_vcenter() -> Iterator[Callable[..., Simulator]]:
    """Give what starts a vCenter: it takes what ``Simulator`` takes."""
    with contextlib.ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(Simulator(*args, **how))


@pytest.fixture
def vcenter(start_vcenter: Callable[..., Simulator]) -> Simulator:
    """Give a vCenter as it is without any scenario."""
    return start_vcenter()
