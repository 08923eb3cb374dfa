"""Board in etcd 3.4 or later, by the gateway that it has for HTTP."""

import base64
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any

import etcd3gw
from etcd3gw import exceptions
import requests

from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.board import split_batches
from imagecache_handlers.frontends.fleet.etcd_link import encode
from imagecache_handlers.frontends.fleet.etcd_link import EtcdLink
from imagecache_handlers.frontends.fleet.etcd_stay import EtcdStay
from imagecache_handlers.frontends.fleet.timed_calls import make_session

# Of a request: etcd takes 128 changes, and 1.5 MB.
_WRITTEN = 64
# Of an answer, which may have 1.5 MB for each: so that no notes of a stranger
# fill the memory.
_READ = 8
# Of names alone.
_NAMES = 1000
_ODD = 'backslashreplace'
_SILENT = (
    exceptions.ConnectionFailedError,
    exceptions.ConnectionTimeoutError,
)


class EtcdBoard(EtcdLink):
    """The notes of a group, as keys below ``/imagecache/GROUP/``."""

    def __init__(
        self, client: etcd3gw.Etcd3Client, place: str, group: str
    ) -> None:
        super().__init__(client, place, group)
        # Of notes that were written one by one, by their names.
        self._leases: dict[str, etcd3gw.Lease] = {}

    def read(self, name: str) -> bytes | None:
        with self.naming_trouble():
            found = self.client.get(self.key_of(name))
        return _cut(found[0]) if found else None

    def read_all(self, room: str) -> dict[str, bytes]:
        notes: dict[str, bytes] = {}
        with self.naming_trouble():
            for key, value in self._walk_keys(self.key_of(f'{room}/')):
                notes[key.decode(errors=_ODD)] = _cut(value)
        return notes

    def glance(self, names: Iterable[str], room: str) -> Glance:
        asked, first = list(names), self.key_of(f'{room}/')
        ranges = [{'key': encode(self.key_of(one).encode())} for one in asked]
        all_names = {
            'key': encode(first.encode()),
            'range_end': encode(_after(first).encode()),
            'keys_only': True,
            'limit': _NAMES,
        }
        with self.naming_trouble():
            *found, there = self._read_ranges([*ranges, all_names])
            keys = [base64.b64decode(one['key']) for one in there]
            return Glance(
                asked=frozenset(asked),
                notes={
                    name: _cut(base64.b64decode(one['value']))
                    for name, some in zip(asked, found, strict=True)
                    for one in some
                },
                names=frozenset(
                    key[len(first.encode()) :].decode(errors=_ODD)
                    for key in keys
                ),
            )

    def _read_ranges(self, ranges: list[dict[str, Any]]) -> list[Any]:
        """Give the keys of each range, all as of one moment."""
        reads = [{'request_range': one} for one in ranges]
        answer = self.client.transaction(
            {'compare': [], 'success': reads, 'failure': []}
        )
        return [
            one['response_range'].get('kvs', []) for one in answer['responses']
        ]

    def write_all(
        self, notes: Mapping[str, bytes], seconds: int | None
    ) -> None:
        with self.naming_trouble():
            lease = None if seconds is None else self.client.lease(seconds)
            for some in split_batches(notes.items(), _WRITTEN):
                puts = [self._make_put(*one, lease) for one in some]
                self._put_all(puts, lease)
            if len(notes) == 1:
                self._change_lease(next(iter(notes)), lease)

    def _put_all(
        self, puts: list[dict[str, Any]], lease: etcd3gw.Lease | None
    ) -> None:
        try:
            self.client.transaction(
                {'compare': [], 'success': puts, 'failure': []}
            )
        except _SILENT:
            raise  # who did not answer is not waited for again
        except exceptions.Etcd3Exception:
            # Else each try would leave one for its time, which is a month.
            if lease is not None:
                _end_lease(lease)
            raise

    def remove(self, name: str) -> None:
        key = self.key_of(name)
        with self.naming_trouble():
            self.client.delete(key)
            self.client.delete_prefix(f'{key}/')

    def stay(self, seconds: int) -> 'EtcdStay':
        with self.naming_trouble():
            return EtcdStay(self, self.client.lease(seconds))

    def _walk_keys(self, first: str) -> Iterator[tuple[bytes, bytes]]:
        """Give the rest of each key that begins so, and its value."""
        begin, size = first.encode(), len(first.encode())
        end = _after(first)
        while True:
            found = self.client.get(
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
            _end_lease(before)

    def _make_put(
        self, name: str, value: bytes, lease: etcd3gw.Lease | None
    ) -> dict[str, Any]:
        put: dict[str, Any] = {
            'key': encode(self.key_of(name).encode()),
            'value': encode(value),
        }
        if lease is not None:
            put['lease'] = lease.id
        return {'request_put': put}


def _key_of(about: Any) -> bytes:
    key: bytes = about['key']
    return key


def _after(prefix: str) -> str:
    """Give the first key behind all that begin so."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _end_lease(lease: etcd3gw.Lease) -> None:
    # If that cannot be, it ends by itself.
    with contextlib.suppress(exceptions.Etcd3Exception):
        lease.revoke()


def _cut(value: bytes) -> bytes:
    return value[: LONGEST_NOTE + 1]


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
