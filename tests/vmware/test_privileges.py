"""Privileges: the page's table, against what vCenter asks for and counts."""

import datetime
import io
import pathlib
import re

import pytest

import imagecache_handlers
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Reason
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.streams import make_stream
from tests.vmware.streams import PLACE
from tests.vmware.streams import STREAM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.sessions import User

PAGE = pathlib.Path(__file__).parents[2] / 'doc' / 'source' / 'vmware.rst'
NEW = 'new'
HOUR = datetime.timedelta(hours=1)
# What is asked of everybody is no privilege to grant.
NONE = 'System.Anonymous'


def read_table():
    """Read the page's table: privileges by calls."""
    text = PAGE.read_text()
    table = text.partition('Calls and their privileges')[2]
    table = table.partition('The role ReadOnly')[0]
    found = {}
    for row in table.split('   * - ')[2:]:
        calls, privileges, _ = re.split(r'\n     - ', row)
        for call in re.findall(r'``(\w+(?: /\w+)?)``', calls):
            found[call] = set(re.findall(r'``([\w.]+)``', privileges))
    return found


class TestPrivileges(OnVcenter):
    def as_user(self, role):
        users = {'me': User('secret', frozenset({NONE, *role}))}
        self.start(Scenario(datastores=2, kinds=('VMFS', 'vsan')), users=users)
        self.vcenter.username, self.vcenter.password = 'me', 'secret'
        for image in ONE, TWO:
            self.actors.cache(image, cached_at=LONG_AGO.timestamp())
            self.actors.age(image, LONG_AGO.timestamp())
        self.machine = self.actors.spawn(TWO)

    def work(self):
        """Do all that there is to do, and give the outcomes of a sweep."""
        handler = self.connect(import_place=PLACE)
        try:
            cache = ImageCache(handler, Rules())
            cache.pin(TWO, 'ops')
            cache.hold(TWO, 'vm', HOUR)
            cache.release(TWO, 'vm')
            cache.unpin(TWO, 'ops')
            meta = ImageMeta(image_id=NEW, size=1024, disk_format='raw')
            handler.add(meta, io.BytesIO(bytes(1024)), STORE)
            self.import_image(handler)
            list(handler.debris(STORE))
            now = utc_now()
            return cache.sweep(lambda: Evidence(complete=True, as_of=now))
        finally:
            handler.close()

    def import_image(self, handler):
        data = make_stream()
        meta = ImageMeta(
            image_id=NEW, size=len(data), disk_format='vmdk', properties=STREAM
        )
        handler.add(meta, io.BytesIO(data), 'datastore-1')

    def images(self):
        found = self.actors.tree(f'[{STORE}] {BASE}')
        return {one for one in found if '/' not in one} - {NEW}

    def test_the_table_names_every_call_and_its_privileges(self):
        table = read_table()
        self.as_user(set().union(*table.values()))
        asked = set()
        check = self.vcenter.world.check_privilege

        def watch(session, on, privilege):
            asked.add(privilege)
            check(session, on, privilege)

        self.vcenter.world.check_privilege = watch
        self.work()
        assert self.images() == {TWO}
        assert self.vcenter.counters.by_method.keys() <= table.keys()
        assert asked - {NONE, None} == set().union(*table.values())

    def test_each_of_them_is_needed(self):
        privileges = set().union(*read_table().values())
        for one in privileges:
            self.as_user(privileges - {one})
            with pytest.raises(CacheError):
                self.work()
            assert self.images() == {ONE, TWO}, one

    def test_a_hidden_machine_keeps_all_that_is_not_seen_in_use(self):
        privileges = set().union(*read_table().values())
        self.as_user(privileges)
        self.actors.hide(self.machine, 'me')
        report = self.work()
        found = {
            one.image.image_id: one
            for one in report.plan.verdicts
            if one.image.store == STORE
        }
        assert {one.reason for one in found.values()} == {Reason.UNKNOWN}
        assert self.images() == {ONE, TWO}


def list_requests():
    package = pathlib.Path(imagecache_handlers.__file__).parents[1]
    port = package / 'imagecache_handlers_vmware' / 'port'
    text = ''.join(one.read_text() for one in port.glob('*.py'))
    return set(re.findall(r"make_request\(\s*'(\w+)'", text))


def test_every_request_that_the_port_writes_is_in_the_table():
    written = list_requests()
    assert len(written) > 10
    assert written <= read_table().keys()


def test_the_page_of_decisions_counts_them():
    text = PAGE.with_name('decisions.rst').read_text()
    assert f'writes its {len(list_requests())} requests by hand' in text
