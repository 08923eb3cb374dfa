"""Glance's own application, under waitress: a process of its own.

It prints its port, and ends with its standard input.
"""

import os
import socket
import sys
import threading

from glance.wsgi.api import application
import waitress


def main() -> None:
    listening = socket.create_server(('127.0.0.1', 0))
    server = waitress.create_server(application, sockets=[listening])
    threading.Thread(target=server.run, daemon=True).start()
    print(listening.getsockname()[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == '__main__':
    main()
