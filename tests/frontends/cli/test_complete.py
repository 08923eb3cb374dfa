"""bash completes commands and options with the script that is written."""

import shlex
import subprocess

from tests.frontends.cli.command import Command
from tests.frontends.cli.command import environment
from tests.frontends.cli.command import IMAGE
from tests.frontends.cli.command import OTHER
from tests.frontends.cli.command import PROGRAM

# Of the package bash-completion, as much as the script asks of it.
WORDS = """
_get_comp_words_by_ref() {
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    words=("${COMP_WORDS[@]}")
}
complete_line() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _imagecache
    echo "${COMPREPLY[@]}"
}
"""


class TestComplete(Command):
    def test_bash_completes_a_command_and_an_option(self):
        script = self.run_bare('complete')
        self.assertEqual((0, ''), (script.returncode, script.stderr))
        lines = {
            'imagecache pl': 'plan',
            'imagecache un': 'unpin',
            'imagecache debris c': 'clean',
            'imagecache evict --fo': '--format --force',
            'imagecache pin --unt': '--until',
            'imagecache run --in-use-c': '--in-use-complete',
        }
        asked = '\n'.join(f'complete_line {line}' for line in lines)
        done = subprocess.run(  # noqa: S603 -- what is tested
            ['bash', '-c', f'{WORDS}\n{script.stdout}\n{asked}'],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        self.assertEqual(list(lines.values()), done.stdout.splitlines())

    def test_bash_completes_the_id_of_an_image(self):
        for image_id in IMAGE, OTHER, 'debian-12':
            self.add(image_id)
        script = self.run_bare('complete').stdout
        program = self.root / 'imagecache'
        program.write_text(f'#!/bin/sh\nexec {shlex.join(PROGRAM)} "$@"\n')
        program.chmod(0o755)
        conf = f'--config-file {self.conf}'
        lines = {
            f'{program} {conf} show deb': 'debian-12',
            f'{program} unpin --config-file = {self.conf} c0ff': (
                f'{IMAGE} {OTHER}'
            ),
            f'{program} show {conf} --sort-col': '--sort-column',
            f'{program} plan {conf} deb': '',
            f'{program} show deb': '',
            f'{program} show --config-file /nowhere/d': '',
        }
        words = WORDS.replace('    _imagecache\n', '    _imagecache_images\n')
        asked = '\n'.join(f'complete_line {line}' for line in lines)
        done = subprocess.run(  # noqa: S603 -- what is tested
            ['bash', '-c', f'{words}\n{script}\n{asked}'],  # noqa: S607
            capture_output=True,
            cwd=self.root,
            env=environment() | {'HOME': str(self.root)},
            text=True,
            check=True,
        )
        self.assertEqual('', done.stderr)
        self.assertEqual(list(lines.values()), done.stdout.splitlines())

    def test_what_is_asked_wrongly_is_refused(self):
        for line, said in {
            ('complete', '--shell', 'fish'): "invalid choice: 'fish'",
            ('complete', 'more'): 'more',
            ('help', 'nope'): 'nope is not a command; see imagecache --help',
            ('help', 'debris'): 'did you mean debris clean or debris list?',
        }.items():
            self.refused(self.run_bare(*line), 2, said)
