"""The command follows Nova's options and refuses what cannot be."""

import os

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import IMAGE

MINIMUM = 'remove_unused_original_minimum_age_seconds'


class TestNova(Command):
    def setUp(self):
        super().setUp()
        self.nova = self.root / 'nova.conf'
        self.add()

    def row(self, *lines, said=''):
        self.nova.write_text('\n'.join(lines))
        done = self.run_on(
            *('list', '--config-file', str(self.nova)),
            *('-f', 'value', '-c', 'image', '-c', 'reason'),
            *self.in_use('somebody-elses\n'),
        )
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(1 if said else 0, done.stderr.count('\n'))
        image, reason = done.stdout.split()
        self.assertEqual(IMAGE, image)
        return reason

    def test_its_options_are_followed(self):
        self.age(days=3)
        new = '[image_cache]'
        self.assertEqual('expired', self.row())
        self.assertEqual('too-young', self.row(new, f'{MINIMUM} = 864000'))
        off = 'remove_unused_base_images = false'
        self.assertEqual('disabled', self.row(new, off))
        self.configure('remove_unused_base_images = true')
        self.assertEqual('expired', self.row(new, off))

    def test_an_old_name_is_honoured_and_said_once(self):
        self.age(days=3)
        self.assertEqual(
            'too-young',
            self.row(
                '[DEFAULT]',
                f'{MINIMUM} = 864000',
                said=f'"{MINIMUM}" from group "DEFAULT" is deprecated',
            ),
        )

    def test_every_old_name_is_said_once(self):
        self.nova.write_text('[DEFAULT]\nimage_cache_manager_interval = 9\n')
        for command in 'plan', 'config':
            done = self.run_on(command, '--config-file', str(self.nova))
            self.assertEqual(0, done.returncode)
            self.assertEqual(1, done.stderr.count('is deprecated'))


class TestRefusals(Command):
    def test_a_value_out_of_range(self):
        for line, value, fitting in (
            ('high_watermark', '101', '0 to 100'),
            ('low_watermark', '-1', '0 to 100'),
            ('max_age_seconds', 'x\x1b[31m', '0 to 3153600000'),
            ('manager_interval', '-2', '-1 to 3153600000'),
            (MINIMUM, '-1', '0 to 3153600000'),
            ('claim_ttl_seconds', '0', '1 to 3153600000'),
            ('remove_unused_base_images', 'perhaps', 'true or false'),
        ):
            with self.subTest(line):
                self.configure(f'{line} = {value}')
                done = self.run_on('plan')
                shown = value.partition('\x1b')[0]
                self.refused(done, 2, line, shown, fitting, 'cache.conf')

    def test_no_file_at_all(self):
        done = self.run_bare('list', HOME=str(self.root))
        self.refused(
            done,
            2,
            'set [imagecache_directory] path',
            '--config-file',
            '/etc/imagecache/imagecache.conf',
            'imagecache demo',
        )
        self.conf.write_text('')
        done = self.run_on('list')
        self.refused(done, 2, 'set [imagecache_directory] path')
        self.assertNotIn('demo', done.stderr)

    def test_what_contradicts_itself(self):
        for lines, *said in (
            (['high_watermark = 70'], 'set low_watermark no higher'),
            (['max_age_seconds = 60'], 'raise max_age', "Nova's default"),
            (['clock_skew_seconds = 150'], 'four times clock_skew_seconds'),
            (['policy = nope'], 'installed: age, ', ', protected'),
        ):
            with self.subTest(lines):
                self.configure(*lines)
                self.refused(self.run_on('plan'), 2, *said)

    def test_what_is_set_twice(self):
        self.configure('high_watermark = 90', 'high_watermark = 95')
        done = self.run_on('plan')
        self.refused(done, 2, 'high_watermark is set 2 times', 'cache.conf')

    def test_lists_that_stand_on_several_lines_are_joined(self):
        self.configure('protected_images = a', 'protected_images = b, c')
        said = self.out('config')
        self.assertIn('protected_images = a, b, c', said)

    def test_a_pipe(self):
        done = self.run_bare('plan', '--config-file=/dev/stdin', stdin='\n')
        self.refused(done, 2, 'is a pipe')

    def test_a_pipe_that_nobody_writes_to_keeps_nobody_waiting(self):
        folder = self.root / 'conf.d'
        folder.mkdir()
        pipe = folder / 'pipe.conf'
        os.mkfifo(pipe)
        for option in f'--config-file={pipe}', f'--config-dir={folder}':
            with self.subTest(option):
                done = self.run_on('config', option)
                self.refused(done, 2, f'{pipe} is a pipe')

    def test_a_pipe_that_nobody_named_keeps_nobody_waiting(self):
        folder = self.root / '.imagecache' / 'imagecache.conf.d'
        folder.mkdir(parents=True)
        os.mkfifo(folder / 'pipe.conf')
        done = self.run_on('config', HOME=str(self.root))
        self.refused(done, 2, 'pipe.conf is a pipe')

    def test_a_misspelt_variable_of_the_environment(self):
        for name, said in {
            'OS_IMAGECACHE__PROTECTED_IMAGE': 'did you mean protected_images?',
            'OS_IMAGECACHE_DIRECTROY__PATH': 'mean imagecache_directory?',
        }.items():
            with self.subTest(name):
                done = self.run_on('plan', **{name: 'a*'})
                told = f'the environment variable {name}: '
                self.refused(done, 2, told, said)

    def test_variables_of_others_and_those_that_count_are_taken(self):
        names = 'OS_IMAGECACHE__POLICY', 'OS_IMAGE_CACHE__X', 'OS_CLOUD'
        said = self.out('config', **dict.fromkeys(names, 'lru'))
        self.assertIn('policy = lru', said)
