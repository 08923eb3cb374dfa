"""Values that break their rules cannot be made."""

import dataclasses
import datetime
from typing import Any

import pytest

from imagecache_handlers.labels import Marks
from imagecache_handlers import model
from tests.planning.values import DAY
from tests.planning.values import NEVER_A_NAME
from tests.planning.values import NOW

NAIVE = NOW.replace(tzinfo=None)
UNPRINTABLE = ('', 'a\n', 'a\0b', '\x1b[2J', '\u202egpj', '\udcff')
IMAGE: dict[str, Any] = {
    'image_id': 'a',
    'store': 's',
    'location': 'l',
    'size': 1,
}
META: dict[str, Any] = {'image_id': 'a', 'size': 1, 'disk_format': 'vhd'}
RESERVATION: dict[str, Any] = {
    'image_id': 'a',
    'store': 's',
    'token': 't',
    'size': 1,
    'until': NOW,
}
DEBRIS: dict[str, Any] = {
    'store': 's',
    'location': 'l',
    'size': 1,
    'since': NOW,
    'why': 'an import that stopped',
}


@pytest.mark.parametrize('name', [*NEVER_A_NAME, 'x' * 256, '-', '~a'])
def test_what_could_mean_more_than_a_name_names_no_image(name):
    for made in (
        lambda: model.check_image_id(name),
        lambda: model.CachedImage(**{**IMAGE, 'image_id': name}),
        lambda: model.ImageMeta(**{**META, 'image_id': name}),
        lambda: model.Reservation(**{**RESERVATION, 'image_id': name}),
    ):
        with pytest.raises(ValueError, match='cannot name an image'):
            made()


def test_the_refusal_of_a_long_name_is_short():
    with pytest.raises(ValueError, match='cannot name') as error:
        model.check_image_id('x' * 10**6)

    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    'name',
    [
        '0d1c8a4e-6f0c-4f7b-9d2e-0c5c6f1f2a3b',
        'a',
        '_',
        'A..b',
        'x' * 255,
        # It looks like a label of ours, yet it is but a name.
        'pin.ops',
        'unused.20261122t082200z',
    ],
)
def test_a_plain_name_names_an_image(name):
    assert model.CachedImage(**{**IMAGE, 'image_id': name}).image_id == name


@pytest.mark.parametrize('name', UNPRINTABLE)
def test_names_of_the_backend_can_be_shown(name):
    for made in (
        lambda: model.Store(name=name),
        lambda: model.Store(name='s', pool=name or '\0'),
        lambda: model.CachedImage(**{**IMAGE, 'store': name}),
        lambda: model.CachedImage(**{**IMAGE, 'location': name}),
        lambda: model.Debris(**{**DEBRIS, 'store': name}),
        lambda: model.Debris(**{**DEBRIS, 'location': name}),
    ):
        with pytest.raises(ValueError, match='empty or not printable'):
            made()


@pytest.mark.parametrize('name', ['[ds 1] base/a/a.vmdk', '../up', '-rf', 'ä'])
def test_names_of_the_backend_are_its_own(name):
    assert model.Store(name=name).name == name
    found = model.CachedImage(**{**IMAGE, 'store': name, 'location': name})
    assert found.identity == (name, name)


@pytest.mark.parametrize(
    'made',
    [
        lambda: model.CachedImage(**{**IMAGE, 'size': -1}),
        lambda: model.CachedImage(**IMAGE, frees=-1),
        lambda: model.Store(name='s', total=-1),
        lambda: model.Store(name='s', free=-1),
        lambda: model.Store(name='s', releasing=-1),
        lambda: model.ImageMeta(**{**META, 'size': -1}),
        lambda: model.ImageMeta(**META, allocated=-1),
        lambda: model.ImageMeta(**META, virtual_size=-1),
        lambda: model.ImageMeta(**META, min_disk=-1),
        lambda: model.Reservation(**{**RESERVATION, 'size': -1}),
        lambda: model.Debris(**{**DEBRIS, 'size': -1}),
    ],
)
def test_no_size_is_negative(made):
    with pytest.raises(ValueError, match='0 bytes or more'):
        made()


@pytest.mark.parametrize(
    'made',
    [
        lambda: model.CachedImage(**IMAGE, cached_at=NAIVE),
        lambda: model.Evidence(as_of=NAIVE),
        lambda: model.Debris(**{**DEBRIS, 'since': NAIVE}),
        lambda: model.Reservation(**{**RESERVATION, 'until': NAIVE}),
    ],
)
def test_a_time_says_its_zone(made):
    with pytest.raises(ValueError, match='aware'):
        made()


