"""One host as a process: it holds, pins and sweeps until it is killed.

Its clocks run sixty times as fast, so that claims of the dead expire while
the test runs.  To standard output go its pins, as they are granted and ended,
and what must not happen.
"""

import datetime
import random
import sys
import time

from imagecache_handlers import CacheError
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import Evidence
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Waiting

BASE, STORE = 'vmware_base', 'datastore-0'
IMAGES = tuple(f'image-{number}' for number in range(8))
# The others are never pinned, so that some can always go.
PINNED = IMAGES[:3]
SECOND = datetime.timedelta(seconds=1)
MINUTE = 60 * SECOND
RULES = Rules(
    min_age=0 * SECOND,
    clock_skew=0 * SECOND,
    claim_ttl=6 * MINUTE,
)
FAST = 60
# A granted hold lasts for half of its time at least: in true seconds.
TTL, LASTS = 4 * MINUTE, 1.5


def now():
    at = datetime.datetime.now(datetime.UTC)
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return start + FAST * (at - start)


def monotonic():
    return FAST * time.monotonic()


def sleep(seconds):
    time.sleep(seconds / FAST)


def connect(url, username, password, read_clock=now):
    """Make a handler, and the cache that goes by it."""
    dialling = ConnectionOptions(timeout=10, insecure=True)
    address = Address.parse(url)
    logins = PasswordLogins(address, username, password, dialling)
    clocks = Clocks(now=read_clock, monotonic=monotonic, sleep=sleep)
    handler = VMwareHandler(
        Session(address, logins, dialling),
        CacheOptions(
            base_folder=BASE, waiting=Waiting(sleep=sleep, clock=monotonic)
        ),
        clocks,
    )
    cache = ImageCache(
        handler, RULES, clock=read_clock, monotonic=monotonic, sleep=sleep
    )
    return handler, cache


def sweep(cache, read_clock=now):
    return cache.sweep(lambda: Evidence(complete=True, as_of=read_clock()))


class Host:
    def __init__(self, name, *login):
        self.handler, self.cache = connect(*login)
        self.name = name
        self.count = 0

    def name_owner(self):
        self.count += 1
        return f'{self.name}-{self.count}'

    def hold(self, image_id):
        """Hold an image, and see that it stays until it is released."""
        owner = self.name_owner()
        try:
            held = self.cache.hold(image_id, owner, TTL)
        except ImageBusy:
            return
        until = time.monotonic() + LASTS / 3
        while held and time.monotonic() < until:
            self.look_after(image_id, owner)
        self.cache.release(image_id, owner)

    def look_after(self, image_id, owner):
        began = time.monotonic()
        found = self.handler.enumerate(STORE, [image_id])
        took = time.monotonic() - began
        if not any(owner in one.marks.leases for one in found):
            # What was asked for too slowly says nothing of what was granted.
            word = 'lost' if took < LASTS / 3 else 'slow'
            print(f'{word} {image_id} {owner}', flush=True)

    def pin(self, image_id):
        owner = self.name_owner()
        if not self.cache.pin(image_id, owner):
            return
        print(f'pinned {image_id} {owner}', flush=True)
        time.sleep(0.05)
        print(f'ended {image_id} {owner}', flush=True)
        self.cache.unpin(image_id, owner)


def main(name, *login):
    host = Host(name, *login)
    chance = random.Random(name)
    while True:
        try:
            sweep(host.cache)
            if chance.random() < 0.3:
                host.hold(chance.choice(IMAGES))
            if chance.random() < 0.3:
                host.pin(chance.choice(PINNED))
        except CacheError as error:
            print(f'note: {error}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
