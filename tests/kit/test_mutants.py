"""The kit catches every broken handler, and no test of it is decoration."""

import collections
import logging
import unittest

from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.template.handler import ShelfHandler
from tests.kit import batch_mutants
from tests.kit import cellar
from tests.kit.judging import messages
from tests.kit import mistakes
from tests.kit import mutants

MUTANTS = [*mutants.MUTANTS, *batch_mutants.MUTANTS, *mistakes.OWN]
TESTS = unittest.defaultTestLoader.getTestCaseNames(
    conformance.HandlerConformance
)


class TestMutants(unittest.TestCase):
    said: dict[type, dict[str, list[str]]]
    matrix: dict[type, set[str]]

    @classmethod
    def setUpClass(cls):
        # What mutants are warned of is much, and kept for each test here.
        logging.disable()
        try:
            cls.said = {one: messages(one) for one in MUTANTS}
        finally:
            logging.disable(logging.NOTSET)
        cls.matrix = {one: set(said) for one, said in cls.said.items()}
        print()
        for mutant, tests in cls.matrix.items():
            for test in sorted(tests) or ['nothing']:
                print(f'{mutant.__name__:24} killed by {test}')

    def test_there_are_many_and_each_tells_its_defect(self):
        told = collections.Counter(one.__doc__ for one in MUTANTS)
        self.assertGreaterEqual(len(told), 30)
        self.assertEqual(len(MUTANTS), len(told))
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
        for handler in MemoryHandler, cellar.CellarHandler, ShelfHandler:
            self.assertEqual({}, messages(handler))

    def test_the_mistakes_of_an_author_in_a_hurry_are_49(self):
        kinds = {one.__doc__ for one in mistakes.MISTAKES}
        self.assertEqual(49, len(kinds))
        self.assertLessEqual(set(mistakes.MISTAKES), set(MUTANTS))

    def texts(self):
        for mutant, said in self.said.items():
            for name, texts in said.items():
                for text in texts:
                    yield mutant.__name__, name, text

    def test_a_message_names_obligation_step_and_call(self):
        for mutant, name, text in self.texts():
            with self.subTest(mutant=mutant, test=name):
                for word in 'obligation: ', 'step: ', 'call: ':
                    self.assertEqual(1, text.count(f'\n{word}'), text)

    def test_no_failure_is_that_of_an_earlier_one(self):
        for mutant, name, text in self.texts():
            with self.subTest(mutant=mutant, test=name):
                self.assertNotIn('FileExistsError', text)
