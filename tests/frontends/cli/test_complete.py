"""bash completes commands and options with the script that is written."""

import subprocess

from tests.frontends.cli.command import Command

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

    def test_what_is_asked_wrongly_is_refused(self):
        for line, said in {
            ('complete', '--shell', 'fish'): "invalid choice: 'fish'",
            ('complete', 'more'): 'more',
            ('help', 'nope'): 'nope is not a command; see imagecache --help',
            ('help', 'debris'): 'did you mean debris clean or debris list?',
        }.items():
            self.refused(self.run_bare(*line), 2, said)
