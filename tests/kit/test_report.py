"""The kit says what it has proved, and nothing that it has not."""

import contextlib
import io
import unittest
import warnings

from imagecache_handlers.testing import conformance
from imagecache_handlers.testing.conformance.reporting import State
from tests.kit import batch_mutants
from tests.kit import cellar
from tests.kit.judging import kit_of
from tests.kit import mistakes
from tests.kit import test_memory


def run(case, *names):
    """Run some tests of a kit, or all; give the result and what it says."""
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(map(case, names)) if names else load(case)
    result, said = unittest.TestResult(), io.StringIO()
    with contextlib.redirect_stdout(said):
        suite.run(result)
    return result, said.getvalue()


def made(handler=cellar.CellarHandler, **hooks):
    kit = kit_of(handler)
    return type(kit.__name__, (kit,), hooks)


def findings(case):
    return {one.promise.text: one for one in case.report().findings}


class TestReport(unittest.TestCase):
    def test_each_promise_is_proved_or_absent_for_a_reason(self):
        case = made()
        result, said = run(case)
        self.assertTrue(result.wasSuccessful(), result.failures)
        report = case.report()
        self.assertTrue(report.is_kept)
        self.assertEqual({State.PROVED}, set(report.count()))
        self.assertIn(f'CellarHandler: {report.count().total()} proved', said)

    def test_what_is_not_declared_or_supplied_is_told(self):
        case = kit_of(test_memory.MemoryHandler)
        _, said = run(case)
        states = set(case.report().count())
        self.assertEqual(
            {State.PROVED, State.ABSENT, State.UNEXAMINED}, states
        )
        told = 'MemoryHandler: declared absent: '
        why = '(it declares no evict_many)'
        self.assertIn(f'{told}evict_many: 6 promises {why}', said)
        self.assertIn(f'{told}wants_shield: ', said)
        self.assertRegex(said, rf'{told}mark: .*a dict is gone with its')
        told = 'MemoryHandler: not examined: enumerate: '
        self.assertIn(
            f'{told}what cannot be read is not left out (supply unreadable)',
            said,
        )

    def test_what_was_not_run_is_not_examined(self):
        case = made()
        run(case, 'test_a_handler_is_truthy')
        report = case.report()
        self.assertEqual(1, report.count()[State.PROVED])
        self.assertEqual({State.PROVED, State.UNEXAMINED}, {*report.count()})

    def test_what_an_author_skips_is_not_examined(self):
        def seed(self, image_id, **how):
            self.skipTest('no tape')

        case = made(seed=seed)
        run(case, 'test_each_image_is_listed_once')
        [one] = [it for it in case.report().findings if 'no tape' in it.why]
        self.assertIs(State.UNEXAMINED, one.state)

    def test_a_broken_promise_is_told_with_its_calls(self):
        case = made(mistakes.ReturnsTrue)
        run(case)
        report = case.report()
        self.assertFalse(report.is_kept)
        self.assertIn('frees is told in bytes', '\n'.join(report.broken()))
        self.assertIn('call: evict(', '\n'.join(report.broken()))


class TestHonesty(unittest.TestCase):
    OUTAGE = 'test_an_outage_is_never_taken_for_an_answer'
    DEATH = 'test_a_mark_that_died_lost_no_label'

    def test_none_needs_a_reason(self):
        for hook, test in {'outages': self.OUTAGE, 'doom': self.DEATH}.items():
            result, _ = run(made(**{hook: None, 'absent': {}}), test)
            [(_, told)] = result.failures
            self.assertIn(f"{hook} = None needs its reason: absent['", told)
            case = made(**{hook: None, 'absent': {hook: 'it is of iron'}})
            result, said = run(case, test)
            self.assertTrue(result.wasSuccessful())
            self.assertIn(f'({hook}: it is of iron)', said)

    def test_neither_may_be_forgotten(self):
        for hook, test in {'outages': self.OUTAGE, 'doom': self.DEATH}.items():
            given = getattr(conformance.HandlerHooks, hook)
            result, _ = run(made(**{hook: given}), test)
            [(_, told)] = result.errors
            self.assertIn(f'must supply {hook}', told)

    def test_an_outage_of_reads_only_leaves_writes_alone(self):
        class WritesOn(cellar.CellarHandler):
            """While it cannot be read, it is written all the same."""

            def enumerate(self, store, image_ids=None):
                if self.cellar.__dict__.get('blind'):
                    raise conformance_error(store)
                return super().enumerate(store, image_ids)

        def outages(self):
            return [wrap(blinding(self.cellar)) for wrap in [self.said_of]]

        for said_of, fails in (conformance.reads_only, 0), (lambda it: it, 1):
            hooks = {'outages': outages, 'said_of': staticmethod(said_of)}
            result, _ = run(made(WritesOn, **hooks), self.OUTAGE)
            self.assertEqual(fails, len(result.failures))


def conformance_error(store):
    return cellar.StoreUnavailable(store, 'nobody can see it')


@contextlib.contextmanager
def blinding(backend):
    backend.blind = True
    yield
    backend.blind = False


class TestSince(unittest.TestCase):
    TEST = 'test_a_batch_tells_of_each_image_in_its_place'

    def old(self):
        """A handler of the first contract, that breaks the second."""
        kind = type('Old', (batch_mutants.TellsInAnyOrder,), {'contract': 1})
        return made(kind)

    def test_what_is_newer_than_the_contract_is_a_warning(self):
        case = self.old()
        with self.assertWarnsRegex(conformance.NotKeptYet, 'contract 2'):
            result, said = run(case, self.TEST)
        self.assertTrue(result.wasSuccessful())
        self.assertTrue(case.report().is_kept)
        self.assertIn('not kept yet: evict_many: ', said)

    def test_in_one_case_of_several_too(self):
        kind = type('Old', (batch_mutants.SilentOnceLate,), {'contract': 1})
        case = made(kind)
        with warnings.catch_warnings(record=True):
            warnings.simplefilter('always')
            result, _ = run(
                case, 'test_a_batch_begins_no_removal_once_time_is_over'
            )
        self.assertTrue(result.wasSuccessful())
        [one] = [
            one for one in case.report().findings if one.state is State.WARNED
        ]
        self.assertEqual(2, one.promise.since)

    def test_what_is_as_old_as_the_contract_fails(self):
        result, _ = run(made(batch_mutants.TellsInAnyOrder), self.TEST)
        self.assertFalse(result.wasSuccessful())


class TestCases(unittest.TestCase):
    def test_each_case_has_a_fresh_backend(self):
        begun = []

        class Counting(made()):
            def setUp(self):
                super().setUp()
                begun.append(self.cellar)

        run(Counting, 'test_labels_of_every_form_are_carried')
        self.assertEqual(9, len(begun))
        self.assertEqual(9, len(set(map(id, begun))))
