"""Who takes what it is told slowly over TLS is ended in time."""

import socket
import ssl
import time
import urllib.parse

import prometheus_client

from imagecache_handlers.frontends.metrics.collector import make_registry
from imagecache_handlers.frontends.metrics.place import Place
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics import scrapes
from imagecache_handlers.frontends.metrics.serving import serve_metrics
from tests.frontends.metrics.test_serving import pair

# The fixture, by its name.
__all__ = ['pair']

# What lies on the way at most, at either end.
ON_THE_WAY = 2**16


def test_who_takes_it_piece_by_piece_is_ended(pair, monkeypatch):  # noqa: F811
    monkeypatch.setattr(scrapes, 'PATIENCE', 0.5)
    monkeypatch.setattr(scrapes.ScrapeHandler, 'setup', set_up_narrow)
    record = Record()
    record.note_stores([f'{number:0200}' for number in range(1000)])
    whole = len(prometheus_client.generate_latest(make_registry(record)))
    place = Place(host='127.0.0.1', port=0, **pair)
    trusting = ssl.create_default_context(cafile=pair['cert'])
    with serve_metrics(place, record) as done, socket.socket() as plain:
        at = urllib.parse.urlsplit(done.address)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ON_THE_WAY)
        plain.connect((at.hostname, at.port))
        with trusting.wrap_socket(plain, server_hostname='127.0.0.1') as link:
            link.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
            assert take_slowly(link) < whole


def set_up_narrow(handler, set_up=scrapes.ScrapeHandler.setup):
    """Set it up so that the kernel does not take all of it at once."""
    handler.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ON_THE_WAY)
    set_up(handler)


def take_slowly(link):
    """Take it as it comes, no piece late, and give how much that was."""
    taken = 0
    try:
        while piece := link.recv(2**14):
            taken += len(piece)
            time.sleep(0.02)
    except OSError:
        pass  # cut off, as it may be in the middle of a piece
    return taken
