"""The command as a real process, on a real folder.

Where its environment is that of the tests it is forked from one that is warm.
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import Evidence
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from tests.directory.place import IMAGE
from tests.directory.place import OTHER
from tests.directory.place import Place
from tests.frontends.cli import warm

ROOT = str(pathlib.Path(__file__).parents[3])
PROGRAM = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
THIRD = '5eed0000-0000-4000-8000-000000000003'


class Command(Place):
    """A folder, its configuration, and the command to run on it."""

    def setUp(self):
        super().setUp()
        self.conf = self.root / 'cache.conf'
        self.configure()

    def configure(self, *lines):
        self.conf.write_text(
            '\n'.join(
                [
                    '[imagecache]',
                    *lines,
                    '[imagecache_directory]',
                    f'path = {self.path}',
                    '',
                ]
            )
        )

    def age(self, days=3):
        """Have a sweep of so many days ago find everything unused."""
        then = datetime.datetime.now(datetime.UTC)
        then -= datetime.timedelta(days=days, hours=1)
        cache = ImageCache(
            DirectoryHandler([self.path]), Rules(), clock=lambda: then
        )
        cache.sweep(lambda: Evidence(complete=True, as_of=then))

    def run_bare(self, *arguments, stdin='', **variables):
        """Run the command as it is and give what came of it."""
        ready = warm.warm(ENVIRONMENT)
        if environment() | variables == ready.environment:
            done = ready.run(list(arguments), self.root, stdin)
            if done is not None:
                return done
        return subprocess.run(  # noqa: S603 -- our own program
            [*PROGRAM, *arguments],
            cwd=self.root,
            env=environment() | variables,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def run_on(self, *arguments, **options):
        """Run a command on the folder of this test."""
        return self.run_bare(
            *arguments, '--config-file', str(self.conf), **options
        )

    def begin(self, *arguments, variables=(), **how):
        """Begin a command on it; what has not ended by then is killed."""
        pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [*PROGRAM, *arguments, '--config-file', str(self.conf)],
            cwd=self.root,
            env=environment() | dict(variables),
            text=True,
            **pipes | how,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def out(self, *arguments, code=0, **options):
        """Give what a command says that ends so, without a complaint."""
        done = self.run_on(*arguments, **options)
        self.assertEqual(('', code), (done.stderr, done.returncode))
        return done.stdout

    def refused(self, done, code, *said):
        """Check that there is one line of complaint, which says that."""
        self.assertEqual(code, done.returncode, done.stderr)
        self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        self.assertTrue(done.stderr.startswith('imagecache'), done.stderr)
        self.assertTrue(done.stderr.removesuffix('\n').isprintable())
        for words in said:
            self.assertIn(words, done.stderr)

    def in_use(self, content):
        file = self.root / 'in-use'
        file.write_text(content)
        return ['--in-use', str(file), '--in-use-complete']

    def rows(self, *arguments, code=0):
        said = self.out('list', '-f', 'json', *arguments, code=code)
        return {row['image']: row for row in json.loads(said)}


def environment():
    path = [ROOT, os.environ.get('PYTHONPATH', '')]
    # As most users have it: what is written is held back for a while.
    left_out = {'PYTHONUNBUFFERED', 'NO_COLOR', 'PYTEST_CURRENT_TEST'}
    return {key: os.environ[key] for key in os.environ.keys() - left_out} | {
        'PYTHONPATH': os.pathsep.join(filter(None, path)),
        'COLUMNS': '80',
        'TERM': 'xterm',
        'TZ': 'UTC',
    }


ENVIRONMENT = tuple(environment().items())

__all__ = [
    'IMAGE',
    'OTHER',
    'PROGRAM',
    'THIRD',
    'Command',
    'environment',
]
