"""Who takes what it is told slowly over TLS is ended in time."""

import socket
import ssl
import threading
import urllib.parse

from imagecache_handlers.frontends.metrics.place import Place
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics import scrapes
from imagecache_handlers.frontends.metrics.serving import serve_metrics
from tests.frontends.metrics.test_serving import pair

# The fixture, by its name.
__all__ = ['pair']

SECONDS = 60


def test_who_takes_it_piece_by_piece_is_ended(pair, monkeypatch):  # noqa: F811
    monkeypatch.setattr(scrapes, 'PATIENCE', 0.5)
    record = Record()
    # More than what lies on the way.
    record.note_stores([f'{number:0200}' for number in range(1000)])
    place = Place(host='127.0.0.1', port=0, **pair)
    trusting = ssl.create_default_context(cafile=pair['cert'])
    over = threading.Event()
    with serve_metrics(place, record) as done, socket.socket() as plain:
        at = urllib.parse.urlsplit(done.address)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect((at.hostname, at.port))
        with trusting.wrap_socket(plain, server_hostname='127.0.0.1') as link:
            link.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
            taker = threading.Thread(target=take_slowly, args=[link, over])
            taker.start()
            # Of all that it has to wait for, none is late.
            assert over.wait(SECONDS)
            taker.join()


def take_slowly(link, over):
    link.settimeout(SECONDS)
    try:
        while link.recv(2048):
            over.wait(0.05)
    except OSError:
        pass  # cut off, as it may be in the middle of a piece
    over.set()
