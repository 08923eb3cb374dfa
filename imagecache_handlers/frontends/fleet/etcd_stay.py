"""Stay in etcd: the notes of a process that end with its lease."""

from typing import Any
import uuid

from etcd3gw import exceptions

from imagecache_handlers.frontends.fleet.etcd_link import encode
from imagecache_handlers.frontends.fleet.etcd_link import EtcdLink

_OVER = 'lease not found'


class EtcdStay:
    """Notes on one lease of etcd."""

    def __init__(self, link: EtcdLink, lease: Any) -> None:
        self._link = link
        self._lease = lease
        self._token = uuid.uuid4().hex.encode()

    def claim(self, name: str) -> bool:
        key = self._link.key_of(name)
        with self._link.naming_trouble():
            if self._link.client.create(key, self._token, self._lease):
                return True
            # Ours, if the answer to an earlier call was lost.
            return bool(self._link.client.get(key) == [self._token])

    def is_own(self, note: bytes | None) -> bool:
        return note == self._token

    def leave(self, name: str) -> None:
        key = encode(self._link.key_of(name).encode())
        own = {
            'key': key,
            'target': 'VALUE',
            'result': 'EQUAL',
            'value': encode(self._token),
        }
        gone = {'request_delete_range': {'key': key}}
        with self._link.naming_trouble():
            self._link.client.transaction(
                {'compare': [own], 'success': [gone], 'failure': []}
            )

    def renew(self) -> bool:
        with self._link.naming_trouble():
            return bool(self._lease.refresh() > 0)

    def end(self) -> None:
        with self._link.naming_trouble():
            try:
                self._lease.revoke()
            except exceptions.Etcd3Exception as error:
                # Over by itself, and its notes with it.
                if _OVER not in (error.detail_text or ''):
                    raise
