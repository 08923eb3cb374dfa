"""Stores: the datastores of a vCenter, wherever they hang."""

import re

import pytest

from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers_vmware.datastores import DatastoreFilter
from simulator_parts.steering import drop
from simulator_parts.steering import reply
from tests.vmware.samples import ONE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datacenters import add_folder
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.faults import VimFault
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.sessions import User
from vcenter_simulator import steering


class TestStores(OnVcenter):
    def names(self, **options):
        return [one.name for one in self.handler(**options).stores()]

    def test_all_datastores_are_stores_in_one_call(self):
        self.start(Scenario(datastores=3))
        handler = self.handler()
        handler.stores()
        self.vcenter.counters.reset()
        assert len(list(handler.stores())) == 3
        assert self.vcenter.counters.calls == 1

    def test_one_in_folders_and_pods_is_found(self):
        self.start(Scenario(folders=('a', 'b'), pod='pod'))
        assert self.names() == [STORE]

    def test_size_and_free_space_are_in_bytes(self):
        self.start(Scenario(size=2**40))
        [store] = self.handler().stores()
        assert store.total == 2**40
        assert store.free == self.actors.datastore().store.free

    def test_a_regex_chooses_as_nova_does(self):
        self.start(Scenario(datastores=3))
        for regex, names in {
            'datastore-[01]': ['datastore-0', 'datastore-1'],
            'store': [],
            '': ['datastore-0', 'datastore-1', 'datastore-2'],
        }.items():
            chosen = DatastoreFilter(regex=re.compile(regex))
            assert self.names(chosen=chosen) == names, regex

    def test_two_of_one_name_are_told_apart_by_their_datacenters(self):
        self.add_second_datacenter()
        names = {'datacenter-0/datastore-0', 'datacenter-1/datastore-0'}
        assert set(self.names()) == names
        self.actors.cache(ONE)
        handler = self.handler()
        found = {
            store.name: [im.image_id for im in handler.enumerate(store.name)]
            for store in handler.stores()
        }
        assert found == {
            'datacenter-0/datastore-0': [ONE],
            'datacenter-1/datastore-0': [],
        }

    def test_datacenters_of_one_name_are_told_apart_by_identity(self):
        world = self.vcenter.world
        for folder in 'a', 'b':
            at = add_folder(
                world, world.root.reference, folder, ('Datacenter',)
            ).reference
            center = add_datacenter(world, at, 'dc')
            cluster = add_cluster(world, center, f'cluster-{folder}')
            host = add_host(world, cluster, f'host-{folder}')
            add_datastore(world, center, 'fast', 'VMFS', 2**40, [host])
        names = set(self.names()) - {STORE}
        assert len(names) == 2
        for name in names:
            assert re.fullmatch(r'dc \(datacenter-\d+\)/fast', name)

    def test_one_that_cannot_be_printed_has_a_problem(self):
        self.start(Scenario(datastores=2))
        self.actors.rename('datastore-1', 'a\u200bb')
        problems = {one.name: one.problem for one in self.handler().stores()}
        assert problems[STORE] is None
        assert 'cannot be printed' in problems['a\\u200bb']

    def test_one_that_is_hidden_is_left_out(self):
        role = READ_ONLY | {'Datastore.Browse', 'Datastore.FileManagement'}
        self.start(Scenario(datastores=2), users={'me': User('secret', role)})
        hidden = self.actors.datastore('datastore-1')
        privileges = self.vcenter.world.privileges
        privileges.grant('me', hidden.reference, frozenset())
        self.vcenter.username, self.vcenter.password = 'me', 'secret'
        with self.assertLogs(level='WARNING') as logs:
            assert self.names() == [STORE]
        assert hidden.reference.moid in logs.output[0]

    def test_pages_that_never_end_are_given_up(self):
        handler = self.handler()
        list(handler.stores())
        endless = NOTHING.replace(
            b'urn:vim25"/>',
            b'urn:vim25"><returnval><token>7</token></returnval>'
            b'</RetrievePropertiesExResponse>',
        )
        with (
            self.failing('RetrievePropertiesEx', reply(endless)),
            pytest.raises(StoreUnavailable, match='ever more pages'),
        ):
            handler.stores()

    def grow_old(self, seconds):
        """Let free space be shown as of so long ago."""
        datastore = self.actors.datastore(STORE)
        datastore._shown_at = self.vcenter.clock.now().timestamp() - seconds

    def test_old_figures_are_measured_anew(self):
        handler = self.handler()
        [before] = handler.stores()
        self.actors.cache(ONE)
        [store] = handler.stores()
        assert store.free == before.free, 'not every time'
        self.grow_old(400)
        self.vcenter.counters.reset()
        [store] = handler.stores()
        assert store.free < before.free
        assert self.vcenter.counters.calls == 3

    def test_what_cannot_be_measured_keeps_its_figures(self):
        handler = self.handler()
        [before] = handler.stores()
        self.grow_old(400)
        self.vcenter.before('RefreshDatastore', refuse)
        [store] = handler.stores()
        assert store == before
        assert self.vcenter.counters.of('RefreshDatastore') == 1

    def test_one_whose_host_hangs_keeps_its_figures_and_stops_no_other(self):
        handler = self.handler()
        before = list(handler.stores())
        self.grow_old(400)
        self.vcenter.counters.reset()
        with self.failing('RefreshDatastore', drop()):
            assert list(handler.stores()) == before
        # Each hang takes as long as vCenter is waited for.
        assert self.vcenter.counters.of('RefreshDatastore') == 1

    def test_one_that_no_host_reaches_has_a_problem(self):
        self.actors.reach(STORE, is_accessible=False)
        [store] = self.handler().stores()
        assert store.problem == 'no host can reach it'

    def test_kinds_that_are_not_supported_say_so(self):
        self.start(Scenario(kinds=('VVOL',)))
        [store] = self.handler().stores()
        assert store.problem.startswith('vVols are not supported')

    def test_one_that_was_renamed_is_not_read_by_its_old_name(self):
        self.actors.cache(ONE)
        handler = self.handler()
        assert len(handler.enumerate(STORE)) == 1
        self.actors.rename(STORE, 'other')
        with pytest.raises(StoreUnavailable):
            handler.enumerate(STORE)
        assert [one.name for one in handler.stores()] == ['other']
        assert len(handler.enumerate('other')) == 1

    def test_one_renamed_between_the_search_and_the_machines_is_not_read(self):
        # Machines name their files by the new name: used would look idle.
        self.actors.cache(ONE)
        self.actors.spawn(ONE)
        handler = self.handler()
        list(handler.stores())

        def rename():
            self.actors.rename(STORE, 'other')

        # The first reads the search's task, the second the machines.
        self.vcenter.before('RetrievePropertiesEx', rename, nth=2)
        with pytest.raises(StoreUnavailable, match='is called .other. mean'):
            handler.enumerate(STORE)

    def test_a_store_that_is_none_is_named(self):
        with pytest.raises(StoreUnavailable, match='no such datastore'):
            self.handler().enumerate('nowhere')

    def test_who_may_not_see_datastores_is_told(self):
        user = User('secret', READ_ONLY - {'System.View', 'System.Read'})
        self.start(users={'nobody': user})
        self.vcenter.username, self.vcenter.password = 'nobody', 'secret'
        with pytest.raises(StoreUnavailable):
            self.handler().stores()

    def test_an_answer_without_the_datastores_is_not_taken_for_none(self):
        handler = self.handler()
        list(handler.stores())
        for action in (steering.unavailable(), steering.unavailable('x')):
            with (
                self.failing('RetrievePropertiesEx', action),
                pytest.raises(StoreUnavailable),
            ):
                handler.stores()

    def test_an_answer_that_says_nothing_is_asked_for_again(self):
        # As vCenter answers whose session has ended.
        handler = self.handler()
        list(handler.stores())
        self.vcenter.before('RetrievePropertiesEx', reply(NOTHING))
        assert [one.name for one in handler.stores()] == [STORE]
        self.vcenter.before('RetrievePropertiesEx', reply(NOTHING))
        self.vcenter.before('RetrievePropertiesEx', reply(NOTHING), nth=2)
        with pytest.raises(StoreUnavailable, match='says nothing'):
            handler.stores()


NOTHING = (
    b'<?xml version="1.0"?><soapenv:Envelope xmlns:soapenv='
    b'"http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<RetrievePropertiesExResponse xmlns="urn:vim25"/>'
    b'</soapenv:Body></soapenv:Envelope>'
)


def refuse():
    raise VimFault('HostConfigFault', 'The host is busy.')
