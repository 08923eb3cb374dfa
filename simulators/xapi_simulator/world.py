"""The state of one pool, and what belongs to it."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import random
import threading
from typing import Any

from simulator_parts.steering import Steering
from xapi_simulator.queues import Queues
from xapi_simulator.records import Records
from xapi_simulator.sessions import Sessions
from xapi_simulator.sessions import User
from xapi_simulator.storage import Repository
from xapi_simulator.tasks import Tasks
from xapi_simulator.timing import Timing
from xapi_simulator.values import NULL


class World:
    """One pool: its database, its disks, and who waits for what."""

    def __init__(
        self, users: Mapping[str, User], timing: Timing, seed: int | None
    ) -> None:
        source = random.Random(seed)  # noqa: S311
        self.timing = timing
        self.steering = Steering()
        self.records = Records(source)
        self.sessions = Sessions(self.records, timing, users)
        self.tasks = Tasks(self.records, timing)
        self.queues = Queues(self.records, timing)
        self.disks: dict[str, Repository] = {}
        # By the uuids of SRs that left the pool: what lies there still.
        self.forgotten: dict[str, Repository] = {}
        # Hosts that nobody can reach, and since when.
        self.down: dict[str, float] = {}
        self.stopped = threading.Event()
        self.kick: Callable[[str], None] = lambda sr: None
        self.pool = self.records.create('pool')

    @property
    def master(self) -> str:
        master: str = self.records.get('pool', self.pool)['master']
        return master

    def promote(self, host: str) -> None:
        """Let a host lead: its xapi starts anew, and so do all sessions."""
        self.records.write('pool', self.pool, master=host)
        self.sessions.end_all()

    def address(self, host: str) -> str:
        address: str = self.records.get('host', host)['address']
        return address

    def add_host(self, address: str) -> str:
        """Add a host, with the domain that runs its tools; the first leads."""
        number = self.records.count('host') + 1
        host = self.records.create(
            'host',
            name_label=f'host-{number}',
            hostname=f'host-{number}',
            address=address,
            software_version={
                'product_brand': 'simulator',
                'xapi': '26.17',
            },
        )
        domain = self.records.create(
            'VM',
            name_label=f'Control domain on host: host-{number}',
            power_state='Running',
            is_control_domain=True,
            resident_on=host,
            domid=0,
        )
        self.records.write('host', host, control_domain=domain)
        if self.master == NULL:
            self.records.write('pool', self.pool, master=host)
        return host

    def add_sr(
        self,
        name: str,
        kind: str = 'ext',
        *,
        hosts: tuple[str, ...],
        size: int = 2**44,
        **fields: Any,
    ) -> str:
        """Add an SR that the given hosts see."""
        sr = self.records.create(
            'SR',
            name_label=name,
            type=kind,
            content_type='iso' if kind == 'iso' else 'user',
            physical_size=size,
            shared=len(hosts) > 1 or kind in SHARED,
            allowed_operations=SR_OPERATIONS,
            **fields,
        )
        for host in hosts:
            self.records.create(
                'PBD', host=host, SR=sr, currently_attached=True
            )
        self.disks[sr] = Repository(kind, size)
        return sr

    @contextlib.contextmanager
    def held(self, vdi: str, host: str, mode: str) -> Iterator[None]:
        """Attach a disk to the control domain of a host for a while."""
        domain = self.records.get('host', host)['control_domain']
        with self.records.lock:
            self.records.get('VDI', vdi)
            vbd = self.records.create(
                'VBD', VM=domain, VDI=vdi, mode=mode, currently_attached=True
            )
            self.show_operations(vdi)
        try:
            yield
        finally:
            if self.timing.release:
                late = threading.Timer(
                    self.timing.release, self._let_go, (vbd, vdi)
                )
                late.daemon = True
                late.start()
            else:
                self._let_go(vbd, vdi)

    def _let_go(self, vbd: str, vdi: str) -> None:
        self.records.delete('VBD', vbd)
        self.show_operations(vdi)

    def attach(self, vbd: str, attached: bool) -> None:
        """Attach or detach what a VBD stands for."""
        with self.records.lock:
            self.records.write('VBD', vbd, currently_attached=attached)
            self.show_operations(self.records.get('VBD', vbd)['VDI'])

    def show_operations(self, vdi: str) -> None:
        """Say which operations a disk allows now; advice, nothing more."""
        with self.records.lock:
            row = self.records.find('VDI', vdi)
            if row is None or not row['managed']:
                return
            modes = {
                self.records.get('VBD', one)['mode']
                for one in row['VBDs']
                if self.records.get('VBD', one)['currently_attached']
            }
            allowed = tuple(
                operation
                for operation in ADVISED
                if not modes & BLOCKING[operation]
            )
            if allowed != row['allowed_operations']:
                self.records.write('VDI', vdi, allowed_operations=allowed)

    def seen_by(self, sr: str) -> list[str]:
        """Give the hosts that an SR is plugged into."""
        found = []
        for ref in self.records.get('SR', sr)['PBDs']:
            pbd = self.records.find('PBD', ref)
            if pbd is not None and pbd['currently_attached']:
                found.append(pbd['host'])
        return found


# Types that are shared by their nature, even by one host.
SHARED = frozenset(
    {
        *('cephfs', 'glusterfs', 'linstor', 'moosefs', 'nfs', 'smb'),
        *('lvmofcoe', 'lvmohba', 'lvmoiscsi'),
    }
)

# Operations on a disk, and the modes of attached VBDs that they do not bear.
BLOCKING: Mapping[str, frozenset[str]] = {
    'clone': frozenset(),
    'copy': frozenset({'RW'}),
    'destroy': frozenset({'RO', 'RW'}),
    'resize': frozenset({'RO', 'RW'}),
    'snapshot': frozenset(),
    'enable_cbt': frozenset(),
    'disable_cbt': frozenset(),
    # It waits for all VBDs to go by itself.
    'data_destroy': frozenset(),
    'revert_to': frozenset(),
    'revert_from': frozenset({'RO', 'RW'}),
}

# Newer ones are not advised of, for the sake of old clients.
ADVISED = 'clone', 'copy', 'destroy', 'resize', 'snapshot'

SR_OPERATIONS = (
    'vdi_create',
    'vdi_destroy',
    'vdi_clone',
    'vdi_snapshot',
    'vdi_resize',
    'scan',
    'update',
    'plug',
    'unplug',
)
