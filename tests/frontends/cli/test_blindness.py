"""A sweep that could free nothing, for nothing can be known, has failed."""

import dataclasses
import unittest

from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers import Evidence
from imagecache_handlers.frontends.cli.pages import blindness
from imagecache_handlers.labels import seen_label
from imagecache_handlers import Patterns
from imagecache_handlers.planning.plan import make_plan
from imagecache_handlers import Rules
from imagecache_handlers import Store
from tests.docs.sample import HOUR
from tests.docs.sample import idle
from tests.docs.sample import image
from tests.docs.sample import NOW
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER

RULES = Rules()
UNKNOWN = 'a disk cannot be read'


def cached(name, *labels, **fields):
    return image(name, 1, *labels, store='s', **fields)


def blind(name, *labels):
    return dataclasses.replace(cached(name, *labels), unknown=UNKNOWN)


def report(*images, rules=RULES, **options):
    plan = make_plan(
        images,
        (Store(name='s'),),
        Evidence(complete=True, as_of=NOW),
        NOW,
        rules,
        **options,
    )
    return Report(plan=plan)


def seen(hours):
    return seen_label(NOW - hours * HOUR)


class TestTable(unittest.TestCase):
    def test_when_nothing_can_be_known(self):
        pinned = 'pin.ops'
        for expected, images, rules in (
            # Nothing is cached, or all of it is kept whatever its users.
            (False, (), {}),
            (False, [cached('a', users=['vm'])], {}),
            (False, [blind('a', pinned)], {}),
            (False, [blind('a')], {'remove_unused': False}),
            (False, [blind('a')], {'protected': Patterns.parse(['a'])}),
            # Some can be judged, though they need not go.
            (False, [blind('a'), cached('b')], {}),
            (False, [blind('a'), cached('b', idle(80))], {}),
            # It is too young in any case, for a sweep has just met it.
            (False, [blind('a', seen(23))], {}),
            # All the others are unknown.
            (True, [blind('a', seen(25)), blind('b', seen(23))], {}),
            (True, [blind('a')], {}),
            (True, [blind('a', idle(80)), blind('b')], {}),
            (True, [blind('a'), cached('b', users=['vm'])], {}),
            (True, [blind('a'), blind('b', pinned)], {}),
        ):
            with self.subTest(images=images, rules=rules):
                given = Rules(**rules)
                found = report(*images, rules=given)
                self.assertIs(expected, blindness.is_blind(found, given))
                if expected:
                    self.assertIn(UNKNOWN, blindness.complaint(found))

    def test_what_was_never_met_before_is_too_young(self):
        found = report(blind('a'), wants_seen=True)
        self.assertFalse(blindness.is_blind(found, RULES))

    def test_what_is_found_at_the_last_look_counts(self):
        planned = report(cached('a', idle(80)))
        self.assertFalse(blindness.is_blind(planned, RULES))
        [last] = report(blind('a', idle(80))).plan.verdicts
        kept = Outcome(verdict=last, did=Did.KEPT)
        found = Report(plan=planned.plan, outcomes=(kept,))
        self.assertTrue(blindness.is_blind(found, RULES))
        self.assertIn(UNKNOWN, blindness.complaint(found))


class TestSweep(Command):
    def test_nobody_was_asked(self):
        self.add()
        self.age()
        for form in 'page', 'json':
            done = self.run_on('sweep', '-f', form)
            self.refused(done, 1, 'nothing could be freed', '--in-use FILE')
        self.assertEqual('', self.run_on('plan').stderr)

    def test_the_backend_cannot_see(self):
        self.add()
        self.age()
        missing = self.root / 'missing'
        with self.conf.open('a') as file:
            file.write(f'instance_paths = {missing}\n')
        done = self.run_on('sweep', *self.in_use('# none\n'))
        self.refused(done, 1, 'nothing could be freed', str(missing))

    def test_what_is_kept_otherwise_needs_no_knowledge(self):
        self.add()
        self.configure(f'protected_images = {IMAGE}')
        self.out('sweep')
        self.add(OTHER)
        self.refused(self.run_on('sweep'), 1, 'nothing could be freed: 2')

    def test_an_empty_store_is_done(self):
        self.out('sweep')
