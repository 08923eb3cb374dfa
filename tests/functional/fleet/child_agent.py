"""Child agent: a host of a fleet in a process of its own, which is killed.

It is what ``imagecache run`` keeps on the board, without a cache: what wishes
ask for is a line at the beginning and one at the end of a short sleep.
"""

import os
import sys
import threading
import time

from imagecache_handlers.frontends.fleet.agent import Agent
from imagecache_handlers.frontends.fleet.errands import Errands
from imagecache_handlers.frontends.fleet.heart import Heart
from imagecache_handlers.frontends.fleet.opening import FleetSettings
from imagecache_handlers.frontends.fleet.opening import open_board
from imagecache_handlers.frontends.fleet.taking import Taker
from imagecache_handlers.frontends.fleet.wishes import Stage
from tests.frontends.fleet.test_members import entry_of

_LASTS = 0.5  # seconds that a fetch takes


class Fetches:
    """Notes each fetch as it begins and ends, by the clock of the machine."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def fetch(self, wish, should_stop):
        self.note('begin', wish)
        end = time.monotonic() + _LASTS
        while time.monotonic() < end:
            if should_stop():
                self.note('end', wish)
                return Stage.FAILED, 'stopped'
            time.sleep(0.02)
        self.note('end', wish)
        return Stage.DONE, ''

    def note(self, what, wish):
        line = f'{what} {wish.wish_id} {time.monotonic()}\n'
        os.write(self._fd, line.encode())


def main(url, group, host, member_ttl, path):
    settings = FleetSettings(
        url=url,
        group=group,
        host=host,
        member_ttl=int(member_ttl),
        shared_store=None,
    )
    board = open_board(settings)
    agent = Agent(board, host, settings.member_ttl, print)
    agent.tell(entry_of('debian-12', host=host))
    heart = Heart(agent)
    errands = Errands(Taker(board, agent, Fetches(path).fetch))
    heart.start(errands.look)
    errands.start()
    threading.Event().wait()


if __name__ == '__main__':
    main(*sys.argv[1:])
