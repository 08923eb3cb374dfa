"""A world in which a cache is swept, and in which things go wrong."""

import dataclasses
import datetime
import types

from imagecache_handlers.actions.slow_calls import RunningCalls
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.frontends.cli.metering import Meter
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers import ImageCache
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import Debris
from imagecache_handlers import Rules
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf

INTERVAL = datetime.timedelta(minutes=40)
BEGIN = datetime.datetime.fromtimestamp(0, datetime.UTC)
TOTAL = 1000


class Bent(MemoryHandler):
    """The handler in memory, each of whose calls may be made to fail."""

    def __init__(self):
        super().__init__(Shelf(total=TOTAL))
        self.broken = {}
        self.problem = None
        self.unknown = set()
        self.pieces = 0

    def stores(self):
        self._call('stores')
        for store in super().stores():
            yield dataclasses.replace(store, problem=self.problem)

    def enumerate(self, store, image_ids=None):
        self._call('enumerate')
        for one in super().enumerate(store, image_ids):
            if one.image_id in self.unknown:
                why = 'its record is damaged'
                one = dataclasses.replace(one, users=None, unknown=why)
            yield one

    def evict(self, image, alive=None):
        self._call('evict')
        return super().evict(image, alive)

    def debris(self, store):
        return [
            Debris(
                store=store, location=f'{n}', size=1, since=None, why='broken'
            )
            for n in range(self.pieces)
        ]

    def clean(self, debris):
        return 0

    def _call(self, name):
        if name in self.broken:
            raise self.broken[name]


class World:
    """One host, its cache, and what its metrics tell as time goes on."""

    def __init__(self):
        self.now = BEGIN
        self.step = self.interval = INTERVAL
        self.handler = Bent()
        self.rules = Rules(high_watermark=85, low_watermark=70)
        self.record = Record(self.clock)
        self.meter = Meter(self.record)
        self.is_running = True
        self.is_stopped = False
        self.ask = self.ask_all
        for number in range(5):
            self.put(f'used-{number}', 20, users={'vm'})
        self.put('idle', 20)
        self.start()

    def clock(self):
        return self.now

    def ask_all(self):
        return Evidence(complete=True, as_of=self.now)

    def start(self):
        """Begin as a process does that has just been started."""
        self.meter.note_site(self.site)

    def begin_anew(self):
        """Be another process, which knows nothing of the one before."""
        self.record = self.meter.record = Record(self.clock)
        self.start()

    @property
    def site(self):
        calls = RunningCalls(None, tell_end=self.record.note_call)
        cache = ImageCache(
            self.handler, self.rules, clock=self.clock, calls=calls
        )
        return types.SimpleNamespace(
            cache=cache, rules=self.rules, interval=self.interval, stores=None
        )

    def put(self, name, size, *labels, users=()):
        self.handler.shelf.entries[name] = Entry(
            image_id=name,
            size=size,
            cached_at=self.now - datetime.timedelta(days=9),
            users=set(users),
            labels=set(labels),
        )

    def drop(self, name):
        self.handler.shelf.entries.pop(name, None)

    def old(self):
        """Give the label of what has been unused for long enough."""
        return unused_label(self.now - datetime.timedelta(days=3))

    def sweep(self):
        """Sweep as the service does; a failure is counted, and no more."""
        site = self.site
        try:
            with self.meter.sweeping(self.rules) as tell:
                ask = self.meter.noting(self.ask)
                plan = site.cache.plan(ask())
                self.meter.note_plan(plan, site)
                tell(
                    site.cache.apply(
                        plan, ask, should_stop=lambda: self.is_stopped
                    )
                )
        except CacheError:
            return

    def tick(self):
        """Let a step go by, with its sweep if there is any."""
        self.now += self.step
        if self.is_running:
            self.sweep()
        return self.record.samples()
