"""What labels mean, how they are written, and that none is ever fatal."""

import dataclasses
import datetime

import hypothesis
from hypothesis import strategies as st
import pytest

from imagecache_handlers.labels import check_label
from imagecache_handlers.labels import check_owner
from imagecache_handlers.labels import claim_label
from imagecache_handlers.labels import hits_label
from imagecache_handlers.labels import lease_label
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import OWNER
from imagecache_handlers.labels import pin_label
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import seen_label
from imagecache_handlers.labels import sha256_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers.labels import write_time
from tests.planning.values import DAY
from tests.planning.values import NEVER_A_NAME
from tests.planning.values import NOW
from tests.planning.values import SECOND

T = '20261122t082200z'
LATER = '20261123t082200z'
KINDS = ('unused', 'pin', 'lease', 'claim', 'hits', 'seen', 'sha256')
HASH = '0123456789abcdef' * 4


def decoded(value):
    return {
        'unused_since': value.unused_since,
        'pins': dict(value.pins),
        'leases': dict(value.leases),
        'claims': dict(value.claims),
        'hits': value.hits,
        'seen': value.seen,
        'sha256': value.sha256,
    }


NOTHING = decoded(Marks())


@pytest.mark.parametrize(
    ('label', 'meaning'),
    [
        (f'unused.{T}', {'unused_since': NOW}),
        (f'seen.{T}', {'seen': NOW}),
        ('pin.ops', {'pins': {'ops': None}}),
        (f'pin.ops.{T}', {'pins': {'ops': NOW}}),
        (f'lease.vm-17.{T}', {'leases': {'vm-17': NOW}}),
        (f'claim.5f0c.{T}', {'claims': {'5f0c': NOW}}),
        ('hits.12', {'hits': 12}),
        (f'sha256.{HASH}', {'sha256': HASH}),
        # An owner may look like anything that an owner may look like.
        (f'pin.{T}', {'pins': {T: None}}),
        (f'pin.unused.{T}', {'pins': {'unused': NOW}}),
    ],
)
def test_each_kind_of_label_is_understood(label, meaning):
    read = Marks.read([label])

    assert decoded(read) == NOTHING | meaning
    assert read.labels == {label}
    assert not read.malformed


@pytest.mark.parametrize(
    ('labels', 'meaning'),
    [
        ([f'unused.{T}', f'unused.{LATER}'], {'unused_since': NOW + DAY}),
        ([f'seen.{T}', f'seen.{LATER}'], {'seen': NOW + DAY}),
        (['pin.ops', f'pin.ops.{T}'], {'pins': {'ops': None}}),
        ([f'pin.a.{T}', f'pin.a.{LATER}'], {'pins': {'a': NOW + DAY}}),
        ([f'lease.a.{T}', f'lease.a.{LATER}'], {'leases': {'a': NOW + DAY}}),
        ([f'claim.a.{T}', f'claim.a.{LATER}'], {'claims': {'a': NOW + DAY}}),
        (['hits.2', 'hits.11', 'hits.007'], {'hits': 11}),
        # Of two nobody knows which one is right.
        ([f'sha256.{HASH}', f'sha256.{HASH[::-1]}'], {}),
    ],
)
def test_of_several_of_one_kind_the_most_protective_wins(labels, meaning):
    for order in (labels, labels[::-1]):
        assert decoded(Marks.read(order)) == NOTHING | meaning


@pytest.mark.parametrize(
    'label',
    [
        *KINDS,
        'unused.',
        'unused.yesterday',
        'unused.20261322t082200z',
        'unused.20261122t250000z',
        'unused.20261122T082200Z',
        'unused.20261122t082200',
        'unused.00000101t000000z',
        f'unused.{T}.more',
        f'unused.{T}\n',
        'unused.٢٠٢٦١١٢٢t٠٨٢٢٠٠z',
        'seen.never',
        'pin.',
        'pin.Ops',
        'pin.-rf',
        'pin.a/b',
        'pin.' + 'x' * 65,
        'pin.ops.tomorrow',
        f'pin.a.b.{T}',
        f'pin..{T}',
        'lease.vm',
        'lease.vm.soon',
        f'lease.{T}',
        'claim.5f0c',
        f'claim.5f0c.{T}.x',
        'hits.many',
        'hits.-1',
        'hits.1.5',
        'hits.٣',
        'hits.1234567890123',
        'sha256.',
        f'sha256.{HASH[1:]}',
        f'sha256.{HASH}0',
        f'sha256.{HASH.upper()}',
        f'sha256.{HASH[1:]}g',
        f'sha256.{HASH}.x',
    ],
)
def test_a_malformed_label_means_nothing_and_is_named(label):
    read = Marks.read([label])

    assert decoded(read) == NOTHING
    assert read.labels == read.malformed == {label}


@pytest.mark.parametrize(
    'label', ['golden', 'x-team.ops', 'unusedly.x', 'hit.1', 'pins.ops', '']
)
def test_labels_of_other_kinds_are_carried_along(label):
    read = Marks.read([label, 'pin.ops'])

    assert read.labels == {label, 'pin.ops'}
    assert decoded(read) == NOTHING | {'pins': {'ops': None}}
    assert not read.malformed


