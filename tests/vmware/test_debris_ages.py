"""The age of debris is told by the clock of its datastore, not by ours."""

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from tests.vmware.litter import DAY
from tests.vmware.litter import FETCH
from tests.vmware.litter import HALF
from tests.vmware.samples import TWO
from tests.vmware.test_debris import OnLitter
from vcenter_simulator import steering

BEHIND = 3 * DAY


class TestAges(OnLitter):
    def test_what_is_fetched_where_the_clock_is_behind_stays(self):
        """As that of an NFS server may be."""
        self.vcenter.clock.advance(-BEHIND.total_seconds())
        self.litterer.leave_fetch()
        self.litterer.leave_half()
        before = self.actors.tree('[datastore-0]')
        assert set(self.found()) == {FETCH, HALF}
        for place in FETCH, HALF:
            assert self.clean(place) == 0
        assert self.actors.tree('[datastore-0]') == before

    def test_what_is_old_there_goes(self):
        self.vcenter.clock.advance(-BEHIND.total_seconds())
        for place in self.leave_all():
            assert self.clean(place)
            assert not self.is_there(place)

    def test_what_is_written_to_meanwhile_stays(self):
        self.leave_all()

        def write():
            extent = f'{FETCH}/{TWO}/{TWO}-flat.vmdk'
            self.actors.write_file(extent, b'x' * 10)

        self.vcenter.before('MakeDirectory', write)
        before = self.actors.tree(FETCH)
        assert self.clean(FETCH) == 0
        assert self.actors.tree(FETCH).keys() == before.keys()

    def test_what_is_granted_meanwhile_stays(self):
        self.leave_all()
        pin = f'{HALF}/ic-pin.ops'
        self.vcenter.before(
            'MakeDirectory', lambda: self.actors.make_folder(pin)
        )
        assert self.clean(HALF) == 0
        assert self.is_there(pin)

    def test_who_cannot_look_leaves_it_as_it_was(self):
        self.leave_all()
        before = self.actors.tree(FETCH)

        def blind():
            fault = steering.fail('HostNotConnected')
            self.vcenter.before('SearchDatastoreSubFolders_Task', fault)

        self.vcenter.after('MakeDirectory', blind)
        with pytest.raises(StoreUnavailable):
            self.clean(FETCH)
        assert self.actors.tree(FETCH) == before

    def test_who_cannot_write_says_so(self):
        self.leave_all()
        no = steering.fail('HostNotConnected')
        self.vcenter.before('MakeDirectory', no)
        with pytest.raises(StoreUnavailable):
            self.clean(FETCH)

    def test_what_is_gone_by_then_is_gone(self):
        self.leave_all()
        self.vcenter.before('MakeDirectory', lambda: self.actors.delete(FETCH))
        assert self.clean(FETCH) == 0
