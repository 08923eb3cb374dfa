"""Updates: filters, versions, waiting, and what ends a wait."""

import threading
import time

from tests.vcenter_simulator.clients import COLLECTOR
from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import ref
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import VIM
from tests.vcenter_simulator.clients import write_ref
from tests.vcenter_simulator.test_collector import CollectorCase


def read_update(update):
    """Give version, changes (kind, moid, path, value), and if it is cut."""
    changes = []
    for one in update.iterfind(f'{VIM}filterSet/{VIM}objectSet'):
        kind, obj = one.findtext(f'{VIM}kind'), ref(one.find(f'{VIM}obj'))
        paths = [
            (change.findtext(f'{VIM}name'), change.findtext(f'{VIM}val'))
            for change in one.iterfind(f'{VIM}changeSet')
        ]
        missing = [
            (lack.findtext(f'{VIM}path'), None)
            for lack in one.iterfind(f'{VIM}missingSet')
        ]
        changes.append((kind, obj.moid, *paths, *missing))
    cut = update.findtext(f'{VIM}truncated') == 'true'
    return update.findtext(f'{VIM}version'), changes, cut


class UpdateCase(CollectorCase):
    def setUp(self):
        super().setUp()
        self.filter = self.create_filter(self.spec('name'))

    def create_filter(self, spec, client=None):
        [made] = (client or self.client).call(
            'CreateFilter',
            COLLECTOR,
            f'<spec>{spec}</spec><partialUpdates>false</partialUpdates>',
        )
        return ref(made)

    def wait(self, version='', seconds=0, limit=None, client=None):
        """Wait for updates; None when there are none in time."""
        most = f'<maxObjectUpdates>{limit}</maxObjectUpdates>' if limit else ''
        found = (client or self.client).call(
            'WaitForUpdatesEx',
            COLLECTOR,
            f'<version>{version}</version><options>'
            f'<maxWaitSeconds>{seconds}</maxWaitSeconds>{most}</options>',
        )
        return read_update(found[0]) if found else None

    def rename(self, number, name):
        self.vms[number].properties['name'] = name
        self.world.note_change()


class TestUpdates(UpdateCase):
    def test_first_all_enters_then_only_changes_are_told(self):
        version, changes, cut = self.wait()
        self.assertEqual(
            [('enter', f'vm-{n}', ('name', f'vm {n}')) for n in range(5)],
            changes,
        )
        self.assertFalse(cut)
        self.assertIsNone(self.wait(version))
        self.rename(3, 'new')
        version, changes, _ = self.wait(version)
        self.assertEqual([('modify', 'vm-3', ('name', 'new'))], changes)
        self.assertIsNone(self.wait(version))

    def test_objects_come_and_go(self):
        version, _, _ = self.wait()
        self.store.properties['vm'] = self.store.properties['vm'][1:]
        version, changes, _ = self.wait(version)
        self.assertEqual([('leave', 'vm-0')], changes)
        self.vms.append(self.add_vm(7))
        self.store.properties['vm'] += (self.vms[-1].reference,)
        _, changes, _ = self.wait(version)
        self.assertEqual([('enter', 'vm-7', ('name', 'vm 7'))], changes)

    def test_one_that_goes_takes_no_other_along(self):
        specs = ''.join(
            f'<objectSet>{write_ref("obj", vm.reference)}</objectSet>'
            for vm in self.vms[:2]
        )
        self.client.call('DestroyPropertyFilter', self.filter)
        self.create_filter(
            '<propSet><type>VirtualMachine</type><pathSet>name</pathSet>'
            f'</propSet>{specs}'
        )
        version, _, _ = self.wait()
        self.world.inventory.remove(self.vms[0].reference)
        _, changes, _ = self.wait(version)
        self.assertEqual([('leave', 'vm-0')], changes)

    def test_a_version_can_be_asked_for_again_after_a_lost_reply(self):
        version, _, _ = self.wait()
        self.rename(1, 'new')
        first = self.wait(version)
        self.assertEqual(first[1], self.wait(version)[1])

    def test_no_version_begins_anew(self):
        _, first, _ = self.wait()
        self.assertEqual(first, self.wait()[1])

    def test_a_version_that_never_was(self):
        self.wait()
        self.assertFaults('InvalidCollectorVersion', self.wait, '77')
        self.assertFaults('InvalidCollectorVersion', self.wait, 'x')

    def test_a_part_is_told_and_the_rest_at_the_next_call(self):
        version, changes, cut = self.wait(limit=2)
        self.assertEqual((2, True), (len(changes), cut))
        version, more, cut = self.wait(version, limit=2)
        self.assertEqual((2, True), (len(more), cut))
        version, last, cut = self.wait(version, limit=2)
        self.assertEqual((1, False), (len(last), cut))
        self.assertEqual(
            5, len({moid for _, moid, _ in changes + more + last})
        )

    def test_a_property_that_becomes_unset_or_missing(self):
        version, _, _ = self.wait()
        self.rename(0, None)
        version, changes, _ = self.wait(version)
        self.assertEqual([('modify', 'vm-0', ('name', None))], changes)

    def test_nonsense_is_refused(self):
        self.assertFaults('InvalidArgument', self.wait, seconds=-1)
        self.assertFaults('InvalidArgument', self.wait, limit=-1)
        spec = self.spec('nonsense')
        self.assertFaults('InvalidProperty', self.create_filter, spec)
        self.world.inventory.remove(self.store.reference)
        spec = self.spec('name')
        self.assertFaults('ManagedObjectNotFound', self.create_filter, spec)

    def test_a_destroyed_filter_tells_nothing(self):
        version, _, _ = self.wait()
        self.client.call('DestroyPropertyFilter', self.filter)
        self.assertFaults(
            'ManagedObjectNotFound',
            self.client.call,
            'DestroyPropertyFilter',
            self.filter,
        )
        self.rename(0, 'new')
        _, changes, _ = self.wait(version) or ('', [], False)
        self.assertEqual([], changes)

    def test_filters_are_their_sessions(self):
        other = self.new_client()
        other.log_in()
        self.assertIsNone(self.wait(client=other))
        self.create_filter(one_spec(ROOT, 'name'), other)
        _, changes, _ = self.wait(client=other)
        self.assertEqual(
            [('enter', 'group-d1', ('name', 'Datacenters'))], changes
        )

    def test_they_end_with_their_session(self):
        self.client.call('Logout', self.sessions())
        self.assertFalse(self.world.inventory.has(self.filter))

    def sessions(self):
        [content] = self.client.call(
            'RetrieveServiceContent', self.reference_of('ServiceInstance')
        )
        return ref(content.find(f'{VIM}sessionManager'))

    def reference_of(self, kind):
        [one] = self.world.inventory.all(kind)
        return one.reference


