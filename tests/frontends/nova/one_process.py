"""One process of Nova's: spawns, requests and passes at once, until killed.

``python -m tests.frontends.nova.one_process INSTANCES``: it tells what it
has done, a JSON object a line.  A spawn goes by Nova's own protocol and its
real locks; the rest is ours.
"""

import datetime
import json
import os
import pathlib
import random
import shutil
import sys
import threading
import time
import uuid

from oslo_concurrency import lockutils

from imagecache_handlers.actions.report import Did
from imagecache_handlers import CacheError
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.frontends.nova import holding
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from tests.directory.disks import header
from tests.directory.place import sha1
from tests.frontends.nova.things import Api
from tests.frontends.nova.things import content_of
from tests.frontends.nova.things import IMAGES
from tests.frontends.nova.things import Instance
from tests.frontends.nova.things import nova_options

# Fewer would look as if a mount had gone.
FEWEST, MOST = 6, 9
LEASE = datetime.timedelta(seconds=10)
QUICK = {
    'remove_unused_original_minimum_age_seconds': 0,
    'clock_skew_seconds': 0,
    'prefetch_ttl_seconds': 1,
}


class Process:
    def __init__(self, instances):
        self.instances = pathlib.Path(instances)
        self.base = self.instances / '_base'
        # Who was killed in a spawn would hold its image for an hour.
        holding._TTL = LEASE
        conf = nova_options(instances)
        register_opts(conf)
        for name, value in QUICK.items():
            conf.set_override(name, value, group='imagecache')
        self.manager = ImageCacheManager(conf)
        self.done = dict.fromkeys(
            ('spawned', 'failed', 'cached', 'swept', 'evicted'), 0
        )
        self.living = [
            path
            for path in self.instances.iterdir()
            if (path / 'disk').exists() and path.name != 'resident'
        ]

    def run(self):
        for work in self.spawn, self.spawn, self.request, self.sweep:
            threading.Thread(target=self.repeat, args=[work]).start()
        while True:
            time.sleep(0.2)
            print(json.dumps(self.done), flush=True)

    def repeat(self, work):
        while True:
            try:
                work()
            except CacheError as error:
                print(f'{work.__name__}: {error}', file=sys.stderr)
            time.sleep(random.uniform(0, 0.1))

    def spawn(self):
        """Make an instance, as Nova does, and let the oldest go."""
        image_id, owner = random.choice(IMAGES), str(uuid.uuid4())
        instance = Instance(uuid=owner, image_ref=image_id)
        with self.manager.hold_images(instance):
            made = self.make_disk(self.instances / owner, image_id)
        self.done['spawned' if made else 'failed'] += 1
        if len(self.living) > MOST:
            while len(self.living) > FEWEST:
                shutil.rmtree(self.living.pop(0))

    def make_disk(self, folder, image_id):
        base = self.base / sha1(image_id)
        with self.lock(base.name):
            if not base.exists():
                part = base.with_name(f'{base.name}.part')
                part.write_bytes(content_of(image_id))
                part.rename(base)
        try:
            os.utime(base)
        except FileNotFoundError:
            return False
        new = self.instances.parent / folder.name
        with self.lock(base.name):
            if not base.exists():
                return False
            folder.mkdir()
            new.write_bytes(header(str(base)))
            new.rename(folder / 'disk')
        self.living.append(folder)
        return True

    def lock(self, name):
        return lockutils.lock(
            name,
            lock_file_prefix='nova-',
            external=True,
            lock_path=str(self.instances / 'locks'),
        )

    def request(self):
        image_id = random.choice(IMAGES)
        api = Api(image_id, content_of(image_id))
        self.done['cached'] += self.manager.cache_image('', image_id, api)

    def sweep(self):
        # Nova's database knows of none of them: all is seen on the disks.
        report = self.manager.update('context', [])
        self.done['swept'] += 1
        did = [one.did for one in report.outcomes]
        self.done['evicted'] += did.count(Did.EVICTED)


if __name__ == '__main__':
    Process(sys.argv[1]).run()
