"""The kit catches every broken handler, and no test of it is decoration."""

import collections
import contextlib
import io
import logging
import unittest

from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.memory import MemoryHandler
from tests.kit import cellar
from tests.kit import mutants
from tests.kit import test_memory

TESTS = unittest.defaultTestLoader.getTestCaseNames(
    conformance.HandlerConformance
)


def killers(mutant):
    """Run the kit on a handler; give the tests that it does not pass."""
    on_cellar = issubclass(mutant, cellar.CellarHandler)
    hooks = cellar.CellarHooks if on_cellar else test_memory.ShelfHooks
    case = type(
        mutant.__name__,
        (hooks, conformance.HandlerConformance, unittest.TestCase),
        {
            'handler': mutant,
            'sees_users': getattr(mutant, 'sees_users', True),
        },
    )
    result = unittest.TestResult()
    with contextlib.redirect_stdout(io.StringIO()):
        unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    broken = [test for test, _ in result.failures + result.errors]
    # A subtest stands for the test that it is a part of.
    return {
        getattr(test, 'test_case', test)._testMethodName for test in broken
    }


class TestMutants(unittest.TestCase):
    matrix: dict[type, set[str]]

    @classmethod
    def setUpClass(cls):
        # What mutants are warned of is much, and kept for each test here.
        logging.disable()
        try:
            cls.matrix = {one: killers(one) for one in mutants.MUTANTS}
        finally:
            logging.disable(logging.NOTSET)
        print()
        for mutant, tests in cls.matrix.items():
            for test in sorted(tests) or ['nothing']:
                print(f'{mutant.__name__:24} killed by {test}')

    def test_there_are_many_and_each_tells_its_defect(self):
        told = collections.Counter(one.__doc__ for one in mutants.MUTANTS)
        self.assertGreaterEqual(len(told), 30)
        self.assertEqual(len(mutants.MUTANTS), len(told))
        self.assertNotIn(None, told)

    def test_every_mutant_is_killed(self):
        for mutant, tests in self.matrix.items():
            with self.subTest(mutant=mutant.__name__):
                self.assertTrue(tests, mutant.__doc__)

    def test_every_test_kills(self):
        # A handler that fails everywhere says nothing of any one test.
        narrow = [
            tests
            for tests in self.matrix.values()
            if len(tests) <= len(TESTS) / 3
        ]
        used = set().union(*narrow)
        self.assertEqual([], [test for test in TESTS if test not in used])

    def test_the_unbroken_handlers_pass(self):
        for handler in MemoryHandler, cellar.CellarHandler:
            self.assertEqual(set(), killers(handler))
