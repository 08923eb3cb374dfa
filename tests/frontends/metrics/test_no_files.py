"""A process that may open no more files waits until it may."""

import errno
import socket
import types
import urllib.parse

from imagecache_handlers.frontends.metrics.place import Place
from imagecache_handlers.frontends.metrics.record import Record
from imagecache_handlers.frontends.metrics import serving
from imagecache_handlers.frontends.metrics.serving import serve_metrics
from tests.frontends.metrics.test_serving import get
from tests.frontends.metrics.test_serving import is_whole

FAILURES = 5


def test_it_pauses_until_one_can_be_accepted(monkeypatch):
    pauses, failures = [], [errno.EMFILE] * FAILURES
    accept = socket.socket.accept

    def accept_later(self):
        if failures:
            raise OSError(failures.pop(), 'Too many open files')
        return accept(self)

    clock = types.SimpleNamespace(
        **vars(serving.time) | {'sleep': pauses.append}
    )
    monkeypatch.setattr(serving, 'time', clock)
    monkeypatch.setattr(socket.socket, 'accept', accept_later)
    place = Place(host='127.0.0.1', port=0)
    with serve_metrics(place, Record()) as done:
        at = urllib.parse.urlsplit(done.address)
        assert is_whole(get(at))
        assert len(pauses) == FAILURES
    assert min(pauses) > 0
