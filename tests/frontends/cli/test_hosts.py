"""Hosts that share a store, and looks cut short: told, and what to say."""

import json
import pathlib
import re

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.hosts import places
from tests.directory.disks import overlay
from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.terminal import Terminal


class Shared(Command):
    """A store with an image; this host and another look at instances."""

    def setUp(self):
        super().setUp()
        self.instances = self.root / 'instances'
        self.others = self.root / 'others'
        for folder in self.instances, self.others:
            overlay(folder / 'vm.qcow2', '')
        with open(self.conf, 'a') as file:
            file.write(f'instance_paths = {self.instances}\n')
        self.add()

    def be_on_record(self, host='h2', folder=None):
        handler = DirectoryHandler(
            [self.path], instance_paths=[str(folder or self.others)], host=host
        )
        [image] = handler.enumerate(self.path)
        handler.mark(image, {f'site.{host}'})

    def said(self, *arguments, code=0):
        return ' '.join(self.out(*arguments, code=code).split())


class TestList(Shared):
    def test_it_shows_who_looks_where_and_what_blocks(self):
        self.be_on_record()
        said = self.said('host', 'list')
        self.assertIn(f'{places.host_name()} (this host): not on', said)
        self.assertIn('h2: since', said)
        self.assertIn(f'looks at host:h2:{self.others}', said)
        self.assertIn('blocks every eviction by this host: host h2', said)

    def test_programs_get_rows(self):
        self.be_on_record()
        rows = json.loads(self.out('host', 'list', '-f', 'json'))
        by_name = {row['host']: row for row in rows}
        other, this = by_name['h2'], by_name[places.host_name()]
        self.assertEqual(
            (1, 2, False),
            tuple(other[name] for name in ('disks', 'folders', 'this')),
        )
        self.assertEqual([f'host:h2:{self.others}'], other['looks_at'])
        self.assertIsNone(this['since'])
        self.assertIsNone(this['blocks'])

    def test_a_store_that_cannot_be_read_is_named(self):
        self.folder.rename(self.root / 'away')
        for command in 'list', 'accept', 'forget x':
            done = self.run_on('host', *command.split())
            self.assertEqual(1, done.returncode)
            self.assertIn(f'{self.path} cannot be read: No such', done.stderr)

    def test_a_handler_that_knows_none_says_so(self):
        done = self.run_on('host', 'list', '--handler', 'memory')
        self.refused(done, 1, 'this handler cannot tell which hosts evict')


class TestForget(Shared):
    def test_a_host_that_is_gone_is_forgotten(self):
        self.be_on_record()
        said = self.said('plan')
        self.assertIn('users unknown: host h2 looks at', said)
        self.assertIn('say: imagecache host forget h2', said)
        done = self.out('host', 'forget', 'h2')
        self.assertEqual(f'h2 is forgotten in {self.path}\n', done)
        self.assertNotIn('unknown', self.said('plan'))

    def test_one_that_is_not_there_is_refused_with_those_that_are(self):
        self.be_on_record()
        for name in 'h3', '../h2', places.host_name():
            done = self.run_on('host', 'forget', name)
            self.refused(done, 2, 'is on record; there are: h2')

    def test_on_a_terminal_it_asks(self):
        self.be_on_record()
        command = ['host', 'forget', 'h2', '--config-file', str(self.conf)]
        with Terminal(command, self.root) as terminal:
            self.assertTrue(terminal.read_until('Forget h2?'))
            terminal.type('n\n')
            self.assertEqual(1, terminal.end())
        self.assertIn('h2', self.out('host', 'list'))


class TestAccept(Shared):
    def test_fewer_folders(self):
        self.be_on_record(places.host_name(), self.root)
        done = self.run_on('sweep')
        self.assertEqual(1, done.returncode)
        self.assertIn('and does not now', ' '.join(done.stdout.split()))
        self.assertIn(f'1 disk, in {self.path}', self.said('host', 'accept'))
        self.assertNotIn('unknown', self.said('plan'))

    def test_no_disk(self):
        (self.instances / 'vm.qcow2').unlink()
        self.assertIn('imagecache host accept', self.said('plan'))
        self.assertIn(': 0 disks, in', self.said('host', 'accept'))
        self.assertNotIn('unknown', self.said('plan'))


class TestLooked(Shared):
    def test_every_plan_and_sweep_says_what_was_looked_at(self):
        for command in 'plan', 'sweep', 'sweep':
            said = self.out(command)
            self.assertIn('\n  looked at 1 disk in 2 folders\n', said)
        self.assertNotIn('looked at', self.out('list'))

    def test_what_cannot_be_told_is_listed_and_cut_short(self):
        for number in range(30):
            overlay(self.instances / f'{number:02}', '/nowhere/x')
        said = self.out('plan')
        self.assertIn('looked at 31 disks in 2 folders\n', said)
        shown = re.findall(rf'(?m)^  {self.instances}/\d\d: ', said)
        self.assertEqual(10, len(shown))
        self.assertIn('  and 20 more: add --debug\n', said)
        done = self.run_on('plan', '--debug')
        told = [one for one in done.stderr.splitlines() if 'No such' in one]
        self.assertEqual(30, len(told))
        self.assertTrue(pathlib.Path(self.path, IMAGE).exists())
