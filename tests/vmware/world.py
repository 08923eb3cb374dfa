"""Two hosts and Nova on one simulated vCenter.

Time passes only when it is told to.  The world knows the truth from the
files themselves: which machine needs the bytes of which disk.  It raises
``Loss`` when a promise breaks.
"""

import collections
import contextlib
import datetime
import re

from imagecache_handlers import CacheError
from imagecache_handlers.clocks import Clocks
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.datastores import DatastoreFilter
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Waiting
from tests.vmware.direct import DirectOptions
from tests.vmware.others import BASE
from tests.vmware.others import ELSEWHERE
from tests.vmware.others import Others
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator

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
        self.session = self.handler = None
        self.restart()

    def restart(self):
        """Be a new process: whatever the old one remembered is gone."""
        if self.session is not None:
            self.session.close()
        vcenter = self.world.vcenter
        dialling = DirectOptions(insecure=True, vcenter=vcenter)
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
            CacheOptions(
                base_folder=BASE,
                waiting=waiting,
                chosen=DatastoreFilter(regex=re.compile(f'(?!{ELSEWHERE})')),
            ),
            clocks,
        )
        handler.parallel = 1
        handler.labels_in_flight = 1
        handler.batch = self.world.batch
        self.handler = handler
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
        if method == 'MakeDirectory' and self.world.is_full and not after:
            raise VimFault(method, 'NoDiskSpace', 'the datastore is full')
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


