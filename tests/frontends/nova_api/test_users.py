"""What Nova's API proves of images, of a double that does as Nova does."""

import dataclasses
import datetime
import logging
import tracemalloc

import pytest

from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.frontends.nova_api.listing import Listing
from imagecache_handlers.frontends.nova_api.users import NovaUsers
from tests.frontends.nova_api.nova_double import IMAGES
from tests.frontends.nova_api.nova_double import Machine
from tests.frontends.nova_api.nova_double import make_machines
from tests.frontends.nova_api.nova_double import NovaDouble

NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
IMAGE, OTHER, THIRD = IMAGES[:3]


def ask(nova, complete=True):
    return NovaUsers(nova, complete=complete, clock=lambda: NOW)()


def test_every_server_of_every_page_is_a_user():
    nova = NovaDouble(make_machines(95), max_limit=10)
    said = ask(nova)
    assert said.complete
    assert said.as_of == NOW
    named = {
        (image, user) for image, who in said.users.items() for user in who
    }
    assert named == {(one.image, one.uuid) for one in nova.machines}


@pytest.mark.parametrize('count', [*range(1, 12), 19, 20, 21, 28, 29])
@pytest.mark.parametrize('limit', [2, 3, 10])
def test_any_number_of_servers_is_listed_whole(count, limit):
    said = ask(NovaDouble(make_machines(count, hosts=1), max_limit=limit))
    assert said.complete
    assert sum(map(len, said.users.values())) == count


def test_without_the_callers_word_it_proves_use_only():
    said = ask(NovaDouble(make_machines(3)), complete=False)
    assert not said.complete
    assert len(said.users) == 3


def test_a_nova_without_servers_proves_nothing(caplog):
    nova = NovaDouble([])
    nova.extra_hypervisors = ['kvm-1']
    with caplog.at_level(logging.WARNING):
        assert not ask(nova).complete
    assert 'it knows no server' in caplog.text
    nova.machines = [Machine(number=1, vm_state='soft-delete')]
    assert ask(nova).complete


def test_a_nova_without_hypervisors_proves_nothing():
    assert not ask(NovaDouble([])).complete
    offloaded = Machine(number=1, vm_state='shelved_offloaded', host=None)
    assert not ask(NovaDouble([offloaded])).complete


def test_the_time_is_from_before_the_first_request():
    nova = NovaDouble(make_machines(3))
    times = []

    def clock():
        times.append(len(nova.requests))
        return NOW

    NovaUsers(nova, complete=True, clock=clock)()
    assert times == [0]


@pytest.mark.parametrize(
    ('machine', 'images'),
    [
        (Machine(number=1, image=IMAGE), {IMAGE}),
        (Machine(number=1, image=''), set()),
        (Machine(number=1, image='', kernel=OTHER), {OTHER}),
        (
            Machine(number=1, image=IMAGE, kernel=OTHER, ramdisk=THIRD),
            {IMAGE, OTHER, THIRD},
        ),
        (Machine(number=1, image=IMAGE, vm_state='shelved'), {IMAGE}),
        (
            Machine(
                number=1,
                image=IMAGE,
                vm_state='shelved_offloaded',
                host=None,
            ),
            {IMAGE},
        ),
        (Machine(number=1, image=IMAGE, vm_state='soft-delete'), {IMAGE}),
        (Machine(number=1, image=IMAGE, vm_state='error'), {IMAGE}),
        (Machine(number=1, image=IMAGE, cell='', host=None), {IMAGE}),
        (Machine(number=1, image=IMAGE, deleted=True), set()),
    ],
)
def test_what_a_server_uses(machine, images):
    of_a_volume = Machine(number=2)
    said = ask(NovaDouble([machine, of_a_volume]))
    assert said.complete
    assert set(said.users) == images
    assert all(who == {machine.uuid} for who in said.users.values())


