"""Agents that are killed again and again while they do what wishes ask."""

import itertools
import subprocess
import sys
import time

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers.frontends.fleet.wish_board import post_wish
from imagecache_handlers.frontends.fleet.wishes import Stage
from imagecache_handlers.frontends.fleet.wishes import State
from imagecache_handlers.frontends.fleet.wishes import Wish
from tests.frontends.cli.command import environment
from tests.functional.fleet.servers import await_that
from tests.functional.fleet.servers import TIMEOUT
from tests.profile import PROFILE

TTL = 4
HOSTS = [f'h{number}' for number in range(8)]
AT_ONCE = 5  # are killed
PARALLEL = 3


class Crowd:
    """Hosts in processes of their own, and what became of their wishes."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.group = folder.name
        self.board = server.board(self.group)
        self.running = {}
        # When each process ended whose fetch nobody noted the end of.
        self.killed = []
        self.done = {}

    def start(self, host):
        arguments = [
            *(self.server.url, self.group, host, str(TTL)),
            str(self.folder / host),
        ]
        with open(self.folder / f'{host}.log', 'ab') as log:
            self.running[host] = subprocess.Popen(  # noqa: S603
                [sys.executable, '-m', 'tests.functional.fleet.child_agent']
                + arguments,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self, host):
        process = self.running.pop(host)
        process.kill()
        process.wait(TIMEOUT)
        self.killed.append((host, time.monotonic()))

    def alive(self):
        return {one.host for one in read_members(self.board) if one.is_alive}

    def await_alive(self):
        await_that(lambda: self.alive() == {*HOSTS}, 'not all are there')

    def post(self, wish_id):
        wish = Wish(
            wish_id=wish_id,
            images=('debian-12',),
            hosts='h*',
            parallel=PARALLEL,
            retries=100,
        )
        post_wish(self.board, wish, HOSTS, utc_now())

    def look(self):
        """See who is done, of which nothing may change from then on."""
        found = self.board.read_all('states')
        for name, data in found.items():
            state = State.decode(data)
            begun = self.count_begun(name) if state.stage is Stage.DONE else 0
            before = self.done.get(name)
            assert before in (None, (data, begun)), name
            if state.stage is Stage.DONE:
                self.done[name] = data, begun
        return found

    def count_begun(self, name):
        wish_id, host = name.split('/')
        return [f'{what} {one}' for what, one, _ in self.notes(host)].count(
            f'begin {wish_id}'
        )

    def notes(self, host):
        path = self.folder / host
        if not path.exists():
            return []
        return [line.split() for line in path.read_text().splitlines()]

    def spans(self):
        """Give the wish of each fetch, and from when until when it went."""
        for host in HOSTS:
            notes = [(*one[:2], float(one[2])) for one in self.notes(host)]
            kills = [
                ('kill', '', at) for one, at in self.killed if one == host
            ]
            steps = sorted([*notes, *kills], key=lambda one: one[2])
            steps.append(('kill', '', time.monotonic()))
            for (what, wish_id, at), (_, _, end) in itertools.pairwise(steps):
                if what == 'begin':
                    yield wish_id, at, end

    def most_at_once(self):
        """Give how many were at one wish at the same time, at most."""
        most = 0
        spans = list(self.spans())
        for wish_id, at, _ in spans:
            those = [one for one in spans if one[0] == wish_id]
            most = max(most, sum(a <= at < b for _, a, b in those))
        return most


@pytest.fixture
def crowd(server, tmp_path):
    one = Crowd(server, tmp_path)
    yield one
    for process in one.running.values():
        process.kill()
        process.wait(TIMEOUT)


def test_agents_that_are_killed(crowd):
    """None is shown as fresh for long, and no wish is lost or done twice."""
    for host in HOSTS:
        crowd.start(host)
    turns = itertools.cycle(HOSTS)
    rounds = PROFILE.fleet_kills // AT_ONCE
    stale = 0.0
    for number in range(rounds):
        crowd.await_alive()
        crowd.post(f'w{number}')
        await_that(lambda: {*crowd.look()} - {*crowd.done}, 'nobody waits')
        await_that(
            lambda number=number: any(
                one == f'w{number}' for one, _, _ in crowd.spans()
            ),
            'nobody begins',
        )
        gone = set(itertools.islice(turns, AT_ONCE))
        began = time.monotonic()
        for host in gone:
            crowd.kill(host)
        # In a minute, which is what ``await_that`` has.
        await_that(lambda gone=gone: not gone & crowd.alive(), 'still fresh')
        stale = max(stale, time.monotonic() - began)
        crowd.look()
        for host in gone:
            crowd.start(host)
    await_that(
        lambda: crowd.look() and len(crowd.done) == rounds * len(HOSTS),
        'a wish is lost',
    )
    # Who came back looks at all of them, and begins this one only.
    crowd.post('last')
    await_that(
        lambda: crowd.look() and len(crowd.done) == (rounds + 1) * len(HOSTS),
        'the last one is lost',
    )
    assert crowd.most_at_once() <= PARALLEL
    fetches = sum(1 for _ in crowd.spans())
    print(  # noqa: T201
        f'{len(crowd.killed)} kills, {len(crowd.done)} done by {fetches} '
        f'fetches, at most {crowd.most_at_once()} at once, stale after '
        f'{stale:.1f} s at most'
    )
