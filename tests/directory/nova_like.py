"""A process like Nova's: with oslo.concurrency, threads, and us in it.

``python -m tests.directory.nova_like ACT INSTANCES``: each act tells how far
it is, a line at a time, and waits for a line where that matters.
"""

import datetime
import functools
import io
import os
import sys
import threading

from oslo_concurrency import lockutils
from oslo_config import cfg

from imagecache_handlers import CacheError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory import NO_NOVA_HERE
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Rules
from tests.directory.place import sha1

NAMES = [sha1(str(number)) for number in range(4)]
HELD, OTHER, FREE, _ = NAMES
ROUNDS = 5


class Process:
    def __init__(self, instances):
        self.store = os.path.join(instances, '_base')
        self.locks = os.path.join(instances, 'locks')
        self.instances = instances
        # As a driver of Nova's would write it.
        self.lent = lambda name: lockutils.lock(
            name,
            lock_file_prefix='nova-',
            external=True,
            lock_path=self.locks,
            blocking=False,
        )

    def handler(self, locks=None, *, seeing=False):
        paths = [self.instances] if seeing else []
        return DirectoryHandler(
            [self.store], layout='nova', instance_paths=paths, locks=locks
        )

    def spawning(self):
        """Do as Nova does while it fetches, or makes a disk."""
        return lockutils.lock(
            HELD,
            lock_file_prefix='nova-',
            external=True,
            lock_path=self.locks,
        )

    def work(self, *, seeing):
        """Hold Nova's lock, and have each of our threads do all there is."""
        handler = self.handler(self.lent, seeing=seeing)
        with self.spawning():
            ask('held')
            acts = [self.look, self.sweep, self.clear, self.change]
            calls = [functools.partial(act, handler) for act in acts]
            threads = [threading.Thread(target=each) for each in calls]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            ask('done')

    def look(self, handler):
        for _ in range(ROUNDS):
            list(handler.enumerate(self.store))
            list(handler.enumerate(self.store, [HELD]))

    def sweep(self, handler):
        for _ in range(ROUNDS):
            ImageCache(handler, Rules()).sweep(evidence)

    def clear(self, handler):
        for _ in range(ROUNDS):
            for debris in handler.debris(self.store):
                handler.clean(debris)

    def change(self, handler):
        for number in range(ROUNDS):
            meta = ImageMeta(
                image_id=f'new-{number}', size=3, disk_format='raw'
            )
            image = handler.add(meta, io.BytesIO(b'new'), self.store)
            handler.mark(image, {'site.a'})
            self.tried(handler, handler.key(meta.image_id))
            self.tried(handler, HELD)

    def tried(self, handler, name):
        found = handler.enumerate(self.store, [name])
        try:
            for image in found:
                handler.evict(image)
        except CacheError as error:
            return type(error).__name__, str(error)
        return 'evicted', ''

    def evict_held(self):
        with self.spawning():
            ask('held')
            print(*self.tried(self.handler(self.lent), HELD))
            ask('done')

    def evict_unlent(self):
        with self.spawning():
            ask('held')
            handler = self.handler()
            print(*self.tried(handler, HELD))
            plan = ImageCache(handler, Rules()).plan(evidence())
            print(len(plan.verdicts))
            self.swept_unlent(handler)
            meta = ImageMeta(image_id='new', size=3, disk_format='raw')
            try:
                handler.add(meta, io.BytesIO(b'new'), self.store)
            except CacheError as error:
                print(type(error).__name__, error)
            ask('done')

    def swept_unlent(self, handler):
        """Sweep twice, so that images are old enough; tell how it ended."""
        now = [datetime.datetime.now(datetime.UTC)]
        cache = ImageCache(handler, Rules(), clock=lambda: now[0])
        for _ in range(2):
            report = cache.sweep(lambda: Evidence(complete=True, as_of=now[0]))
            now[0] += datetime.timedelta(days=30)
        print(sorted({f'{one.did}: {one.why}' for one in report.outcomes}))
        found = handler.enumerate(self.store)
        print(any(image.marks.claims for image in found))

    def evict_free(self):
        """Stop at the very removal, for others to look."""
        real = os.unlink

        def unlink(path, **options):
            if path == FREE:
                ask('unlinking')
            real(path, **options)

        os.unlink = unlink
        print(*self.tried(self.handler(self.lent), FREE))

    def evict_without_nova(self):
        print(*self.tried(self.handler(NO_NOVA_HERE), HELD))

    def evict_by_options(self):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        from imagecache_handlers.directory import opts

        opts.register_opts(conf)
        conf.set_override('path', [self.store], opts.GROUP)
        conf.set_override('layout', 'nova', opts.GROUP)
        handler = DirectoryHandler.from_conf(conf, locks=self.lent)
        with self.spawning():
            print(*self.tried(handler, HELD))
        print(*self.tried(handler, HELD))

    def evict_plain(self):
        handler = DirectoryHandler([self.instances])
        meta = ImageMeta(image_id='new', size=3, disk_format='raw')
        image = handler.add(meta, io.BytesIO(b'new'), self.instances)
        print(handler.evict(image))


def evidence():
    now = datetime.datetime.now(datetime.UTC)
    return Evidence(complete=True, as_of=now)


def ask(what):
    print(what, flush=True)
    sys.stdin.readline()


def main(act, instances):
    process = Process(instances)
    acts = {
        'work': lambda: process.work(seeing=False),
        'work_seeing': lambda: process.work(seeing=True),
    }
    acts.get(act, getattr(process, act, None))()


if __name__ == '__main__':
    main(*sys.argv[1:])