@pytest.mark.parametrize('name', NEVER_A_NAME)
@pytest.mark.parametrize('kind', KINDS)
def test_hostile_labels_are_never_fatal(kind, name):
    labels = {name, f'{kind}.{name}', f'{kind}.{name}.{T}', f'{name}.{T}'}

    read = Marks.read(labels)

    assert read.labels == labels
    assert decoded(read) == NOTHING


texts = st.one_of(
    st.text(),
    st.builds(
        '.'.join,
        st.lists(st.one_of(st.sampled_from([*KINDS, T, 'ops']), st.text())),
    ),
)


@hypothesis.given(st.sets(texts))
def test_any_text_can_be_read(labels):
    read = Marks.read(labels)

    assert read.labels == labels
    assert read.malformed <= labels


times = st.datetimes(
    max_value=datetime.datetime(9999, 12, 30), timezones=st.just(datetime.UTC)
)
owners = st.from_regex(OWNER, fullmatch=True)


def rounded(at):
    """The same second, or the next: a label never ends too early."""
    return at if not at.microsecond else at.replace(microsecond=0) + SECOND


@hypothesis.given(times, owners, st.integers(0, 10**12 - 1))
def test_what_is_written_is_read_again(at, owner, count):
    after = rounded(at)
    for label, meaning in (
        (unused_label(at), {'unused_since': after}),
        (seen_label(at), {'seen': after}),
        (hits_label(count), {'hits': count}),
        (pin_label(owner, None), {'pins': {owner: None}}),
        (pin_label(owner, at), {'pins': {owner: after}}),
        (lease_label(owner, at), {'leases': {owner: after}}),
        (claim_label(owner, at), {'claims': {owner: after}}),
    ):
        assert check_label(label) == label
        assert decoded(Marks.read([label])) == NOTHING | meaning


@hypothesis.given(st.sets(times.map(rounded), min_size=1, max_size=6))
def test_the_latest_time_of_one_kind_wins(given):
    last = max(given)
    for write, meaning in (
        (unused_label, {'unused_since': last}),
        (seen_label, {'seen': last}),
        (lambda at: pin_label('a', at), {'pins': {'a': last}}),
        (lambda at: lease_label('a', at), {'leases': {'a': last}}),
        (lambda at: claim_label('a', at), {'claims': {'a': last}}),
    ):
        labels = {write(at) for at in given}
        assert decoded(Marks.read(labels)) == NOTHING | meaning


def test_times_of_other_zones_are_written_in_utc():
    zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))

    assert write_time(NOW.astimezone(zone)) == T


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match='aware'):
        pin_label('ops', NOW.replace(tzinfo=None))


def test_years_are_written_with_four_digits():
    early = datetime.datetime(7, 1, 2, tzinfo=datetime.UTC)

    assert write_time(early) == '00070102t000000z'
    assert read_time('00070102t000000z') == early


@pytest.mark.parametrize(
    'owner', [*NEVER_A_NAME, 'Ops', 'a.b', 'a-', '_a', f'pin.{T}', 'x' * 65]
)
def test_an_owner_that_no_label_can_carry_is_refused(owner):
    for write in (pin_label, lease_label, claim_label):
        with pytest.raises(ValueError, match='cannot be written'):
            write(owner, NOW)
    with pytest.raises(ValueError, match='cannot be written'):
        pin_label(owner, None)


@pytest.mark.parametrize('owner', ['a', '0', 'vm-17', 'a_b', 'x' * 64, T])
def test_an_owner_of_letters_digits_and_dashes_is_taken(owner):
    assert check_owner(owner) == owner


@pytest.mark.parametrize(
    'label', [*NEVER_A_NAME, 'a', 'A.b', 'pin.', '.pin', 'x' * 97]
)
def test_what_is_no_label_is_refused(label):
    with pytest.raises(ValueError, match='is not a label'):
        check_label(label)


@pytest.mark.parametrize('check', [check_label, check_owner])
@pytest.mark.parametrize('wrong', [None, 7, b'ops'])
def test_a_label_or_an_owner_is_a_text(check, wrong):
    with pytest.raises(ValueError, match='must be a text'):
        check(wrong)


@pytest.mark.parametrize('label', ['ab', 'pin.ops', 'a..b', 'x' * 96])
def test_what_fits_a_file_name_is_a_label(label):
    assert check_label(label) == label


def test_labels_are_found_by_kind_and_subject_malformed_or_not():
    labels = {'pin.ops', f'pin.ops.{T}', 'pin.ops.x', 'pin.opsy', 'pin'}
    read = Marks.read({*labels, 'pinned.ops', 'unused.x'})

    assert read.labels_of('pin') == labels
    assert read.labels_of('pin', 'ops') == {
        'pin.ops',
        f'pin.ops.{T}',
        'pin.ops.x',
    }
    assert read.labels_of('unused') == {'unused.x'}
    assert read.labels_of('lease') == frozenset()
    assert Marks().labels_of('pin') == frozenset()


def test_marks_are_equal_by_their_labels():
    assert Marks.read(['pin.a']) == Marks.read({'pin.a'})
    assert Marks.read(['pin.a']) != Marks.read(['pin.b'])
    assert hash(Marks.read(['pin.a'])) == hash(Marks.read({'pin.a'}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Marks(), 'hits', 1)  # noqa: B010


def test_a_hash_is_written_as_it_is_read():
    assert Marks.read([sha256_label(HASH)]).sha256 == HASH
    with pytest.raises(ValueError, match='not a label'):
        sha256_label(f'{HASH}/..')
