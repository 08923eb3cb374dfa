"""Holding, adding, cleaning, and what several stores change."""

import os

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER


class TestHold(Command):
    def test_a_hold_is_shown_until_it_is_released(self):
        self.add()
        said = self.out('hold', IMAGE[:8], '--owner', 'vm-1', '--for', '1w')
        self.assertRegex(said, rf'^{IMAGE} in {self.path} is held by vm-1 unt')
        self.assertIn('held by vm-1 until', self.out('show', IMAGE))
        said = self.out('release', IMAGE, '--owner', 'vm-1')
        self.assertIn('is not held by vm-1 now', said)
        said = self.out('release', IMAGE, '--owner', 'vm-2')
        self.assertEqual(f'{IMAGE} was not held by vm-2\n', said)

    def test_what_is_asked_wrongly_is_refused(self):
        self.add()
        for arguments, said in {
            (): '--owner',
            ('--owner', 'vm-1', '--for', 'long'): 'write 10m, 2h',
            ('--owner', 'vm-1', '--for', '2m'): 'twice the clock skew',
            ('--owner', 'Vm!'): 'cannot be written on an image',
        }.items():
            self.refused(self.run_on('hold', IMAGE, *arguments), 2, said)


class TestAdd(Command):
    def setUp(self):
        super().setUp()
        self.content = self.root / 'content'
        self.content.write_bytes(b'x' * 8192)

    def test_a_file_becomes_an_image_once(self):
        said = self.out('add', IMAGE, str(self.content))
        self.assertEqual(f'{IMAGE} is cached in {self.path} (8 KiB)\n', said)
        self.assertEqual(self.content.read_bytes(), self.file().read_bytes())
        done = self.run_on('add', IMAGE, str(self.content))
        self.refused(done, 1, 'is in the cache already')

    def test_what_cannot_become_one_is_refused(self):
        fifo = self.root / 'fifo'
        os.mkfifo(fifo)
        for file, said in (
            (self.root / 'nowhere', 'No such file'),
            (self.root, 'not a regular file'),
            (fifo, 'not a regular file'),
        ):
            done = self.run_on('add', IMAGE, str(file))
            self.refused(done, 1, str(file), said)
        done = self.run_on('add', '../x', str(self.content))
        self.refused(done, 2, 'cannot name an image')
        self.assertEqual([], self.entries())

    def test_what_has_no_room_is_refused(self):
        with open(self.content, 'wb') as file:
            file.truncate(2**43)
        done = self.run_on('add', IMAGE, str(self.content))
        self.refused(done, 1, self.path, 'free')
        self.assertEqual([], self.entries())


class TestDebris(Command):
    def setUp(self):
        super().setUp()
        self.add()
        self.add(OTHER)
        self.sidecars = [self.sidecar(), self.sidecar(OTHER)]
        for image_id in IMAGE, OTHER:
            self.file(image_id).unlink()

    def test_it_is_listed_and_cleaned_by_its_place_or_all(self):
        said = self.out('debris', 'list', '-f', 'value', '-c', 'location')
        places = said.splitlines()
        self.assertEqual(2, len(places))
        done = self.run_on('debris', 'clean', 'elsewhere')
        self.refused(done, 2, 'no debris at elsewhere')
        said = self.out('debris', 'clean', places[0])
        self.assertRegex(said, f'removed .* {places[0]} in {self.path}')
        self.assertIn('Removed 1 of 1, freed ', said)
        self.out('debris', 'clean', '--yes')
        self.assertEqual([], self.entries())
        self.assertEqual('There is no debris.\n', self.out('debris', 'clean'))
        self.assertIn('nothing to list', self.out('debris', 'list'))

    def test_a_store_that_cannot_be_read_is_named_once(self):
        self.folder.rename(self.root / 'away')
        for command in 'list', 'clean':
            done = self.run_on('debris', command)
            self.refused(done, 1, f'{self.path} cannot be read: No such')

    def test_a_handler_that_knows_of_none_says_so_once(self):
        done = self.run_on('debris', 'list', '--handler', 'memory')
        self.refused(done, 1, 'this handler cannot find debris')
        self.assertIn('shelf', self.out('usage', '--handler', 'memory'))


class TestStores(Command):
    def setUp(self):
        super().setUp()
        self.second = self.root / ('x' * 120)
        self.second.mkdir()
        with open(self.conf, 'a') as file:
            file.write(f'path = {self.second}\n')
        self.add()
        self.age()
        self.none = self.in_use('# none\n')

    def test_one_or_several_or_all(self):
        second = str(self.second)
        for names, headings in (
            ([], [self.path, second]),
            ([self.path], [self.path]),
            ([second], [second]),
            ([second, self.path], [self.path, second]),
        ):
            stores = [f'--store={name}' for name in names]
            lines = self.out('plan', *stores).splitlines()
            shown = [one for one in lines if one.startswith(str(self.root))]
            found = [one.partition(':')[0] for one in shown]
            self.assertEqual(headings, found, lines)
        self.out('sweep', '--store', second, *self.none)
        self.assertTrue(self.file().exists())

    def test_one_that_cannot_be_read_has_a_way_round(self):
        self.second.rmdir()
        done = self.run_on('pin', IMAGE, '--owner', 'ops')
        way = f'to do without it name another --store: {self.path}'
        self.refused(done, 1, str(self.second), 'No such file', way)
        self.out('pin', IMAGE, '--owner', 'ops', '--store', self.path)
        self.folder.rename(self.root / 'away')
        done = self.run_on('show', IMAGE)
        self.assertNotIn('--store', done.stderr)
        self.refused(done, 1, 'No such file')

    def test_two_stores_of_one_disk_are_one_pool(self):
        self.conf.write_text(
            '[imagecache]\nhigh_watermark = 1\nlow_watermark = 0\n'
            f'[imagecache_directory]\npath = {self.path}\n'
            f'path = {self.second}\n'
        )
        said = ' '.join(self.out('plan', *self.none, code=1).split())
        self.assertEqual(1, said.count(': wanted '))

    def test_what_is_not_there_or_too_many_is_refused(self):
        for command in 'plan', 'sweep', 'usage', f'show {IMAGE}':
            done = self.run_on(*command.split(), '--store', '/nowhere')
            self.refused(done, 2, f'there are only: {self.path}, ')
        content = str(self.conf)
        done = self.run_on('add', 'new', content)
        self.refused(done, 2, 'name the store, one of: ')
        both = ['--store', self.path, '--store', str(self.second)]
        done = self.run_on('add', 'new', content, *both)
        self.refused(done, 2, 'this takes one --store')
        said = self.out('add', 'new', content, '--store', str(self.second))
        self.assertIn(f'new is cached in {self.second}', said)
