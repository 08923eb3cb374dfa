"""Board in redis 6 or later, or what talks as it does."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
from typing import Any
import uuid

import redis
from redis import backoff
from redis import retry

from imagecache_handlers.frontends.fleet.board import BoardLost
from imagecache_handlers.frontends.fleet.board import Glance
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.board import split_batches
from imagecache_handlers.frontends.fleet.distrust import say_distrust
from imagecache_handlers.frontends.fleet.timed_calls import make_pool

# Of one call: its notes together are held in memory.
_AT_ONCE = 128
# Keys that are looked through at once: all, of a database of its own.
_SCANNED = 10_000
_ODD = 'backslashreplace'

# Of all: removes, or keeps for longer, what is one's own; tells of how many.
_LEAVE = """
local done = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    done = done + redis.call('DEL', key)
  end
end
return done
"""
_RENEW = """
local done = 0
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    done = done + redis.call('EXPIRE', key, ARGV[2])
  end
end
return done
"""


class RedisBoard:
    """The notes of a group, as keys that begin with ``imagecache:GROUP:``."""

    def __init__(self, client: Any, place: str, group: str) -> None:
        self.client = client
        self._place = place
        self._top = f'imagecache:{group}:'

    def read(self, name: str) -> bytes | None:
        found = self._read_keys([self.key_of(name).encode()])
        return next(iter(found.values()), None)

    def read_all(self, room: str) -> dict[str, bytes]:
        first = self.key_of(f'{room}/')
        size = len(first.encode())
        found = self._read_keys(self._find_keys(first))
        return {
            key[size:].decode(errors=_ODD): value
            for key, value in found.items()
        }

    def glance(self, names: Iterable[str], room: str) -> Glance:
        asked, first = list(names), self.key_of(f'{room}/')
        with self.naming_trouble():
            calls = self.client.pipeline(transaction=False)
            for one in asked:
                calls.getrange(self.key_of(one), 0, LONGEST_NOTE)
            calls.scan(match=f'{first}*', count=_SCANNED)
            *found, first_names = calls.execute(raise_on_error=False)
            if isinstance(first_names, Exception):
                raise first_names
            more, keys = first_names
            while more:
                more, some = self.client.scan(
                    more, match=f'{first}*', count=_SCANNED
                )
                keys += some
        notes: dict[str, bytes] = {}
        for name, value in zip(asked, found, strict=True):
            for note in self._judge_value(b'', value).values():
                notes[name] = note
        return Glance(
            asked=frozenset(asked),
            notes=notes,
            names=frozenset(
                key[len(first.encode()) :].decode(errors=_ODD) for key in keys
            ),
        )

    def write_all(
        self, notes: Mapping[str, bytes], seconds: int | None
    ) -> None:
        for some in split_batches(notes.items(), _AT_ONCE):
            with self.naming_trouble():
                calls = self.client.pipeline(transaction=False)
                for name, value in some:
                    calls.set(self.key_of(name), value, ex=seconds)
                calls.execute()

    def remove(self, name: str) -> None:
        key = self.key_of(name)
        found = [key.encode(), *self._find_keys(f'{key}/')]
        with self.naming_trouble():
            for some in split_batches(found, _AT_ONCE):
                self.client.delete(*some)

    def stay(self, seconds: int) -> 'RedisStay':
        return RedisStay(self, self.client, seconds)

    def key_of(self, name: str) -> str:
        return self._top + name

    @contextlib.contextmanager
    def naming_trouble(self) -> Iterator[None]:
        """Raise what the client raises as what callers know."""
        try:
            yield
        # An answer that is none ends in whatever the library did not think of.
        except Exception as error:
            raise BoardLost(self._place, _say_trouble(error)) from error

    def _find_keys(self, first: str) -> list[bytes]:
        with self.naming_trouble():
            # None of the characters of a name means more than itself there.
            return sorted(
                set(self.client.scan_iter(match=f'{first}*', count=_SCANNED))
            )

    def _read_keys(self, keys: list[bytes]) -> dict[bytes, bytes]:
        notes: dict[bytes, bytes] = {}
        for some in split_batches(keys, _AT_ONCE):
            with self.naming_trouble():
                calls = self.client.pipeline(transaction=False)
                for key in some:
                    # Not all of it: it may have 512 MB.
                    calls.getrange(key, 0, LONGEST_NOTE)
                found = calls.execute(raise_on_error=False)
            for key, value in zip(some, found, strict=True):
                notes |= self._judge_value(key, value)
        return notes

    def _judge_value(self, key: bytes, value: object) -> dict[bytes, bytes]:
        """Give a note; none if it ended meanwhile, a strange one if it is."""
        if isinstance(value, redis.ResponseError):
            if 'WRONGTYPE' in str(value):
                return {key: b'?'}
            raise BoardLost(self._place, _say_trouble(value))
        return {key: value} if isinstance(value, bytes) and value else {}


class RedisStay:
    """Notes with one token, each of which has an end of its own."""

    def __init__(self, board: RedisBoard, client: Any, seconds: int) -> None:
        self._board = board
        self._client = client
        self._seconds = seconds
        self._token = uuid.uuid4().hex
        self._keys: set[str] = set()

    def claim(self, name: str) -> bool:
        key = self._board.key_of(name)
        with self._board.naming_trouble():
            done = self._client.set(
                key, self._token, ex=self._seconds, nx=True
            )
            # Ours, if the answer to an earlier call was lost.
            own = done or self._client.get(key) == self._token.encode()
        if own:
            self._keys = self._keys | {key}
        return bool(own)

    def is_own(self, note: bytes | None) -> bool:
        return note == self._token.encode()

    def leave(self, name: str) -> None:
        key = self._board.key_of(name)
        # First, so that whoever renews does not miss it.
        self._keys = self._keys - {key}
        with self._board.naming_trouble():
            self._client.eval(_LEAVE, 1, key, self._token)

    def renew(self) -> bool:
        keys = self._keys
        with self._board.naming_trouble():
            kept = self._client.eval(
                _RENEW, len(keys), *keys, self._token, self._seconds
            )
            # One that was left meanwhile is not missed.
            return bool(kept >= len(keys & self._keys))

    def end(self) -> None:
        keys, self._keys = self._keys, set()
        with self._board.naming_trouble():
            self._client.eval(_LEAVE, len(keys), *keys, self._token)


def _say_trouble(error: Exception) -> str:
    if distrust := say_distrust(error):
        return distrust
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (redis.AuthenticationError, 'refuses the password, or wants one'),
        (redis.TimeoutError, 'does not answer in time'),
        (redis.ConnectionError, 'cannot be reached'),
        (redis.ResponseError, f'redis refuses: {str(error)[:200]}'),
    )
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    return f'no answer of redis ({type(error).__name__})'


def open_redis(
    url: str, place: str, *, group: str, timeout: float
) -> RedisBoard:
    """Open a board; nobody is asked anything yet.

    :raises ValueError: when the URL cannot be read.
    """
    pool = make_pool(
        url,
        timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        # Once: its own way takes a minute to tell that nobody listens.
        retry=retry.Retry(backoff.NoBackoff(), 0),
    )
    return RedisBoard(redis.Redis(connection_pool=pool), place, group)
