"""Digests: what is told of a host is what is read, and nothing else is."""

import contextlib
import datetime
import fractions
import hashlib
import random
import uuid

import hypothesis
from hypothesis import strategies
import pytest

from imagecache_handlers import CachedImage
from imagecache_handlers.frontends.fleet.digest import BUDGET
from imagecache_handlers.frontends.fleet.digest import Digest
from imagecache_handlers.frontends.fleet.digest import LONGEST
from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers import Marks

NOW = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.UTC)
GIB = 2**30
BIG = 10**19 - 1


def image(image_id, size=GIB, hits=0, **more):
    marks = Marks.read({f'hits.{hits}'} if hits else ())
    return CachedImage(
        image_id=image_id,
        store='s',
        location=f'{image_id}-{len(more)}',
        size=size,
        marks=marks,
    )


def digest(*images, coming=(), **how):
    how = {'generation': 7, 'as_of': NOW, **how}
    return make_digest(images, coming, **how)


def test_what_is_cached_is_found_and_nothing_else():
    one = digest(image('debian'), image('alpine'), coming=['fedora'])
    assert one.has_image('debian')
    assert one.has_image('alpine')
    assert not one.has_image('fedora')
    assert one.awaits_image('fedora')
    assert not one.awaits_image('debian')
    assert not one.has_image('suse')
    assert one.names_image('debian') and one.names_image('fedora')
    assert not one.names_image('suse')
    assert (one.count, one.is_complete) == (2, True)


def test_an_image_that_is_known_by_a_hash_only_is_found():
    sha1 = hashlib.sha1(b'debian', usedforsecurity=False).hexdigest()
    assert digest(image(sha1)).has_image('debian')


def test_an_image_that_comes_and_is_there_is_there():
    one = digest(image('debian'), coming=['debian'])
    assert one.has_image('debian')
    assert not one.awaits_image('debian')


def test_two_copies_are_one_image():
    copies = [image('debian'), image('debian', 2 * GIB)]
    assert digest(*copies).count == 1


def test_what_counts_least_is_left_out():
    images = [image(f'big-{n}', GIB) for n in range(1200)]
    images += [image(f'small-{n}', 9) for n in range(1200)]
    images += [image('liked', 8, hits=GIB)]
    one = digest(*images, coming=['coming'])
    assert len(one.encode()) <= BUDGET
    assert Digest.decode(one.encode()) == one
    assert (one.count, one.is_complete) == (2401, False)
    assert all(one.has_image(f'big-{n}') for n in range(1200))
    assert one.has_image('liked')
    assert one.awaits_image('coming')
    assert not all(one.has_image(f'small-{n}') for n in range(1200))


def test_what_is_coming_is_cut_last():
    one = digest(image('a'), coming=map(str, range(3000)))
    assert len(one.encode()) <= BUDGET
    assert not one.is_complete
    assert not one.has_image('a')


def test_so_many_fit_into_the_budget():
    images = [image(f'{n}') for n in range(1600)]
    one = digest(*images, free=BIG, total=BIG, generation=BIG)
    assert one.is_complete
    assert len(one.encode()) <= BUDGET


@pytest.mark.parametrize(
    ('count', 'is_complete'), [(1616, True), (1617, False)]
)
def test_what_does_not_fit_is_said_to_be_left_out(count, is_complete):
    one = digest(*[image(f'{n}') for n in range(count)])
    assert (one.count, len(one.whole)) == (count, 1616)
    assert one.is_complete is is_complete
    assert Digest.decode(one.encode()).is_complete is is_complete


NAMED = 50_000
ODDS = fractions.Fraction(1, 100_000)


@pytest.mark.parametrize('budget', [BUDGET, LONGEST])
def test_a_full_digest_errs_less_than_once_in_100_000_look_ups(budget):
    """By arithmetic: each of two names meets each of 2**32 prefixes alike."""
    one = digest(*[image(f'{n}') for n in range(4000)], budget=budget)
    assert not one.is_complete
    told = fractions.Fraction(len(one.whole), 2**32)
    assert 1 - (1 - told) ** 2 < ODDS


def test_what_is_not_there_is_not_found():
    """By a count, of the same ids always; of three bytes a dozen would err."""
    chance = random.Random(1)
    names = [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(NAMED)]
    one = digest(*[image(name) for name in names[:2000]], budget=LONGEST)
    assert one.is_complete
    assert all(one.has_image(name) for name in names[:2000])
    found = sum(one.names_image(name) for name in names[2000:])
    assert found <= NAMED * ODDS


@pytest.mark.parametrize('budget', [0, 109, LONGEST + 1])
def test_a_budget_that_cannot_be_kept_is_refused(budget):
    with pytest.raises(ValueError, match='budget'):
        digest(budget=budget)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match='aware'):
        digest(as_of=NOW.replace(tzinfo=None))


NAMES = strategies.text('abcdef0123456789-', min_size=1).filter(
    lambda name: name[0] != '-'
)
SIZES = strategies.none() | strategies.integers(0, BIG)


@hypothesis.given(
    there=strategies.lists(NAMES, max_size=60),
    coming=strategies.lists(NAMES, max_size=20),
    free=SIZES,
    total=SIZES,
    generation=strategies.integers(0, BIG),
    budget=strategies.integers(110, 500),
)
def test_what_was_written_is_read(there, coming, budget, **told):
    one = digest(*map(image, there), coming=coming, budget=budget, **told)
    text = one.encode()
    assert len(text) <= budget
    assert text.isascii()
    assert text.isprintable()
    assert Digest.decode(text) == one
    assert one.count == len(set(there))
    if one.is_complete:
        assert all(one.has_image(name) for name in there)
        assert all(
            one.awaits_image(name) for name in coming if name not in there
        )


GOOD = digest(image('a'), image('b'), coming=['c'], free=1).encode()


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'edition'),
        ('2' + GOOD[1:], 'edition'),
        (GOOD + ' ', 'fields'),
        (GOOD.rpartition(' ')[0], 'fields'),
        (GOOD.replace(' 7 ', ' -7 '), 'number'),
        (GOOD.replace(' 7 ', ' ٧ '), 'number'),
        (GOOD.replace(' 7 ', f' {"9" * 5000} '), 'number'),
        (GOOD.replace('20261130t', '20261330t'), 'time'),
        (GOOD.replace(' all ', ' most '), 'neither'),
        (GOOD[:-3], 'prefixes'),
        (GOOD[:-5], '0 bytes are no prefixes'),
        (GOOD[:-1] + '"', 'base85'),
        (f'{GOOD} {"x" * LONGEST}', 'characters'),
    ],
)
def test_anything_else_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        Digest.decode(text)


def test_images_that_are_not_sorted_are_refused():
    one = digest(image('a'), image('b'))
    packed = one.encode().split(' ')[7]
    wrong = one.encode().replace(packed, packed[5:] + packed[:5])
    with pytest.raises(ValueError, match='sorted'):
        Digest.decode(wrong)
    twice = one.encode().replace(packed, packed[:5] * 2)
    with pytest.raises(ValueError, match='sorted'):
        Digest.decode(twice)


@hypothesis.given(strategies.text(max_size=200))
def test_nonsense_is_read_or_refused(text):
    for one in (text, f'1 {text}', GOOD[:40] + text, GOOD + text):
        with contextlib.suppress(ValueError):
            assert Digest.decode(one).encode()
