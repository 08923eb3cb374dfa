"""Two hosts and Nova on one simulated vCenter, over real sockets.

Time passes only when it is told to.  The world knows the truth from the
files themselves: which machine needs the bytes of which disk.  It raises
``Loss`` when a promise breaks.
"""

import collections
import contextlib
import datetime

from imagecache_handlers import CacheError
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Waiting
from vcenter_simulator.faults import VimFault as Refused
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator

BASE, STORE = 'vmware_base', 'datastore-0'
SECOND = datetime.timedelta(seconds=1)


class Loss(BaseException):
    """A promise broke; no handler of errors may swallow it."""


class Died(BaseException):
    """The host's process ended here."""


class Interrupted(Session):
    """A session whose calls are interrupted as its host says."""

    host = None

    def _make_once(self, request, *rest):
        self.host.interrupt(request.method, after=False)
        found = super()._make_once(request, *rest)
        self.host.interrupt(request.method, after=True)
        return found


class Host:
    """One host: a clock of its own, and what its calls are interrupted by."""

    def __init__(self, world, name, offset):
        self.world = world
        self.name = name
        self.offset = offset * SECOND
        self.script = []
        self.counts = collections.Counter()
        self.session = None
        self.restart()

    def restart(self):
        """Be a new process: whatever the old one remembered is gone."""
        if self.session is not None:
            self.session.close()
        vcenter = self.world.vcenter
        dialling = ConnectionOptions(timeout=20, insecure=True)
        address = Address.parse(vcenter.url)
        logins = PasswordLogins(
            address, vcenter.username, vcenter.password, dialling
        )
        self.session = Interrupted(address, logins, dialling)
        self.session.host = self
        clocks = Clocks(
            now=self.now, monotonic=self.world.monotonic, sleep=self.sleep
        )
        waiting = Waiting(sleep=self.sleep, clock=self.world.monotonic)
        handler = VMwareHandler(
            self.session,
            CacheOptions(base_folder=BASE, waiting=waiting),
            clocks,
        )
        handler.parallel = 1
        handler.labels_in_flight = 1
        handler.batch = self.world.batch
        self.cache = ImageCache(
            handler,
            self.world.rules,
            clock=self.now,
            monotonic=self.world.monotonic,
            sleep=self.sleep,
        )

    def now(self):
        return self.world.now() + self.offset

    def sleep(self, seconds):
        self.interrupt('sleep', after=False)
        self.world.advance(seconds)

    def interrupt(self, method, *, after):
        nth = self.counts[method, after]
        self.counts[method, after] += 1
        for one in list(self.script):
            if one[:3] == (method, nth, after):
                one[3]()

    @contextlib.contextmanager
    def operation(self, script):
        """Run one operation, interrupted as the script says."""
        saved = self.script, self.counts
        self.script, self.counts = script, collections.Counter()
        try:
            yield
        except Died:
            self.world.tally['deaths'] += 1
            self.restart()
        except CacheError:
            self.world.tally['errors'] += 1
        finally:
            self.script, self.counts = saved

    def fault(self, kind):
        """Break the call that runs."""
        self.world.tally['faults'] += 1
        if kind == 'away':
            raise Unreachable('nobody answers')
        if kind == 'lost':
            raise ReplyLost('the answer was lost')
        if kind == 'die':
            raise Died
        raise VimFault('a call', kind, 'steered')


