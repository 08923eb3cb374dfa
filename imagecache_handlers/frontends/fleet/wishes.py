"""Wishes: images that hosts of a fleet are to fetch, and how far each is."""

import dataclasses
import datetime
import enum
import fnmatch
import json

from imagecache_handlers.frontends.fleet.board import check_part
from imagecache_handlers.frontends.fleet.board import LONGEST_NOTE
from imagecache_handlers.frontends.fleet.entry import read_note
from imagecache_handlers.frontends.fleet.entry import read_text
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import check_image_id

_EDITION = 1
# Of what came of it, for people.
_LONGEST_WHY = 500
MOST_PARALLEL = 1000
MOST_RETRIES = 100


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Images that the hosts which ``hosts`` matches are to fetch.

    ``parallel`` of them at once, each ``retries`` times more if that fails.
    ``ttl`` is how long each image is then kept for its first use, in seconds
    (None: as the host has it).  ``until`` ends the wish (None: who made it
    does), which is ``span`` seconds after it was made (None: nobody says).
    ``is_standing``: hosts that join later take it as well.
    """

    wish_id: str
    images: tuple[str, ...]
    hosts: str
    parallel: int = 1
    retries: int = 2
    ttl: int | None = None
    until: datetime.datetime | None = None
    span: int | None = None
    is_standing: bool = False

    def __post_init__(self) -> None:
        check_part('wish', self.wish_id)
        if not self.hosts:
            raise ValueError('a wish is for hosts: * is all of them')
        if not self.images:
            raise ValueError('a wish is for one image or more')
        for image_id in self.images:
            check_image_id(image_id)
        check_range('parallel', self.parallel, 1, MOST_PARALLEL)
        check_range('retries', self.retries, 0, MOST_RETRIES)
        if self.ttl is not None:
            check_range('ttl', self.ttl, 1, 366 * 24 * 3600)
        if self.span is not None:
            check_range('span', self.span, 1, 10**12)

    def is_for(self, host: str) -> bool:
        """Tell if a host of that name is meant, in capitals or not."""
        return fnmatch.fnmatchcase(host.lower(), self.hosts.lower())

    def encode(self) -> bytes:
        """Write it, in at most ``LONGEST_NOTE`` bytes.

        :raises ValueError: when it is for more images than fit.
        """
        until = None if self.until is None else write_time(self.until)
        told = dataclasses.asdict(self)
        told |= {'edition': _EDITION, 'until': until}
        data = json.dumps(told, separators=(',', ':')).encode()
        if len(data) > LONGEST_NOTE:
            raise ValueError(
                f'{len(self.images)} images take {len(data)} bytes, and a '
                f'wish has {LONGEST_NOTE}: make several'
            )
        return data

    @staticmethod
    def decode(wish_id: str, data: bytes) -> 'Wish':
        """Read what ``encode`` wrote, under that name.

        :raises ValueError: for anything else, and says what is wrong.
        """
        told = read_note(data, _EDITION)
        if read_text(told, 'wish_id') != wish_id:
            raise ValueError('it says that it is another wish')
        images = told.get('images')
        if not isinstance(images, list):
            raise ValueError('its images are no list')
        return Wish(
            wish_id=wish_id,
            images=tuple(map(_check_text, images)),
            hosts=read_text(told, 'hosts'),
            parallel=_read_count(told, 'parallel'),
            retries=_read_count(told, 'retries'),
            ttl=_read_optional_count(told, 'ttl'),
            until=_read_until(told),
            span=_read_optional_count(told, 'span'),
            is_standing=told.get('is_standing') is True,
        )


class Stage(enum.StrEnum):
    """How far a host is with a wish."""

    WAITING = 'waiting'
    RUNNING = 'running'
    DONE = 'done'  # all of its images are there, and kept
    REFUSED = 'refused'  # the host cannot have one of them
    FAILED = 'failed'  # and, if it may be tried again, will be


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far one host is with one wish, by its own word.

    ``tries`` counts the begun ones, ``why`` says what came of the last, and
    ``at`` when, by the clock of that host.
    """

    stage: Stage
    at: datetime.datetime
    tries: int = 0
    why: str = ''

    def encode(self) -> bytes:
        """Write it, in far less than ``LONGEST_NOTE`` bytes."""
        told = {
            'edition': _EDITION,
            'stage': self.stage.value,
            'at': write_time(self.at),
            'tries': self.tries,
            'why': self.why[:_LONGEST_WHY],
        }
        return json.dumps(told, separators=(',', ':')).encode()

    @staticmethod
    def decode(data: bytes) -> 'State':
        """Read what ``encode`` wrote.

        :raises ValueError: for anything else, and says what is wrong.
        """
        told = read_note(data, _EDITION)
        at = read_time(read_text(told, 'at'))
        if at is None:
            raise ValueError('its at is no time')
        return State(
            stage=Stage(read_text(told, 'stage')),
            at=at,
            tries=_read_count(told, 'tries'),
            why=read_text(told, 'why')[:_LONGEST_WHY],
        )


def is_final(wish: Wish, state: State | None) -> bool:
    """Tell if a host will do no more for a wish.

    A try that was begun and never ended counts as one: what kills its host
    is not tried for ever.
    """
    if state is None or state.stage is Stage.WAITING:
        return False
    if state.stage in (Stage.DONE, Stage.REFUSED):
        return True
    return state.stage is Stage.FAILED and state.tries > wish.retries


def died_too_often(wish: Wish, state: State) -> bool:
    """Tell if a try was begun that ended its host, and was the last."""
    return state.stage is Stage.RUNNING and state.tries > wish.retries


def is_due(state: State | None, now: datetime.datetime) -> bool:
    """Tell if a host may begin now: one that failed waits, ever longer."""
    if state is None or state.stage is not Stage.FAILED:
        return True
    wait = _AGAIN * (1 << min(max(state.tries - 1, 0), 7))
    # A clock that was set back makes nobody wait for years.
    return not state.at <= now < state.at + wait


_AGAIN = datetime.timedelta(seconds=30)


def check_range(what: str, number: int, least: int, most: int) -> None:
    """Refuse a number that is out of its range.

    :raises ValueError: when it is, and names both ends.
    """
    if not least <= number <= most:
        raise ValueError(f'{what} {number} is not from {least} to {most}')


def _check_text(text: object) -> str:
    if not isinstance(text, str):
        raise ValueError('one of its images is no text')
    return text


def _read_count(told: dict[str, object], name: str) -> int:
    found = told.get(name)
    if type(found) is not int or not 0 <= found < 10**12:
        raise ValueError(f'its {name} is no number')
    return found


def _read_optional_count(told: dict[str, object], name: str) -> int | None:
    return None if told.get(name) is None else _read_count(told, name)


def _read_until(told: dict[str, object]) -> datetime.datetime | None:
    if told.get('until') is None:
        return None
    until = read_time(read_text(told, 'until'))
    if until is None:
        raise ValueError('its until is no time')
    return until
