"""A server of images that is as far away as it is told to be.

``python -m benchmarks.image_server FOLDER SECONDS`` gives the files of a
folder on a loopback socket, whose port it prints.  So many seconds pass
before each answer, and after each window of bytes, as they do where a round
trip takes so long; 0: none do.
"""

from collections.abc import Iterator
import contextlib
import http.server
import os
import subprocess
import sys
import time

# What a connection may have under way: 80 MiB/s at 50 ms.
WINDOW = 2**22


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    folder = ''
    seconds = 0.0

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of what was asked."""

    def do_GET(self) -> None:
        time.sleep(self.seconds)
        with open(os.path.join(self.folder, self.path[1:]), 'rb') as file:
            size = os.fstat(file.fileno()).st_size
            self.send_response(200)
            self.send_header('Content-Length', str(size))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self._send_file(file.fileno(), size)

    def _send_file(self, fd: int, size: int) -> None:
        at = 0
        while at < size:
            end = min(size, at + WINDOW)
            while at < end:
                out = self.connection.fileno()
                at += os.sendfile(out, fd, at, end - at)
            time.sleep(self.seconds)


@contextlib.contextmanager
def serving(folder: str, seconds: float) -> Iterator[int]:
    """Serve by another process, which takes no time of this one's."""
    # By its path: where it is started from, no package need be found.
    command = [sys.executable, __file__]
    with subprocess.Popen(  # noqa: S603 -- our own program
        [*command, folder, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def main() -> None:
    _Handler.folder, _Handler.seconds = sys.argv[1], float(sys.argv[2])
    address = '127.0.0.1', 0
    with http.server.ThreadingHTTPServer(address, _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == '__main__':
    main()
