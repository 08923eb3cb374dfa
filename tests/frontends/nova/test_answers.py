"""Nova's list of instances ages, and is asked for again."""

import datetime
import unittest

from imagecache_handlers.frontends.nova.answers import InstanceAnswers
from imagecache_handlers.frontends.nova.answers import NoAnswer
from imagecache_handlers.frontends.nova.reading_again import read_again
from tests.directory.place import THEN
from tests.frontends.nova.things import Listed
from tests.frontends.nova.things import whole

LATER = THEN + datetime.timedelta(hours=1)
OLD = [whole(image_ref='old', host='compute')]
NEW = [whole(image_ref='new')]


class TestAnswers(unittest.TestCase):
    def setUp(self):
        self.now = THEN
        self.again = NEW

    def read(self):
        # Whoever comes while it is read is not in it.
        self.now += datetime.timedelta(minutes=1)
        return self.again

    def answers(self, **how):
        return InstanceAnswers(OLD, self.read, lambda: self.now, **how)

    def said(self, answers):
        evidence = answers()
        return set(evidence.users), evidence.as_of, evidence.complete

    def test_first_the_given_list_and_then_newer_ones(self):
        answers = self.answers()
        self.assertEqual(({'old'}, THEN, False), self.said(answers))
        self.now = LATER
        self.assertEqual(({'new'}, LATER, False), self.said(answers))
        self.assertFalse(answers.is_aged)

    def test_a_list_is_as_old_as_the_caller_says(self):
        for again in True, False:
            answers = self.answers(
                as_of=THEN, complete=True, complete_again=again
            )
            self.now = LATER
            self.assertEqual(({'old'}, THEN, True), self.said(answers))
            self.assertEqual(({'new'}, LATER, again), self.said(answers))

    def test_complete_it_is_only_of_a_known_time(self):
        always = {'complete': True, 'complete_again': True}
        answers = self.answers(**always)
        self.assertEqual(({'new'}, THEN, True), self.said(answers))
        answers = self.answers(complete=True)
        self.assertEqual(({'old'}, self.now, False), self.said(answers))
        self.again = None
        with self.assertLogs(level='WARNING'):
            answers = self.answers(**always)
        self.assertEqual(({'old'}, self.now, False), self.said(answers))
        self.assertFalse(answers.is_aged)

    def test_where_nobody_can_be_asked_it_has_aged(self):
        self.again = None
        answers = self.answers()
        answers()
        with self.assertRaises(NoAnswer):
            answers()
        self.assertTrue(answers.is_aged)


class TestReadingAgain(unittest.TestCase):
    def test_it_asks_as_novas_own_pass_does(self):
        Listed.newer = NEW
        found = read_again('context', Listed(OLD), 'here')
        self.assertEqual(NEW, found)
        filters = {
            'deleted': False,
            'soft_deleted': True,
            'host': ['compute', 'here'],
        }
        how = {'expected_attrs': [], 'use_slave': False}
        self.assertEqual(('context', filters, how), Listed.asked)

    def test_another_list_cannot_be_read_again(self):
        self.assertIsNone(read_again('context', OLD, 'here'))
