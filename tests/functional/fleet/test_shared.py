"""A store that hosts share, told of by one of them."""

import pytest

from tests.functional.fleet.hosts import Host
from tests.functional.fleet.hosts import rows_of
from tests.functional.fleet.servers import await_that

IMAGE, OTHER = 'debian-12', 'fedora-41'


@pytest.fixture
def hosts(server, tmp_path):
    group = tmp_path.name
    made = [Host(tmp_path, server, one, group) for one in ('h1', 'h2', 'h3')]
    for one in made[1:]:
        one.share_store(made[0], server.url, group)
    yield made
    for one in made:
        one.kill()


def test_a_store_of_several_is_told_of_once_whoever_is_killed(hosts):
    first, second, third = hosts
    first.add(IMAGE)
    for one in hosts:
        one.start()
    for one in hosts:
        one.await_alive()
    [store] = first.board.read_all('stores')
    rows = rows_of(first, 'fleet')
    assert [(one['images'], one['shared_store']) for one in rows] == (
        [(1, store)] * 3
    )
    told = first.board.read_all('hosts')
    assert max(map(len, told.values())) < 200
    # One by one, whichever of them leads.
    for number, gone in enumerate((first, second)):
        gone.kill()
        gone.await_stale()
        third.add(f'{OTHER}-{number}')
        await_that(
            lambda number=number: third.member().entry.digest.has_image(
                f'{OTHER}-{number}'
            ),
            third.log(),
        )
        assert first.board.read_all('leads').keys() == {store}
    assert first.board.read_all('stores').keys() == {store}
    rows = rows_of(third, 'fleet', 'where', f'{OTHER}-1')
    assert [(one['host'], one['alive']) for one in rows] == [
        ('h1', False),
        ('h2', False),
        ('h3', True),
    ]