@pytest.mark.parametrize(
    'changes',
    [
        {'vm_state': 'rescued'},
        {'task_state': 'rescuing'},
        {'task_state': 'rebuilding'},
        {'task_state': 'rebuild_block_device_mapping'},
        {'task_state': 'rebuild_spawning'},
        {'vm_state': 'shelved_offloaded', 'task_state': 'unshelving'},
        {'vm_state': 'shelved', 'task_state': 'spawning'},
        {'image': 'no/name'},
        {'kernel': '../a'},
    ],
)
def test_a_server_that_may_use_another_image_proves_no_absence(changes):
    nova = NovaDouble(make_machines(5))
    nova.machines[2] = dataclasses.replace(nova.machines[2], **changes)
    said = ask(nova)
    assert not said.complete
    assert IMAGES[1] in said.users
    # That is no reason to list them all once more.
    assert len(nova.requests) == 2


STATES = 'OS-EXT-STS:vm_state', 'OS-EXT-STS:task_state', 'status'


@pytest.mark.parametrize('key', STATES)
@pytest.mark.parametrize(
    'change',
    [
        lambda record, key: record.pop(key),
        lambda record, key: record.update({key: []}),
        lambda record, key: record.update({key: 0}),
        lambda record, key: record.update({key: {'rescued': 1}}),
    ],
    ids=['absent', 'list', 'number', 'dict'],
)
def test_a_server_that_tells_no_state_proves_no_absence(key, change, caplog):
    nova = NovaDouble(make_machines(3))

    def meddle(number, body):
        change(body['servers'][1], key)
        return body

    nova.meddle = meddle
    said = ask(nova)
    assert not said.complete
    assert len(said.users) == 3
    assert 'the state is not told' in caplog.text


@pytest.mark.parametrize('key', STATES[::2])
def test_only_a_task_may_be_none(key):
    nova = NovaDouble(make_machines(3))
    nova.meddle = lambda number, body: {
        'servers': [one | {key: None} for one in body['servers']]
    }
    assert not ask(nova).complete


def test_it_is_said_which_server_it_is(caplog):
    nova = NovaDouble(make_machines(5))
    for number in 2, 3, 4:
        nova.machines[number].vm_state = 'rescued'
    with caplog.at_level(logging.WARNING):
        ask(nova)
    [record] = caplog.records
    rescued = [one.uuid for one in nova.machines[2:]]
    assert any(one in record.getMessage() for one in rescued)
    assert record.getMessage().endswith('and 2 more')


def test_who_is_not_told_all_proves_no_absence():
    nova = NovaDouble(make_machines(5))
    nova.tells_attributes = False
    assert not ask(nova).complete


def test_a_hypervisor_that_is_not_listed_proves_no_absence():
    nova = NovaDouble(make_machines(5))
    known = nova.answer

    def answer(path, query, version):
        status, body = known(path, query, version)
        if path == '/os-hypervisors':
            body = {'hypervisors': body['hypervisors'][1:]}
        return status, body

    nova.answer = answer
    assert not ask(nova).complete


def test_a_cell_that_is_down_is_an_error():
    nova = NovaDouble(make_machines(20), max_limit=5)
    nova.down = {'cell2'}
    with pytest.raises(EvidenceUnavailable):
        ask(nova)


def test_partial_records_are_named(caplog):
    """Such as a list without pages has of a cell that is down."""
    nova = NovaDouble(make_machines(5))
    part = nova.machines[2]

    def meddle(number, body):
        records = [
            {'id': one['id'], 'status': 'UNKNOWN', 'tenant_id': 'p'}
            if one['id'] == part.uuid
            else one
            for one in body['servers']
        ]
        return body | {'servers': records}

    nova.meddle = meddle
    said = ask(nova)
    assert not said.complete
    assert f'its cell is down: of server {part.uuid}' in caplog.text


