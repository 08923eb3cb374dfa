"""Processes of the command that are forked from one that has loaded it.

Loading is most of what a short command does, and tests begin hundreds.  All
else is as if Python had been started anew: arguments, folder, streams, exit.
What differs in its environment is started anew indeed: see ``command``.
"""

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pathlib
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading

PROGRAM = 'imagecache_handlers.frontends.cli'
ROOMS = f'{PROGRAM}.commands', f'{PROGRAM}.pages'
LOADED = f'{PROGRAM}.app', f'{PROGRAM}.application', 'cliff.help'
# Bytes of a request, which is one packet, and of standard input, which a pipe
# holds; what is larger is for a process that is started anew.
LARGEST = 2**15


class Warm:
    """The one that has loaded it, for those who start the command."""

    def __init__(self, environment):
        self.environment = environment
        self._folder = tempfile.TemporaryDirectory(prefix='imagecache-test-')
        self._address = str(pathlib.Path(self._folder.name) / 'socket')
        self._server = subprocess.Popen(  # noqa: S603 -- this very file
            [sys.executable, '-m', __name__, self._address],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._server.stdout.readline()

    def close(self):
        self._server.communicate()
        self._folder.cleanup()

    def run(self, arguments, cwd, stdin):
        """Give what came of the command, or None: it asks too much."""
        arguments = [os.fspath(one) for one in arguments]
        request = json.dumps({'arguments': arguments, 'cwd': str(cwd)})
        if max(len(request.encode()), len(stdin.encode())) > LARGEST:
            return None
        with contextlib.ExitStack() as stack:
            line = stack.enter_context(
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            )
            line.connect(self._address)
            given, put = os.pipe()
            # A pipe takes as much without a reader.
            os.write(put, stdin.encode())
            os.close(put)
            read, write = zip(os.pipe(), os.pipe(), strict=True)
            streams = [
                stack.enter_context(open(fd, encoding='utf-8')) for fd in read
            ]
            socket.send_fds(line, [request.encode()], [given, *write])
            for fd in given, *write:
                os.close(fd)
            said = _read_all(streams)
            code = int(line.recv(LARGEST))
        return subprocess.CompletedProcess(arguments, code, *said)


def _read_all(streams):
    """Read both to their ends: neither is full while the other is read."""
    said = ['', '']

    def read(number):
        said[number] = streams[number].read()

    errors = threading.Thread(target=read, args=[1])
    errors.start()
    read(0)
    errors.join()
    return said


@functools.cache
def warm(environment):
    """Give the one of this process, begun by whoever asks first."""
    server = Warm(dict(environment))
    atexit.register(server.close)
    return server


def serve(address):
    for room in ROOMS:
        path = importlib.import_module(room).__path__
        for module in pkgutil.iter_modules(path):
            importlib.import_module(f'{room}.{module.name}')
    for name in LOADED:
        importlib.import_module(name)
    gc.freeze()
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server,
        selectors.DefaultSelector() as selector,
    ):
        server.bind(address)
        server.listen(64)
        # Nobody waits for those that wait for the command.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        print('ready', flush=True)
        selector.register(server, selectors.EVENT_READ)
        selector.register(sys.stdin.buffer, selectors.EVENT_READ)
        while True:
            [(key, _), *_] = selector.select()
            if key.fileobj is not server:
                return None
            line, _ = server.accept()
            if os.fork() == 0:
                server.close()
                return attend(line)
            line.close()


def attend(line):
    """Run a command, and tell how it ended; give what is to be run."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, fds, _, _ = socket.recv_fds(line, LARGEST, 3)
    child = os.fork()
    if child == 0:
        line.close()
        return functools.partial(begin, fds, **json.loads(request))
    for fd in fds:
        os.close(fd)
    _, status = os.waitpid(child, 0)
    line.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def begin(fds, arguments, cwd):
    """Be what ``python -m`` would be; give the exit code."""
    for new, fd in enumerate(fds):
        os.dup2(fd, new)
        os.close(fd)
    for name, mode in ('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w'):
        old = getattr(sys, name)
        fd = old.fileno()
        new = open(  # noqa: SIM115 -- it lasts as long as the process
            fd, mode, encoding=old.encoding, errors=old.errors, closefd=False
        )
        setattr(sys, name, new)
        setattr(sys, f'__{name}__', new)
    sys.stderr.reconfigure(line_buffering=True)
    os.chdir(cwd)
    sys.path[0] = cwd
    importlib.invalidate_caches()
    file = importlib.import_module(PROGRAM).__path__[0] + '/__main__.py'
    sys.argv = [file, *arguments]
    return sys.modules[f'{PROGRAM}.app'].main()


if __name__ == '__main__':
    # Where all that served is closed and over.
    if run := serve(sys.argv[1]):
        sys.exit(run())