class TestWaiting(UpdateCase):
    def waiting(self, **how):
        """Begin to wait in another thread, and give what that came to."""
        version, _, _ = self.wait()
        found = []

        def run():
            try:
                found.append(self.wait(version, **how))
            except Exception as error:
                found.append(error)

        thread = threading.Thread(target=run)
        calls = self.vcenter.counters.of('WaitForUpdatesEx')
        thread.start()
        while self.vcenter.counters.of('WaitForUpdatesEx') == calls:
            time.sleep(0.01)
        self.addCleanup(thread.join)
        return thread, found

    def end(self, waiting):
        thread, found = waiting
        thread.join(10)
        [outcome] = found
        return outcome

    def test_a_change_ends_it(self):
        waiting = self.waiting(seconds=600)
        self.rename(2, 'new')
        _, changes, _ = self.end(waiting)
        self.assertEqual([('modify', 'vm-2', ('name', 'new'))], changes)

    def test_time_that_is_moved_ends_it(self):
        self.vcenter.clock.freeze()
        waiting = self.waiting(seconds=600)
        self.vcenter.clock.advance(601)
        self.assertIsNone(self.end(waiting))

    def test_others_can_work_meanwhile(self):
        waiting = self.waiting(seconds=600)
        other = self.new_client()
        other.log_in()
        self.assertTrue(other.retrieve(one_spec(ROOT, 'name')))
        self.rename(0, 'new')
        self.end(waiting)

    def test_it_can_be_cancelled(self):
        waiting = self.waiting(seconds=600)
        other = self.new_client()
        other.cookie = self.client.cookie
        other.call('CancelWaitForUpdates', COLLECTOR)
        self.assertEqual('RequestCanceled', self.end(waiting).kind)

    def test_the_end_of_the_session_ends_it(self):
        waiting = self.waiting(seconds=600)
        self.world.sessions.end_all()
        self.assertEqual('NotAuthenticated', self.end(waiting).kind)

    def test_the_end_of_the_simulator_ends_it(self):
        waiting = self.waiting(seconds=600)
        self.vcenter.stop()
        self.assertIsInstance(self.end(waiting), Exception)


