"""What the service tells the fleet of a sweep, and of a wish."""

import datetime
import types

import pytest

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers import CachedImage
from imagecache_handlers.clocks import Clocks
from imagecache_handlers.frontends.cli.fleet_agent import JoinedFleet
from imagecache_handlers.frontends.cli.fleet_digest import digest_report
from imagecache_handlers.frontends.cli.fleet_digest import identify_report
from imagecache_handlers.frontends.cli.fleet_digest import identify_stores
from imagecache_handlers.frontends.cli.fleet_fetcher import Fetcher
from imagecache_handlers.frontends.cli.fleet_fetcher import judge_results
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import Wish
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Store
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Verdict

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)


def image_of(name, variant=''):
    return CachedImage(
        image_id=name,
        store='s',
        location=f'{name}{variant}',
        size=1,
        variant=variant,
    )


def verdict_of(image):
    return Verdict(image=image, evict=False, reason=Reason.NOT_NEEDED, rank=0)


def report_of(*images, stores=(), did=None, after=(), now=NOW, **how):
    verdicts = tuple(map(verdict_of, images))
    outcomes = tuple(
        Outcome(verdict=one, did=did[one.image.image_id])
        for one in verdicts
        if did and one.image.image_id in did
    )
    plan = Plan(now=now, verdicts=verdicts, stores=tuple(stores), **how)
    return Report(plan=plan, outcomes=outcomes, after=tuple(after))


def names_in(digest, names='abcde'):
    return {one for one in names if digest.has_image(one)}


def test_what_a_sweep_left_is_told():
    did = {
        'a': Did.EVICTED,
        'b': Did.GONE,
        'c': Did.KEPT,
        'd': Did.UNCERTAIN,
    }
    report = report_of(*map(image_of, 'abcde'), did=did)
    digest = digest_report(report, 3)
    assert names_in(digest) == {'c', 'd', 'e'}
    assert (digest.count, digest.generation, digest.as_of) == (3, 3, NOW)
    assert digest.is_complete


def test_a_resized_copy_is_not_the_image():
    report = report_of(image_of('a', '_20'), image_of('b'))
    assert names_in(digest_report(report, 1)) == {'b'}


def test_what_came_since_is_told_and_what_is_coming():
    digest = digest_report(
        report_of(image_of('a')), 1, arrived=[image_of('b')], coming=['c']
    )
    assert names_in(digest) == {'a', 'b'}
    assert digest.awaits_image('c')


def test_a_store_that_was_not_read_makes_it_incomplete():
    report = report_of(image_of('a'), problems={'s': 'is gone'})
    assert not digest_report(report, 1).is_complete


SPACES = [
    ((), (None, None)),
    ((Store(name='s', free=1, total=4),), (1, 4)),
    ((Store(name='s'),), (None, None)),
    (
        (
            Store(name='s', free=1, total=4, pool='p'),
            Store(name='t', free=1, total=4, pool='p'),
            Store(name='u', free=2, total=3),
        ),
        (3, 7),
    ),
    ((Store(name='s', free=1, total=4), Store(name='t')), (None, None)),
]


@pytest.mark.parametrize(('stores', 'space'), SPACES)
def test_the_space_of_all_pools_is_told(stores, space):
    digest = digest_report(report_of(stores=stores), 1)
    assert (digest.free, digest.total) == space


def test_space_is_that_after_the_sweep():
    before = Store(name='s', free=1, total=4)
    after = Store(name='s', free=3, total=4)
    digest = digest_report(report_of(stores=[before], after=[after]), 1)
    assert digest.free == 3


IDENTITIES = [
    ((), False),
    (('a',), True),
    (('a', None), False),
    ((None,), False),
    (('a', 'b'), True),
]


@pytest.mark.parametrize(('identities', 'is_known'), IDENTITIES)
def test_stores_of_which_one_may_be_of_this_host_only_are_none(
    identities, is_known
):
    found = identify_stores(stores_of(*identities))
    assert (found is not None) == is_known


def test_stores_are_known_by_what_they_say_and_not_by_their_names():
    both = identify_stores(stores_of('a', 'b'))
    assert both == identify_stores(reversed(stores_of('a', 'b')))
    assert both == identify_stores(stores_of('b', 'a'))
    assert both != identify_stores(stores_of('a'))
    assert len(both) == 32


