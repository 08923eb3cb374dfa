"""Connection: what Nova answers to a question, checked and as a value."""

from collections.abc import Mapping
import re
from typing import Any
from typing import Protocol
import urllib.parse

from imagecache_handlers.exceptions import EvidenceUnavailable
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.sources.answers import Answer
from imagecache_handlers.sources.asking import ask_service
from imagecache_handlers.sources.asking import read_json
from imagecache_handlers.sources.service_login import ServiceLogin

# A thousand servers are some four MiB, and more with what each was given as
# user data: up to 64 KiB.
_MOST = 128 * 2**20
_VERSION = 'OpenStack-API-Version'
# What a proxy has kept is older than the time that it is taken for.
_FRESH = {'Cache-Control': 'no-cache'}
_VERSIONED = re.compile(r'/v2(\.\d+)?(/|$)')
_FORBIDDEN = (
    'it is forbidden (403): this takes a user that may list the servers of '
    'all projects and the hypervisors, which Nova lets administrators do'
)
_TOO_OLD = 'it is older than this needs (406): Nova of 2019 (Train) or newer'
_NOT_HERE = 'there is nothing of Nova there (404): check endpoint'


class Asked(Protocol):
    """What is used of a connection."""

    def ask(
        self, path: str, query: Mapping[str, str], version: str
    ) -> dict[str, Any]: ...

    def is_gone(self, path: str, version: str) -> bool: ...


class Connection:
    """Questions to a Nova, each by one request, or two for a new token."""

    def __init__(self, login: ServiceLogin) -> None:
        self._login = login

    def ask(
        self, path: str, query: Mapping[str, str], version: str
    ) -> dict[str, Any]:
        """Give what Nova has at a path, in that microversion of its API.

        :raises EvidenceUnavailable: when it does not tell.
        """
        status, body = self._ask(path, query, version)
        if status == 404:
            raise EvidenceUnavailable('Nova', _NOT_HERE)
        return body

    def is_gone(self, path: str, version: str) -> bool:
        """Tell if Nova says of what was there that it is no more.

        :raises EvidenceUnavailable: when it does not tell.
        """
        return self._ask(path, {}, version)[0] == 404

    def _ask(
        self, path: str, query: Mapping[str, str], version: str
    ) -> tuple[int, dict[str, Any]]:
        try:
            url = f'{self._find_root()}{path}?{urllib.parse.urlencode(query)}'
            headers = {_VERSION: f'compute {version}', **_FRESH}
            asked = ask_service(self._login, url.removesuffix('?'), headers)
            with asked as (answer, pieces):
                _check_answer(answer, version)
                body = read_json(self._login, answer, pieces, _MOST)
        except SourceError as error:
            raise EvidenceUnavailable(error.source, error.why) from error
        if not isinstance(body, dict):
            why = 'what it answers is nothing of Nova'
            raise EvidenceUnavailable(answer.source, why)
        return answer.status, body

    def _find_root(self) -> str:
        """Give where the API begins, whether or not its version was named."""
        root = self._login.find_endpoint().rstrip('/')
        path = urllib.parse.urlsplit(root).path
        return root if _VERSIONED.search(path) else f'{root}/v2.1'


def _check_answer(answer: Answer, version: str) -> None:
    """Refuse what is not an answer of Nova's in that microversion."""
    if answer.status == 403:
        raise EvidenceUnavailable(answer.source, _FORBIDDEN)
    if answer.status == 406:
        raise EvidenceUnavailable(answer.source, _TOO_OLD)
    answer.check_status(200, 404)
    # Whoever else answers, a proxy for one, knows nothing of that.
    told = answer.headers.get(_VERSION, '')
    if told.split() != ['compute', version]:
        raise EvidenceUnavailable(
            answer.source,
            f'its answer ({answer.status}) is not one of Nova {version}: '
            f'check endpoint, and that Nova is of 2019 (Train) or newer',
        )
