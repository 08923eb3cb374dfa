"""Hosts: each a folder, a configuration, and ``imagecache run`` on it."""

import json
import os
import subprocess

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.store_identity import IDENTITY
from imagecache_handlers.frontends.fleet.members import read_members
from imagecache_handlers import ImageCache
from imagecache_handlers import LocalFile
from imagecache_handlers import Rules
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM
from tests.functional.fleet.servers import await_that
from tests.functional.fleet.servers import TIMEOUT

# Seconds: a busy machine is not to make anybody stale who is there.
TTL, LONG_TTL = 10, 20


class Host:
    """A host of a fleet; its service is killed at the end of a test."""

    def __init__(self, folder, server, name, group='ours', **more):
        self.folder = folder / name
        self.path = self.folder / 'cache'
        self.path.mkdir(parents=True)
        self.name = name
        self.board = server.board(group)
        self.conf = self.folder / 'conf'
        self.process = None
        self.configure(server.url, group, **more)

    def configure(self, url, group, **more):
        groups = {
            'imagecache': {'manager_interval': 5},
            'imagecache_directory': {'path': self.path},
            'imagecache_fleet': {
                'backend_url': url,
                'group': group,
                'host': self.name,
                'member_ttl_seconds': TTL,
            },
        }
        lines = []
        for title, options in (groups | more).items():
            lines.append(f'[{title}]')
            lines += [f'{key} = {value}' for key, value in options.items()]
        self.conf.write_text('\n'.join(lines) + '\n')

    def share_store(self, other, url, group):
        """Have it use the store of another, as by NFS."""
        self.path = other.path
        (self.path / IDENTITY).write_text('5' * 32)
        self.configure(url, group)

    def live_longer(self):
        """Have it count as alive for longer without a sign of that."""
        text = self.conf.read_text()
        short, long = (
            f'member_ttl_seconds = {one}' for one in (TTL, LONG_TTL)
        )
        assert short in text
        self.conf.write_text(text.replace(short, long))

    def add(self, image_id):
        file = self.folder / 'source'
        file.write_bytes(os.urandom(1000))
        cache = ImageCache(DirectoryHandler([str(self.path)]), Rules())
        cache.add(image_id, LocalFile(file))

    def start(self, *arguments):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen(  # noqa: S603 -- our own program
                [*PROGRAM, 'run', '--config-file', self.conf, *arguments],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT)

    def log(self):
        return (self.folder / 'log').read_text()

    def await_log(self, words):
        await_that(lambda: words in self.log(), f'{words}: {self.log()}')

    def member(self):
        """Give what the fleet knows of it."""
        found = {one.host: one for one in read_members(self.board)}
        return found.get(self.name)

    def await_alive(self):
        return await_that(
            lambda: (
                (one := self.member()) and one.is_alive and one.entry and one
            ),
            self.log(),
        )

    def await_stale(self):
        await_that(lambda: not self.member().is_alive, 'still alive')


def run_cli(host, *arguments, stdin=''):
    """Run a command as a person on a host does."""
    return subprocess.run(  # noqa: S603 -- our own program
        [*PROGRAM, *arguments, '--config-file', host.conf],
        env=environment(),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def rows_of(host, *arguments, code=0, stdin=''):
    done = run_cli(host, *arguments, '-f', 'json', stdin=stdin)
    assert (done.returncode, done.stderr) == (code, ''), done
    return json.loads(done.stdout)