class TestMeanwhile:
    """Servers come and go while they are listed."""

    def test_one_that_is_deleted_is_not_missed(self):
        nova = NovaDouble(make_machines(40), max_limit=10)

        def before(page):
            nova.machines[7].deleted = True

        nova.before = before
        assert ask(nova).complete
        gone = f'/servers/{nova.machines[7].uuid}'
        assert [path for path, _ in nova.requests].count(gone) == 1

    def test_many_that_are_missing_are_not_asked_for_one_by_one(self):
        nova = NovaDouble(make_machines(80), max_limit=10)
        last = sorted(nova.machines, key=lambda one: one.uuid)[-30:]

        def before(page):
            for one in last:
                one.deleted = True

        nova.before = before
        # Once more they were gone before anything was listed.
        assert ask(nova).complete
        assert not any(
            path.startswith('/servers/0') for path, _ in nova.requests
        )
        assert len(nova.requests) < 30

    def test_the_last_of_a_page_is_deleted(self):
        nova = NovaDouble(make_machines(40), max_limit=10)
        inside = sorted(nova.machines, key=lambda one: one.uuid)

        def before(page):
            if page == 1:
                inside[9].deleted = True

        nova.before = before
        assert ask(nova).complete

    def test_one_that_is_built_meanwhile(self):
        nova = NovaDouble(make_machines(40), max_limit=10)
        nova.machines[0].cell, nova.machines[0].host = '', None
        uuid = nova.machines[0].uuid
        nova.before = lambda page: None

        def before(page):
            if page == 2:
                nova.machines[0].cell = 'cell1'
                nova.machines[0].host = 'kvm-1'

        nova.before = before
        said = ask(nova)
        assert said.complete
        assert uuid in said.users[nova.machines[0].image]

    def test_a_page_of_builds_alone_hides_nobody(self):
        """Nova goes on behind the marker, which is in a cell by then."""
        nova = NovaDouble(make_machines(40), max_limit=5)
        for one in sorted(nova.machines, key=lambda one: one.uuid)[-5:]:
            one.cell, one.host = '', None

        def before(page):
            if page == 1:
                for one in nova.machines:
                    one.cell = one.cell or 'cell1'

        nova.before = before
        said = ask(nova)
        assert sum(map(len, said.users.values())) == 40
        assert said.complete


def test_hypervisors_are_listed_page_by_page():
    nova = NovaDouble(make_machines(40, hosts=17), max_limit=5)
    assert ask(nova).complete
    asked = [query for path, query in nova.requests if 'hyper' in path]
    assert len(asked) == 4


def test_thousand_a_page_take_few_requests():
    nova = NovaDouble(make_machines(4995, hosts=50))
    assert ask(nova).complete
    assert len(nova.requests) == 6
    lists = [path for path, _ in nova.requests if path == '/servers/detail']
    assert len(lists) == 5
    nova = NovaDouble(make_machines(5000, hosts=50))
    assert ask(nova).complete
    # A last page that is full is followed by one more.
    lists = [path for path, _ in nova.requests if path == '/servers/detail']
    assert (len(lists), len(nova.requests)) == (6, 7)


def test_pages_are_forgotten():
    """What is kept of a server is its id."""
    pages = [
        [
            {'id': f'{number:08}', 'image': 'x' * 4000}
            for number in range(first, first + 100)
        ]
        for first in range(0, 9900, 99)
    ]

    class Pages:
        def ask(self, path, query, version):
            found = pages.pop(0)
            records = [dict(one, image=one['image'] + 'y') for one in found]
            links = [{'rel': 'next'}] if pages else []
            if not pages:
                records.pop()
            return {'servers': records, 'servers_links': links}

    tracemalloc.start()
    try:
        assert sum(1 for _ in Listing(Pages())) == 9900
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_a_list_that_takes_too_long_ends():
    nova = NovaDouble(make_machines(95), max_limit=10)
    ticks = iter(range(0, 10**6, 500))
    listing = Listing(nova, clock=lambda: next(ticks))
    with pytest.raises(Exception, match='takes more than'):
        list(listing)
    assert len(nova.requests) < 6