class World(Others):
    """The vCenter, its hosts, and the truth about both."""

    # How long a hold or a pin waits for a claim to end.
    patience = 30 * SECOND

    def __init__(self, rules, *, batch, skew, keeps_clones=True, vcenter=None):
        # Whether vSphere refuses to delete what somebody has a clone of.
        self.keeps_clones = keeps_clones
        self.rules = rules
        self.batch = batch
        self.vcenter = vcenter or Simulator(scenario=Scenario(seed=1))
        self.vcenter.clock.freeze()
        self.tally = collections.Counter()
        self.losses = []
        self.forcing = None  # what is evicted by force, and by which host
        self.tokens = 0
        self.is_full = False  # for folders of ours
        self.swept = self.monotonic()  # when one last went undisturbed
        self.machines = []
        self.images = {}  # machine: the image that it was made from
        self.needed = {}  # machine: the extent that holds its image's bytes
        self.touched = {}  # folder: when its image was last taken into use
        self.deleted = []  # folders that others have deleted
        self.deletions = collections.Counter()  # images: how often by hand
        self.notes = 0  # that operators have put
        self.imports = []  # machines that imports have left
        self.taken = []  # disks of those that somebody took over
        self.foreign = {}  # path: what lies there, and is nobody's image
        self.grants = {}  # (image, owner): its folder, and until when
        self.pins = {}  # (image, owner): its folder
        self.passed = set()  # those that who forces has seen
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

    def make_token(self, size):
        """Tokens that come in no order, and always the same."""
        self.tokens += 1
        return f'{self.tokens * 7919 % 9973:016x}'

    # The truth.

    @property
    def actors(self):
        return self.vcenter.actors

    @property
    def store_name(self):
        return self.vcenter.estate.stores[0].name

    def path(self, image):
        return f'[{self.store_name}] {BASE}/{image}'

    def stamp(self, ago):
        since = self.now() - ago * SECOND
        return since.strftime('ts-%Y-%m-%d-%H-%M-%S')

    def node(self, *names):
        return self.vcenter.estate.stores[0].find_node(names)

    def all_images(self):
        return set(getattr(self.node(BASE), 'entries', {}))

    def all_left(self):
        """Name what lies in the base and aside of it."""
        aside = self.node(f'{BASE}_evict')
        return self.all_images() | set(getattr(aside, 'entries', {}))

    def list_pins(self, image):
        """Name the owners of pins, granted or not, wherever they lie."""
        tops = self.node(BASE), self.node(f'{BASE}_evict')
        return {
            label.split('.')[1]
            for top in tops
            for name, folder in getattr(top, 'entries', {}).items()
            if name.partition('.')[0] == image
            for label in folder.entries
            if label.startswith('ic-pin.')
        }

    def foreign_names(self):
        """Name what was laid beside images."""
        for path in self.foreign:
            yield path.partition(f'{BASE}/')[2].partition('/')[0]

    def allow_all(self):
        """Lift it from every disk, wherever it lies, for nobody uses any."""
        for top in BASE, f'{BASE}_evict':
            for name in getattr(self.node(top), 'entries', {}):
                self.allow_removal(name.partition('.')[0], top, name)

    def touch(self, image, moment=None):
        """Note that an image is in use, or was until now."""
        if (folder := self.folder(image)) is not None:
            self.touched[folder] = moment or self.monotonic()

    def forget_grants(self, image):
        for granted in self.grants, self.pins:
            for one in [key for key in granted if key[0] == image]:
                del granted[one]

    def lay_foreign(self):
        """Lay what is no image beside those that are."""
        path = f'[{self.store_name}] {BASE}'
        for made in (
            self.actors.write_file(f'{path}/notes.txt', b'mine'),
            self.actors.make_folder(f'{path}/-image'),
            self.actors.make_folder(f'{path}/backup.d'),
            self.actors.make_disk(f'{path}/backup.d/other.vmdk'),
        ):
            self.foreign[str(made)] = made.node

    def disk_of(self, machine):
        """Give the disk of a machine that an import has left."""
        return machine.name, self.node(machine.name, f'{machine.name}.vmdk')

    def folder(self, image):
        return self.node(BASE, image)

    def extent(self, image):
        return self.node(BASE, image, f'{image}-flat.vmdk')

    def has_clones(self, path, node):
        """Tell if machines need the data of a disk, by its descriptor."""
        place = self.actors.place(path.replace('.vmdk', '-flat.vmdk'))
        return place.node is not None and place.node in self.needed.values()

    def all_nodes(self):
        """Give the identity of everything in the base and aside of it."""
        return {id(node) for _, node in self.walk_nodes()}

    def walk_nodes(self):
        """Give everything in the base and aside of it, by its path."""
        for top in BASE, f'{BASE}_evict':
            waiting = [(f'[{self.store_name}] {top}', self.node(top))]
            while waiting:
                path, node = waiting.pop()
                if node is not None:
                    yield path, node
                    entries = getattr(node, 'entries', {})
                    waiting += [
                        (f'{path}/{name}', one)
                        for name, one in entries.items()
                    ]

    def check(self):
        """See that no promise is broken, now that nothing runs."""
        self.losses += self.find_losses(self.all_nodes())
        if self.losses:
            raise Loss(*self.losses)

    def find_losses(self, there):
        for machine, extent in self.needed.items():
            if id(extent) not in there:
                yield f'machine {machine.name} lost its image'
        for kind, granted in ('hold', self.grants), ('pin', self.pins):
            for (image, owner), (folder, until) in granted.items():
                is_over = until is not None and until <= self.now()
                if not is_over and id(folder) not in there:
                    yield f'{kind} of {image} by {owner} was overtaken'
        for path, node in self.foreign.items():
            if id(node) not in there:
                yield f'{path} is not an image, and was removed'
        for name, node in self.taken:
            if self.node(name, f'{name}.vmdk') is not node:
                yield f"{name} was somebody's, and lost its disk"
        for image in self.all_images():
            entries = getattr(self.folder(image), 'entries', {})
            if f'{image}.vmdk' in entries and not self.extent(image):
                yield f'half of {image} is there'

    def check_age(self, there):
        """See that of folders none went by age that was used just now."""
        left = self.all_nodes()
        age = self.rules.min_age.total_seconds()
        # What one host has marked another may judge by its own clock.
        age -= abs(self.hosts[0].offset - self.hosts[1].offset) / SECOND + 1
        for folder, moment in there.items():
            went = id(folder) not in left and folder not in self.deleted
            if went and self.monotonic() - moment < age:
                # Raised at the end, for another's operation may go on.
                self.losses.append('an image went too soon after its use')

    def evidence(self):
        return Evidence(complete=True, as_of=self.now())

    # What a host does.

    def sweep(self, host, script):
        began, errors = self.monotonic(), self.tally['errors']
        there = {
            folder: self.touched[folder]
            for folder in map(self.folder, self.all_images())
            if folder in self.touched
        }
        with host.operation(script):
            report = host.cache.sweep(self.evidence)
            self.tally['evicted'] += sum(
                one.did == 'evicted' for one in report.outcomes
            )
        self.check_age(there)
        if not script and not self.is_full and errors == self.tally['errors']:
            self.swept = began

    def evict(self, host, image, script):
        # Force passes the pins that stand there, and who pins again what
        # they have pinned writes the same.
        self.passed = {key for key in self.pins if key[0] == image}
        for one in self.passed:
            del self.pins[one]
        # Nor is any age asked for.
        self.touched.pop(self.folder(image), None)
        self.forcing = image, host
        with host.operation(script):
            host.cache.evict(image, self.evidence(), force=True)
        self.forcing, self.passed = None, set()

    def is_passed(self, image, owner):
        """Tell if a pin was there when who goes over pins first looked."""
        if self.forcing is None or self.forcing[0] != image:
            return False
        if (image, owner) in self.passed:
            return True
        return not self.forcing[1].counts['SearchDatastoreSubFolders_Task', 1]

    def hold(self, host, image, owner, script):
        before = self.deletions[image]
        with host.operation(script):
            ttl = 20 * 60 * SECOND
            if host.cache.hold(image, owner, ttl, timeout=self.patience):
                until = host.now() + ttl / 2
                self.tally['held'] += 1
                # Who deletes by hand may come right after the last look.
                if before == self.deletions[image]:
                    self.grants[image, owner] = self.folder(image), until

    def pin(self, host, image, owner, script):
        before = self.deletions[image]
        with host.operation(script):
            if host.cache.pin(image, owner, timeout=self.patience):
                self.tally['pinned'] += 1
                is_passed = self.is_passed(image, owner)
                if before == self.deletions[image] and not is_passed:
                    self.pins[image, owner] = self.folder(image), None

    def clean(self, host, script):
        """Clean away what a host takes for debris."""
        store = self.store_name
        with host.operation(script):
            handler = host.handler
            for one in list(handler.debris(store)):
                self.tally['debris'] += 1
                if handler.clean(one):
                    self.tally['cleaned'] += 1

    def drop(self, host, image, owner, script):
        """End what an owner was granted, whether that is told or not."""
        self.grants.pop((image, owner), None)
        self.pins.pop((image, owner), None)
        with host.operation(script):
            host.cache.release(image, owner)
            host.cache.unpin(image, owner)
