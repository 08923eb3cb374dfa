"""Fork server: runs pytest in many folders, and loads it only once.

It is started by its path and knows neither our packages nor our tests: each
child imports those of its own folder.  A line of JSON asks for a run, a line
with the exit code answers it.
"""

import gc
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import typing

# What loading takes most of the time, and is never what is broken.
PRELOADED = (
    'pytest',
    '_pytest.python',
    '_pytest.unittest',
    'hypothesis.stateful',
    'http.server',
    'keystoneauth1.loading',
    'multiprocessing.connection',
    'requests',
    'ssl',
    'unittest.mock',
    'xmlrpc.client',
)
LONGEST = 300  # seconds


class ForkServer:
    """The server as its users see it; one run at a time."""

    def __enter__(self) -> typing.Self:
        # -P: not even the folder of this file is on the path.
        self._server = subprocess.Popen(  # noqa: S603 -- this very file
            [sys.executable, '-P', __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.communicate()

    def run(
        self, folder: pathlib.Path, arguments: list[str]
    ) -> subprocess.CompletedProcess[str]:
        output = folder / 'output'
        request = {
            'folder': str(folder),
            'arguments': arguments,
            'output': str(output),
        }
        print(json.dumps(request), file=self._server.stdin, flush=True)
        answer = self._server.stdout.readline()
        if not answer:
            raise RuntimeError('the fork server has ended')
        code = int(answer)
        return subprocess.CompletedProcess(
            arguments, code, output.read_text(errors='replace')
        )


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    # No child looks through what was here before it for garbage.
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_tests(**json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def run_tests(
    folder: str, arguments: list[str], output: str
) -> typing.NoReturn:
    """Run pytest as ``python -m pytest`` would in that folder, and end."""
    code = 70
    try:
        signal.alarm(LONGEST)
        redirect(output)
        os.chdir(folder)
        sys.path.insert(0, folder)
        code = sys.modules['pytest'].main(arguments)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def redirect(output: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    told = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for new, old in (nothing, 0), (told, 1), (told, 2):
        os.dup2(new, old)


if __name__ == '__main__':
    main()
