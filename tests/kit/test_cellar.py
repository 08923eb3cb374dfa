"""The handler of the mutants keeps every promise until it is broken."""

import contextlib
import io
import unittest

from imagecache_handlers.testing import conformance
from tests.kit import cellar


class TestCellar(
    cellar.CellarHooks, conformance.HandlerConformance, unittest.TestCase
):
    pass


class TestCounting(unittest.TestCase):
    def test_backend_calls_are_printed_by_operation(self):
        class Counted(
            cellar.CellarHooks,
            conformance.HandlerConformance,
            unittest.TestCase,
        ):
            pass

        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Counted)
        told = io.StringIO()
        with contextlib.redirect_stdout(told):
            suite.run(unittest.TestResult())
        calls = {
            'enumerate of 1': 1,
            'enumerate of 10': 1,
            'enumerate of 50': 1,
            'evict': 2,
            'evict_many of 5': 10,
            'mark': 1,
            'mark_many of 5': 5,
            'pin': 1,
            'sweep that evicts one of three': 9,
        }
        self.assertCountEqual(
            [
                f'Counted: {operation}: {count} backend calls'
                for operation, count in calls.items()
            ],
            [
                line
                for line in told.getvalue().splitlines()
                if line.endswith('backend calls')
            ],
        )
