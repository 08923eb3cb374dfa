"""TCP proxy: stands before a server, cuts, delays and swallows bytes."""

import contextlib
import select
import socket
import threading
import time

_POLL = 0.02


class TcpProxy:
    """``swallowed`` are the ways of which nothing arrives: up, down.

    Whoever sends is told nothing of it, as where a network drops packets.
    ``delay`` holds each piece up, in seconds.
    """

    def __init__(self, port):
        self._behind = port
        self._socket = socket.create_server(('127.0.0.1', 0))
        self.port = self._socket.getsockname()[1]
        self.swallowed = frozenset()
        self.delay = 0.0
        self._is_cut = False
        self._is_over = False
        self._cuts = 0
        self._threads = []

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *ignored):
        self._is_over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for one in self._threads:
            one.join(30)

    def cut(self):
        """End all connections, and each new one at once."""
        self._is_cut = True
        self._cuts += 1

    def swallow(self, *ways):
        self.swallowed = frozenset(ways)

    def heal(self):
        self._is_cut = False
        self.swallowed = frozenset()
        self.delay = 0.0

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self._socket.accept()
                thread = threading.Thread(
                    target=self._join, args=[one], daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _join(self, client):
        with client, contextlib.suppress(OSError):
            if self._is_cut:
                return
            address = '127.0.0.1', self._behind
            with socket.create_connection(address) as server:
                self._talk(client, server, self._cuts)

    def _talk(self, client, server, cuts):
        ways = {client: ('up', server), server: ('down', client)}
        while not self._is_over and self._cuts == cuts:
            ready, _, _ = select.select([*ways], [], [], _POLL)
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                way, other = ways[one]
                time.sleep(self.delay)
                if way not in self.swallowed:
                    other.sendall(data)
