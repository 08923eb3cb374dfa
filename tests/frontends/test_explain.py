"""What blockers, verdicts and shortages say; tables of values."""

import dataclasses
import datetime
import unittest

from imagecache_handlers import Blocked
from imagecache_handlers import Blocker
from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.cli.commands import usage
from imagecache_handlers.frontends import explain
from imagecache_handlers.frontends.html import shares
from imagecache_handlers import Marks
from imagecache_handlers.planning.verdicts import GROUNDS
from imagecache_handlers import Reason
from imagecache_handlers import Retired
from imagecache_handlers import Space
from imagecache_handlers import units
from imagecache_handlers import Verdict

NOW = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
TODAY = NOW.replace(hour=14, minute=2)
TOMORROW = TODAY + datetime.timedelta(days=1)
GIB = 2**30

SIZES = {
    0: '0 B',
    1: '1 B',
    1023: '1023 B',
    1024: '1 KiB',
    1536: '1.5 KiB',
    1024 * 1024 - 1: '1 MiB',
    20 * 2**20: '20 MiB',
    6 * GIB: '6 GiB',
    6 * GIB + 100 * 2**20: '6.1 GiB',
    5000 * GIB: '5000 GiB',
}

WHYS = [
    (
        Blocker(reason=Reason.IN_USE, who={'vm-2', 'vm-1'}),
        'used by vm-1, vm-2',
    ),
    (Blocker(reason=Reason.IN_USE), 'used by somebody'),
    (
        Blocker(reason=Reason.IN_USE, who=['e', 'd', 'c', 'b', 'a']),
        'used by a, b, c, 2 more',
    ),
    (Blocker(reason=Reason.BUSY, detail='copying'), 'busy: copying'),
    (
        Blocker(reason=Reason.BUSY, who=['5f0c'], until=TODAY),
        '5f0c is about to evict it until 14:02',
    ),
    (
        Blocker(reason=Reason.UNKNOWN, detail='nobody was asked'),
        'users unknown: nobody was asked',
    ),
    (
        Blocker(reason=Reason.LEASED, who=['vm-17'], until=TODAY),
        'held by vm-17 until 14:02',
    ),
    (
        Blocker(reason=Reason.UNDELETABLE, detail='ddb.deletable'),
        'cannot be removed: ddb.deletable',
    ),
    (Blocker(reason=Reason.PINNED, who=['ops']), 'pinned by ops'),
    (
        Blocker(reason=Reason.PINNED, who=['ops', 'dev'], until=TOMORROW),
        'pinned by dev, ops until 2026-11-23',
    ),
    (
        Blocker(reason=Reason.PROTECTED, detail='golden*'),
        'protected by the pattern golden*',
    ),
    (Blocker(reason=Reason.DISABLED), 'removal is switched off'),
    (
        Blocker(reason=Reason.TOO_YOUNG, until=TODAY),
        'too young until 14:02',
    ),
]

KEPT = Space(
    pool='p',
    wanted=40 * GIB,
    planned=6 * GIB,
    blocked=(
        Blocked(reason=Reason.TOO_YOUNG, size=34 * GIB, first=TODAY),
        Blocked(reason=Reason.PINNED, size=12 * GIB, who=frozenset({'ops'})),
    ),
)

SHORTAGES = [
    (
        KEPT,
        'wanted 40 GiB, planned 6 GiB: 34 GiB too young, the first at 14:02; '
        '12 GiB pinned by ops',
    ),
    (Space(pool='p', wanted=GIB, planned=GIB), 'wanted 1 GiB, planned 1 GiB'),
    (
        Space(pool='p', wanted=GIB, planned=0),
        'wanted 1 GiB, planned 0 B: no other image is kept here',
    ),
]


def verdict(reason, *blockers, labels=()):
    image = CachedImage(
        image_id='a', store='s', location='a', size=1, marks=Marks.read(labels)
    )
    return Verdict(
        image=image,
        evict=not blockers and reason is not Reason.NOT_NEEDED,
        reason=reason,
        blockers=blockers,
        rank=None if blockers else 0,
    )


