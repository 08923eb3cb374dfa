"""Machines that a user cannot see, or nobody can read, over the wire."""

from tests.vcenter_simulator.clients import Client
from tests.vcenter_simulator.clients import read_objects
from tests.vcenter_simulator.clients import VIM
from tests.vcenter_simulator.clients import write_ref
from tests.vcenter_simulator.worlds import IMAGE
from tests.vcenter_simulator.worlds import StateCase
from vcenter_simulator import User

ROLE = frozenset({'System.View', 'System.Read'})


class TestHidden(StateCase):
    users = {'eve': User('pw', ROLE)}

    def setUp(self):
        super().setUp()
        self.sim.start()
        self.actors.cache(IMAGE)
        self.seen = self.actors.spawn(IMAGE)
        self.other = self.actors.spawn(IMAGE)

    def ask(self, user=None, password=None):
        """Ask in one call which machines use which files of a datastore."""
        client = Client(self.sim)
        self.addCleanup(client.close)
        client.log_in(user, password)
        datastore = write_ref('obj', self.datastore.reference)
        [result] = client.retrieve(
            '<propSet><type>Datastore</type><pathSet>name</pathSet>'
            '<pathSet>vm</pathSet></propSet><propSet>'
            '<type>VirtualMachine</type><pathSet>layoutEx.file</pathSet>'
            f'</propSet><objectSet>{datastore}<skip>false</skip>'
            '<selectSet xsi:type="TraversalSpec"><type>Datastore</type>'
            '<path>vm</path><skip>false</skip></selectSet></objectSet>'
        )
        return read_objects(result.iterfind(f'{VIM}objects'))

    def test_all_are_there_for_who_may_see_them(self):
        found = self.ask()
        for machine in self.seen, self.other:
            values, missing = found[machine.reference]
            self.assertIn('layoutEx.file', values)
            self.assertEqual({}, missing)

    def test_a_hidden_one_is_listed_but_its_files_are_not_told(self):
        self.actors.hide(self.other, 'eve')
        found = self.ask('eve', 'pw')
        values, _ = found[self.datastore.reference]
        self.assertEqual(2, len(values['vm']))
        self.assertIn('layoutEx.file', found[self.seen.reference][0])
        told, _ = found.get(self.other.reference, ({}, {}))
        self.assertNotIn('layoutEx.file', told)

    def test_an_orphan_is_there_without_files(self):
        self.actors.break_machine(self.other, 'orphaned')
        values, missing = self.ask()[self.other.reference]
        self.assertEqual(({}, {}), (values, missing))

    def test_a_rename_between_two_questions_is_seen_in_the_second(self):
        before = self.ask()[self.datastore.reference][0]['name'].text
        self.actors.rename(before, 'other')
        found = self.ask()
        self.assertEqual(
            'other', found[self.datastore.reference][0]['name'].text
        )
        files = found[self.seen.reference][0]['layoutEx.file']
        for one in files:
            self.assertTrue(one.findtext(f'{VIM}name').startswith('[other] '))
