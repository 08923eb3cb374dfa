"""For tests: a vCenter that is there while a test runs."""

from typing import Any
import unittest

from vcenter_simulator.simulator import Simulator


def start(case: unittest.TestCase, *args: Any, **how: Any) -> Simulator:
    """Start a vCenter and stop it when the test ends.

    It takes what ``Simulator`` takes.
    """
    simulator = Simulator(*args, **how)
    simulator.start()
    case.addCleanup(simulator.stop)
    return simulator
