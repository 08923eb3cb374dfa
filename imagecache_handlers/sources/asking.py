"""Asking: a service of OpenStack, as whoever is logged in there."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
from typing import Any

from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.pieces import read_short
from imagecache_handlers.sources.pieces import SHORT
from imagecache_handlers.sources.service_login import ServiceLogin


@contextlib.contextmanager
def ask_service(
    login: ServiceLogin, url: str, headers: Mapping[str, str]
) -> Iterator[tuple[Answer, Iterator[bytes]]]:
    """Ask, with a new token if the old one is not taken any more.

    :raises SourceError: when nothing trustworthy answers in time.
    """
    from imagecache_handlers.sources.http_session import ask

    known = login.read_token()
    with contextlib.ExitStack() as stack:
        asked = ask(url, login.options, {**headers, **known})
        answer, pieces = stack.enter_context(asked)
        if answer.status == 401 and login.renew_token(known):
            stack.close()
            new = login.read_token()
            asked = ask(url, login.options, {**headers, **new})
            answer, pieces = stack.enter_context(asked)
        yield answer, pieces


def read_json(
    login: ServiceLogin,
    answer: Answer,
    pieces: Iterator[bytes],
    most: int = SHORT,
) -> Any:
    """Read a body of up to so many bytes that is JSON.

    :raises SourceError: when it is not.
    """
    answer.check_encoding()
    body = read_short(pieces, login.options.timeout, answer.source, most)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        name = login.service.name
        why = f'it answers no JSON: is it {name}? Check endpoint'
        raise SourceError(answer.source, why) from error
