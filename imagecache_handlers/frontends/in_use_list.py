"""In-use list: who uses which image, kept by an operator or a script.

One line for each image: ``ID [user,user...]``; ``#`` begins a comment.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
import datetime
import re
import sys

from imagecache_handlers.checked_values import check_name
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.model import check_image_id
from imagecache_handlers.model import Evidence

STDIN = '-'

# What pages make of a UUID or a sha1.
_PART = re.compile(r'[0-9a-f]{8}[0-9a-f-]{0,6}|.+\.\..+')

Clock = Callable[[], datetime.datetime]


def nobody_asked(clock: Clock) -> Evidence:
    """Give the evidence of who has asked nobody: it proves nothing."""
    return Evidence(users={}, complete=False, as_of=clock())


def check_whole(evidence: Evidence, image_ids: Collection[str]) -> None:
    """Check that no image is called by what a page showed of its id.

    Such a line would prove nobody's use, and the image might go.

    :raises ConfigurationError: naming the image that is meant.
    """
    parts = [one for one in evidence.users if _PART.fullmatch(one)]
    for part in set(parts).difference(image_ids):
        begin, _, end = part.partition('..')
        for image_id in image_ids:
            if image_id.startswith(begin) and image_id.endswith(end):
                raise ConfigurationError(
                    f'{part} in the list of users is a part of {image_id}: '
                    f'write ids whole there'
                )


class InUseList:
    """Such a list in a file, read afresh whenever it is asked.

    Standard input (``-``) can be read once, so its answer ages.

    :raises ConfigurationError: when it cannot be read or understood.
    """

    def __init__(self, name: str, *, complete: bool, clock: Clock) -> None:
        self._name = name
        self._complete = complete
        self._clock = clock
        self._said: Evidence | None = None

    def __call__(self) -> Evidence:
        if self._name != STDIN:
            return self._read_list()
        if self._said is None:
            self._said = self._read_list()
        return self._said

    def _read_list(self) -> Evidence:
        # Before reading: a user who comes while it is read is not in it.
        as_of = self._clock()
        content = _read_content(self._name)
        if self._complete and not content:
            raise ConfigurationError(
                f'{_shown_name(self._name)} is empty: if really nothing is in '
                f'use, say so in a comment line, else look at what made it'
            )
        users = parse(content, _shown_name(self._name))
        return Evidence(users=users, complete=self._complete, as_of=as_of)


def _shown_name(name: str) -> str:
    return 'standard input' if name == STDIN else name


def _read_content(name: str) -> str:
    if name == STDIN and sys.stdin is None:
        raise ConfigurationError('cannot read standard input: it is closed')
    try:
        if name == STDIN:
            return sys.stdin.buffer.read().decode('utf-8-sig')
        with open(name, encoding='utf-8-sig') as file:
            return file.read()
    except OSError as error:
        text = f'cannot read {_shown_name(name)}: {error.strerror}'
        raise ConfigurationError(text) from error
    except UnicodeDecodeError as error:
        text = f'{_shown_name(name)} is not UTF-8 text: {error.reason}'
        raise ConfigurationError(text) from error


def parse(content: str, source: str) -> dict[str, frozenset[str]]:
    """Read a list; an image without a named user is used by somebody.

    :raises ConfigurationError: naming source and line.
    """
    users: dict[str, frozenset[str]] = {}
    for number, line in enumerate(content.split('\n'), start=1):
        fields = line.partition('#')[0].split()
        if not fields:
            continue
        try:
            image_id, who = _parse_line(fields)
        except ValueError as error:
            text = f'{source}, line {number}: {error}'
            raise ConfigurationError(text) from error
        users[image_id] = users.get(image_id, frozenset()) | who
    return users


def _parse_line(fields: list[str]) -> tuple[str, frozenset[str]]:
    if len(fields) > 2:
        raise ValueError('expected ID [user,user...], users without blanks')
    image_id, who = check_image_id(fields[0]), fields[1:]
    return image_id, _check_users(who[0].split(',') if who else ['somebody'])


def _check_users(names: Iterable[str]) -> frozenset[str]:
    return frozenset(check_name('user', name) for name in names)