class TestExplain(unittest.TestCase):
    def test_sizes(self):
        for count, text in SIZES.items():
            with self.subTest(count):
                self.assertEqual(text, units.size(count))

    def test_why_an_image_stays(self):
        for blocker, text in WHYS:
            with self.subTest(text):
                self.assertEqual(text, explain.why(blocker, NOW))

    def test_every_reason_has_its_words(self):
        for reason in Reason:
            with self.subTest(reason):
                self.assertTrue(explain.why(Blocker(reason=reason), NOW))
                blocked = Blocked(reason=reason, size=1)
                space = Space(
                    pool='p', wanted=1, planned=0, blocked=(blocked,)
                )
                said = explain.shortage(space, NOW)
                self.assertNotIn('{', said)
                self.assertRegex(said, r': 1 B \w')

    def test_every_reason_to_stay_is_a_kind_of_bytes(self):
        # One that is left out would be shown as bytes that can be had.
        stays = set(Reason) - GROUNDS
        self.assertEqual(stays, set(shares._KINDS))
        self.assertEqual(stays - {Reason.NOT_NEEDED}, set(usage._KINDS))

    def test_the_hardest_reason_speaks(self):
        blockers = [blocker for blocker, _ in WHYS]
        said = explain.sentence(verdict(Reason.IN_USE, *blockers), NOW)
        self.assertEqual('used by vm-1, vm-2', said)

    def test_why_an_image_goes(self):
        labels = ['unused.20261120t080000z']
        self.assertEqual(
            'old enough to go, unused since 2026-11-20',
            explain.sentence(verdict(Reason.EXPIRED, labels=labels), NOW),
        )
        self.assertEqual(
            'another copy in its store serves',
            explain.sentence(verdict(Reason.DUPLICATE), NOW),
        )

    def test_what_is_retired_is_told_beside(self):
        pinned = Blocker(reason=Reason.PINNED, who=('ops',))
        for one, text in (
            (verdict(Reason.PINNED, pinned), 'pinned by ops'),
            (verdict(Reason.EXPIRED), 'old enough to go'),
            (
                verdict(Reason.EXPIRED, labels=['unused.20261120t080000z']),
                'old enough to go, unused since 2026-11-20',
            ),
            (verdict(Reason.NOT_NEEDED), 'nothing needs its space'),
        ):
            for how in Retired:
                with self.subTest(text, how=how):
                    told = dataclasses.replace(one, retired=how)
                    self.assertEqual(
                        f'{text}; {how.value} in Glance',
                        explain.sentence(told, NOW),
                    )

    def test_shortages(self):
        for space, text in SHORTAGES:
            with self.subTest(text):
                self.assertEqual(text, explain.shortage(space, NOW))

    def test_times_are_those_of_the_readers_zone(self):
        zone = datetime.timezone(datetime.timedelta(hours=11))
        late = NOW.replace(hour=14, minute=0)  # the next day over there
        self.assertEqual('14:00', explain.moment(late, NOW))
        there = NOW.astimezone(zone)
        self.assertEqual('2026-11-23', explain.moment(late, there))

    def test_the_last_day_that_there_is(self):
        zone = datetime.timezone(datetime.timedelta(hours=11))
        last = datetime.datetime.max.replace(tzinfo=datetime.UTC)
        said = explain.moment(last, NOW.astimezone(zone))
        self.assertEqual('9999-12-31', said)


def test_a_length_of_time_is_told_in_its_unit():
    for minutes, said in (
        (-5, '0 minutes'),
        (0, '0 minutes'),
        (1, '1 minute'),
        (119, '119 minutes'),
        (120, '2 hours'),
        (47 * 60 + 59, '47 hours'),
        (48 * 60, '2 days'),
        (400 * 24 * 60, '400 days'),
    ):
        time = datetime.timedelta(minutes=minutes)
        assert explain.span(time) == said
