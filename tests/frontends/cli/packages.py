"""A site directory of a test's own, with packages in it as pip leaves them."""

import json
import os
import pathlib
import textwrap

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment

SOUND = textwrap.dedent("""
    from imagecache_handlers.testing.memory import MemoryHandler

    class Sound(MemoryHandler):
        'A sound one.'

        def stores(self):
            return []
""")


class Packages(Command):
    """A site directory with packages of its own."""

    def setUp(self):
        super().setUp()
        self.site = self.root / 'site'
        self.site.mkdir()
        path = [str(self.site), environment()['PYTHONPATH']]
        self.variables = {
            'PYTHONPATH': os.pathsep.join(path),
            'XDG_CACHE_HOME': str(self.root / 'cache'),
        }

    def install(self, name, handler=None, options=None):
        """Install a package as pip leaves it, with its entry points."""
        (self.site / name).mkdir()
        module = self.site / name / '__init__.py'
        module.write_text('')
        lines = ['[imagecache_handlers]', f'{name} = {name}.handler:Handler']
        if handler is None:
            handler = f'{SOUND}\nHandler = Sound\n'
        (self.site / name / 'handler.py').write_text(handler)
        if options is not None:
            lines += ['[oslo.config.opts]']
            lines += [f'imagecache_{name} = {name}.opts:list_opts']
            (self.site / name / 'opts.py').write_text(options)
        info = self.info_of(name)
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}-kit\nVersion: 3\n'
        )
        (info / 'entry_points.txt').write_text('\n'.join(lines))

    def install_command(self, name, text):
        """Install a package with a command of that name."""
        self.install(name)
        (self.site / name / 'command.py').write_text(text)
        with open(self.info_of(name) / 'entry_points.txt', 'a') as points:
            points.write(f'\n[imagecache.cli]\n{name} = {name}.command:It\n')

    def info_of(self, name) -> pathlib.Path:
        return self.site / f'{name}_kit-3.dist-info'

    def run_there(self, *line):
        return self.run_on(*line, **self.variables)

    def handlers(self):
        done = self.run_there('handlers', '-f', 'json')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        return {row['name']: row for row in json.loads(done.stdout)}
