"""Wishes, done by services that are killed in the middle."""

import json
import subprocess

import pytest

from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM
from tests.functional.fleet.hosts import Host
from tests.functional.fleet.hosts import rows_of
from tests.functional.fleet.hosts import run_cli
from tests.functional.fleet.image_service import CountingService
from tests.functional.fleet.servers import await_that
from tests.functional.fleet.servers import TIMEOUT
from tests.sources.lying_server import IMAGE


class World:
    """A fleet of three hosts on a server that others use as well."""

    def __init__(self, server, service, folder, group):
        self.service = service
        self.make = lambda name: Host(
            folder, server, name, group, **service.options
        )
        self.hosts = [self.make(f'h{one}') for one in (1, 2, 3)]

    def start(self):
        for one in self.hosts:
            one.start()
        for one in self.hosts:
            one.await_alive()

    def ask(self, *arguments):
        """Have a person wish for an image, and wait for it."""
        command = ['fleet', 'prefetch', IMAGE, *arguments, '-f', 'json']
        return subprocess.Popen(  # noqa: S603 -- our own program
            [*PROGRAM, *command, '--config-file', self.hosts[0].conf],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def world(quick_server, tmp_path):
    yield from living(quick_server, tmp_path)


@pytest.fixture
def each_world(server, tmp_path):
    yield from living(server, tmp_path)


def living(server, folder):
    with CountingService() as service:
        one = World(server, service, folder, folder.name)
        yield one
        for host in one.hosts:
            host.kill()


def has_image(host):
    member = host.member()
    return bool(member.entry and member.entry.digest.has_image(IMAGE))


def test_a_wish_is_done_by_so_many_at_once(each_world):
    world = each_world
    for one in world.hosts:
        one.live_longer()
    world.start()
    person = world.ask('--hosts', 'h*', '--parallel', '2', '--wait')
    await_that(lambda: world.service.at_it == 2, 'nobody fetches')
    # Whoever is a third has seen two turns taken by now.
    waiting = await_that(
        lambda: [one for one in wishes_of(world) if one == 'waiting'],
        'nobody waits',
    )
    assert len(waiting) == 1
    world.service.gate.set()
    out, err = person.communicate(timeout=TIMEOUT)
    assert person.returncode == 0, err
    rows = json.loads(out)
    assert [(one['host'], one['state'], one['tries']) for one in rows] == [
        ('h1', 'done', 1),
        ('h2', 'done', 1),
        ('h3', 'done', 1),
    ]
    assert world.service.most == 2
    assert world.service.fetches == 3
    # Without another sweep.
    for one in world.hosts:
        await_that(lambda one=one: has_image(one), one.log())


def wishes_of(world, what='stage'):
    """Give how far the hosts are with the one wish that there is."""
    found = world.hosts[0].board.read_all('states')
    return [json.loads(one)[what] for one in found.values()]


def tries_of(world):
    return wishes_of(world, 'tries')


def test_a_host_that_was_killed_in_the_middle_takes_it_again(world):
    first = world.hosts[0]
    world.hosts = [first]
    world.start()
    done = run_cli(
        *(first, 'fleet', 'prefetch', IMAGE, '--hosts', 'h1', '--standing'),
        *('-f', 'json'),
    )
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    await_that(lambda: world.service.at_it == 1, 'nobody fetches')
    first.kill()
    first.await_stale()
    shown = rows_of(first, 'fleet', 'wish', 'show', row['wish'], code=3)
    assert [(one['state'], one['tries']) for one in shown] == [('waiting', 1)]
    # It waits for what the dead one had reserved, as whoever prefetches does.
    first.start()
    await_that(lambda: tries_of(world) == [2], first.log())
    [listed] = rows_of(first, 'fleet', 'wish', 'list')
    assert (listed['wish'], listed['standing']) == (row['wish'], True)
    rows_of(first, 'fleet', 'wish', 'remove', row['wish'])
    assert rows_of(first, 'fleet', 'wish', 'list') == []
    again = run_cli(first, 'fleet', 'wish', 'show', row['wish'])
    assert again.returncode == 2
    assert 'there is no wish' in again.stderr


def test_a_host_that_joins_later_does_what_stands(world):
    late = world.hosts[1]
    world.hosts = [world.hosts[0]]
    world.service.gate.set()
    world.start()
    done = run_cli(
        world.hosts[0],
        *('fleet', 'prefetch', IMAGE, '--hosts', '*', '--standing'),
    )
    assert done.returncode == 0, done.stderr
    world.hosts.append(late)
    late.start()
    await_that(lambda: wishes_of(world) == ['done', 'done'], late.log())


def test_a_wish_that_is_refused_says_why(world):
    first = world.hosts[0]
    world.hosts = [first]
    first.conf.write_text(
        first.conf.read_text().replace('auth_type = none', '')
    )
    world.start()
    person = world.ask('--hosts', 'h1', '--wait')
    out, err = person.communicate(timeout=TIMEOUT)
    [row] = json.loads(out)
    assert (person.returncode, row['state']) == (3, 'refused'), err
    assert 'auth_type' in row['detail']


def test_who_leaves_what_stands_is_told_its_name(world):
    """Though nobody is there who could take it, or be waited for."""
    done = run_cli(
        world.hosts[0],
        *('fleet', 'prefetch', IMAGE, '--hosts', 'h*', '--standing', '--wait'),
    )
    [wish] = world.hosts[0].board.read_all('wishes')
    assert f'wish {wish} waits for hosts to join' in done.stderr
    assert done.returncode == 0


def test_nobody_who_is_there_is_told(world):
    # Of which nobody would ever hear.
    world.hosts[0].board.write_all({'alive/h9/deep': b'x'}, 60)
    done = run_cli(world.hosts[0], 'fleet', 'prefetch', IMAGE, '--hosts', 'h*')
    assert done.returncode == 2
    assert 'no host that is alive' in done.stderr
    done = run_cli(world.hosts[0], 'fleet', 'where', IMAGE)
    assert done.returncode == 1
    assert 'not known of 1 of 1 hosts' in done.stderr