def test_what_one_host_cannot_read_it_tells_as_its_own():
    """Else one whose mount is wrong has the others' images unknown."""
    stores = stores_of('a', 'b')
    assert identify_report(report_of(stores=stores)) is not None
    odd = report_of(stores=stores, problems={'s1': 'it is on fire'})
    assert identify_report(odd) is None
    told = Told()
    fleet = JoinedFleet(SETTINGS, told, told)
    fleet.tell_report(odd)
    assert told.entry.store is None
    assert not told.entry.digest.is_complete


def stores_of(*identities):
    return [
        Store(name=f's{number}', identity=one)
        for number, one in enumerate(identities)
    ]


def result_of(did, name='a', why='why'):
    return Prefetched(image_id=name, store='s', did=did, why=why)


RESULTS = [
    ([Got.CACHED, Got.EXISTING], 'done'),
    ([Got.CACHED, Got.REFUSED], 'refused'),
    ([Got.UNSUPPORTED], 'refused'),
    ([Got.REFUSED, Got.ERROR], 'failed'),
    ([Got.ERROR], 'failed'),
]


@pytest.mark.parametrize(('did', 'stage'), RESULTS)
def test_what_came_of_a_wish(did, stage):
    found, why = judge_results([result_of(one) for one in did])
    assert found.value == stage
    assert bool(why) == (stage != 'done')


def test_why_it_failed_is_that_of_what_may_be_tried_again():
    _, why = judge_results(
        [result_of(Got.REFUSED, 'a'), result_of(Got.ERROR, 'b', 'cut')]
    )
    assert why == '2 of 2 images: b could not be fetched: cut'


class Deaf:
    """A fleet that nobody is told anything of."""

    def tell_coming(self, images):
        pass

    def tell_arrived(self, results):
        pass


def fetch_with(folder, *lines):
    """Have a wish fetched with these options, as they are now."""
    conf = folder / 'conf'
    conf.write_text('\n'.join([*lines, '']))
    given = types.SimpleNamespace(
        config=['--config-file', str(conf)], handler=None, stores=None
    )
    wish = Wish(wish_id='w1', images=('debian',), hosts='*')
    return Fetcher(given, Evidence, Deaf()).fetch(wish, lambda: False)


BROKEN = [
    ('path = {}', 'password hunter2'),
    ('path = {}', 'pasword = hunter2'),
]


@pytest.mark.parametrize('lines', BROKEN)
def test_options_that_cannot_be_read_are_not_told_to_all(
    tmp_path, caplog, lines
):
    """They are read while somebody writes them: so it may be tried again."""
    lines = [one.format(tmp_path) for one in lines]
    stage, why = fetch_with(tmp_path, '[imagecache_directory]', *lines)
    assert (stage, why) == (
        Stage.FAILED,
        'its options cannot be read, its log says why',
    )
    assert 'A wish has to wait for the options' in caplog.text


class Told:
    """An agent and its heart, which keep what they are told last."""

    def tell(self, entry):
        self.entry = entry

    def hurry(self):
        pass

    def worked(self):
        return 1.5


SETTINGS = FleetSettings(
    url='', group='g', host='h1', member_ttl=50, shared_store=None
)


def result_that_came(image_id):
    return Prefetched(image_id=image_id, store='s', did=Got.CACHED, size=1)


def test_what_came_while_a_sweep_went_on_is_told():
    now, seconds, told = [NOW], [0.0], Told()
    clocks = Clocks(now=lambda: now[0], monotonic=lambda: seconds[0])
    fleet = JoinedFleet(SETTINGS, told, told, clocks=clocks)

    def pass_time(minutes):
        now[0] += datetime.timedelta(minutes=minutes)
        seconds[0] += 60 * minutes

    fleet.tell_report(report_of(stores=stores_of('x')))
    assert told.entry.store == identify_stores(stores_of('x'))
    pass_time(5)
    fleet.tell_arrived([result_that_came('a')])
    pass_time(5)
    looked = now[0]
    pass_time(5)
    fleet.tell_arrived([result_that_came('b')])
    pass_time(5)
    fleet.tell_report(report_of(now=looked))
    # What came before it, it would have seen if it were there.
    assert names_in(told.entry.digest) == {'b'}
    # A clock that was set back keeps nothing for longer.
    now[0] -= datetime.timedelta(hours=8)
    pass_time(5)
    fleet.tell_report(report_of(now=now[0]))
    assert names_in(told.entry.digest) == set()


def test_the_work_of_all_who_look_is_counted():
    told = Told()
    fleet = JoinedFleet(SETTINGS, told, told)
    fleet.count_in(lambda: 0.25)
    assert fleet.worked() == 1.75
