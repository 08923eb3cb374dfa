"""The state of one pool, and what belongs to it."""

from collections.abc import Callable
from collections.abc import Mapping
import random
import threading
from typing import Any

from imagecache_handlers_xenapi.simulator.queues import Queues
from imagecache_handlers_xenapi.simulator.records import Records
from imagecache_handlers_xenapi.simulator.sessions import Sessions
from imagecache_handlers_xenapi.simulator.sessions import User
from imagecache_handlers_xenapi.simulator.steering import Steering
from imagecache_handlers_xenapi.simulator.storage import Repository
from imagecache_handlers_xenapi.simulator.tasks import Tasks
from imagecache_handlers_xenapi.simulator.timing import Timing
from imagecache_handlers_xenapi.simulator.values import NULL


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
        self.stopped = threading.Event()
        self.kick: Callable[[str], None] = lambda sr: None
        self.pool = self.records.create('pool')

    @property
    def master(self) -> str:
        master: str = self.records.get('pool', self.pool)['master']
        return master

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
            shared=len(hosts) > 1,
            allowed_operations=SR_OPERATIONS,
            **fields,
        )
        for host in hosts:
            self.records.create(
                'PBD', host=host, SR=sr, currently_attached=True
            )
        self.disks[sr] = Repository(kind, size)
        return sr

    def seen_by(self, sr: str) -> list[str]:
        """Give the hosts that an SR is plugged into."""
        found = []
        for ref in self.records.get('SR', sr)['PBDs']:
            pbd = self.records.find('PBD', ref)
            if pbd is not None and pbd['currently_attached']:
                found.append(pbd['host'])
        return found


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
