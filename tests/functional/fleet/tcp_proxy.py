"""TCP proxy: stands before a server, cuts, delays and swallows bytes."""

import contextlib
import select
import socket
import socketserver
import time

from tests.loopback import Loopback

_POLL = 0.02


class _Connection(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            self.world.join(self.request)


class TcpProxy(Loopback):
    """``swallowed`` are the ways of which nothing arrives: up, down.

    Whoever sends is told nothing of it, as where a network drops packets.
    ``delay`` holds each piece up, in seconds.
    """

    connection = _Connection

    def __init__(self, port):
        self._behind = port
        self.swallowed = frozenset()
        self.delay = 0.0
        self._is_cut = False
        self._cuts = 0
        super().__init__()

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

    def join(self, client):
        if self._is_cut:
            return
        address = '127.0.0.1', self._behind
        with socket.create_connection(address) as server:
            self._talk(client, server, self._cuts)

    def _talk(self, client, server, cuts):
        ways = {client: ('up', server), server: ('down', client)}
        while not self.stopped.is_set() and self._cuts == cuts:
            ready, _, _ = select.select([*ways], [], [], _POLL)
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                way, other = ways[one]
                time.sleep(self.delay)
                if way not in self.swallowed:
                    other.sendall(data)
