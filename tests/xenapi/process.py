"""One host as a process: it boots from images and sweeps until it is killed.

Its clocks run sixty times as fast, so that claims of the dead expire while
the test runs.  To standard output go the disks of its machines, as they are
made and ended, and what must not happen.
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
from imagecache_handlers_xenapi.handler import XenAPIHandler
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port.session import Session

IMAGES = tuple(f'image-{number}' for number in range(8))
SECOND = datetime.timedelta(seconds=1)
MINUTE = 60 * SECOND
RULES = Rules(
    min_age=0 * SECOND,
    clock_skew=0 * SECOND,
    claim_ttl=6 * MINUTE,
)
DISK = {
    'userdevice': '0',
    'bootable': True,
    'mode': 'RW',
    'type': 'Disk',
    'empty': False,
    'other_config': {},
    'qos_algorithm_type': '',
    'qos_algorithm_params': {},
}
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


class Host:
    def __init__(self, url, password, name):
        dialling = ConnectionOptions(timeout=10, insecure=True)
        self.port = Session(
            PasswordLogin([url], 'root', password, dialling), dialling
        )
        clocks = Clocks(now=now, monotonic=monotonic, sleep=sleep)
        handler = XenAPIHandler(self.port, grace=2 * MINUTE, clocks=clocks)
        self.cache = ImageCache(
            handler, RULES, clock=now, monotonic=monotonic, sleep=sleep
        )
        self.name = name
        self.count = 0
        self.machines = []

    def sweep(self):
        self.cache.sweep(lambda: Evidence(complete=True, as_of=now()))

    def boot(self, image_id):
        """Hold, clone, untag, attach, release; a held image stays."""
        self.count += 1
        owner = f'{self.name}-{self.count}'
        try:
            held = self.cache.hold(image_id, owner, TTL)
        except ImageBusy:
            return
        began = time.monotonic()
        for image in held:
            try:
                self.spawn(image.location, owner)
            except CacheError as error:
                if time.monotonic() - began < LASTS:
                    print(f'lost {error}', flush=True)
        self.cache.release(image_id, owner)

    def spawn(self, uuid, owner):
        call = self.port.once
        image = call('VDI.get_by_uuid', uuid)
        disk = call('VDI.clone', image, {})
        call('VDI.set_name_label', disk, owner)
        call('VDI.remove_from_other_config', disk, 'image-id')
        vm = call('VM.create', {'name_label': owner})
        vbd = call('VBD.create', {'VM': vm, 'VDI': disk, **DISK})
        made = call('VDI.get_uuid', disk)
        print(f'made {made}', flush=True)
        self.machines.append((made, disk, vm, vbd))

    def end(self):
        """End a machine: its image may come to lie idle."""
        made, disk, vm, vbd = self.machines.pop(0)
        print(f'ended {made}', flush=True)
        self.port.once('VBD.destroy', vbd)
        self.port.once('VM.destroy', vm)
        self.port.once('VDI.destroy', disk)


def main(url, password, name):
    host = Host(url, password, name)
    chance = random.Random(name)
    while True:
        try:
            host.sweep()
            if chance.random() < 0.4:
                host.boot(chance.choice(IMAGES))
            while len(host.machines) > chance.randrange(2):
                host.end()
        except CacheError as error:
            print(f'note: {error}', file=sys.stderr, flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
