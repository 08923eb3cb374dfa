"""What is installed and what is set, as the command tells it."""

import json
import os
import textwrap

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment

PLUGIN = '''
    from oslo_config import cfg

    from imagecache_handlers.testing.memory import MemoryHandler


    class Vault(MemoryHandler):
        """Cached images behind a password."""

        def stores(self):
            return []


    def list_opts():
        return [('imagecache_vault', [
            cfg.StrOpt('password', secret=True),
            cfg.StrOpt('token', secret=True),
            cfg.IntOpt('floors', default=3),
        ])]
'''
POINTS = """
    [imagecache_handlers]
    vault = vault_plugin:Vault
    broken = broken_plugin:Absent
    [imagecache_handlers.policies]
    lost = no_such_module:order
    [oslo.config.opts]
    imagecache_vault = vault_plugin:list_opts
"""


class Installed(Command):
    """A distribution with a sound handler and two that are broken."""

    def setUp(self):
        super().setUp()
        info = self.root / 'vault-7.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            'Metadata-Version: 2.1\nName: vault\nVersion: 7\n'
        )
        (info / 'entry_points.txt').write_text(textwrap.dedent(POINTS))
        (self.root / 'vault_plugin.py').write_text(textwrap.dedent(PLUGIN))
        (self.root / 'broken_plugin.py').write_text('1 / 0\n')
        path = [str(self.root), environment()['PYTHONPATH']]
        self.path_there = {'PYTHONPATH': os.pathsep.join(path)}

    def rows_of(self, *line, key='name', **variables):
        said = self.out(*line, '-f', 'json', **self.path_there, **variables)
        return {row[key]: row for row in json.loads(said)}


class TestInstalled(Installed):
    def test_handlers(self):
        rows = self.rows_of('handlers')
        self.assertLessEqual(
            {'broken', 'directory', 'memory', 'vault'}, set(rows)
        )
        self.assertEqual(
            ('vault 7', 'Cached images behind a password.', ''),
            tuple(
                rows['vault'][key] for key in ('from', 'summary', 'problem')
            ),
        )
        self.assertIn('division by zero', rows['broken']['problem'])
        self.assertEqual('', rows['directory']['problem'])

    def test_policies(self):
        rows = self.rows_of('policies')
        self.assertLessEqual(
            {'age', 'gdsf', 'lost', 'lru', 'popularity', 'protected'},
            set(rows),
        )
        self.assertIn('no_such_module', rows['lost']['problem'])
        self.assertEqual('', rows['age']['problem'])

    def test_what_is_broken_is_refused_in_a_line(self):
        for option in 'handler = broken', 'policy = lost':
            self.configure(option)
            done = self.run_on('plan', **self.path_there)
            self.refused(done, 2, 'cannot be loaded')

    def test_a_handler_without_stores_has_nothing(self):
        vault = ['--handler', 'vault']
        for command, said in {
            'plan': 'Nothing would be evicted.',
            'sweep': 'Evicted 0 images, freed 0 B; 0 stayed.',
            'list': 'No image is cached.',
            'usage': '',
        }.items():
            with self.subTest(command):
                words = [*command.split(), *vault]
                self.assertIn(said, self.out(*words, **self.path_there))
        done = self.run_on('debris', 'list', *vault, **self.path_there)
        self.refused(done, 1, 'this handler cannot find debris')
        done = self.run_on('show', 'x', *vault, **self.path_there)
        self.refused(done, 1, 'is not in the cache')


class TestConfig(Installed):
    def config(self, *line, **variables):
        return self.rows_of('config', *line, key='option', **variables)

    def test_every_value_and_where_it_comes_from(self):
        nova = self.root / 'nova.conf'
        nova.write_text(
            '[DEFAULT]\nremove_unused_base_images = false\n'
            '[image_cache]\nmanager_interval = 77\n'
        )
        self.configure('high_watermark = 91')
        done = self.run_on(
            *('config', '--config-file', str(nova), '-f', 'json'),
            OS_IMAGECACHE__LOW_WATERMARK='11',
        )
        self.assertEqual(1, done.stderr.count('is deprecated'), done.stderr)
        rows = {row['option']: row for row in json.loads(done.stdout)}
        found = {key: (row['value'], row['from']) for key, row in rows.items()}
        in_nova = f'in {nova}'
        for option, expected in {
            'handler': ('directory', 'the default'),
            'high_watermark': (
                '91',
                f'[imagecache] high_watermark in {self.conf}',
            ),
            'low_watermark': (
                '11',
                'the environment variable OS_IMAGECACHE__LOW_WATERMARK',
            ),
            'manager_interval': (
                '77',
                f'[image_cache] manager_interval {in_nova}',
            ),
            'remove_unused_base_images': (
                'False',
                f'[DEFAULT] remove_unused_base_images {in_nova}',
            ),
            'remove_unused_original_minimum_age_seconds': (
                '86400',
                "Nova's default",
            ),
            'max_age_seconds': (None, 'the default'),
            'path': (
                self.path,
                f'[imagecache_directory] path in {self.conf}',
            ),
        }.items():
            with self.subTest(option):
                self.assertEqual(expected, found[option])

    def test_secrets_are_not_shown(self):
        with open(self.conf, 'a') as file:
            file.write('[imagecache_vault]\npassword = hunter2\n')
        rows = self.config('--handler', 'vault')
        self.assertEqual('***', rows['password']['value'])
        self.assertIsNone(rows['token']['value'])
        self.assertEqual('3', rows['floors']['value'])
        self.assertEqual('the command line', rows['handler']['from'])
        self.assertNotIn('path', rows)
        for line in ['config'], ['config', '--debug'], ['plan', '--debug']:
            done = self.run_on(*line, '--handler', 'vault', **self.path_there)
            self.assertEqual(0, done.returncode, done.stderr)
            self.assertNotIn('hunter2', done.stdout + done.stderr)

    def test_what_could_not_be_opened_is_refused(self):
        done = self.run_on('config', '--handler', 'nobody')
        self.refused(done, 2, "no handler is called 'nobody'")
        with open(self.conf, 'a') as file:
            file.write('layout = piled\n')
        said = f'layout in {self.conf}: piled is not one of plain, nova'
        self.refused(self.run_on('config'), 2, said)
        self.configure('high_watermark = 70')
        self.refused(self.run_on('config'), 2, 'low_watermark 80')
