"""Hosts that tell each other, on servers and agents that are killed."""

import signal

import pytest

from tests.functional.fleet.hosts import Host
from tests.functional.fleet.hosts import rows_of
from tests.functional.fleet.hosts import run_cli
from tests.functional.fleet.servers import choose_port
from tests.functional.fleet.servers import PASSWORD
from tests.functional.fleet.servers import Redis
from tests.functional.fleet.servers import TIMEOUT

IMAGE, OTHER = 'debian-12', 'fedora-41'


@pytest.fixture
def hosts(own, tmp_path):
    made = [Host(tmp_path, own, name) for name in ('h1', 'h2')]
    yield made
    for one in made:
        one.kill()


def test_a_fleet_on_what_is_killed(own, hosts):
    first, second = hosts
    first.add(IMAGE)
    second.add(OTHER)
    for one in hosts:
        one.start()
    for one in hosts:
        one.await_alive()
    rows = rows_of(first, 'fleet')
    assert [(one['host'], one['images'], one['alive']) for one in rows] == [
        ('h1', 1, True),
        ('h2', 1, True),
    ]
    [row] = rows_of(first, 'fleet', 'where', IMAGE)
    assert (row['host'], row['state']) == ('h1', 'cached')
    assert rows_of(first, 'fleet', 'where', 'none', code=1) == []
    lacking = [('h1', OTHER), ('h2', IMAGE)]
    assert lacks_of(first) == lacking
    # An agent that was killed at once: what it told is right still.
    second.kill()
    assert lacks_of(first) == lacking
    second.await_stale()
    assert [one['alive'] for one in rows_of(first, 'fleet', 'list')] == [
        True,
        False,
    ]
    # And so is the server; the work of hosts goes on.
    own.kill()
    first.await_log('its own work goes on')
    done = run_cli(first, 'fleet', 'diff', '-', stdin=IMAGE)
    assert done.returncode == 1
    [said] = done.stderr.splitlines()
    assert said.endswith('cannot be reached')
    own.start()
    assert lacks_of(first) == lacking
    first.await_log('is there again')
    second.start()
    second.await_alive()
    assert first.process.poll() is None
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(TIMEOUT) == 0
    assert not first.member().is_alive
    for one in hosts:
        assert PASSWORD not in one.log()


def lacks_of(host):
    """Give which host lacks which of both images."""
    wanted = f'{IMAGE}\n{OTHER}\n'
    rows = rows_of(host, 'fleet', 'diff', '-', stdin=wanted, code=1)
    assert {one['state'] for one in rows} == {'missing'}
    return [(one['host'], one['image']) for one in rows]


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({}, 'cannot be reached'),
        ({'password': 'geheim'}, 'refuses the password'),
    ],
)
def test_what_cannot_be_reached_is_told_in_a_line(tmp_path, change, words):
    server = Redis(tmp_path)
    if change:
        server.start()
    host = Host(tmp_path, server, 'h1')
    url = server.url.replace(PASSWORD, change.get('password', 'offen'))
    if not change:
        url = url.replace(str(server.port), str(choose_port()))
    host.configure(url, 'ours')
    try:
        done = run_cli(host, 'fleet')
    finally:
        if change:
            server.kill()
    assert done.returncode == 1
    [said] = done.stderr.splitlines()
    assert words in said
    for secret in 'geheim', 'offen', PASSWORD:
        assert secret not in done.stderr + done.stdout
