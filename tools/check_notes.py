"""Check that reno can read every release note and that each is valid RST.

reno walks the history, so it fails in a shallow clone and before the first
commit.  Here the notes of the checkout get a repository of their own.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

NOTES = pathlib.Path(__file__).parents[1] / 'releasenotes'
GIT = ('git', '-c', 'user.name=notes', '-c', 'user.email=notes@localhost')


def main(folder: str) -> int:
    def run(*command: str) -> None:
        subprocess.run(command, cwd=folder, check=True)

    shutil.copytree(NOTES, pathlib.Path(folder, NOTES.name))
    run('git', 'init', '--quiet')
    run('git', 'add', '.')
    run(*GIT, 'commit', '--quiet', '--message', 'notes')
    run('reno', '--quiet', 'lint')
    run('reno', '--quiet', 'report', '--output', 'notes.rst')
    run('docutils', '--halt=warning', 'notes.rst', 'notes.html')
    return 0


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as folder:
        try:
            sys.exit(main(folder))
        except subprocess.CalledProcessError as error:
            sys.exit(f'release notes: {error}')
