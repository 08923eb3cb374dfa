"""Does what a page tells somebody to do who begins with an empty folder."""

import dataclasses
import os
import re
import subprocess
import sysconfig
import textwrap
import venv

from tests.docs.reading import directives

_CAPTION = re.compile(r'^ +:caption: *(.*)\n\n?', re.MULTILINE)
_RUN_BY = {'shell': ('sh', '-euc'), 'python': ('python', '-c')}
_COMMAND = """\
#!/bin/sh
exec python -m imagecache_handlers.frontends.cli "$@"
"""


@dataclasses.dataclass(frozen=True)
class Done:
    """What came of a block."""

    line: int
    language: str
    said: str = ''


class Newcomer:
    """Has an environment with the library of these tests, and a folder."""

    def __init__(self, root):
        self.folder = root / 'folder'
        self.folder.mkdir()
        self._make_environment(root / 'venv')

    def follow(self, page):
        """Do all that the page says, from top to bottom."""
        return [
            self._do(line, language, body)
            for line, language, body in directives(page, 'code-block')
        ]

    def _do(self, line, language, body):
        caption = _CAPTION.search(body)
        text = textwrap.dedent(_CAPTION.sub('', body, count=1)).strip() + '\n'
        if caption:
            self._write(caption[1], text)
            return Done(line, language)
        if language not in _RUN_BY:
            raise LookupError(f'line {line}: nobody can run {language}')
        done = self._run([*_RUN_BY[language], text])
        if done.returncode:
            raise AssertionError(f'line {line} fails: {done.stdout}')
        return Done(line, language, done.stdout)

    def _write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def _run(self, command):
        return subprocess.run(  # noqa: S603 -- as the page says
            command,
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _make_environment(self, place):
        venv.create(place, symlinks=True)
        [site] = place.glob('lib/python*/site-packages')
        ours = sysconfig.get_path('purelib')
        (site / 'ours.pth').write_text(
            f'import site; site.addsitedir({ours!r})\n'
        )
        command = place / 'bin' / 'imagecache'
        command.write_text(_COMMAND)
        command.chmod(0o755)
        self._environ = os.environ | {
            'PATH': f'{place / "bin"}{os.pathsep}{os.environ["PATH"]}',
            # setuptools is here already. (0 is how pip spells "none" here.)
            'PIP_NO_BUILD_ISOLATION': '0',
            'PIP_NO_INDEX': '1',
        }
