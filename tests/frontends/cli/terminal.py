"""A terminal of our own, in which the command runs and is typed to."""

import os
import pty
import re
import subprocess

from tests.frontends.cli.command import environment
from tests.frontends.cli.command import PROGRAM

_ESCAPE = re.compile(r'\x1b(\[[0-9;?]*[a-zA-Z]|\][^\x07]*\x07)')


class Terminal:
    """A command that runs in a terminal."""

    def __init__(self, arguments, cwd, **variables):
        self._ours, theirs = pty.openpty()
        try:
            self.process = subprocess.Popen(  # noqa: S603 -- our own program
                [*PROGRAM, *arguments],
                cwd=cwd,
                env=environment() | variables,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self.shown = ''

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def read_until(self, words):
        """Read until that is shown."""
        while words not in self.shown and self._read():
            pass
        return words in self.shown

    def type(self, text):
        os.write(self._ours, text.encode())

    def end(self):
        """Give its exit code, once all that it shows is read."""
        while self._read():
            pass
        return self.process.wait()

    @property
    def text(self):
        """What was shown, without escape codes."""
        return plain(self.shown)

    def _read(self):
        try:
            read = os.read(self._ours, 65536)
        except OSError:  # nobody has the other end any more
            return False
        self.shown += read.decode().replace('\r\n', '\n')
        return bool(read)


def plain(shown):
    return _ESCAPE.sub('', shown)
