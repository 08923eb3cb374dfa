"""Board in etcd 3.4 or later, by the gateway that it has for HTTP."""

import base64
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
from typing import Any
import uuid

import etcd3gw
from etcd3gw import exceptions
import requests

from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.board import split_batches
from imagecache_handlers.frontends.fleet.timed_calls import make_session

# Of a request: etcd takes 128 changes, and 1.5 MB.
_WRITTEN = 64
# Of an answer, which may have 1.5 MB for each: so that no notes of a stranger
# fill the memory.
_READ = 8
_OVER = 'lease not found'


class EtcdBoard:
    """The notes of a group, as keys below ``/imagecache/GROUP/``."""

    def __init__(
        self, client: etcd3gw.Etcd3Client, place: str, group: str
    ) -> None:
        self._client = client
        self._place = place
        self._top = f'/imagecache/{group}/'
        # Of notes that were written one by one, by their names.
        self._leases: dict[str, etcd3gw.Lease] = {}

    def read(self, name: str) -> bytes | None:
        with self.naming_trouble():
            found = self._client.get(self.key_of(name))
        return _cut(found[0]) if found else None

    def read_all(self, room: str) -> dict[str, bytes]:
        notes: dict[str, bytes] = {}
        with self.naming_trouble():
            for key, value in self._walk_keys(self.key_of(f'{room}/')):
                notes[key.decode(errors='backslashreplace')] = _cut(value)
        return notes

    def write_all(
        self, notes: Mapping[str, bytes], seconds: int | None
    ) -> None:
        with self.naming_trouble():
            lease = None if seconds is None else self._client.lease(seconds)
            for some in split_batches(notes.items(), _WRITTEN):
                puts = [self._make_put(*one, lease) for one in some]
                self._client.transaction(
                    {'compare': [], 'success': puts, 'failure': []}
                )
            if len(notes) == 1:
                self._change_lease(next(iter(notes)), lease)

    def remove(self, name: str) -> None:
        key = self.key_of(name)
        with self.naming_trouble():
            self._client.delete(key)
            self._client.delete_prefix(f'{key}/')

    def stay(self, seconds: int) -> 'EtcdStay':
        with self.naming_trouble():
            return EtcdStay(self, self._client, self._client.lease(seconds))

    def key_of(self, name: str) -> str:
        return self._top + name

    @contextlib.contextmanager
    def naming_trouble(self) -> Iterator[None]:
        """Raise what the client raises as what callers know."""
        try:
            yield
        except exceptions.Etcd3Exception as error:
            raise BoardLost(self._place, _say_trouble(error)) from error
        # Of the library below it, and of an answer that is none: it may be
        # whatever that library did not think of.
        except Exception as error:
            why = f'no answer of etcd ({type(error).__name__})'
            raise BoardLost(self._place, why) from error

    def _walk_keys(self, first: str) -> Iterator[tuple[bytes, bytes]]:
        """Give the rest of each key that begins so, and its value."""
        begin, size = first.encode(), len(first.encode())
        end = _after(first)
        while True:
            found = self._client.get(
                begin, metadata=True, range_end=end, limit=_READ
            )
            for value, about in found:
                yield _key_of(about)[size:], value
            if len(found) < _READ:
                return
            begin = _key_of(found[-1][1]) + b'\0'

    def _change_lease(self, name: str, lease: etcd3gw.Lease | None) -> None:
        """End the lease that a note had before, which nothing is on now.

        Else each time that a note is written would leave one for its time.
        """
        before = self._leases.pop(name, None)
        if lease is not None:
            self._leases[name] = lease
        if before is not None:
            # If that cannot be, it ends by itself.
            with contextlib.suppress(exceptions.Etcd3Exception):
                before.revoke()

    def _make_put(
        self, name: str, value: bytes, lease: etcd3gw.Lease | None
    ) -> dict[str, Any]:
        put: dict[str, Any] = {
            'key': _encode(self.key_of(name).encode()),
            'value': _encode(value),
        }
        if lease is not None:
            put['lease'] = lease.id
        return {'request_put': put}


class EtcdStay:
    """Notes on one lease of etcd."""

    def __init__(
        self, board: EtcdBoard, client: etcd3gw.Etcd3Client, lease: Any
    ) -> None:
        self._board = board
        self._client = client
        self._lease = lease
        self._token = uuid.uuid4().hex.encode()

    def claim(self, name: str) -> bool:
        key = self._board.key_of(name)
        with self._board.naming_trouble():
            if self._client.create(key, self._token, self._lease):
                return True
            # Ours, if the answer to an earlier call was lost.
            return bool(self._client.get(key) == [self._token])

    def leave(self, name: str) -> None:
        key = _encode(self._board.key_of(name).encode())
        own = {
            'key': key,
            'target': 'VALUE',
            'result': 'EQUAL',
            'value': _encode(self._token),
        }
        gone = {'request_delete_range': {'key': key}}
        with self._board.naming_trouble():
            self._client.transaction(
                {'compare': [own], 'success': [gone], 'failure': []}
            )

    def renew(self) -> bool:
        with self._board.naming_trouble():
            return bool(self._lease.refresh() > 0)

    def end(self) -> None:
        with self._board.naming_trouble():
            try:
                self._lease.revoke()
            except exceptions.Etcd3Exception as error:
                # Over by itself, and its notes with it.
                if _OVER not in (error.detail_text or ''):
                    raise


def _say_trouble(error: exceptions.Etcd3Exception) -> str:
    """Give etcd's own words, else what happened on the way to it."""
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (exceptions.ConnectionTimeoutError, 'does not answer in time'),
        (exceptions.ConnectionFailedError, 'cannot be reached'),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    return f'etcd refuses: {_own_words(error.detail_text or "")}'


def _own_words(text: str) -> str:
    try:
        said = json.loads(text)['error']
    except (ValueError, LookupError, TypeError):
        said = text
    return str(said)[:200] or 'without a word'


def _key_of(about: Any) -> bytes:
    key: bytes = about['key']
    return key


def _after(prefix: str) -> str:
    """Give the first key behind all that begin so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _cut(value: bytes) -> bytes:
    return value[: LONGEST_NOTE + 1]


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _open_session(
    timeout: float, files: Mapping[str, str]
) -> requests.Session:
    session = make_session(timeout)
    session.verify = files.get('ca_cert', True)
    if 'cert_cert' in files and 'cert_key' in files:
        session.cert = files['cert_cert'], files['cert_key']
    return session


def open_etcd(
    host: str,
    port: int,
    *,
    protocol: str,
    group: str,
    timeout: float,
    files: Mapping[str, str],
) -> EtcdBoard:
    """Open a board; nobody is asked anything yet.

    ``files`` may have the paths ``ca_cert``, ``cert_cert`` and ``cert_key``.
    """
    connect: Callable[..., etcd3gw.Etcd3Client] = etcd3gw.Etcd3Client
    client = connect(
        host=host,
        port=port,
        protocol=protocol,
        timeout=timeout,
        session=_open_session(timeout, files),
    )
    return EtcdBoard(client, f'{protocol}://{host}:{port}', group)