class TestViews(CollectorCase):
    def view(self, container, kinds=(), recursive=True, client=None):
        wanted = ''.join(f'<type>{kind}</type>' for kind in kinds)
        [made] = (client or self.client).call(
            'CreateContainerView',
            self.manager(),
            f'{write_ref("container", container)}{wanted}'
            f'<recursive>{"true" if recursive else "false"}</recursive>',
        )
        return ref(made)

    def manager(self):
        [one] = self.world.inventory.all('ViewManager')
        return one.reference

    def content(self, view):
        values, _ = self.read(view, 'view')
        return [ref(one).moid for one in values['view']]

    def setUp(self):
        super().setUp()
        self.folder = self.add(
            'Folder',
            'group-v3',
            name='vm',
            childEntity=tuple(vm.reference for vm in self.vms),
        )
        self.center = self.add(
            'Datacenter', 'datacenter-2', name='dc', vmFolder=None
        )
        self.center.properties['vmFolder'] = self.folder.reference
        self.world.root.properties['childEntity'] = (self.center.reference,)

    def test_it_has_all_below_or_only_what_lies_in_it(self):
        self.assertEqual(7, len(self.content(self.view(ROOT))))
        self.assertEqual(
            ['datacenter-2'], self.content(self.view(ROOT, recursive=False))
        )

    def test_it_has_only_the_types_that_are_wanted(self):
        view = self.view(ROOT, ['VirtualMachine'])
        self.assertEqual(5, len(self.content(view)))
        view = self.view(ROOT, ['Folder', 'Datacenter'])
        self.assertEqual(2, len(self.content(view)))

    def test_it_follows_what_happens(self):
        view = self.view(ROOT, ['VirtualMachine'])
        self.folder.properties['childEntity'] = ()
        self.assertEqual([], self.content(view))

    def test_one_can_read_along_it(self):
        view = self.view(ROOT, ['VirtualMachine'])
        spec = (
            '<propSet><type>VirtualMachine</type><pathSet>name</pathSet>'
            f'</propSet><objectSet>{write_ref("obj", view)}<skip>true</skip>'
            '<selectSet xsi:type="TraversalSpec"><type>ContainerView</type>'
            '<path>view</path></selectSet></objectSet>'
        )
        [result] = self.client.retrieve(spec)
        self.assertEqual(set(self.all_names()), set(self.names(result)))

    def test_hidden_ones_are_not_in_it(self):
        guest = self.new_client()
        guest.log_in('guest', 'secret')
        view = self.view(ROOT, ['VirtualMachine'], client=guest)
        self.world.privileges.grant(
            'guest', self.vms[0].reference, frozenset()
        )
        values, _ = self.read(view, 'view', client=guest)
        self.assertEqual(4, len(values['view']))

    def test_it_is_destroyed_or_ends_with_its_session(self):
        view = self.view(ROOT)
        self.client.call('DestroyView', view)
        self.assertFalse(self.world.inventory.has(view))
        view = self.view(ROOT)
        self.world.sessions.end_all()
        self.assertFalse(self.world.inventory.has(view))

    def test_nonsense_is_refused(self):
        self.assertFaults('InvalidArgument', self.view, ROOT, ['Nonsense'])
        self.assertFaults('InvalidArgument', self.view, self.vms[0].reference)

    def test_a_list_is_what_one_makes_of_it(self):
        def write(name, *numbers):
            return ''.join(
                write_ref(name, self.vms[number].reference)
                for number in numbers
            )

        [made] = self.client.call(
            'CreateListView', self.manager(), write('obj', 0, 1)
        )
        view = ref(made)
        self.assertEqual(['vm-0', 'vm-1'], self.content(view))
        self.client.call(
            'ModifyListView', view, write('add', 1, 2) + write('remove', 0)
        )
        self.assertEqual(['vm-1', 'vm-2'], self.content(view))
        self.client.call('ResetListView', view, write('obj', 4))
        self.assertEqual(['vm-4'], self.content(view))

    def find(self, path):
        found = self.client.call(
            'FindByInventoryPath',
            self.reference_of('SearchIndex'),
            f'<inventoryPath>{path}</inventoryPath>',
        )
        return ref(found[0]).moid if found else None

    def reference_of(self, kind):
        [one] = self.world.inventory.all(kind)
        return one.reference

    def test_an_entity_is_found_by_its_path(self):
        self.assertEqual('vm-2', self.find('dc/vm/vm 2'))
        self.assertEqual('vm-2', self.find('/dc/vm/vm 2/'))
        self.assertEqual('datacenter-2', self.find('dc'))
        self.vms[2].properties['name'] = 'a%2fb'
        self.assertEqual('vm-2', self.find('dc/vm/a%2fb'))
        self.assertEqual('vm-2', self.find('dc/vm/a%2Fb'))
        for path in ('dc/vm/vm 2/x', 'x', 'DC', 'dc/vm/a/b', '..'):
            with self.subTest(path):
                self.assertIsNone(self.find(path))
        self.assertEqual('group-d1', self.find(''))

    def test_a_child_is_found_by_its_name(self):
        [found] = self.client.call(
            'FindChild',
            self.reference_of('SearchIndex'),
            f'{write_ref("entity", self.folder.reference)}<name>vm 1</name>',
        )
        self.assertEqual('vm-1', ref(found).moid)
