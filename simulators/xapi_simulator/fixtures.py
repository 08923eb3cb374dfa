"""For tests: a pool that is there while a test runs."""

from typing import Any
import unittest

from xapi_simulator.pool import Simulator
from xapi_simulator.scenario import Scenario


def start(
    case: unittest.TestCase, scenario: Scenario | None = None, **how: Any
) -> Simulator:
    """Start a pool and stop it when the test ends.

    ``how`` is what ``Simulator`` takes.
    """
    simulator = Simulator(scenario, **how)
    simulator.start()
    case.addCleanup(simulator.stop)
    return simulator
