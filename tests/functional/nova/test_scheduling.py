"""Servers go where their image is: Nova 34, from its API to three computes.

Each image is cached on one host, by Nova's own pre-caching.
"""

import time

import pytest

from tests.functional.nova.driving import driving_scheduler

IMAGES = [f'00000000-0000-4000-8000-{number:012}' for number in range(1, 20)]
HOSTS = 'host-1', 'host-2', 'host-3'
MULTIPLIER = 'image_locality_weight_multiplier'


@pytest.fixture(scope='module')
def nova():
    with driving_scheduler() as started:
        yield started


@pytest.fixture
def boot(nova):
    """Boot servers one after the other, and tell on which hosts they are."""
    servers = []

    def boot_servers(image, count=3):
        booted = [nova.do('boot', image=image) for _ in range(count)]
        servers.extend(booted)
        return [host for _, host in booted]

    yield boot_servers
    nova.do('delete', servers=[server for server, _ in servers])


def cache(nova, image, host):
    nova.do('precache', image=image, hosts=[host])
    nova.do('minute')


def tells(nova, image):
    return [nova.do('told', host=one, image=image) for one in HOSTS]


def test_a_host_tells_what_it_has_and_is_written_then(nova):
    image = IMAGES[0]
    # What Nova has to write when a host is new, and its first look.
    while nova.do('minute') or None in tells(nova, image):
        pass
    assert tells(nova, image) == [False, False, False]
    nova.do('precache', image=image, hosts=['host-2'])
    written = [nova.do('minute') for _ in range(3)]
    assert tells(nova, image) == [False, True, False]
    assert (written[0], written[-1]) == (1, 0), written


def test_servers_go_where_their_image_is(nova, boot):
    cache(nova, IMAGES[1], 'host-3')
    assert boot(IMAGES[1], 2) == ['host-3'] * 2


def test_the_scheduler_knows_which_servers_are_new(nova, boot):
    """By what computes tell it, without a look into the database."""
    image = IMAGES[18]
    cache(nova, image, 'host-2')
    for count in range(3):
        await_fresh(nova, 'host-2', image, count)
        assert boot(image, 1) == ['host-2']
    assert nova.do('count_fresh', host='host-1', image=image) == 0


def await_fresh(nova, host, image, count):
    """Wait for it: Nova tells of a server when that is active already."""
    for _ in range(300):
        counted = nova.do('count_fresh', host=host, image=image)
        if counted == count:
            return
        time.sleep(0.1)
    raise AssertionError(f'{counted} new servers, not {count}')


def test_where_the_multiplier_is_0_they_go_everywhere(nova, boot):
    cache(nova, IMAGES[2], 'host-1')
    nova.do('set', name=MULTIPLIER, value=0.0)
    assert sorted(boot(IMAGES[2])) == [*HOSTS]
    nova.do('set', name=MULTIPLIER, value=10.0)


def test_an_aggregate_switches_it_off_for_its_hosts(nova, boot):
    cache(nova, IMAGES[3], 'host-1')
    group = nova.do('group', hosts=['host-1'], metadata={MULTIPLIER: '0'})
    assert sorted(boot(IMAGES[3])) == [*HOSTS]
    nova.do('ungroup', group=group, host='host-1')


def test_an_aggregate_switches_it_on_for_its_hosts(nova, boot):
    cache(nova, IMAGES[4], 'host-2')
    group = nova.do('group', hosts=['host-2'], metadata={MULTIPLIER: '10'})
    nova.do('set', name=MULTIPLIER, value=0.0)
    assert boot(IMAGES[4], 2) == ['host-2'] * 2
    nova.do('set', name=MULTIPLIER, value=10.0)
    nova.do('ungroup', group=group, host='host-2')


def test_what_a_boot_has_fetched_is_told(nova, boot):
    [host] = boot(IMAGES[5], 1)
    nova.do('minute')
    assert nova.do('told', host=host, image=IMAGES[5])
    assert boot(IMAGES[5], 1) == [host]


def test_a_host_that_tells_nothing_is_a_host_still(nova, boot):
    cache(nova, IMAGES[6], 'host-1')
    nova.do('set', name='tell_scheduler', value=False)
    nova.do('minute')
    assert nova.do('told', host='host-1', image=IMAGES[6]) is None
    assert len(boot(IMAGES[6], 1)) == 1
    nova.do('set', name='tell_scheduler', value=True)


def test_a_shelved_server_goes_by_the_image_that_it_was_made_from(nova):
    """Not by its snapshot, which it will be made from: Nova asks so."""
    [server, host] = nova.do('boot', image=IMAGES[7])
    snapshot = nova.do('shelve', server=server)
    others = [one for one in HOSTS if one != host]
    cache(nova, snapshot, others[0])
    cache(nova, IMAGES[7], others[1])
    # Where it was made it is no longer the only one.
    assert nova.do('unshelve', server=server) != others[0]
    nova.do('delete', servers=[server])


@pytest.mark.parametrize('nearest', [0, 1])
@pytest.mark.parametrize('order', ['migrate', 'live_migrate', 'evacuate'])
def test_a_server_that_moves_goes_where_its_image_is(nova, order, nearest):
    number = ['migrate', 'live_migrate', 'evacuate'].index(order)
    image = IMAGES[8 + 2 * number + nearest]
    [server, host] = nova.do('boot', image=image)
    target = [one for one in HOSTS if one != host][nearest]
    cache(nova, image, target)
    assert nova.do(order, server=server, host=host) == target
    nova.do('delete', servers=[server])


def test_a_server_that_is_rebuilt_of_another_image_stays(nova):
    """Nova asks the scheduler about its host only: it has one to weigh."""
    [server, host] = nova.do('boot', image=IMAGES[14])
    cache(nova, IMAGES[15], next(one for one in HOSTS if one != host))
    assert nova.do('rebuild', server=server, image=IMAGES[15]) == host
    nova.do('delete', servers=[server])


def test_a_server_that_boots_from_a_volume_goes_anywhere(nova):
    """Though its volume is made of an image that a host has."""
    cache(nova, IMAGES[16], 'host-2')
    booted = [nova.do('boot_from_volume', image=IMAGES[16]) for _ in range(3)]
    assert sorted(host for _, host in booted) == [*HOSTS]
    nova.do('delete', servers=[server for server, _ in booted])


def test_what_comes_and_what_goes_is_told_within_two_updates(nova):
    """Nova updates once a minute; here the first that follows tells it."""
    image = IMAGES[17]
    nova.do('precache', image=image, hosts=['host-1'])
    assert nova.do('told', host='host-1', image=image) is False
    nova.do('minute')
    assert nova.do('told', host='host-1', image=image) is True
    nova.do('sweep', host='host-1', image=image)
    assert nova.do('told', host='host-1', image=image) is True
    nova.do('minute')
    assert nova.do('told', host='host-1', image=image) is False