def test_a_store_is_a_pool_of_its_own_unless_it_says_otherwise():
    assert model.Store(name='s').pool == 's'
    assert model.Store(name='s', pool='disk').pool == 'disk'


@pytest.mark.parametrize(('frees', 'expected'), [(None, 7), (0, 0), (3, 3)])
def test_an_eviction_releases_what_the_backend_says_else_the_size(
    frees, expected
):
    found = model.CachedImage(**{**IMAGE, 'size': 7}, frees=frees)

    assert found.reclaimable == expected


def test_an_image_says_nothing_that_it_was_not_told():
    found = model.CachedImage(**IMAGE)

    assert found.users is None
    assert found.marks == Marks()
    assert found.cached_at is None
    assert found.unknown is None
    assert found.busy is None


def test_evidence_covers_nobody_unless_it_says_so():
    said = model.Evidence(as_of=NOW)

    assert not said.complete
    assert not said.users


@pytest.mark.parametrize(
    'value',
    [
        model.Store(name='s'),
        model.CachedImage(**IMAGE),
        model.ImageMeta(**META),
        model.Evidence(as_of=NOW),
        model.Debris(**DEBRIS),
        model.Reservation(**RESERVATION),
        model.Checksum(algorithm='md5', value='0' * 32),
    ],
)
def test_values_are_frozen(value):
    name = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, getattr(value, name))


def test_times_of_any_zone_are_taken():
    zone = datetime.timezone(DAY / 24)

    found = model.CachedImage(**IMAGE, cached_at=NOW.astimezone(zone))

    assert found.cached_at == NOW


@pytest.mark.parametrize(
    'token', ['', 'A', 'a/b', '..', 'a.b', '-a', 'x' * 65, 'a\n']
)
def test_a_token_is_what_a_label_could_carry(token):
    with pytest.raises(ValueError, match='owner'):
        model.Reservation(**{**RESERVATION, 'token': token})


@pytest.mark.parametrize('store', UNPRINTABLE)
def test_a_reservation_names_a_store_that_can_be(store):
    with pytest.raises(ValueError, match='store'):
        model.Reservation(**{**RESERVATION, 'store': store})


def test_what_is_not_known_of_an_image_is_not_said():
    meta = model.ImageMeta(**META)
    assert meta.allocated is None
    assert meta.virtual_size is None
    assert meta.min_disk == 0
    assert meta.checksum is None
    assert meta.properties == {}


@pytest.mark.parametrize(
    'wrong',
    [
        {'disk_format': None},
        {'size': '1'},
        {'virtual_size': 1.5},
        {'checksum': '0' * 64},
        {'properties': ['os_type']},
        {'properties': {7: 'linux'}},
    ],
)
def test_what_is_known_of_an_image_is_of_its_kind(wrong):
    with pytest.raises(ValueError, match='must be'):
        model.ImageMeta(**{**META, **wrong})


@pytest.mark.parametrize(
    'wrong',
    [
        {'as_of': None},
        {'as_of': '2026-11-22'},
        {'complete': 'no'},
        {'complete': 1},
        {'users': None},
        {'users': ['a']},
        {'users': {7: frozenset()}},
        {'users': {'a': None}},
        {'users': {'a': {'vm'}}},
        {'users': {'a': frozenset({7})}},
        {'retired': ['a']},
        {'retired': {7: model.Retired.DELETED}},
        {'retired': {'a': 'deleted'}},
    ],
)
def test_evidence_is_of_its_kinds(wrong):
    with pytest.raises(ValueError, match='must be'):
        model.Evidence(**{'as_of': NOW, **wrong})


@pytest.mark.parametrize(
    'wrong',
    [
        {'looks_at': '/disks'},
        {'looks_at': (7,)},
        {'disks': '3'},
        {'folders': -1},
        {'is_this': None},
        {'blocks': 3},
    ],
)
def test_a_host_is_of_its_kinds(wrong):
    with pytest.raises(ValueError, match='must be'):
        model.Host(name='h', store='s', **wrong)


@pytest.mark.parametrize('wrong', [{'token': 7}, {'until': None}])
def test_a_reservation_is_of_its_kinds(wrong):
    with pytest.raises(ValueError, match='must be'):
        model.Reservation(**{**RESERVATION, **wrong})


def test_debris_says_why_in_a_text():
    with pytest.raises(ValueError, match='must be a text'):
        model.Debris(**{**DEBRIS, 'why': None})