class World:
    """The vCenter, its hosts, and the truth about both."""

    # How long a hold or a pin waits for a claim to end.
    patience = 30 * SECOND

    def __init__(self, rules, *, batch, skew, vcenter=None):
        self.rules = rules
        self.batch = batch
        self.vcenter = vcenter or Simulator(scenario=Scenario(seed=1))
        self.vcenter.clock.freeze()
        self.vcenter.start()
        self.actors = self.vcenter.actors
        self.tally = collections.Counter()
        self.machines = []
        self.needed = {}  # machine: the extent that holds its image's bytes
        self.grants = {}  # (image, owner): its folder, and until when
        self.pins = {}  # (image, owner): its folder
        self.hosts = [Host(self, f'host{n}', n * skew) for n in range(2)]

    def close(self):
        for host in self.hosts:
            host.session.close()
        self.vcenter.stop()

    def now(self):
        return self.vcenter.clock.now()

    def monotonic(self):
        return self.vcenter.clock.moment

    def advance(self, seconds):
        self.vcenter.clock.advance(seconds)

    # The truth.

    def node(self, *names):
        return self.actors.store(STORE).find_node(names)

    def folder(self, image):
        return self.node(BASE, image)

    def extent(self, image):
        return self.node(BASE, image, f'{image}-flat.vmdk')

    def all_nodes(self):
        """Give the identity of everything in the base and aside of it."""
        found = set()
        for top in BASE, f'{BASE}_evict':
            waiting = [self.node(top)]
            while waiting:
                node = waiting.pop()
                if node is not None:
                    found.add(id(node))
                    waiting += getattr(node, 'entries', {}).values()
        return found

    def check(self):
        """See that no promise is broken, now that nothing runs."""
        there = self.all_nodes()
        for machine, extent in self.needed.items():
            if id(extent) not in there:
                raise Loss(f'machine {machine.name} lost its image')
        for kind, granted in ('hold', self.grants), ('pin', self.pins):
            for (image, owner), (folder, until) in granted.items():
                is_over = until is not None and until <= self.now()
                if not is_over and id(folder) not in there:
                    raise Loss(f'{kind} of {image} by {owner} was overtaken')

    # What Nova and an operator do.

    def fetch(self, image):
        with contextlib.suppress(Refused):
            self.actors.cache(image)
            self.tally['fetched'] += 1

    def spawn(self, image, *, starts):
        with contextlib.suppress(Refused):
            machine = self.actors.spawn(image, starts=starts)
            self.machines.append(machine)
            self.needed[machine] = self.extent(image)
            self.tally['spawned'] += 1

    def end(self, number):
        if self.machines:
            machine = self.machines.pop(number % len(self.machines))
            self.actors.end(machine)
            del self.needed[machine]

    def mark_old(self, image):
        """Mark an image that nobody uses as Nova did two hours ago."""
        since = self.monotonic() - 7200
        with contextlib.suppress(Refused):
            if self.extent(image) not in self.needed.values():
                self.actors.enlist(image)
                self.actors.age(image, since)

    def allow_removal(self, image):
        """Lift what vSphere keeps a disk for that was ever cloned from.

        While a clone is there it must not be: with the clone would go the
        disk below it.
        """
        if self.extent(image) in self.needed.values():
            return
        with contextlib.suppress(Refused, AttributeError, TypeError):
            self.actors.set_deletable(
                f'[{STORE}] {BASE}/{image}/{image}.vmdk', is_deletable=True
            )

    def fill(self, *, is_full):
        """Let the datastore have no room for a folder, or have it again."""
        store = self.actors.store(STORE)
        store.entry_limit = store.entry_count if is_full else 10**7

    def evidence(self):
        return Evidence(complete=True, as_of=self.now())

    # What a host does.

    def sweep(self, host, script):
        with host.operation(script):
            report = host.cache.sweep(self.evidence)
            self.tally['evicted'] += sum(
                one.did == 'evicted' for one in report.outcomes
            )

    def evict(self, host, image, script):
        # Force passes the pins that stand there.
        for one in [key for key in self.pins if key[0] == image]:
            del self.pins[one]
        with host.operation(script):
            host.cache.evict(image, self.evidence(), force=True)

    def hold(self, host, image, owner, script):
        with host.operation(script):
            ttl = 20 * 60 * SECOND
            if host.cache.hold(image, owner, ttl, timeout=self.patience):
                until = host.now() + ttl / 2
                self.grants[image, owner] = self.folder(image), until
                self.tally['held'] += 1

    def pin(self, host, image, owner, script):
        with host.operation(script):
            if host.cache.pin(image, owner, timeout=self.patience):
                self.pins[image, owner] = self.folder(image), None

    def drop(self, host, image, owner, script):
        """End what an owner was granted, whether that is told or not."""
        self.grants.pop((image, owner), None)
        self.pins.pop((image, owner), None)
        with host.operation(script):
            host.cache.release(image, owner)
            host.cache.unpin(image, owner)
