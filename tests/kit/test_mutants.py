"""The kit catches every broken handler, and no test of it is decoration."""

import collections
import logging
import unittest

import pytest

from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.template.handler import ShelfHandler
from tests.kit import batch_mutants
from tests.kit import cellar
from tests.kit import incoming_mutants
from tests.kit.judging import messages
from tests.kit import mistakes
from tests.kit import mutants

NEWER = [
    *batch_mutants.MUTANTS,
    *incoming_mutants.MUTANTS,
    *mistakes.OWN,
]
ALL = [*mutants.MUTANTS, *NEWER]
KIT = conformance.HandlerConformance
TESTS = {
    name: getattr(KIT, name).promise
    for name in unittest.defaultTestLoader.getTestCaseNames(KIT)
}


@pytest.mark.long
class TestMutants(unittest.TestCase):
    """Of the first contract: each of its tests kills one of them."""

    mutants = mutants.MUTANTS
    tests = {name for name, promise in TESTS.items() if promise.since == 1}
    said: dict[type, dict[str, list[str]]]

    @classmethod
    def setUpClass(cls):
        # What mutants are warned of is much, and kept for each test here.
        logging.disable()
        try:
            cls.said = {one: messages(one) for one in cls.mutants}
        finally:
            logging.disable(logging.NOTSET)
        print()
        for mutant, tests in cls.said.items():
            for test in sorted(tests) or ['nothing']:
                print(f'{mutant.__name__:24} killed by {test}')

    def test_every_mutant_is_killed(self):
        for mutant, tests in self.said.items():
            with self.subTest(mutant=mutant.__name__):
                self.assertTrue(tests, mutant.__doc__)

    def test_every_test_kills(self):
        # A handler that fails everywhere says nothing of any one test.
        narrow = [
            set(tests)
            for tests in self.said.values()
            if len(tests) <= len(TESTS) / 3
        ]
        used = set().union(*narrow)
        self.assertEqual(set(), self.tests - used)

    def test_a_message_names_obligation_step_and_call_once(self):
        for mutant, name, text in self.texts():
            for word in 'obligation: ', 'step: ', 'call: ':
                count = text.count(f'\n{word}')
                self.assertEqual(1, count, (mutant, name, text))

    def test_no_failure_is_that_of_an_earlier_one(self):
        for mutant, name, text in self.texts():
            self.assertNotIn('FileExistsError', text, (mutant, name))

    def texts(self):
        for mutant, said in self.said.items():
            for name, texts in said.items():
                for text in texts:
                    yield mutant.__name__, name, text


# One of them goes on after it was closed, which Python complains of.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
class TestNewerMutants(TestMutants):
    """Of the second contract, and the mistakes of an author in a hurry."""

    mutants = NEWER
    tests = {name for name, promise in TESTS.items() if promise.since == 2}


class TestHandlers(unittest.TestCase):
    def test_there_are_many_and_each_tells_its_defect(self):
        told = collections.Counter(one.__doc__ for one in ALL)
        self.assertGreaterEqual(len(told), 200)
        self.assertEqual(len(ALL), len(told))
        self.assertNotIn(None, told)

    def test_the_mistakes_of_an_author_in_a_hurry_are_50(self):
        kinds = {one.__doc__ for one in mistakes.MISTAKES}
        self.assertEqual(50, len(kinds))
        self.assertLessEqual(set(mistakes.MISTAKES), set(ALL))

    def test_the_unbroken_pass(self):
        for handler in MemoryHandler, cellar.CellarHandler, ShelfHandler:
            self.assertEqual({}, messages(handler))
