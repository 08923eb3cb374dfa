"""Options, errors and exit codes of the whole command."""

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE


WITH_EVIDENCE = ['list', 'show', 'plan', 'sweep', 'evict', 'usage', 'run']
ALL = [
    *WITH_EVIDENCE,
    *[
        'pin',
        'unpin',
        'hold',
        'release',
        'add',
        'config',
        'handlers',
        'policies',
        'conformance',
    ],
    *('debris list', 'debris clean'),
]
OPTIONS = ('--handler', '--store', '--config-file', '--config-dir')


class TestUsage(Command):
    def test_the_version(self):
        done = self.run_bare('--version')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertRegex(done.stdout, r'^imagecache \d+\.\d+')

    def test_help_names_the_commands_and_their_options(self):
        done = self.run_bare('--help')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        said = done.stdout
        for name in ALL:
            with self.subTest(name):
                self.assertRegex(said, rf'\n  {name} +[A-Z]')
                done = self.run_bare(*name.split(), '--help')
                self.assertEqual((0, ''), (done.returncode, done.stderr))
                self.assertIn(f'imagecache {name}', done.stdout)
                for option in OPTIONS:
                    self.assertIn(option, done.stdout)
                wanted = name in WITH_EVIDENCE
                self.assertEqual(wanted, '--in-use' in done.stdout)

    def test_options_stand_before_or_after_the_command(self):
        conf = ['--config-file', str(self.conf)]
        for line in ['plan', *conf], [*conf, 'plan']:
            self.assertEqual(0, self.run_bare(*line).returncode)

    def test_what_is_asked_wrongly_is_refused(self):
        for line, said in {
            (): 'name a command',
            ('plon',): 'did you mean plan?',
            ('--bogus', 'plan'): '--bogus',
            ('plan', '--bogus'): '--bogus',
            ('help', 'plon'): 'did you mean plan?',
            ('plon', '--help'): 'did you mean plan?',
            ('plan', 'more'): 'more',
            ('plan', '--config-file'): 'expected one argument',
            ('plan', '--in-use-complete'): 'name the list',
            ('\x1b[31mred',): 'is not a command',
        }.items():
            with self.subTest(line):
                self.refused(self.run_bare(*line), 2, said)


class TestConfiguration(Command):
    def test_what_is_configured_wrongly_is_refused(self):
        for line, said in {
            'handler = nope': "no handler is called 'nope'; installed: dire",
            'policy = nope': "no policy is called 'nope'; installed: age, ",
            'high_watermark = 101': 'high_watermark',
            'high_watermark = 70': 'low_watermark 80',
            'max_age_seconds = 60': 'remove_unused_original_minimum_age',
            'protected_images = *': 'protected_images',
            'protected_image = a*': 'did you mean protected_images?',
            'no equals sign': 'cache.conf',
        }.items():
            with self.subTest(line):
                self.configure(line)
                self.refused(self.run_on('plan'), 2, said)

    def test_no_folder_is_refused(self):
        self.conf.write_text('')
        self.refused(self.run_on('plan'), 2, '[imagecache_directory] path')

    def test_a_missing_configuration_is_refused(self):
        for option in '--config-file', '--config-dir':
            done = self.run_bare('plan', option, '/no/such/thing')
            self.refused(done, 2, '/no/such/thing')

    def test_a_configuration_that_is_none_is_refused(self):
        done = self.run_bare('plan', '--config-file', self.path)
        self.refused(done, 2, f'cannot read {self.path}: Is a directory')
        done = self.run_on('plan', '--config-dir', str(self.conf))
        self.refused(done, 2, f'{self.conf} is not a folder: name a file with')
        self.conf.write_bytes(b'[imagecache]\nhandler = \xff\n')
        self.refused(self.run_on('plan'), 2, 'not UTF-8 text')

    def test_of_two_files_the_later_has_its_way(self):
        other = self.root / 'other.conf'
        other.write_text('[imagecache]\nhandler = nope\n')
        folder = self.root / 'conf.d'
        folder.mkdir()
        (folder / 'a.conf').write_text('[imagecache]\nhandler = directory\n')
        mine, later = (f'--config-file={one}' for one in (self.conf, other))
        last = f'--config-dir={folder}'
        for line, code in (
            ([mine, later], 2),
            ([later, mine], 2),
            ([mine, later, last], 0),
            ([mine, last, later], 2),
        ):
            with self.subTest(line):
                done = self.run_bare('plan', *line)
                self.assertEqual(code, done.returncode, done.stderr)

    def test_a_handler_on_the_line_has_its_way(self):
        done = self.run_on('list', '--handler', 'memory', '-f', 'json')
        self.assertEqual((0, '[]\n'), (done.returncode, done.stdout))


class TestEvidence(Command):
    def test_a_list_that_cannot_be_read_is_refused(self):
        done = self.run_on('plan', '--in-use', '/no/such/list')
        self.refused(done, 2, 'cannot read /no/such/list')

    def test_a_list_that_makes_no_sense_is_refused_by_its_line(self):
        for command in 'plan', 'sweep', 'list':
            done = self.run_on(command, *self.in_use('a\n\x1b[31m b c\n'))
            self.refused(done, 2, 'in-use, line 2: expected ID')

    def test_an_empty_list_is_not_complete(self):
        self.add()
        self.age()
        done = self.run_on('sweep', *self.in_use(''))
        self.refused(done, 2, 'is empty')
        self.assertTrue(self.file().exists())


class TestErrors(Command):
    def test_debug_shows_the_way_to_an_error(self):
        done = self.run_on('pin', IMAGE, '--owner', 'ops', '--debug')
        self.assertEqual(1, done.returncode)
        self.assertIn('Traceback', done.stderr)
        self.assertIn('ImageNotFound', done.stderr)

    def test_controls_never_reach_the_terminal(self):
        self.add()
        self.sidecar().write_bytes(
            self.sidecar().read_bytes().replace(b'[]', b'["pin.x\\u001b[31m"]')
        )
        name = '\x1b[31mred\x07.conf'
        (self.root / name).write_text('[imagecache]\nno = 1\n')
        for done in (
            self.run_on('list'),
            self.run_on('plan', '--config-file', str(self.root / name)),
            self.run_bare('plan', '--config-file', name),
            self.run_bare('plan', '--config-file', f'{name}.none'),
            self.run_bare('plan', name),
            self.run_bare(name),
        ):
            for text in done.stdout, done.stderr:
                self.assertTrue(text.replace('\n', '').isprintable(), text)

    def test_a_terminal_that_knows_no_umlauts_is_no_reason_to_stop(self):
        self.add()
        done = self.run_on(
            *('plan', *self.in_use(f'{IMAGE} J\u00fcrgen\n')),
            PYTHONIOENCODING='ascii',
            PYTHONUTF8='0',
        )
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('J\\xfcrgen', done.stdout)
